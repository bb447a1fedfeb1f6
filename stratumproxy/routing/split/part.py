"""One target's part of the work, and the machines that mine for it, by their rate."""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from math import inf
from typing import Literal

WhenDown = Literal["others", "hold"]


class Roster:
    """Machines of one target in the order of their rates: who is nearest to a rate is soon found.

    Numbers stand beside the rates, so that no two are equal: where all rates are, as at the start,
    one is found as fast as ever.
    """

    __slots__ = ("entries", "rate")

    def __init__(self) -> None:
        self.entries: list[tuple[float, int]] = []
        """Rate and number, ascending."""
        self.rate = 0.0
        """Of all of them."""

    def add(self, rate: float, number: int) -> None:
        """One more."""
        insort(self.entries, (rate, number))
        self.rate += rate

    def remove(self, rate: float, number: int) -> None:
        """It is not here any more; the rate must be the one that it was added with."""
        del self.entries[bisect_left(self.entries, (rate, number))]
        # Sums of floats drift; where nobody is, nothing is.
        self.rate = self.rate - rate if self.entries else 0.0


@dataclass(slots=True, eq=False)
class Part:
    """One target's part."""

    name: str
    weight: float
    when_down: WhenDown = "others"
    """What becomes of its machines while it has no pool: they mine for others, or wait."""
    ready: bool = True
    """It has a pool to mine on."""
    most: float = inf
    """Work a second that may mine for it: more would flood it, as its pool's difficulty is."""
    roster: Roster = field(default_factory=Roster)
    """Machines that are known to mine for it, and are trusted."""
