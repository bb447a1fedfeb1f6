"""From a TOML file to a `Config`, or to every problem in it at once."""

from pathlib import Path as FilePath

from stratumproxy.config.document import Document
from stratumproxy.config.models import Config
from stratumproxy.config.reading import read_file
from stratumproxy.errors import ConfigError


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
    return Document(read_text(path), str(path))


def read_text(path: str | FilePath) -> str:
    """What stands in a configuration file.

    Raises:
        ConfigError: as `read` raises it.
    """
    name = str(path)
    try:
        raw = read_file(path)
    except ValueError as error:
        raise ConfigError([f"{name}: can't be read: {error}"]) from None
    try:
        # Windows editors put a byte order mark first, which is no part of the text.
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = raw[error.start]
        raise ConfigError(
            [f"{name}:{line}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8"]
        ) from None


def loads(text: str, name: str = "configuration") -> Config:
    """Validate a configuration that is already in memory.

    Args:
        text: the TOML document.
        name: what errors call it.

    Raises:
        ConfigError: as `load` raises it.
    """
    return Document(text, name).config()
