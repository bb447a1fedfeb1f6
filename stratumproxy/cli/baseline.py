"""What is usual of each worker, kept in step between the fleet and the ledger."""

from typing import Any

import structlog
import trio

from stratumproxy.cli.given_up import is_given_up
from stratumproxy.cli.past import keep_marks, read_usual
from stratumproxy.errors import SinkError
from stratumproxy.fleet import Fleet
from stratumproxy.ledger.owner import Owner
from stratumproxy.telemetry.clock import Clock

READ_EVERY = 6 * 3600.0
"""Seconds from one reading of all workers' hours to the next: what is usual changes slowly, and it
takes ten seconds of a thread."""

AT_ONCE = 500
"""Workers that learn until others get their turn: some milliseconds."""

KEEP_EVERY = 10.0
"""Seconds from one look for turns that are to be kept to the next."""


class Baseline:
    """Tells the fleet what is usual, and keeps what the hours of a ledger do not say.

    Args:
        fleet: who is told.
        path: the ledger; empty for none, then all of it lives as long as this process.
        owner: what this process has to be before it writes to it.
        clock: of this process.
        reading: taken by each thread that reads the ledger, for as long as it has it open.
    """

    def __init__(
        self, fleet: Fleet, path: str, owner: Owner, clock: Clock, reading: trio.CapacityLimiter
    ) -> None:
        self._fleet = fleet
        self._path = path
        self._owner = owner
        self._clock = clock
        self._reading = reading

    async def run(self) -> None:
        """Read and keep, until cancelled."""
        if not self._path:
            return
        read_at = trio.current_time()
        while True:
            if trio.current_time() >= read_at:
                await self._read()
                read_at = trio.current_time() + READ_EVERY
            await trio.sleep(KEEP_EVERY)
            await self.keep()

    async def _read(self) -> None:
        """Tell the fleet what the ledger has, if there is one by now."""
        as_of = self._clock.now()
        try:
            usuals = await trio.to_thread.run_sync(
                read_usual,
                self._path,
                self._clock,
                is_given_up,
                abandon_on_cancel=True,
                limiter=self._reading,
            )
        except SinkError as error:
            structlog.get_logger().warning(
                "what is usual is known from memory alone: the ledger can't be read",
                problem=str(error),
            )
            return
        if usuals is None:
            return
        self._fleet.usuals = usuals
        workers = list(self._fleet.roll.workers)
        for start in range(0, len(workers), AT_ONCE):
            self._fleet.learn(workers[start : start + AT_ONCE], as_of, self._clock.now())
            await trio.lowlevel.checkpoint()

    async def keep(self) -> bool:
        """Keep the turns that are not kept yet; whether they are. If not, it is tried again."""
        if not self._path:
            return False
        marks, self._fleet.marks = self._fleet.marks, {}
        if not marks:
            return True

        def keep() -> None:
            self._owner.claim()
            keep_marks(self._path, marks.values(), self._clock)

        try:
            await trio.to_thread.run_sync(keep, abandon_on_cancel=True)
        except SinkError as error:
            self._fleet.marks = {**marks, **self._fleet.marks}
            structlog.get_logger().warning(
                "which workers are slow can't be kept", problem=str(error)
            )
            return False
        return True

    async def accept(self, order: dict[str, Any], by: str) -> dict[str, Any]:
        """Carry out an operator's order: this is how that worker is.

        Args:
            order: has ``worker``, its name; perhaps ``tenant``.
            by: who gave it, which is on record elsewhere.

        Returns:
            What was usual of it and what is, in hashes a second, and whether that will be known
            after a restart.

        Raises:
            OrderError: what it does is not known.
        """
        worker = self._fleet.find(order["worker"], order.get("tenant"))
        was, usual = self._fleet.accept(worker, self._clock.now())
        done = {
            "worker": order["worker"],
            "tenant": worker.tenant,
            "was": round(was),
            "usual": round(usual),
        }
        return {**done, "kept": await self.keep()}
