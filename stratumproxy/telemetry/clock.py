"""Time that passes evenly, and the time of day, which may jump either way and for any time.

What is older, faster or slower than something else is reckoned with the first. The second is for
people, and for what outlives the process. Both clocks are passed in.
"""

from collections.abc import Callable
from typing import NamedTuple

APART = 1.0
"""Seconds by which the wall clock may differ from what has passed; smaller steps are followed
without a word."""

BELIEVED = 60.0
"""Seconds that a jump must hold until the time of day follows it. A clock that is wrong for some
seconds moves nothing; one that is set right is taken at its word soon."""

DOUBTED = 0.1
"""Seconds that looking at both clocks may take: who was stopped in between saw no jump."""


class Jump(NamedTuple):
    """A jump of the wall clock that is neither over nor believed."""

    since: float
    """When it was seen, in even time."""
    seconds: float
    """By how much the wall clock is ahead of what has passed; below 0: behind."""


class Clock:
    """Both times of one process.

    Args:
        wall: Unix seconds, as the machine's clock says; anything may happen to it.
        monotonic: seconds from some moment on; nothing ever does.
    """

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._start = wall() - monotonic()
        self._ahead = 0.0
        """What is to be added to the even time for the time of day."""
        self.jump: Jump | None = None
        """A jump that still lasts."""

    def now(self) -> float:
        """Even time: Unix seconds by the wall clock's word at the start, and what passed since."""
        return self._monotonic() + self._start

    def unix(self, at: float | None = None) -> float:
        """The time of day in Unix seconds, now or at a moment of even time.

        It is what the wall clock says, but for jumps that did not hold for `BELIEVED` yet.
        """
        return (self.now() if at is None else at) + self._ahead

    def look(self) -> None:
        """Compare the two; to be called once a second or more often, by one thread."""
        before = self._monotonic()
        apart = self._wall() - self._start - before - self._ahead
        if self._monotonic() - before > DOUBTED:
            return
        now = before + self._start
        if abs(apart) > APART and (self.jump is None or abs(apart - self.jump.seconds) > APART):
            self.jump = Jump(now, apart)
        if self.jump is None or abs(apart) <= APART or now - self.jump.since >= BELIEVED:
            self._ahead += apart
            self.jump = None
