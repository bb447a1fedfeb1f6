"""Shares as a Poisson process: how many a machine finds in some seconds, drawn in one go."""

from bisect import bisect
from math import exp
from random import Random

BATCH = 300.0
"""Shares that are drawn at once at most: the probability of none of more would be nothing to a
float."""


class Shares:
    """Counts of shares.

    Args:
        a_minute: how many there are on average.
        random: what they are drawn with.
    """

    def __init__(self, a_minute: float, random: Random) -> None:
        self._rate = a_minute / 60
        self._random = random.random
        self._tables: dict[float, list[float]] = {}
        """By seconds: the probability of so many or fewer."""

    def found(self, seconds: float) -> int:
        """How many came in so many seconds."""
        count = 0
        while seconds * self._rate > BATCH:
            seconds -= BATCH / self._rate
            count += self.found(BATCH / self._rate)
        table = self._tables.get(seconds)
        if table is None:
            table = self._tables[seconds] = _table(seconds * self._rate)
        return count + bisect(table, self._random())


def _table(mean: float) -> list[float]:
    term = total = exp(-mean)
    table = [total]
    while len(table) <= mean or term > 1e-16:
        term *= mean / len(table)
        total += term
        table.append(total)
    return table
