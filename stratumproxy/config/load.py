"""From a TOML file to a `Config`, or to every problem in it at once."""

import re
import tomllib
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from stratumproxy.config.explain import explain
from stratumproxy.config.locate import Path, locate
from stratumproxy.config.models import Config
from stratumproxy.errors import ConfigError

MAX_BYTES = 1 << 20
"""A larger file is some other file."""


def load(path: str | FilePath) -> Config:
    """Read and validate a configuration file.

    Args:
        path: the TOML file; errors name it as it is given here.

    Returns:
        The configuration, defaults filled in.

    Raises:
        ConfigError: the file can't be read, is not UTF-8, is not TOML, or sets something that
            can't be: every problem that was found, one line each, ``file:line: key: what is
            wrong, what was expected``.
    """
    name = str(path)
    try:
        with FilePath(path).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([f"{name}: can't be read: {error.strerror or error}"]) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError([f"{name}: longer than {MAX_BYTES} bytes; no configuration is"])
    try:
        # Windows editors put a byte order mark first, which is no part of the text.
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = raw[error.start]
        raise ConfigError(
            [f"{name}:{line}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8"]
        ) from None
    return loads(text, name)


def loads(text: str, name: str = "configuration") -> Config:
    """Validate a configuration that is already in memory.

    Args:
        text: the TOML document.
        name: what errors call it.

    Raises:
        ConfigError: as `load` raises it.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_error(text, name, error)]) from None
    except (ValueError, RecursionError):
        # Python's own limits: 4300 digits in an integer, and the depth of nested arrays.
        raise ConfigError(
            [f"{name}: not usable TOML: a number too long, or values nested too deeply"]
        ) from None
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        raise ConfigError(_problems(text, name, document, error)) from None


def _problems(text: str, name: str, document: dict[str, Any], error: ValidationError) -> list[str]:
    lines = locate(text)
    placed = []
    for one in error.errors(include_url=False):
        at: Path = one["loc"]
        line = _line(lines, at)
        placed.append((line, f"{name}{f':{line}' if line else ''}: {explain(one, document)}"))
    # What has no line (a missing table) comes last, as it would be written last.
    return [text for _, text in sorted(placed, key=lambda it: it[0] or len(text))]


def _line(lines: Any, at: Path) -> int | None:
    """The line of a path, or of the table that should hold it."""
    while at:
        if at in lines:
            return int(lines[at])
        at = at[:-1]
    return None


def _syntax_error(text: str, name: str, error: tomllib.TOMLDecodeError) -> str:
    # tomllib gives the place only in the message, up to Python 3.13.
    message = str(error)
    if place := re.search(r" \(at line (\d+), column (\d+)\)$", message):
        return f"{name}:{place[1]}:{place[2]}: not TOML: {message[: place.start()]}"
    last = len(text.splitlines()) or 1
    message = message.removesuffix(" (at end of document)")
    return f"{name}:{last}: not TOML: {message}, at the end of the file"
