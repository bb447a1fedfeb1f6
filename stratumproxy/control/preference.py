"""The pool that an operator put before all others: who did, since when, and that it stays so.

A process that serves miners obeys an order as long as it lives. Here it is remembered, given to
each that does not have it, such as one that was started again, and kept for the next start of all.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import trio

from stratumproxy.errors import StratumProxyError
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.conditions import PoolOrder
from stratumproxy.telemetry.clock import Clock

LOOK_EVERY = 1.0
"""Seconds from one look at whether every process has the order to the next; each says once a second
what it has."""

KEEP_EVERY = 10.0
"""Seconds until it is tried again to keep it."""

KEEP_SECONDS = 1.0
"""That whoever ordered waits for it to be kept, and the stop does."""

ADOPTED = 5.0
"""Seconds from the start within which an order that only those have who serve miners is taken over:
it was given to an earlier control process, and could not be kept."""

OVER = "an operator's order of pools is over: the pool is not configured any more"


class Preference:
    """What an operator prefers, in agreement between all who should know.

    Args:
        fleet: says what each process obeys.
        clock: of this process.
        give: gives every process an order, and says what they did.
        keep: keeps an order, or that there is none, for the next start; whether it could.
        record: called with a level, a text and values: what should be on record.
    """

    def __init__(
        self,
        fleet: Fleet,
        clock: Clock,
        *,
        give: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]],
        keep: Callable[[PoolOrder | None], Awaitable[bool]],
        record: Callable[..., None],
    ) -> None:
        self.order: PoolOrder | None = None
        self._fleet = fleet
        self._clock = clock
        self._give = give
        self._keep = keep
        self._record = record
        self._kept = True
        self._given_at = -float("inf")
        self._one_at_a_time = trio.Lock()

    def recall(self, order: PoolOrder | None) -> None:
        """Go on with what was kept."""
        self.order = order

    async def switch(self, arguments: dict[str, Any], by: str) -> dict[str, Any]:
        """Carry out an operator's order.

        Args:
            arguments: has ``pool``, a name, or empty for the configured order.
            by: who gave it.

        Returns:
            What the processes did, and whether it is ``kept`` for the next start.

        Raises:
            StratumProxyError: none of them has done it.
        """
        async with self._one_at_a_time:
            done = await self._give(arguments)
            self._given_at = self._clock.now()
            pool = arguments["pool"]
            self.order = PoolOrder(pool, by, self._given_at, kept=False) if pool else None
            self._kept = False
        await self.keep()
        return {**done, "kept": self._kept}

    async def run(self) -> None:
        """See to it that every process has the order, and that it is kept, until cancelled."""
        keep_at = trio.current_time()
        while True:
            await trio.sleep(LOOK_EVERY)
            await self._look()
            if not self._kept and trio.current_time() >= keep_at:
                await self.keep()
                keep_at = trio.current_time() + KEEP_EVERY

    async def keep(self) -> None:
        """Keep what is not kept yet, if there is time."""
        if self._kept:
            return
        order = self.order
        with trio.move_on_after(KEEP_SECONDS):
            kept = await self._keep(order)
            if order is self.order:
                self._kept = kept
                self.order = order and order._replace(kept=kept)

    async def _look(self) -> None:
        async with self._one_at_a_time:
            shown = [
                process.snapshot
                for process in self._fleet.processes.running.values()
                if process.snapshot is not None and process.shown > self._given_at
            ]
            wanted = self.order.pool if self.order else ""
            odd = [each.preferred for each in shown if each.preferred != wanted]
            configured = {pool.name for each in shown for pool in each.pools if pool.state}
            if not odd:
                return
            now = self._clock.now()
            if not wanted and now - self._fleet.started < ADOPTED:
                self.order = PoolOrder(odd[0], "somebody", now, kept=False)
                self._kept = False
            elif wanted and wanted not in configured:
                self._record("warning", OVER, pool=wanted)
                self.order, self._kept = None, False
            else:
                await self._give_again(wanted)

    async def _give_again(self, wanted: str) -> None:
        """Give it to all; those who have it do nothing for it."""
        self._given_at = self._clock.now()
        with suppress(StratumProxyError):  # it is given again as long as somebody does not have it
            await self._give({"pool": wanted})
