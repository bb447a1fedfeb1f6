"""A configuration as the supervisor tells it to its processes: a line of JSON, with its release."""

from typing import NamedTuple

import orjson
from pydantic import ValidationError

from stratumproxy import __version__
from stratumproxy.config.locate import dotted
from stratumproxy.config.models import Config, Log
from stratumproxy.errors import ConfigError


class Runs(NamedTuple):
    """What the supervisor knows of the processes that serve miners."""

    live: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    """The newest of those that are over."""


def encode_told(config: Config, runs: Runs = Runs()) -> bytes:  # noqa: B008 it never changes
    """The line, without its line feed."""
    release = orjson.dumps(__version__)
    told = release, orjson.dumps(runs._asdict()), config.model_dump_json().encode()
    return b'{"release":%b,"runs":%b,"config":%b}' % told


def decode_runs(line: bytes) -> Runs:
    """The runs on a line that `decode_told` can read."""
    runs = orjson.loads(line)["runs"]
    return Runs(tuple(runs["live"]), tuple(runs["ended"]))


def decode_told(line: bytes) -> Config:
    """The configuration on a line.

    Raises:
        ConfigError: it can't be used any more, though it could when the supervisor read it: a file
            that it names is not what it was; or the supervisor is of another release.
    """
    told = orjson.loads(line)
    release = told.get("release")
    if release != __version__:
        raise ConfigError(
            [
                f"this is stratumproxy {__version__}, and what started it is "
                f"{release or 'another one'}: the package was changed under a running proxy; "
                "restart that (systemctl restart stratumproxy)"
            ]
        )
    try:
        return Config.model_validate_json(orjson.dumps(told["config"]))
    except ValidationError as error:
        raise ConfigError(
            [
                f"{dotted(each['loc'])}: {each['msg'].removeprefix('Value error, ')}"
                for each in error.errors()
            ]
        ) from None


def decode_log(line: bytes) -> Log | None:
    """How a line says that is to be logged, whatever else is wrong with it; None if it does not."""
    try:
        return Log.model_validate(orjson.loads(line)["config"]["log"])
    except (ValueError, TypeError, KeyError):
        return None
