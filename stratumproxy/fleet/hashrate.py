"""How fast: shares added up in windows of a minute, five, an hour and a day.

A share of difficulty d stands for d * 2**48 / 0xffff hashes on average. Shares come at random, each
on its own, so the sum W of their difficulties is a compound Poisson count, whose variance is the
sum of their squares. A figure is off by sqrt(sum of squares) / W of itself (one standard
deviation), which is 1 / sqrt(n) where all n have one difficulty. Each says its n, and how much time
it covers.

Work is told a while after it was done, ten seconds at most. Of a window that began after counting
did, what is told late at its end makes up for what was told late before it. One that begins with
the counting has no such luck: it ends when its worker was told of last. That is never just any
moment, but one before which something was found, so what this adds on average is taken off again.
"""

from array import array
from functools import lru_cache
from math import exp, sqrt
from typing import NamedTuple

from stratumproxy.shares.difficulty import DIFFICULTY_1

HASHES_PER_DIFFICULTY = 2**256 / DIFFICULTY_1
"""Hashes it takes on average to find a share of difficulty 1."""

FINEST = 10
"""Seconds of the finest bucket; all others are a multiple of it, and of each other. Nothing is said
of less, which can be known only once what was done in them was told."""

TOLD_WITHIN = 10.0
"""Seconds in which a worker's work is told at the latest."""


class Window(NamedTuple):
    """A ring of buckets that slides over time; the last bucket is the one being filled."""

    name: str
    buckets: int
    seconds: int
    """Of a bucket."""


WINDOWS = (
    Window("1m", 6, 10),
    Window("5m", 10, 30),
    Window("1h", 12, 300),
    Window("24h", 24, 3600),
)
MINUTE, FIVE_MINUTES, HOUR, DAY = range(len(WINDOWS))


class _Place(NamedTuple):
    """Where a window lies in the arrays: its buckets, and after them their sum."""

    first: int
    buckets: int
    ticks: int
    """Finest buckets in one of it."""
    total: int
    """Where the sum is."""


def _places() -> tuple[_Place, ...]:
    places, first = [], 0
    for window in WINDOWS:
        total = first + window.buckets
        places.append(_Place(first, window.buckets, window.seconds // FINEST, total))
        first = total + 1
    return tuple(places)


_PLACES = _places()
_TOTALS = tuple(place.total for place in _PLACES)
_LENGTH = _PLACES[-1].total + 1
_ZEROS = bytes(8 * _LENGTH)
_LONGEST = _PLACES[-1].ticks * _PLACES[-1].buckets


@lru_cache(maxsize=4)
def _filled(tick: int) -> tuple[int, ...]:
    """What a share at that time adds to: a bucket and the sum of each window."""
    return _filled_late(tick, tick)


@lru_cache(maxsize=16)
def _filled_late(tick: int, newest: int) -> tuple[int, ...]:
    """The same for a share that is told at a later time, where a window goes back so far."""
    return tuple(
        index
        for place in _PLACES
        if newest // place.ticks - tick // place.ticks < place.buckets
        for index in (place.first + tick // place.ticks % place.buckets, place.total)
    )


@lru_cache(maxsize=4)
def _begins(tick: int) -> tuple[int, ...]:
    """When each window's oldest bucket began, in seconds, if the newest is that of a tick."""
    return tuple(
        (tick // place.ticks - place.buckets + 1) * place.ticks * FINEST for place in _PLACES
    )


def surplus(shares: float) -> float:
    """Shares by which a count is too high on average if it ends with a telling.

    If m shares come between two looks on average, it is told of those looks that saw some, of
    m / (1 - exp(-m)) on average: that much more than m was found before the last. With one share a
    telling it is the share itself, and n - 1 of n are counted; with many it is nothing.

    Args:
        shares: of a telling, on average; 1 or more.

    Returns:
        m / (1 - exp(-m)) - m, within 0.02.
    """
    return exp(0.9 - 0.9 * shares)


class Figure(NamedTuple):
    """A hashrate, and what it is worth."""

    rate: float | None
    """Hashes a second; None if that would be of less than `FINEST` seconds."""
    window: float
    """Seconds that it really covers."""
    shares: int
    error: float | None
    """One standard deviation, as a part of the rate; None without a share."""


class Done(NamedTuple):
    """What was done in some time."""

    work: float
    """Sum of difficulties."""
    squares: float
    """Sum of their squares."""
    accepted: int
    rejected: int


class Bucket(NamedTuple):
    """What was done in some seconds."""

    start: float
    work: float
    """Sum of difficulties."""
    accepted: int
    rejected: int


class Rates:
    """Shares of one worker, or of all, in every window. 1.6 KiB.

    Times are seconds that pass evenly and never go back.

    Args:
        now: the time.
        since: from when shares are counted, for the two short windows, and for the long ones too
            until `take_in` fills them.
    """

    __slots__ = (
        "_accepted",
        "_early",
        "_filled",
        "_rejected",
        "_squares",
        "_tellings",
        "_tick",
        "_work",
        "long_since",
        "since",
        "through",
    )

    def __init__(self, now: float, since: float) -> None:
        self._tick = int(now) // FINEST
        self._work = array("d", _ZEROS)
        self._squares = array("d", _ZEROS)
        self._accepted = array("I", _ZEROS[: 4 * _LENGTH])
        self._rejected = array("I", _ZEROS[: 4 * _LENGTH])
        self.since = self.long_since = self.through = since
        self._tellings = 0
        self._filled = False
        self._early: tuple[float, Done] | None = None

    def begin(self, at: float, done: Done) -> None:
        """Counting begins with what was told first, which is of a time that is not known whole.

        So it is left out, but from the long windows once `take_in` has filled what came before it.
        """
        self.advance(at)
        self.since = self.through = at
        if self._filled:
            self._put_long(at, done)
        else:
            self.long_since = at
            self._early = at, done

    def add(self, at: float, done: Done) -> None:
        """Count shares, told of as they stood at that time, which may have been a while ago."""
        tick = int(at) // FINEST
        if tick > self._tick:
            self.advance(at)
        filled = _filled(tick) if tick == self._tick else _filled_late(tick, self._tick)
        work, squares, accepted, rejected = done
        if accepted:
            self._tellings += 1
            works, spread, shares = self._work, self._squares, self._accepted
            for index in filled:
                works[index] += work
                spread[index] += squares
                shares[index] += accepted
        if rejected:
            for index in filled:
                self._rejected[index] += rejected
        if at > self.through:
            self.through = at

    def advance(self, now: float) -> bool:
        """Let go of what is older than its window.

        Returns:
            Whether a figure changed by that.
        """
        tick, last = int(now) // FINEST, self._tick
        if tick <= last:
            return False
        self._tick = tick
        changed = False
        for place in _PLACES:
            before, after = last // place.ticks, tick // place.ticks
            if before == after:
                break  # nor do coarser buckets end
            if self._accepted[place.total] or self._rejected[place.total]:
                changed |= self._expire(place, before, after)
        return changed

    def _expire(self, place: _Place, before: int, after: int) -> bool:
        """Empty the buckets that begin after `before`."""
        first, total = place.first, place.total
        accepted = self._accepted[total]
        for bucket in range(max(before, after - place.buckets) + 1, after + 1):
            index = first + bucket % place.buckets
            self._work[index] = self._squares[index] = 0.0
            self._accepted[index] = self._rejected[index] = 0
        self._work[total] = sum(self._work[first:total])
        self._squares[total] = sum(self._squares[first:total])
        self._accepted[total] = sum(self._accepted[first:total])
        self._rejected[total] = sum(self._rejected[first:total])
        return self._accepted[total] != accepted

    def figure(self, window: int, now: float) -> Figure:
        """The hashrate over a window, by its index in `WINDOWS`."""
        self.advance(now)
        return self._figure(window, now)

    def figures(self, now: float) -> tuple[Figure, ...]:
        """The hashrates over all windows."""
        self.advance(now)
        return tuple(self._figure(window, now) for window in range(len(WINDOWS)))

    def _figure(self, window: int, now: float) -> Figure:
        covered, part = self._covered(window, now)
        total = _TOTALS[window]
        shares, work = self._accepted[total], self._work[total]
        rate = work * part * HASHES_PER_DIFFICULTY / covered if part is not None else None
        return Figure(rate, covered, shares, sqrt(self._squares[total]) / work if shares else None)

    def _covered(self, window: int, now: float) -> tuple[float, float | None]:
        """Seconds that a window's figure covers, and the part of its work that is not due to when
        it ends; None for that if it is too early to say anything.
        """
        begin = _begins(self._tick)[window]
        since = self.since if window < HOUR else self.long_since
        if since <= begin:
            return now - begin, 1.0
        end = max(self.through, now - TOLD_WITHIN)
        covered = max(end - since, 0.0)
        if now - TOLD_WITHIN - since < FINEST:
            return covered, None
        shares = self._accepted[_TOTALS[window]]
        if not shares or not self._tellings or end > self.through:
            return covered, 1.0
        return covered, 1.0 - surplus(shares / self._tellings) / shares

    def young(self, window: int, now: float) -> bool:
        """Whether a window begins with the counting: what is told late at its end is missing then,
        and nothing that was told late before makes up for it.
        """
        if window >= HOUR and self._filled:
            return False
        self.advance(now)
        since = self.since if window < HOUR else self.long_since
        return since > _begins(self._tick)[window] - TOLD_WITHIN

    def rate(self, window: int, now: float) -> float:
        """The hashrate over a window alone, 0 if nothing is said of it; cheaper than `figure`."""
        if int(now) // FINEST != self._tick:
            self.advance(now)
        total = _TOTALS[window]
        if not self._accepted[total]:
            return 0.0
        covered, part = self._covered(window, now)
        if part is None:
            return 0.0
        return self._work[total] * part * HASHES_PER_DIFFICULTY / covered

    def buckets(self, window: int, now: float) -> list[Bucket]:
        """A window's buckets, the oldest first, from the first that was counted in."""
        self.advance(now)
        place, seconds = _PLACES[window], WINDOWS[window].seconds
        since = self.since if window < HOUR else self.long_since
        newest = self._tick // place.ticks
        indexes = (
            (bucket, place.first + bucket % place.buckets)
            for bucket in range(newest - place.buckets + 1, newest + 1)
            if (bucket + 1) * seconds > since
        )
        return [
            Bucket(
                float(bucket * seconds),
                self._work[index],
                self._accepted[index],
                self._rejected[index],
            )
            for bucket, index in indexes
        ]

    def put(self, window: int, start: float, done: tuple[float, float, int, int]) -> None:
        """Fill a bucket of a long window with what was done before counting began here.

        Args:
            window: `HOUR` or `DAY`.
            start: when the bucket begins; one that is too old, or not begun yet, is left out.
            done: all that was done in it by then, as `Done`.
        """
        first, buckets, ticks, total = _PLACES[window]
        bucket = int(start) // FINEST // ticks
        if not 0 <= self._tick // ticks - bucket < buckets:
            return
        at = first + bucket % buckets
        work, squares, accepted, rejected = done
        self._work[at] += work
        self._work[total] += work
        self._squares[at] += squares
        self._squares[total] += squares
        self._accepted[at] += accepted
        self._accepted[total] += accepted
        if rejected:
            self._rejected[at] += rejected
            self._rejected[total] += rejected

    def _put_long(self, at: float, done: Done) -> None:
        for window in (HOUR, DAY):
            self.put(window, at, done)

    def take_in(self, past: "Rates", now: float) -> None:
        """Add the long windows of another, which was filled with what was before this one."""
        self.advance(now)
        self._filled = True
        if self._early is not None:
            self._put_long(*self._early)
            self._early = None
        past.advance(now)
        self.long_since = min(self.long_since, past.long_since)
        for index in range(_PLACES[HOUR].first, _LENGTH):
            self._work[index] += past._work[index]
            self._squares[index] += past._squares[index]
            self._accepted[index] += past._accepted[index]
            self._rejected[index] += past._rejected[index]
