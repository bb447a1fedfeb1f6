"""Where each key of a TOML document stands: the line numbers that tomllib does not give.

This scanner is not a parser: it runs on text that tomllib has already accepted, and only tells
keys from values. Where it loses its way it stops, and the keys past that point have no line.
"""

import re
from collections.abc import Mapping
from contextlib import suppress

Path = tuple[str | int, ...]
"""A place in the document: ``("pool", 0, "url")`` is ``pool[0].url``."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
# The triple quotes come first; up to two quotes may stand before the closing three.
STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def locate(text: str) -> Mapping[Path, int]:
    """Find the line of every table, key and array element.

    Args:
        text: a TOML document that tomllib accepts.

    Returns:
        Line numbers, from 1, by path. A table that is only implied (``[a.b]`` implies ``a``) has
        the line that first names it.
    """
    scanner = _Scanner(text)
    with suppress(_LostError, RecursionError):
        scanner.document()
    return scanner.lines


def dotted(path: Path) -> str:
    """The path as an operator would write it: ``pool[0].url``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            # A quoted key can hold anything, line breaks too.
            name = part if part.isidentifier() else repr(part)
            text += f".{name}" if text else name
    return text


class _LostError(Exception):
    """The text is not what the scanner expected here."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.tables: dict[Path, int] = {}
        """How many ``[[tables]]`` each array has so far."""
        self.line, self.counted = 1, 0

    def document(self) -> None:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self.header("]]")
            elif self.text.startswith("[", self.at):
                table = self.header("]")
            else:
                self.pair(table)
            self.skip(_BLANK)

    def header(self, closing: str) -> Path:
        """``[a.b]`` or ``[[a.b]]``, whose names pass through the newest element of any array."""
        line = self.here()
        self.at += len(closing)
        *parents, last = self.key()
        self.expect(closing)
        path: Path = ()
        for name in parents:
            path = self.note((*path, name), line)
            if path in self.tables:
                path = (*path, self.tables[path] - 1)
        path = self.note((*path, last), line)
        if closing == "]]":
            index = self.tables.get(path, 0)
            self.tables[path] = index + 1
            path = self.note((*path, index), line)
        return path

    def pair(self, table: Path) -> None:
        """``a.b = value``."""
        line = self.here()
        path = table
        for name in self.key():
            path = self.note((*path, name), line)
        self.expect("=")
        self.skip(_SPACE)
        self.value(path)

    def value(self, path: Path) -> None:
        if self.text.startswith("[", self.at):
            self.array(path)
        elif self.text.startswith("{", self.at):
            self.inline_table(path)
        elif not self.skip(STRING):
            self.take(_SCALAR)

    def array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while not self.closes("]"):
            self.value(self.note((*path, index), self.here()))
            index += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        while not self.closes("}"):
            self.pair(path)

    def closes(self, bracket: str) -> bool:
        """Skip what separates elements, and the closing bracket if it is there."""
        self.skip(_BLANK)
        if self.text.startswith(",", self.at):
            self.at += 1
            self.skip(_BLANK)
        closes = self.text.startswith(bracket, self.at)
        self.at += closes
        return closes

    def key(self) -> list[str]:
        """``a."b.c".d`` as its three names."""
        names = []
        while True:
            self.skip(_SPACE)
            names.append(_unquoted(self.skip(STRING) or self.take(_BARE_KEY)))
            self.skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return names
            self.at += 1

    def note(self, path: Path, line: int) -> Path:
        self.lines.setdefault(path, line)
        return path

    def here(self) -> int:
        """The line at the present position."""
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        return self.line

    def skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def take(self, pattern: re.Pattern[str]) -> str:
        found = self.skip(pattern)
        if not found:
            raise _LostError
        return found

    def expect(self, literal: str) -> None:
        if not self.text.startswith(literal, self.at):
            raise _LostError
        self.at += len(literal)


_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(["\\bfnrt]))')
_NAMED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _unquoted(name: str) -> str:
    if name.startswith("'"):
        return name[1:-1]
    if name.startswith('"'):
        return _ESCAPE.sub(
            lambda it: _NAMED.get(it[3], it[3]) if it[3] else chr(int(it[1] or it[2], 16)),
            name[1:-1],
        )
    return name
