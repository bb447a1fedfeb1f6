"""How fast: shares added up in windows of a minute, five, an hour and a day.

A share of difficulty d stands for d * 2**48 / 0xffff hashes on average. Shares come at random, so
a figure from n of them is off by some 1 / sqrt(n) of itself (one standard deviation of a Poisson
count): each says its n, and how much time it really covers.
"""

from array import array
from functools import lru_cache
from math import sqrt
from typing import NamedTuple

from stratumproxy.stratum.difficulty import DIFFICULTY_1

HASHES_PER_DIFFICULTY = 2**256 / DIFFICULTY_1
"""Hashes it takes on average to find a share of difficulty 1."""

FINEST = 10
"""Seconds of the finest bucket; all others are a multiple of it, and of each other."""


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
    return tuple(
        index
        for place in _PLACES
        for index in (place.first + tick // place.ticks % place.buckets, place.total)
    )


@lru_cache(maxsize=4)
def _begins(tick: int) -> tuple[int, ...]:
    """When each window's oldest bucket began, in Unix seconds, if the newest is that of a tick."""
    return tuple(
        (tick // place.ticks - place.buckets + 1) * place.ticks * FINEST for place in _PLACES
    )


class Figure(NamedTuple):
    """A hashrate, and what it is worth."""

    rate: float
    """Hashes a second."""
    window: float
    """Seconds that it really covers."""
    shares: int

    @property
    def error(self) -> float | None:
        """One standard deviation, as a part of the rate; None without a share."""
        return 1 / sqrt(self.shares) if self.shares else None

    @property
    def sigma(self) -> float:
        """One standard deviation, in hashes a second."""
        return self.rate / sqrt(self.shares) if self.shares else 0.0


class Bucket(NamedTuple):
    """What was done in some seconds."""

    start: float
    work: float
    """Sum of difficulties."""
    accepted: int
    rejected: int


class Rates:
    """Shares of one worker, or of all, in every window. 1.1 KiB.

    Args:
        now: Unix seconds.
        since: from when shares were counted, for the two short windows, and for the long ones too
            until `warm` fills them.
    """

    __slots__ = ("_accepted", "_rejected", "_tick", "_work", "long_since", "since")

    def __init__(self, now: float, since: float) -> None:
        self._tick = int(now) // FINEST
        self._work = array("d", _ZEROS)
        self._accepted = array("I", _ZEROS[: 4 * _LENGTH])
        self._rejected = array("I", _ZEROS[: 4 * _LENGTH])
        self.since = self.long_since = since

    def add(self, now: float, work: float, accepted: int, rejected: int) -> None:
        """Count shares that became known just now."""
        self.advance(now)
        for index in _filled(self._tick):
            self._work[index] += work
            self._accepted[index] += accepted
        if rejected:
            for index in _filled(self._tick):
                self._rejected[index] += rejected

    def advance(self, now: float) -> bool:
        """Let go of what is older than its window.

        Returns:
            Whether a figure changed by that.
        """
        tick, last = int(now) // FINEST, self._tick
        if tick == last:
            return False
        if tick < last:
            if last - tick > _LONGEST:  # the clock was set back by more than all there is here
                self.__init__(now, now)  # type: ignore[misc]
                return True
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
            self._work[index] = 0.0
            self._accepted[index] = self._rejected[index] = 0
        self._work[total] = sum(self._work[first:total])
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
        covered = self._covered(window, now)
        total = _TOTALS[window]
        shares = self._accepted[total]
        rate = self._work[total] * HASHES_PER_DIFFICULTY / covered if shares else 0.0
        return Figure(rate, covered, shares)

    def _covered(self, window: int, now: float) -> float:
        """Seconds that a window's figure covers."""
        since = self.since if window < HOUR else self.long_since
        return max(now - max(_begins(self._tick)[window], since), FINEST)

    def rate(self, window: int, now: float) -> float:
        """The hashrate over a window alone; cheaper than `figure`."""
        if int(now) // FINEST != self._tick:
            self.advance(now)
        total = _TOTALS[window]
        if not self._accepted[total]:
            return 0.0
        return self._work[total] * HASHES_PER_DIFFICULTY / self._covered(window, now)

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

    def warm(
        self, window: int, now: float, since: float, work: float, accepted: int, rejected: int
    ) -> None:
        """Add what was done before counting began here, spread evenly over its time.

        Args:
            window: `HOUR` or `DAY`.
            now: Unix seconds.
            since: when the stretch began that ends now; no earlier than the window's first bucket.
            work: sum of difficulties.
            accepted: shares that count.
            rejected: shares that don't.
        """
        self.advance(now)
        first, buckets, ticks, total = _PLACES[window]
        newest = self._tick // ticks
        count = min(max(newest - int(since) // FINEST // ticks + 1, 1), buckets)
        self.long_since = min(self.long_since, since)
        for index in range(count if accepted else 0):
            at = first + (newest - index) % buckets
            self._work[at] += work / count
            self._accepted[at] += accepted * (index + 1) // count - accepted * index // count
        for index in range(count if rejected else 0):
            at = first + (newest - index) % buckets
            self._rejected[at] += rejected * (index + 1) // count - rejected * index // count
        self._work[total] += work
        self._accepted[total] += accepted
        self._rejected[total] += rejected
