"""What a worker usually does, and whether it does much less than that now.

Usual is the median of its working hours over the last weeks, as a ledger has them (or over the last
day, from memory). So an hour in which it was off for a while, and a day of outages, are outvoted.
As long as a worker is slow nothing is learned: what is usual is what it was before.

Whether it is slow is judged on blocks of its work rather than at every moment, for whoever looks at
thousands of machines all the time sees any chance event there is. A block is over when so much time
has passed that `SHARES` were to be expected, at the difficulties it really was asked for: then
chance moves its work by a thirtieth, whether that takes a quarter of an hour or a day. Only time in
which it mined counts. A silence that is too long for chance is a pause, and after it a new block
begins.
"""

from collections.abc import Sequence
from math import sqrt
from statistics import median_low
from typing import NamedTuple

from stratumproxy.fleet.hashrate import (
    DAY,
    HASHES_PER_DIFFICULTY,
    TOLD_WITHIN,
    WINDOWS,
    Done,
    Rates,
)
from stratumproxy.telemetry.records import WorkerKey

SLOW_BELOW = 0.75
"""The part of what is usual, over a block, below which a worker is slow. Chance alone does that to
less than one block in 10**13; a board of three that dies leaves 0.67 of it."""

MENDED_ABOVE = 0.85
"""The part above which it is not slow any more. Between the two what it was called stays."""

SHARES = 900
"""Expected shares of a block."""

MENDED_SHARES = 400
"""Expected shares after which a slow worker may be called mended."""

SURE = 7.0
"""Standard deviations by which it may be called slow before its block is over."""

LEAST_SECONDS = 1800.0
"""Of mining, before anything is said: what passes sooner is no fault of a machine."""

PAUSE_SHARES = 40
"""Usual shares in whose time there was none …"""

PAUSE_SECONDS = 60.0
"""… and so many seconds, at least, make a pause."""

MEMORY_HOURS = 23
"""Whole hours that are in memory at most."""

LEAST_HOURS = 3
"""Working hours of which something can be said to be usual."""

HELD_HOURS = 12
"""Working hours that it takes, once a worker was mended or accepted as it is, until what it does is
learned again."""


class Known(NamedTuple):
    """What is known to be usual of a worker."""

    rate: float
    """Hashes a second."""
    hours: int
    """Working hours that this is the median of; 0 for none yet since `since`."""
    slow: bool = False
    """It was called slow then, and not mended."""
    since: float | None = None
    """When it was called slow or mended or accepted last."""


class Mark(NamedTuple):
    """A turn in a worker's life, to be kept: from here on its hours count anew, or not at all."""

    worker: WorkerKey
    rate: float
    """What is usual, in hashes a second, until enough hours say otherwise."""
    since: float
    """From when on hours count."""
    slow: bool
    """None do, as long as it is slow."""


def of_hours(rates: Sequence[float]) -> Known | None:
    """What is usual of a worker with these hashes a second in its working hours."""
    if len(rates) < LEAST_HOURS:
        return None
    return Known(median_low(rates), len(rates))


def of_memory(rates: Rates, since: float | None, now: float) -> Known | None:
    """The same by the whole hours that are in memory.

    Args:
        rates: the worker's.
        since: from when on hours count; None for all there are.
        now: the time.
    """
    seconds = WINDOWS[DAY].seconds
    begin = max(rates.long_since, since or 0.0)
    hours = [
        bucket.work * HASHES_PER_DIFFICULTY / seconds
        for bucket in rates.buckets(DAY, now)
        if bucket.accepted and begin <= bucket.start <= now - TOLD_WITHIN - seconds
    ]
    return of_hours(hours)


class Usual:
    """One worker's usual rate, and how it does beside that."""

    __slots__ = (
        "_before",
        "_seconds",
        "_squares",
        "_told",
        "_work",
        "hours",
        "rate",
        "since",
        "slow",
    )

    def __init__(self) -> None:
        self.rate = 0.0
        """Hashes a second; 0: not known."""
        self.hours = 0
        """Working hours that it is the median of."""
        self.slow = False
        self.since: float | None = None
        """When it was called slow or mended or accepted last; its hours before that are those of
        another machine."""
        self._told = -float("inf")
        self._before = 0.0, 0.0
        self._begin()

    def _begin(self) -> None:
        """A block begins."""
        self._seconds = self._work = self._squares = 0.0

    def learn(self, known: Known) -> None:
        """Take in what is usual by its hours since `since`; a slow worker teaches nothing."""
        if not self.slow and known.hours >= (LEAST_HOURS if self.since is None else HELD_HOURS):
            self.rate, self.hours = known.rate, known.hours

    def recall(self, known: Known) -> None:
        """Take in how it stood before this process began."""
        self.rate, self.hours, self.slow, self.since = known

    def accept(self, part: float, at: float) -> None:
        """What it does now, a part of what was usual, is usual from now on."""
        self.rate *= part
        self._turn(False, at)

    def _turn(self, slow: bool, at: float) -> None:
        self.slow = slow
        self.hours = self.hours if slow else 0
        self.since = at
        self._before = 0.0, 0.0
        self._begin()

    def told(self, at: float, done: Done) -> bool:
        """Take in what it did until then; whether it is slow all of a sudden, or mended."""
        if not done.accepted:
            return False
        gap = at - self._told
        if gap > 0:
            self._told = at
        if not self.rate:
            return False
        usual_share = done.squares / done.work * HASHES_PER_DIFFICULTY / self.rate
        if gap > max(PAUSE_SECONDS, PAUSE_SHARES * usual_share):
            self._before = 0.0, 0.0
            self._begin()
            return False
        self._seconds += max(gap, 0.0)
        self._work += done.work
        self._squares += done.squares
        return self._seconds >= LEAST_SECONDS and self._judge(at)

    def _judge(self, at: float) -> bool:
        expected = self._seconds * self.rate / HASHES_PER_DIFFICULTY
        part = self._work / expected
        shares = expected * self._work / self._squares
        over = shares >= SHARES
        if self.slow:
            turned = part >= MENDED_ABOVE and shares >= MENDED_SHARES
        else:
            turned = part < SLOW_BELOW and (over or (1 - part) * sqrt(shares) >= SURE)
        before = self._seconds, self._work
        if turned:
            self._turn(not self.slow, at)
        if over or turned:
            self._before = before
            self._begin()
        return turned

    @property
    def part(self) -> float | None:
        """What it does as a part of what is usual, over this block and the one before it, without
        pauses; None until there is enough of them.
        """
        seconds, work = self._before[0] + self._seconds, self._before[1] + self._work
        if not self.rate or seconds < LEAST_SECONDS:
            return None
        return work * HASHES_PER_DIFFICULTY / (seconds * self.rate)
