"""One channel's batches, once each and in order; what never comes is named.

A process numbers its batches, and when it hears hello it tells those again that were not
acknowledged, the oldest first. What comes over the channel is that, and before it whatever was on
its way when either end was started: so batches come twice, and later ones before earlier ones.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from stratumproxy.telemetry.records import Batch

PATIENCE = 30
"""Looks, a second apart, from hello until what was not told again is given up; a process that hangs
for so long is killed. They are counted, not seconds: who was stopped for a while itself must not
give up what lies in the socket."""

MOST_HELD = 8192
"""Batches that are held for one that is missing. A process keeps no more than half of that."""


class Told(NamedTuple):
    """A batch, and what it takes."""

    batch: Batch
    size: int
    """Bytes, roughly."""
    age: float = 0.0
    """Seconds from when it was made until it was sent, by its sender's own clock."""


class Gap(NamedTuple):
    """Batches of a run that will never come."""

    run: str
    first: int
    last: int


@dataclass(slots=True)
class Intake:
    """What one process of the data plane tells, one run of it after the other."""

    run: str = ""
    """Of the newest batch; empty before the first."""
    _next: int | None = None
    """The number to come; None while it is not known where this run stands."""
    _held: dict[int, Told] = field(default_factory=dict)
    _looks: int | None = None
    """How many there were since hello, as long as that may still bring something."""
    _heard: bool = False
    """It was heard: the next batch is the first that is told again, or there is none of these."""

    @property
    def asked(self) -> bool:
        """Hello was said, and may still bring something."""
        return self._looks is not None

    @property
    def missing(self) -> bool:
        """Something should have come by now, so hello should be said."""
        return bool(self._held) and not self.asked

    def hello(self) -> None:
        """It is said."""
        self._looks, self._heard = 0, False

    def heard(self) -> None:
        """It was heard, and what comes after this was told after that."""
        self._heard = self.asked

    def take(self, told: Told) -> list[Told | Gap]:
        """Take in a batch.

        Returns:
            What may be passed on now, in order.
        """
        ready: list[Told | Gap] = []
        seq = told.batch.seq
        if told.batch.run != self.run:
            # Another process has taken its place; if the last one was met, its first batch will be.
            known, ready = bool(self.run), self._release()
            self.run = told.batch.run
            self._next = 1 if known or seq == 1 else None
        first, asked = self._heard, self.asked
        if first:
            self._looks, self._heard = None, False
        if self._next is None:
            if seq <= max(self._held, default=0):
                self._next = seq  # here it begins to be told again
            elif first or not asked:
                self._next = min(self._held, default=seq)
        elif first and seq > self._next:
            self._held[seq] = told
            return ready + self._release()
        self._held[seq] = told
        return ready + (self._release() if len(self._held) > MOST_HELD else self._in_order())

    def look(self) -> list[Told | Gap]:
        """Wait no longer, if it was long enough. Called once a second.

        Returns:
            What may be passed on now, in order.
        """
        if self._looks is None:
            return []
        self._looks += 1
        if self._looks < PATIENCE:
            return []
        self._looks, self._heard = None, False
        return self._release()

    def end(self) -> list[Told | Gap]:
        """Nothing more will come.

        Returns:
            What was held, in order.
        """
        return self._release()

    def _in_order(self) -> list[Told | Gap]:
        ready: list[Told | Gap] = []
        if self._next is None:
            return ready
        for seq in [seq for seq in self._held if seq < self._next]:
            del self._held[seq]
        while self._next in self._held:
            ready.append(self._held.pop(self._next))
            self._next += 1
        return ready

    def _release(self) -> list[Told | Gap]:
        """Pass on all that is held; what is missing in between is a gap."""
        ready = self._in_order()
        while self._held:
            lowest = min(self._held)
            if self._next is not None:
                ready.append(Gap(self.run, self._next, lowest - 1))
            self._next = lowest
            ready += self._in_order()
        return ready
