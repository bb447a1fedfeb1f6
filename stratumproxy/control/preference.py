"""The pools that an operator put before all others: who did, since when, and that it stays so.

For all targets, and for single ones, whose own goes before that. A process that serves miners obeys
an order as long as it lives. Here it is remembered, given to each that does not have it, such as
one that was started again, and kept for the next start of all.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import trio

from stratumproxy.errors import StratumProxyError
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.conditions import PoolOrder
from stratumproxy.telemetry.clock import Clock
from stratumproxy.telemetry.snapshot import Snapshot

LOOK_EVERY = 1.0
"""Seconds from one look at whether every process has the orders to the next; each says once a
second what it has."""

KEEP_EVERY = 10.0
"""Seconds until it is tried again to keep them."""

KEEP_SECONDS = 1.0
"""That whoever ordered waits for it to be kept, and the stop does."""

ADOPTED = 5.0
"""Seconds from the start within which an order that only those have who serve miners is taken over:
it was given to an earlier control process, and could not be kept."""

OVER = "an operator's order of pools is over: the pool is not configured any more"
NOBODYS = "an operator's order of pools is over: the target is not configured any more"

Whose = tuple[str, str]
"""A tenant and a target."""

EVERYBODY: Whose = "", ""


class Preference:
    """What an operator prefers, in agreement between all who should know.

    Args:
        fleet: says what each process obeys.
        clock: of this process.
        give: gives every process an order, and says what they did.
        keep: keeps all orders that there are for the next start; whether it could.
        record: called with a level, a text and values: what should be on record.
    """

    def __init__(
        self,
        fleet: Fleet,
        clock: Clock,
        *,
        give: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]],
        keep: Callable[[Sequence[PoolOrder]], Awaitable[bool]],
        record: Callable[..., None],
    ) -> None:
        self._orders: dict[Whose, PoolOrder] = {}
        self._fleet = fleet
        self._clock = clock
        self._give = give
        self._keep = keep
        self._record = record
        self._kept = True
        self._given_at = -float("inf")
        self._one_at_a_time = trio.Lock()

    @property
    def orders(self) -> list[PoolOrder]:
        """Those that hold; the one for all comes first."""
        return [self._orders[whose] for whose in sorted(self._orders)]

    @property
    def order(self) -> PoolOrder | None:
        """The one for all, if there is one."""
        return self._orders.get(EVERYBODY)

    def recall(self, orders: Iterable[PoolOrder]) -> None:
        """Go on with what was kept."""
        self._orders = {(each.tenant, each.target): each for each in orders}

    async def switch(self, arguments: dict[str, Any], by: str) -> dict[str, Any]:
        """Carry out an operator's order.

        Args:
            arguments: has ``pool``, a name, or empty for the configured order; it may have
                ``tenant``, for whom alone, and ``target``, for which of the tenant's.
            by: who gave it.

        Returns:
            What the processes did, and whether it is ``kept`` for the next start.

        Raises:
            StratumProxyError: none of them has done it.
        """
        async with self._one_at_a_time:
            done = await self._give(arguments)
            self._given_at = self._clock.now()
            for whose in self._meant(arguments):
                self._set(whose, arguments["pool"], by)
        await self.keep()
        return {**done, "kept": self._kept}

    def _meant(self, arguments: dict[str, Any]) -> set[Whose]:
        tenant, target = arguments.get("tenant"), arguments.get("target")
        if tenant is None:
            return {EVERYBODY}
        told = (each for snapshot in self._shown() for each in snapshot.targets)
        return {
            (each.tenant, each.target)
            for each in told
            if each.tenant == tenant and target in (None, each.target)
        }

    def _set(self, whose: Whose, pool: str, by: str) -> None:
        self._kept = False
        if pool:
            self._orders[whose] = PoolOrder(pool, by, self._clock.now(), False, *whose)
        else:
            self._orders.pop(whose, None)

    async def run(self) -> None:
        """See to it that every process has the orders, and they are kept, until cancelled."""
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
        orders = self.orders
        with trio.move_on_after(KEEP_SECONDS):
            kept = await self._keep(orders)
            if orders == self.orders:
                self._kept = kept
                self._orders = {
                    whose: each._replace(kept=kept) for whose, each in self._orders.items()
                }

    def _shown(self, since: float = -float("inf")) -> list[Snapshot]:
        """How each process stands that has told it since a moment."""
        return [
            process.snapshot
            for process in self._fleet.processes.running.values()
            if process.snapshot is not None and process.shown > since
        ]

    async def _look(self) -> None:
        async with self._one_at_a_time:
            shown = self._shown(self._given_at)
            obeyed = {whose: self._obeyed(shown, whose) for whose in (EVERYBODY, *self._orders)}
            for snapshot in shown:
                for each in snapshot.targets:
                    whose = each.tenant, each.target
                    if whose not in obeyed:
                        obeyed[whose] = self._obeyed(shown, whose)
            configured = {pool.name for each in shown for pool in each.pools if pool.state}
            for whose, pools in obeyed.items():
                await self._agree(whose, pools, configured)
            if shown:
                for whose in [each for each in self._orders if not obeyed[each]]:
                    pool = self._orders[whose].pool
                    self._record("warning", NOBODYS, pool=pool, tenant=whose[0], target=whose[1])
                    self._set(whose, "", "")

    def _obeyed(self, shown: Iterable[Snapshot], whose: Whose) -> list[str]:
        """What each process prefers for a target that it has."""
        if whose == EVERYBODY:
            return [each.preferred for each in shown]
        return [
            target.preferred
            for snapshot in shown
            for target in snapshot.targets
            if (target.tenant, target.target) == whose
        ]

    async def _agree(self, whose: Whose, pools: Iterable[str], configured: set[str]) -> None:
        """See to it that all prefer what is ordered."""
        order = self._orders.get(whose)
        wanted = order.pool if order else ""
        odd = [pool for pool in pools if pool != wanted]
        if wanted and odd and wanted not in configured:
            self._record("warning", OVER, pool=wanted)
            self._set(whose, "", "")
        elif not wanted and odd and self._clock.now() - self._fleet.started < ADOPTED:
            self._set(whose, odd[0], "somebody")
        elif odd:
            await self._give_again(whose, wanted)

    async def _give_again(self, whose: Whose, wanted: str) -> None:
        """Give it to all; those who have it do nothing for it."""
        self._given_at = self._clock.now()
        arguments: dict[str, Any] = {"pool": wanted}
        if whose != EVERYBODY:
            arguments |= {"tenant": whose[0], "target": whose[1], "again": True}
        with suppress(StratumProxyError):  # it is given again as long as somebody does not have it
            await self._give(arguments)
