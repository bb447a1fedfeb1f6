"""What a proxy is, to the suite: how it is started, and where its two sides are.

A TOML file says it::

    name = "theirs"
    command = ["theirproxy", "--config", "proxy.conf"]
    user = "farm.1"

    [files]
    "proxy.conf" = '''
    listen = {miners}
    pool = stratum+tcp://{pool}
    '''
"""

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stratumproxy.conform.program import filled
from stratumproxy.errors import ConfigError
from stratumproxy.freeport import LOOPBACK, free_port


@dataclass(frozen=True, slots=True)
class ProxySetup:
    """One proxy. In `command` and `files` stand ``{pool}``, ``{pool_host}``, ``{pool_port}`` for
    where the suite's pool is, and ``{miners}``, ``{miners_host}``, ``{miners_port}`` for where the
    suite's miners connect.
    """

    command: list[str]
    """How it is started, in a folder of its own with `files` in it."""
    name: str = "proxy"
    user: str = "conform.1"
    """A name that it takes of miners."""
    password: str = "x"
    difficulty: float = 1e-6
    """What the pool behind it asks for."""
    start_seconds: float = 30.0
    """How long it may take until a miner gets a job."""
    files: dict[str, str] = field(default_factory=dict)
    """Names, and what is in them."""


def read_setup(path: Path) -> ProxySetup:
    """Read the file.

    Raises:
        ConfigError: it can't be read, or says something else; names what.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([f"{path}: {error}"]) from None
    kinds: dict[str, Any] = {
        "name": str,
        "command": list,
        "user": str,
        "password": str,
        "difficulty": (int, float),
        "start_seconds": (int, float),
        "files": dict,
    }
    problems = [f"{path}: {key}: there is no such key" for key in data if key not in kinds]
    problems += [
        f"{path}: {key}: {value!r:.60} is of the wrong type"
        for key, value in data.items()
        if key in kinds and not isinstance(value, kinds[key])
    ]
    if not data.get("command"):
        problems.append(f"{path}: command: a list of words is missing")
    if problems:
        raise ConfigError(problems)
    return ProxySetup(**data)


@contextmanager
def laid_out(setup: ProxySetup, pool: tuple[str, int]) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder with the files in it, and the places that stand in them.

    Args:
        setup: whose.
        pool: where the suite's pool is.
    """
    miners = LOOPBACK, free_port()
    places = {
        "pool": f"{pool[0]}:{pool[1]}",
        "pool_host": pool[0],
        "pool_port": str(pool[1]),
        "miners": f"{miners[0]}:{miners[1]}",
        "miners_host": miners[0],
        "miners_port": str(miners[1]),
    }
    with TemporaryDirectory(prefix="conform-") as folder:
        for name, text in setup.files.items():
            (Path(folder) / name).write_text(filled(text, places), encoding="utf-8")
        yield Path(folder), places
