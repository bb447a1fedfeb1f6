"""What the whole fleet did over time, in memory."""

from collections import deque
from typing import NamedTuple

from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY


class Point(NamedTuple):
    """A stretch of time."""

    start: float
    hashrate: float
    accepted: int
    rejected: int
    difficulty: float | None
    connections: int | None


class _Stretch:
    """A stretch of time while it is added up."""

    __slots__ = ("accepted", "connections", "end", "rejected", "since", "start", "work")

    def __init__(self, start: float, since: float, end: float) -> None:
        self.start = start
        self.since = since
        self.end = end
        self.work = 0.0
        self.accepted = 0
        self.rejected = 0
        self.connections: int | None = None

    def add(self, work: float, accepted: int, rejected: int) -> None:
        self.work += work
        self.accepted += accepted
        self.rejected += rejected


class History:
    """Stretches of equal length, a bounded number of them.

    Args:
        seconds: how long each is.
        stretches: how many are kept.
        since: when counting began, in Unix seconds.
    """

    def __init__(self, seconds: int, stretches: int, since: float) -> None:
        self.seconds = seconds
        self._span = seconds * stretches
        self._since = since
        self._stretches: deque[_Stretch] = deque(maxlen=stretches)

    def add(
        self, now: float, work: float, accepted: int, rejected: int, connections: int | None = None
    ) -> None:
        """Count what became known just now.

        Args:
            now: Unix seconds.
            work: sum of difficulties of the accepted ones.
            accepted: shares that count.
            rejected: shares that don't.
            connections: how many there are.
        """
        stretches = self._stretches
        if not stretches or now >= stretches[-1].end:
            start = now // self.seconds * self.seconds
            stretches.append(_Stretch(start, max(start, self._since), start + self.seconds))
        stretches[-1].add(work, accepted, rejected)
        if connections is not None:
            stretches[-1].connections = connections

    def points(self, now: float) -> list[Point]:
        """What is there, the oldest first. The last is the stretch being added to."""
        return [
            Point(
                stretch.start,
                stretch.work
                * HASHES_PER_DIFFICULTY
                / max(min(now, stretch.end) - stretch.since, 1.0),
                stretch.accepted,
                stretch.rejected,
                None,
                stretch.connections,
            )
            for stretch in self._stretches
            if stretch.start > now - self._span
        ]
