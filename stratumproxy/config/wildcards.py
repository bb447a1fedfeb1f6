"""Patterns as a shell has them, `acme.*`: what they begin with, and what one leaves of another."""

import re
from fnmatch import translate

_SPECIAL = re.compile(r"[*?\[]")


def literal_start(pattern: str) -> str:
    """What every name begins with that a pattern fits: all of it where nothing is left open."""
    return _SPECIAL.split(pattern, maxsplit=1)[0]


def is_literal(pattern: str) -> bool:
    """Whether it fits one name alone."""
    return not _SPECIAL.search(pattern)


def compiled(pattern: str) -> re.Pattern[str]:
    """As a regular expression that the whole name has to match; capital letters count."""
    return re.compile(translate(pattern))


class Covering:
    """Whether some patterns leave nothing of another one.

    It is never wrongly said that they do. They may all the same where a pattern is `[ab]` or `?`,
    or where it takes two of them together.

    Args:
        patterns: those that come first.
    """

    def __init__(self, patterns: list[str]) -> None:
        self._same = set(patterns)
        # In these only `*` is open, so that they fit a pattern as a text just if they fit whatever
        # the pattern does: where it is open, too, there has to be a `*` here.
        stars = [each for each in patterns if not re.search(r"[?\[]", each)]
        self._stars = re.compile("|".join(map(translate, stars)) or r"(?!)")

    def __contains__(self, pattern: str) -> bool:
        if pattern in self._same or "*" in self._same:
            return True
        return "[" not in pattern and bool(self._stars.match(pattern))
