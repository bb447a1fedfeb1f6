"""A TOML document with mistakes in its syntax: each of them, and what the rest of it says.

tomllib stops at the first mistake. So the statements are tried one by one; one that can't be read
is taken out, and the others are put together again, each on the line where it was.
"""

import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from stratumproxy.config.locate import STRING

MOST = 20
"""Mistakes that are told; a text with more is some other file."""

MOST_LINES = 200
"""A value of more lines is not put together from what looks like other statements."""

_NAME = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = re.compile(rf"[ \t]*({_NAME}(?:[ \t]*\.[ \t]*{_NAME})*)[ \t]*=")
_HEADER = re.compile(r"[ \t]*\[+[ \t]*[\w.-]+[ \t]*\]*[ \t]*(?:#.*)?\r?$")
_CLOSED = re.compile(rf"{STRING.pattern}|#[^\n]*", re.DOTALL)
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class Mistake(NamedTuple):
    """One mistake of syntax."""

    line: int
    """From 1."""
    column: int
    """From 1; 0 where only the line is known."""
    text: str


class Mended(NamedTuple):
    """A document that tomllib accepts."""

    text: str
    """What could be read; every statement has the line that it had."""
    mistakes: list[Mistake]
    """In the order of the file."""
    emptied: frozenset[int] = frozenset()
    """Lines of keys whose value could not be read, so that an empty table stands there."""
    whole: bool = True
    """Whether every key is still there."""


def mend(text: str) -> Mended:
    """Find what tomllib can't read, and leave what it can.

    Args:
        text: the document; one that is good comes back as it is.
    """
    if _mistake(text) is None:
        return Mended(text, [])
    mender = _Mender(text)
    mender.take_out_unreadable()
    mender.take_out_repeated()
    mistakes = sorted(mender.mistakes)
    if len(mistakes) > MOST:
        return Mended("", mistakes[:MOST], whole=False)
    return Mended("\n".join(mender.lines), mistakes, frozenset(mender.emptied), mender.whole)


class _Mender:
    def __init__(self, text: str) -> None:
        # Not splitlines: to TOML only a line feed ends a line.
        self.lines = text.split("\n")
        self.mistakes: list[Mistake] = []
        self.emptied: set[int] = set()
        self.whole = True

    def take_out_unreadable(self) -> None:
        """Take out statements that are none by themselves, and the tables whose header is none."""
        homeless = False
        for first, after in self.statements():
            mistake = self.mistake(first, after)
            is_header = bool(_HEADER.match(self.lines[first]))
            if is_header:
                homeless = mistake is not None
            if mistake is not None:
                self.mistakes.append(mistake)
                if len(self.mistakes) > MOST:
                    return
            if homeless:
                self.blank(first, after)
            elif mistake is not None:
                self.empty(first, after)

    def take_out_repeated(self) -> None:
        """Take out what tomllib does not take beside the rest: what is there twice."""
        while len(self.mistakes) <= MOST and (found := _mistake("\n".join(self.lines))):
            self.mistakes.append(found)
            first = after = found.line - 1
            after += 1
            if _HEADER.match(self.lines[first]):
                while after < len(self.lines) and not _HEADER.match(self.lines[after]):
                    after += 1
            self.blank(first, after)

    def statements(self) -> Iterator[tuple[int, int]]:
        """The first line of each, from 0, and the one after its last."""
        first = 0
        while first < len(self.lines):
            after = first + 1
            while after < len(self.lines) and not _begins(self.lines[after]):
                after += 1
            after = self._end(first, after)
            yield first, after
            first = after

    def _end(self, first: int, next_one: int) -> int:
        """Where a statement really ends that is followed by what looks like the next one."""
        # Something may stand behind it that is no statement, or it may hold what looks like one.
        most = min(first + MOST_LINES, len(self.lines))
        shorter, longer = range(min(next_one, most), first, -1), range(next_one + 1, most + 1)
        for end in chain((next_one,), shorter, longer):
            if self.mistake(first, end) is None:
                return end
        return next_one

    def mistake(self, first: int, after: int) -> Mistake | None:
        found = _mistake("\n".join((*self.lines[first:after], "")))
        return found and found._replace(line=found.line + first)

    def empty(self, first: int, after: int) -> None:
        """Put an empty table in a value's place, which no setting takes for a value."""
        key = _KEY.match(self.lines[first])
        self.blank(first, after, bool(key))
        if key:
            self.lines[first] = f"{key[0]} {{}}"
            self.emptied.add(first + 1)

    def blank(self, first: int, after: int, whole: bool = False) -> None:
        self.lines[first:after] = [""] * (after - first)
        self.whole &= whole


def _begins(line: str) -> bool:
    """Whether a statement seems to begin on this line."""
    return bool(_KEY.match(line) or _HEADER.match(line))


def _mistake(text: str) -> Mistake | None:
    """What tomllib says of a text, in an operator's words; None if all is well."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _explained(str(error), text)
    except (ValueError, RecursionError):
        # Python's own limits: 4300 digits in an integer, and the depth of nested arrays.
        return Mistake(1, 0, "a number too long, or values nested too deeply")
    return None


def _explained(message: str, text: str) -> Mistake:
    # tomllib gives the place only in the message, up to Python 3.13.
    place = _PLACE.search(message)
    if place and place[1] and not message.startswith("Illegal character '\\n'"):
        what = message[: place.start()]
        return Mistake(int(place[1]), int(place[2]), f"{what}{_advice(what)}")
    # At the end of the line, or of all, something is open still: what matters is where it opened.
    left = _CLOSED.sub(lambda it: re.sub(r"[^\n]", " ", it[0]), text)
    for what, mark in (("quote", r"[\"']"), ("array", r"\["), ("table", r"\{")):
        if opening := re.search(mark, left):
            at = len(text[: opening.start()].rstrip(opening[0]))
            line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
            return Mistake(line, column, f"the {what} that opens here is not closed")
    return Mistake(1, 0, message)


def _advice(message: str) -> str:
    for start, advice in _ADVICE.items():
        if message.startswith(start):
            return f"; {advice}"
    return ""


_ADVICE = {
    "Invalid value": "a string needs quotes, and true and false are lower case",
    "Expected newline": "a string needs quotes, and a decimal has a point",
    "Unclosed array": "expected a comma or ] here",
    "Unclosed inline table": "expected a comma or } on this line",
    "Cannot overwrite": "it is set already",
    "Cannot declare": "it is there already, and only [[…]] may be there more than once",
    "Unescaped '\\'": "a backslash in \"…\" is written twice; in '…' it is itself",
    "Invalid hex value": "a backslash in \"…\" is written twice; in '…' it is itself",
}
