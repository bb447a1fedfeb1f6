"""What two tables can't both have: a port to listen on, and a pool's name."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from stratumproxy.config.address import parse_listen, parse_pool_url
from stratumproxy.config.locate import Path

CLASH = "clash"
"""The type of error that `Config` tells them by."""


def clashes(tree: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Find them, also where other settings can't be used.

    Args:
        tree: the configuration as it was written.

    Returns:
        The place of each that comes too late, and what is wrong with it.
    """
    yield from _ports(tree)
    yield from _names(tree)


def _ports(tree: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    places: list[tuple[Path, object]] = [
        (("listen", index, "address"), table.get("address"))
        for index, table in _tables(tree, "listen")
    ]
    api = tree.get("api")
    if isinstance(api, dict):
        places.append((("api", "listen"), api.get("listen")))
    taken: list[tuple[str, str, str | None, int]] = []
    for path, address in places:
        host, port = None, 0
        with suppress(ValueError):  # which is told elsewhere
            if isinstance(address, str) and address:
                host, port = parse_listen(address)
        if not port:
            continue
        for name, other, others_host, others_port in taken:
            if port == others_port and _overlap(host, others_host):
                yield path, f"{address!r} is taken by {name} {other!r}; name another port"
                break
        name = f"listen[{path[1]}]"
        taken.append((name, str(address), host, port))


def _overlap(one: str | None, other: str | None) -> bool:
    """Whether two hosts on one port would collide."""
    if one is None or other is None:
        return True
    if (":" in one) != (":" in other):
        return False
    return one == other or not {"0.0.0.0", "::"}.isdisjoint((one, other))


def _names(tree: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    first: dict[str, int] = {}
    for path, name in pool_names(tree):
        index = int(path[1])
        if name in first:
            yield (
                path,
                f"pool[{first[name]}] is called {name!r}, too; give one of them another name",
            )
        first.setdefault(name, index)


def pool_names(tree: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """What the pools are called that have a name or a url, and where that is written.

    Args:
        tree: the configuration as it was written.
    """
    for index, table in _tables(tree, "pool"):
        key, name = "name", table.get("name")
        with suppress(ValueError):
            if not name and isinstance(table.get("url"), str):
                key, name = "url", parse_pool_url(table["url"]).place
        if isinstance(name, str) and name:
            yield ("pool", index, key), name


def _tables(tree: Mapping[str, Any], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    tables = tree.get(name)
    for index, table in enumerate(tables if isinstance(tables, list) else ()):
        if isinstance(table, dict):
            yield index, table
