"""How long something took, as counts between fixed bounds: what several processes can add up."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate

BOUNDS = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""Seconds. A time is counted under the first bound that it does not exceed, as Prometheus does."""


@dataclass(slots=True)
class Histogram:
    """Times since start."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    """How many there were up to each of `BOUNDS`, and beyond the one before; the last is beyond all
    of them. They are not cumulative."""
    sum: float = 0.0
    """Seconds, of all of them."""

    def add(self, seconds: float, count: int = 1) -> None:
        """Count a time, or several of the same."""
        self.counts[bisect_left(BOUNDS, seconds)] += count
        self.sum += seconds * count

    @property
    def count(self) -> int:
        """How many times were counted."""
        return sum(self.counts)

    def cumulative(self) -> list[tuple[float, int]]:
        """Pairs of bound and how many did not exceed it; the last bound is infinity."""
        return list(zip((*BOUNDS, float("inf")), accumulate(self.counts), strict=True))

    def copy(self) -> "Histogram":
        """As it is now."""
        return Histogram(list(self.counts), self.sum)


def merge_histograms(histograms: Iterable[Histogram]) -> Histogram:
    """Several as one."""
    merged = Histogram()
    for each in histograms:
        merged.counts = [a + b for a, b in zip(merged.counts, each.counts, strict=True)]
        merged.sum += each.sum
    return merged
