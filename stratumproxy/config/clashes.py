"""What two tables can't both have, or what one says of another that is not so."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from stratumproxy.config.address import parse_listen, parse_pool_url
from stratumproxy.config.crossings import crossings, tables
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
    yield from crossings(tree, (name for _, name in pool_names(tree)))


def _ports(tree: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    taken: list[tuple[str, str]] = []
    for path, address in addresses(tree):
        for name, other in taken:
            if _overlap(address, other):
                yield path, f"{address!r} is taken by {name} {other!r}; name another port"
                break
        taken.append((f"listen[{path[1]}]", address))


def addresses(tree: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """What is listened on, as far as it can be read, and where it is written: the API's comes last.

    Args:
        tree: the configuration as it was written.
    """
    api = tree.get("api")
    for path, address in (
        *((("listen", i, "address"), each.get("address")) for i, each in tables(tree, "listen")),
        (("api", "listen"), api.get("listen") if isinstance(api, dict) else ""),
    ):
        with suppress(ValueError):  # which is told elsewhere
            if isinstance(address, str) and address and parse_listen(address):
                yield path, address


def _overlap(one: str, other: str) -> bool:
    """Whether two addresses to listen on would collide."""
    (host, port), (others_host, others_port) = parse_listen(one), parse_listen(other)
    if port != others_port or not port:
        return False
    if host is None or others_host is None:
        return True
    if (":" in host) != (":" in others_host):
        return False
    return host == others_host or not {"0.0.0.0", "::"}.isdisjoint((host, others_host))


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
    for index, table in tables(tree, "pool"):
        key, name = "name", table.get("name")
        with suppress(ValueError):
            if not name and isinstance(table.get("url"), str):
                key, name = "url", parse_pool_url(table["url"]).place
        if isinstance(name, str) and name:
            yield ("pool", index, key), name
