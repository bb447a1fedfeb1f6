"""A configuration as it was written: what is wrong in it, and where."""

import tomllib
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stratumproxy.config.clashes import CLASH, addresses, clashes, pool_names
from stratumproxy.config.explain import explain
from stratumproxy.config.locate import Path, dotted, locate
from stratumproxy.config.models import Config
from stratumproxy.config.syntax import mend
from stratumproxy.errors import ConfigError


class Problem(NamedTuple):
    """Something that is wrong with a setting."""

    at: Path
    text: str
    """What is wrong, and what was expected."""


class Document:
    """A TOML document, and what is wrong in it.

    Args:
        text: the document.
        name: what errors call it.
    """

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._mended = mend(text)
        self._tree = tomllib.loads(self._mended.text)
        self._lines = locate(self._mended.text)
        self._config: Config | None = None
        self._problems = [Problem(*each) for each in clashes(self._tree)]
        try:
            self._config = Config.model_validate(self._tree)
        except ValidationError as error:
            self._problems += [
                Problem(each["loc"], explain(each))
                for each in error.errors(include_url=False)
                if self._counts(each)
            ]

    def config(self, more: Iterable[Problem] = ()) -> Config:
        """The configuration, defaults filled in.

        Args:
            more: what is wrong with it besides.

        Raises:
            ConfigError: something is wrong in it: all of that, in the order of the file.
        """
        # What has no line (a missing table) comes last, as it would be written last.
        last = len(self._mended.text) + 1
        placed = [
            (each.line, self._placed(each.line, each.column, f"not TOML: {each.text}"))
            for each in self._mended.mistakes
        ]
        for at, text in (*self._problems, *more):
            line = self._line(at)
            placed.append((line or last, self._placed(line, 0, f"{dotted(at)}: {text}")))
        if placed or self._config is None:
            raise ConfigError([text for _, text in sorted(placed, key=lambda it: it[0])])
        return self._config

    def value(self, table: str, key: str) -> Any:
        """What a table's setting is, or its default where what was written can't be used."""
        wrong = any(at[: len(at)] == (table, key)[: len(at)] for at, _ in self._problems)
        written = self._tree.get(table, {})
        if wrong or key not in written:
            return getattr(Config.model_fields[table].default, key)
        return written[key]

    def pools(self) -> list[str]:
        """What the pools are called, as far as that can be read."""
        return [name for _, name in pool_names(self._tree)]

    def addresses(self) -> list[tuple[Path, str]]:
        """What is listened on, as far as that can be read, and where it is written."""
        return list(addresses(self._tree))

    def sets(self, table: str, key: str) -> bool:
        """Whether a table's setting is written there."""
        return (table, key) in self._lines

    def _counts(self, error: ErrorDetails) -> bool:
        """Whether an error is of what is there, and not told already."""
        if error["type"] == "missing":
            return self._mended.whole
        if error["type"] == "extra_forbidden":
            return True
        return error["type"] != CLASH and self._line(error["loc"]) not in self._mended.emptied

    def _placed(self, line: int, column: int, text: str) -> str:
        place = "".join(f":{number}" for number in (line, column) if number)
        return f"{self._name}{place}: {text}"

    def _line(self, at: Path) -> int:
        """The line of a path, or of the table that should hold it; 0 if there is neither."""
        while at:
            if at in self._lines:
                return self._lines[at]
            at = at[:-1]
        return 0
