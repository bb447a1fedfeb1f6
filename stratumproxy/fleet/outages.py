"""Machines that are lost, and back: many at once are one event, and a few are told one by one.

What is many depends on the fleet. Some machine of thousands is always lost, and three of them in
ten seconds may be nothing but chance; so an event is what surely is more than usual.
"""

from collections import deque
from collections.abc import Iterable
from math import ceil, log
from string import digits
from typing import Literal, NamedTuple

WINDOW = 10.0
"""Seconds in which machines turn at once."""

MANY = 5
"""Machines that are many, at least."""

CHANCE = 1e-6
"""How likely it may be at most that a window has so many by chance. There are 8640 a day."""

REMEMBERED = 360
"""Windows by which it is known what is usual: an hour."""

QUIETEST = 0.9
"""The part of them that counts for that: what is usual must not learn the outage."""

QUIET_BEFORE = 36
"""Windows before the first one that are taken to have been quiet, for the same reason."""

LONGEST = 300.0
"""Seconds after which an event is told though it goes on: what comes then is another one."""

MOST = 0.9
"""The part of the machines whose names say what they have in common: some other one is always lost
in the same moment."""

Turn = Literal["lost", "back"]


class Together(NamedTuple):
    """Machines that turned at once, or one that did on its own."""

    turn: Turn
    machines: int
    common: str
    """How the names of most of them begin; empty if they have nothing in common. The whole name of
    one on its own."""
    alike: int
    """How many of them begin like that."""
    first: float
    """When the first of them turned."""
    last: float


class Outages:
    """Who is lost and who is back, told when it is known with how many others.

    Args:
        now: when this begins, in seconds that pass evenly.
    """

    def __init__(self, now: float) -> None:
        self._gatherings: dict[Turn, _Gathering] = {
            "lost": _Gathering("lost", now),
            "back": _Gathering("back", now),
        }

    def turned(self, turn: Turn, name: str, now: float) -> None:
        """A machine is lost or back."""
        self._gatherings[turn].add(name, now)

    def tend(self, now: float) -> list[Together]:
        """What is over and was not told yet. Meant to be called once a second."""
        return [told for each in self._gatherings.values() for told in each.tend(now)]


class _Gathering:
    """Those that turned one way."""

    def __init__(self, turn: Turn, now: float) -> None:
        self._turn: Turn = turn
        self._recent: dict[str, float] = {}
        """When they turned, those of the last window; the oldest first."""
        self._many: dict[str, float] = {}
        """When they turned, those of an event that is going on."""
        self._counts = deque([0] * QUIET_BEFORE, REMEMBERED)
        self._count = 0
        self._window_ends = now + WINDOW
        self._usual = 0.0
        """Machines in a window."""

    def add(self, name: str, now: float) -> None:
        self._recent.pop(name, None)
        self._recent[name] = now
        self._count += 1

    def tend(self, now: float) -> list[Together]:
        self._learn(now)
        over = [name for name, at in self._recent.items() if at <= now - WINDOW]
        alone = {name: self._recent.pop(name) for name in over}
        if not self._many and not more_than_usual(len(self._recent), self._usual):
            return [Together(self._turn, 1, name, 1, at, at) for name, at in alone.items()]
        self._many |= alone | self._recent
        began = min(self._many.values())
        if len(self._recent) > self._usual and now - began < LONGEST:
            return []
        told = together(self._turn, self._many)
        self._many, self._recent = {}, {}
        return [told]

    def _learn(self, now: float) -> None:
        if now < self._window_ends:
            return
        self._window_ends = now + WINDOW
        self._counts.append(self._count)
        self._count = 0
        quiet = sorted(self._counts)[: ceil(QUIETEST * len(self._counts))]
        self._usual = sum(quiet) / len(quiet)


def more_than_usual(found: int, usual: float) -> bool:
    """Whether so many are many, and surely more than as many as usual.

    By Chernoff's bound a Poisson count with the mean m is n > m or more with a probability of no
    more than exp(-(n ln(n / m) - n + m)).
    """
    if found < MANY or found <= usual:
        return False
    usual = max(usual, 1 / REMEMBERED)
    return found * log(found / usual) - found + usual > -log(CHANCE)


def together(turn: Turn, names: dict[str, float]) -> Together:
    """An event.

    Args:
        turn: what happened to them.
        names: who they are, and when it did.
    """
    common = common_part(names)
    alike = sum(name.startswith(common) for name in names)
    return Together(turn, len(names), common, alike, min(names.values()), max(names.values()))


def common_part(names: Iterable[str]) -> str:
    """The longest beginning that `MOST` of the names share; no number is cut in two."""
    ordered = sorted(names)
    most = ceil(MOST * len(ordered))
    # Names that begin alike stand side by side, so the ends of a row tell of all that is between.
    ends = zip(ordered, ordered[most - 1 :], strict=False)
    return max((_shared(one, other) for one, other in ends), key=len)


def _shared(one: str, other: str) -> str:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    in_a_number = any(name[length : length + 1].isdigit() for name in (one, other))
    return one[:length].rstrip(digits) if in_a_number else one[:length]
