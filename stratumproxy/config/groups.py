"""[groups]: which groups a worker is in, by its name.

RE2 takes time in proportion to the name's length, whatever the pattern. Python's own `re` does
not: a pattern that looks harmless, and a name made for it, hold a process up for ever.
"""

from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any

LONGEST_VALUE = 64
"""Characters of a group's value; what is past them is left out."""

MOST_REMEMBERED = 65_536
"""Names whose groups are remembered. A site of 17,595 workers has room; made-up names go round."""

MOST_MEMORY = 1 << 20
"""Bytes that RE2 may use for a pattern. It remembers parts of what it matched in them."""


def check_pattern(pattern: str) -> None:
    """See that a pattern can be used.

    Args:
        pattern: a regular expression in RE2's syntax.

    Raises:
        ValueError: it can't be; the text says why.
    """
    _compiled(pattern)


def groups_by(pattern: str) -> Callable[[str], dict[str, str]]:
    """What tells a worker's groups from its name.

    Args:
        pattern: as it is configured; empty for no groups.

    Returns:
        A function from a worker's name to the value of each group that the name has a part for:
        ``{"rack": "c12"}``. Empty parts are none. What it returns is not to be changed.

    Raises:
        ValueError: as `check_pattern`.
    """
    if not pattern:
        return lambda name: {}
    search = _compiled(pattern).search

    @lru_cache(MOST_REMEMBERED)
    def groups_of(name: str) -> dict[str, str]:
        # A lone surrogate, which JSON can hold, is nothing that RE2's UTF-8 can.
        found = search(name.encode("utf-8", "replace").decode())
        parts = found.groupdict().items() if found else ()
        return {group: value[:LONGEST_VALUE] for group, value in parts if value}

    return groups_of


def _compiled(pattern: str) -> Any:  # RE2 has no types
    re2 = _engine()
    options = re2.Options()
    options.max_mem = MOST_MEMORY
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{pattern!r} is no regular expression of RE2: {text}") from None
    if not compiled.groupindex:
        raise ValueError(
            f"{pattern!r} names no group; expected such as (?P<rack>c\\d+) for the part that is one"
        )
    return compiled


def _engine() -> ModuleType:
    try:
        import re2
    except ModuleNotFoundError:
        raise ValueError(
            "needs google-re2, which is not installed: pip install 'stratumproxy[groups]'"
        ) from None
    module: ModuleType = re2
    return module
