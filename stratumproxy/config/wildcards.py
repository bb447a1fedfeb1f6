"""Patterns as a shell has them, `acme.*`, and tables in which those that a name fits are found.

A name begins with what its pattern begins with, so it is looked up by that: a thousand patterns
cost little more than one, as long as few of them begin with `*`.
"""

import re
from collections.abc import Callable
from fnmatch import translate

_OPEN = re.compile(r"[*?\[]")

Fits = Callable[[str], object]
"""Whether a name is one, given that it begins as it should."""


class Patterns:
    """Patterns, each somebody's."""

    def __init__(self) -> None:
        self._by_length: dict[int, dict[str, list[tuple[Fits | None, int]]]] = {}

    def add(self, pattern: str, whose: int) -> None:
        """Put one in; capital letters count."""
        start = _OPEN.split(pattern, maxsplit=1)[0]
        fits: Fits | None = None
        if start == pattern:
            fits = pattern.__eq__
        elif pattern[len(start) :] != "*":
            fits = re.compile(translate(pattern)).match
        starts = self._by_length.setdefault(len(start), {})
        starts.setdefault(start, []).append((fits, whose))

    def of(self, name: str) -> set[int]:
        """Whose a name fits."""
        return {
            whose
            for length, starts in self._by_length.items()
            for fits, whose in starts.get(name[:length], ())
            if fits is None or fits(name)
        }


class Covering:
    """Who has a pattern that leaves nothing of another one.

    It is never wrongly said that somebody has. It may be missed where a pattern has `[ab]` or `?`,
    or where it takes two of them together.
    """

    def __init__(self) -> None:
        self._same: dict[str, set[int]] = {}
        self._stars = Patterns()

    def add(self, pattern: str, whose: int) -> None:
        """Put one in."""
        self._same.setdefault(pattern, set()).add(whose)
        # Where only `*` is open, it fits a pattern as a text just if it fits all that this fits:
        # what is open there can then only stand where it is open here.
        if not re.search(r"[?\[]", pattern):
            self._stars.add(pattern, whose)

    def of(self, pattern: str) -> set[int]:
        """Whose leave nothing of a pattern."""
        found = self._same.get(pattern, set()) | self._same.get("*", set())
        return found if "[" in pattern else found | self._stars.of(pattern)
