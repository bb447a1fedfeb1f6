"""One target's part of the work, and the machines that mine for it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Literal

WhenDown = Literal["others", "hold"]


class Roster:
    """Machines of one target, and their rates.

    They are in no order: rates change all the time, and only a plan wants them sorted.
    """

    __slots__ = ("_largest", "_rates", "rate")

    def __init__(self) -> None:
        self._rates: dict[int, float] = {}
        """By number."""
        self._largest: float | None = 0.0
        """Of all rates; None if that has to be looked up again."""
        self.rate = 0.0
        """Of all of them."""

    def __len__(self) -> int:
        return len(self._rates)

    def __iter__(self) -> Iterator[tuple[float, int]]:
        """Rates and numbers."""
        return zip(self._rates.values(), self._rates.keys(), strict=True)

    def put(self, number: int, rate: float) -> None:
        """A machine is here, with this rate from now on."""
        before = self._rates.get(number, 0.0)
        self._rates[number] = rate
        self.rate += rate - before
        if self._largest is not None:
            if rate >= self._largest:
                self._largest = rate
            elif before == self._largest:
                self._largest = None

    def remove(self, number: int) -> None:
        """A machine is not here any more; no error if it never was."""
        rate = self._rates.pop(number, 0.0)
        # Sums of floats drift; where nobody is, nothing is.
        self.rate = self.rate - rate if self._rates else 0.0
        if rate == self._largest:
            self._largest = None

    @property
    def largest(self) -> float:
        """The highest rate; 0 if nobody is here."""
        if self._largest is None:
            self._largest = max(self._rates.values(), default=0.0)
        return self._largest


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
