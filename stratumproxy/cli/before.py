"""What was before this process, taken in from the ledger while it begins."""

from collections.abc import Callable
from functools import partial
from math import inf

import structlog
import trio

from stratumproxy.cli.given_up import is_given_up
from stratumproxy.cli.past import Past, read_past
from stratumproxy.errors import OlderLedger, SinkError
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.journal import EVENTS, JOBS
from stratumproxy.ledger import Standing
from stratumproxy.ledger.owner import Owner
from stratumproxy.telemetry.clock import Clock

STANDING_SECONDS = 10.0
"""At the start, for a look at what the ledger has; then it goes on without."""

AT_ONCE = 50
"""Workers whose past is filled in until others get their turn: some milliseconds."""


class Before:
    """Takes it in, part by part: one thread opens the ledger, asks it for them, and closes it.

    Args:
        path: the ledger; empty for none, then nothing was before.
        owner: brings it up to date, if it is of a release before this one.
        fleet: who is told.
        clock: of this process.
        go_on: given the ledger as it stands, before anything more is kept in it.
        reading: taken by each thread that reads the ledger, for as long as it has it open.
    """

    def __init__(
        self,
        path: str,
        owner: Owner,
        fleet: Fleet,
        clock: Clock,
        go_on: Callable[[Standing], None],
        reading: trio.CapacityLimiter,
    ) -> None:
        self.stood = trio.Event()
        """How the ledger stood is known, or will not be: more may be kept in it."""
        self._path = path
        self._owner = owner
        self._fleet = fleet
        self._clock = clock
        self._go_on = go_on
        self._reading = reading

    async def run(self) -> None:
        """Take in all that there is."""
        try:
            if self._path:
                await self._recall()
        except SinkError as error:
            _unknown(error)
        finally:
            self.stood.set()

    async def _recall(self) -> None:
        is_waited_for = True
        past = None

        def take_in(part: Callable[[], None]) -> None:
            if not is_waited_for:
                raise SinkError("it comes too late")  # to the thread, which nobody hears any more
            patience.deadline = inf
            part()

        with trio.move_on_after(STANDING_SECONDS) as patience:
            try:
                past = await trio.to_thread.run_sync(
                    self._read,
                    lambda part: trio.from_thread.run_sync(take_in, part),
                    abandon_on_cancel=True,
                    limiter=self._reading,
                )
            finally:
                is_waited_for = False
        if patience.cancelled_caught:
            _unknown("the disk takes too long")
        if past is not None:
            await self._take_in(past)

    def _read(self, take_in: Callable[[Callable[[], None]], None]) -> Past | None:
        """Read it in a thread, and have what can be told at once taken in by the loop."""
        try:
            return self._ask(take_in)
        except OlderLedger:  # after an upgrade; else the first batch would do it, too late for us
            self._owner.bring_up_to_date()
            return self._ask(take_in)

    def _ask(self, take_in: Callable[[Callable[[], None]], None]) -> Past | None:
        with Standing.if_any(self._path, is_given_up) as standing:
            if standing is None:
                return None
            take_in(partial(self._stand, standing))
            take_in(partial(self._fleet.journal.recall, *standing.newest(JOBS, EVENTS)))
            past = read_past(standing, self._clock)
        if past is None:
            structlog.get_logger().warning(
                "the last day is not known: the wall clock was set back since it was written"
            )
        return past

    def _stand(self, standing: Standing) -> None:
        self._go_on(standing)
        self.stood.set()

    async def _take_in(self, past: Past) -> None:
        self._fleet.rates.take_in(past.all, self._clock.now())
        self._fleet.parts.recall(past.parts, past.since, self._clock.now())
        for start in range(0, len(past.workers), AT_ONCE):
            some = past.workers[start : start + AT_ONCE]
            self._fleet.recall(some, self._clock.now(), past.since)
            await trio.lowlevel.checkpoint()


def _unknown(problem: object) -> None:
    structlog.get_logger().warning(
        "the last day is not known: the ledger can't be read", problem=str(problem)
    )
