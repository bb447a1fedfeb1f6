"""What the whole fleet did over time, in memory."""

from collections import deque
from typing import NamedTuple

from stratumproxy.fleet.hashrate import FINEST, HASHES_PER_DIFFICULTY, Done


class Point(NamedTuple):
    """A stretch of time."""

    start: float
    hashrate: float | None
    """None of less than `FINEST` seconds."""
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

    def point(self, now: float) -> Point:
        passed = min(now, self.end) - self.since
        rate = self.work * HASHES_PER_DIFFICULTY / passed if passed >= FINEST else None
        return Point(self.start, rate, self.accepted, self.rejected, None, self.connections)


class History:
    """Stretches of equal length, a bounded number of them.

    Args:
        seconds: how long each is.
        stretches: how many are kept.
        since: when counting began, in seconds that pass evenly, as all other times.
    """

    def __init__(self, seconds: int, stretches: int, since: float) -> None:
        self.seconds = seconds
        self._span = seconds * stretches
        self._since = since
        self._stretches: deque[_Stretch] = deque(maxlen=stretches)

    def begin(self, at: float) -> None:
        """Counting begins only now, or began somewhat earlier: nothing was added yet."""
        self._since = at
        for stretch in self._stretches:
            stretch.since = max(stretch.start, at)

    def add(self, at: float, done: Done) -> None:
        """Count what was done by then; what is older than all there is here is left out."""
        if not self._stretches or at >= self._stretches[-1].end:
            self._begin(at)
        for stretch in reversed(self._stretches):
            if stretch.start <= at:
                stretch.work += done.work
                stretch.accepted += done.accepted
                stretch.rejected += done.rejected
                return

    def connected(self, now: float, connections: int) -> None:
        """Note how many connections there are."""
        if not self._stretches or now >= self._stretches[-1].end:
            self._begin(now)
        self._stretches[-1].connections = connections

    def _begin(self, at: float) -> None:
        start = at // self.seconds * self.seconds
        self._stretches.append(_Stretch(start, max(start, self._since), start + self.seconds))

    def points(self, now: float) -> list[Point]:
        """What is there, the oldest first. The last is the stretch being added to."""
        return [
            stretch.point(now) for stretch in self._stretches if stretch.start > now - self._span
        ]
