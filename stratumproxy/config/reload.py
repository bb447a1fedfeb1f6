"""Reading the configuration again while miners mine: what changes, and what has to wait."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from stratumproxy.config.control import Api, Kafka, Ledger, read_token
from stratumproxy.config.endpoints import Listen
from stratumproxy.config.models import Config

RESTART = (("listen",), ("processes",), ("site",), ("log", "format"), ("api", "listen"))
"""What can't be changed under way: the sockets are open, the processes run, and whoever collects
the log knows one format, and a run is at one site."""

CONTROL = ("api", "ledger", "kafka")
"""Tables of the control plane. Whether there is one at all can't be changed under way either."""


class ControlTables(NamedTuple):
    """What the control process is started again for when it changes."""

    api: Api
    ledger: Ledger
    kafka: Kafka
    hosting: tuple[object, ...]
    """Whose figures there are, who may see them, and in which groups."""
    tokens: tuple[str, ...]

    @classmethod
    def of(cls, config: Config) -> "ControlTables":
        """Those of a configuration, with the tokens as their files have them now.

        One that can't be read is empty.
        """
        files = (
            config.api.token_file,
            *(each.file for each in config.api.token),
            *(each.token_file for each in config.tenant),
        )
        hosting = (config.tenant, config.target, config.groups, config.excused)
        return cls(config.api, config.ledger, config.kafka, hosting, tuple(map(_secret, files)))


def _secret(path: str) -> str:
    try:
        return read_token(path) if path else ""
    except ValueError:
        return ""


def controlled(config: Config) -> bool:
    """Whether there is anything for a control process to do."""
    return bool(config.api.listen or config.ledger.path or config.kafka.brokers)


def reloaded(running: Config, wanted: Config) -> tuple[Config, list[str], list[str]]:
    """What a running proxy makes of a configuration that was read again.

    Args:
        running: what it runs with.
        wanted: what the file says now.

    Returns:
        What it runs with from now on: as wanted, except what needs a restart; the names of what
        changes, such as ``difficulty.start`` and ``pool``; the names of what needs a restart.
    """
    listen = _renamed(running.listen, wanted.listen)
    changed: list[tuple[str, ...]] = []
    for path in _differences(running, wanted):
        if path != ("listen",):
            changed.append(path)
            continue
        if listen != running.listen:
            changed.append(("listen", "name"))
        if listen != wanted.listen:
            changed.append(("listen",))
    restart = set(RESTART)
    update: dict[str, object] = {
        "listen": listen,
        "processes": running.processes,
        "site": running.site,
        "log": wanted.log.model_copy(update={"format": running.log.format}),
        "api": wanted.api.model_copy(update={"listen": running.api.listen}),
    }
    if controlled(running) != controlled(wanted):
        restart |= {path for path in changed if path[0] in CONTROL}
        update |= {name: getattr(running, name) for name in CONTROL}
    waiting = [path for path in changed if path in restart]
    applied = wanted.model_copy(update=update)
    return (
        applied,
        [".".join(path) for path in changed if path not in waiting],
        [".".join(path) for path in waiting],
    )


def _renamed(running: Sequence[Listen], wanted: Sequence[Listen]) -> list[Listen]:
    """The listeners there are, under the names that they have in the file now.

    One that is not there any more serves until the restart, under its name unless that is now
    another's that is open, too.
    """
    names = {each.address: each.name for each in wanted}
    taken = {names[each.address] for each in running if each.address in names}
    return [
        each.model_copy(
            update={"name": names.get(each.address, "" if each.name in taken else each.name)}
        )
        for each in running
    ]


def _differences(one: BaseModel, other: BaseModel) -> list[tuple[str, ...]]:
    """Paths of what differs, table by table; a list counts as one."""
    found: list[tuple[str, ...]] = []
    for name in type(one).model_fields:
        before: Any = getattr(one, name)
        after: Any = getattr(other, name)
        if isinstance(before, BaseModel) and isinstance(after, type(before)):
            found += [(name, *rest) for rest in _differences(before, after)]
        elif before != after:
            found.append((name,))
    return found
