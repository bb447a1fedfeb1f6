"""A configuration as the supervisor tells it to its processes: a line of JSON, with its release."""

from typing import NamedTuple

import orjson
from pydantic import ValidationError

from stratumproxy import __version__
from stratumproxy.config.control import Api, Kafka, Ledger
from stratumproxy.config.endpoints import Listen
from stratumproxy.config.hosting import Target
from stratumproxy.config.locate import dotted
from stratumproxy.config.models import RUNNING, Config, Log
from stratumproxy.errors import ConfigError


class Runs(NamedTuple):
    """What the supervisor knows of the processes that serve miners."""

    live: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    """The newest of those that are over."""


def for_processes(config: Config) -> bytes:
    """What a mining process is told: all but what is none of its business.

    What it is told is checked again, and a token that can't be read must not keep it from mining.
    """
    tenants = [each.model_copy(update={"token_file": ""}) for each in config.tenant]
    control = {"api": Api(), "ledger": Ledger(), "kafka": Kafka()}
    return encode_told(config.model_copy(update={**control, "tenant": tenants}))


def for_control(config: Config, runs: Runs = Runs()) -> bytes:  # noqa: B008 it never changes
    """What the control process is told: no certificates, for the same reason, and no passwords.

    It talks to no pool. It has the tokens' files, which nobody else reads.
    """
    listen = [Listen(address=each.address, name=each.name) for each in config.listen]
    pools = [each.model_copy(update={"password": "", "proxy": ""}) for each in config.pool]
    told = {"listen": listen, "pool": pools, "target": _unopened(config.target)}
    tenants = [each.model_copy(update={"target": _unopened(each.target)}) for each in config.tenant]
    return encode_told(config.model_copy(update={**told, "tenant": tenants}), runs)


def _unopened(targets: list[Target]) -> list[Target]:
    """Targets without the passwords of their accounts."""
    return [
        target.model_copy(
            update={"pools": [each.model_copy(update={"password": None}) for each in target.pools]}
        )
        for target in targets
    ]


def encode_told(config: Config, runs: Runs = Runs()) -> bytes:  # noqa: B008 it never changes
    """The line, without its line feed."""
    release = orjson.dumps(__version__)
    told = release, orjson.dumps(runs._asdict()), config.model_dump_json(by_alias=True).encode()
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
        # A [[tenant]] may name a listener that is there after the next restart only.
        return Config.model_validate_json(orjson.dumps(told["config"]), context=RUNNING)
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
