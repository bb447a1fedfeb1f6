"""All sinks together: who has kept what, and what may be acknowledged for it."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import trio

from stratumproxy.control.delivery import MOST_RUNS, Delivery
from stratumproxy.control.intake import Told
from stratumproxy.telemetry.clock import Clock
from stratumproxy.telemetry.records import Batch, EventRecord
from stratumproxy.telemetry.sink import Sink, SinkState

PATIENCE = 60.0
"""Seconds that the others wait for a sink that keeps nothing. Then batches are acknowledged without
it, and it is given from memory what it has missed, as far as there is room to hold that."""

OWN_PROCESS = -1
"""What the control process is called in its own batches, beside the data plane's 0, 1, …"""


class Keep:
    """Gives every sink every batch, and acknowledges a batch when all of them have kept it.

    Args:
        run: of this process, for the batches with what it has to say itself.
        sinks: by name. Without any, a batch is acknowledged at once.
        clock: even time, and the time of day for records.
        acknowledge: called with the run and the number of the newest batch that is safe, with all
            before it.
        event: called with what the sinks' doings should put on record.
        site: where this is, as it is configured.
    """

    def __init__(
        self,
        run: str,
        sinks: Mapping[str, Sink],
        *,
        clock: Clock,
        acknowledge: Callable[[str, int], None],
        event: Callable[[EventRecord], None],
        site: str = "",
    ) -> None:
        self._run = run
        self._site = site
        self._seqs = itertools.count(1)
        self._clock = clock
        self._acknowledge = acknowledge
        self._event = event
        self._acknowledged: dict[str, int] = {}
        self._room = trio.lowlevel.ParkingLot()
        self._deliveries = [
            Delivery(name, sink, clock=clock.now, kept=self._kept, recorded=self.record)
            for name, sink in sinks.items()
        ]

    def states(self) -> list[SinkState]:
        """How the sinks do."""
        return [each.state() for each in self._deliveries]

    async def put(self, told: Told) -> None:
        """Have a batch kept. Waits while there is no room, which is how the data plane learns."""
        while any(each.full for each in self._deliveries):
            for each in self._left_behind():
                each.let_go()
            if any(each.full for each in self._deliveries):
                with trio.move_on_after(1):
                    await self._room.park()
        for each in self._deliveries:
            each.put(told)
        if not self._deliveries:
            self._acknowledge(told.batch.run, told.batch.seq)

    def record(self, level: str, event: str, values: dict[str, object]) -> None:
        """Put something on record that this process itself has noticed."""
        at = self._clock.unix()
        record = EventRecord(at, level, event, values)
        self._event(record)
        self._tell(at, events=[record])

    def ended(self, runs: Sequence[str]) -> None:
        """Put on record that runs are over."""
        self._tell(self._clock.unix(), ended=runs)

    def _tell(self, at: float, **what: Any) -> None:
        own = Batch(self._run, OWN_PROCESS, next(self._seqs), at, site=self._site, **what)
        for each in self._deliveries:
            each.put(Told(own, 200))

    def look(self) -> None:
        """Acknowledge what need not wait any longer. Called once a second."""
        self._kept()

    async def run(self) -> None:
        """Work until `finish`, and until then all is kept that can be."""
        async with trio.open_nursery() as nursery:
            for each in self._deliveries:
                nursery.start_soon(each.run)

    def finish(self) -> None:
        """There will be nothing more to keep."""
        for each in self._deliveries:
            each.finish()

    def _left_behind(self) -> list[Delivery]:
        """Those that are not waited for; never all of them."""
        stuck = [each for each in self._deliveries if each.stuck(PATIENCE)]
        return stuck if len(stuck) < len(self._deliveries) else []

    def _kept(self) -> None:
        self._room.unpark_all()
        left = self._left_behind()
        waited_for = [each for each in self._deliveries if each not in left]
        for run in {run for each in waited_for for run in each.kept}:
            seq = min(each.kept.get(run, 0) for each in waited_for)
            if run != self._run and seq > self._acknowledged.get(run, 0):
                self._acknowledged.pop(run, None)
                self._acknowledged[run] = seq
                self._acknowledge(run, seq)
        while len(self._acknowledged) > MOST_RUNS:
            del self._acknowledged[next(iter(self._acknowledged))]
