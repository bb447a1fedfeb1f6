"""From a TOML file to a `Config`, or to every problem in it at once."""

from pathlib import Path as FilePath

from stratumproxy.config.document import Document
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
    return read(path).config()


def read(path: str | FilePath) -> Document:
    """Read a configuration file, with whatever is wrong in it.

    Args:
        path: the TOML file; errors name it as it is given here.

    Raises:
        ConfigError: the file can't be read, or is not UTF-8.
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
    return Document(text, name)


def loads(text: str, name: str = "configuration") -> Config:
    """Validate a configuration that is already in memory.

    Args:
        text: the TOML document.
        name: what errors call it.

    Raises:
        ConfigError: as `load` raises it.
    """
    return Document(text, name).config()
