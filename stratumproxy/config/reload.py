"""Reading the configuration again while miners mine: what changes, and what has to wait."""

from typing import Any

from pydantic import BaseModel

from stratumproxy.config.models import Config

RESTART = (("listen",), ("workers",), ("log", "format"))
"""What can't be changed under way: the sockets are open, the processes run, and whoever collects
the log knows one format."""


def reloaded(running: Config, wanted: Config) -> tuple[Config, list[str], list[str]]:
    """What a running proxy makes of a configuration that was read again.

    Args:
        running: what it runs with.
        wanted: what the file says now.

    Returns:
        What it runs with from now on: as wanted, except what needs a restart; the names of what
        changes, such as ``difficulty.start`` and ``pool``; the names of what needs a restart.
    """
    changed = _differences(running, wanted)
    waiting = [path for path in changed if path in RESTART]
    applied = wanted.model_copy(
        update={
            "listen": running.listen,
            "workers": running.workers,
            "log": wanted.log.model_copy(update={"format": running.log.format}),
        }
    )
    return (
        applied,
        [".".join(path) for path in changed if path not in waiting],
        [".".join(path) for path in waiting],
    )


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
