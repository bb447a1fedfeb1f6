"""What hosting tables say of other tables: names that nobody has, and tenants that come too late.

Like `clashes` they are looked for in the configuration as it was written, so that all of them are
told at once, whatever else is wrong with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from ipaddress import ip_network
from itertools import product
from typing import Any

from pydantic import ValidationError

from stratumproxy.config.control import read_token
from stratumproxy.config.difficulty import Difficulty
from stratumproxy.config.hosting import DEFAULT, TenantDifficulty
from stratumproxy.config.locate import Path, dotted
from stratumproxy.config.networks import Network, Networks
from stratumproxy.config.tenants import target_names
from stratumproxy.config.wildcards import Covering

Tree = Mapping[str, Any]
Found = Iterator[tuple[Path, str]]


def crossings(tree: Tree, pools: Iterable[str]) -> Found:
    """Find them.

    Args:
        tree: the configuration as it was written.
        pools: what its pools are called.

    Returns:
        The place of each, and what is wrong there.
    """
    known = list(pools)
    listeners = _listeners(tree)
    tenants = [name for _, each in tables(tree, "tenant") if (name := _text(each, "name"))]
    yield from _twice(tree, (), "listen", "name")
    yield from _twice(tree, (), "tenant", "name")
    yield from _twice(tree.get("api"), ("api",), "token", "name")
    yield from _targets(tree, (), known)
    for index, tenant in tables(tree, "tenant"):
        at: Path = ("tenant", index)
        for number, name in _strings(tenant, "listen"):
            yield from _unknown((*at, "listen", number), name, listeners, "listener")
        yield from _targets(tenant, at, known)
        yield from _difficulty(tree, tenant, at)
    yield from _late(tree)
    yield from _refusing(tree)
    yield from _one_secret(tree)
    for index, token in tables(tree.get("api"), "token"):
        if name := _text(token, "tenant"):
            yield from _unknown(("api", "token", index, "tenant"), name, tenants, "tenant")
    for index, excused in tables(tree, "excused"):
        if name := _text(excused, "tenant"):
            yield from _unknown(("excused", index, "tenant"), name, [*tenants, DEFAULT], "tenant")


def tables(table: object, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The tables of an array, with their place in it, as far as there are any."""
    found = table.get(name) if isinstance(table, Mapping) else None
    for index, each in enumerate(found if isinstance(found, list) else ()):
        if isinstance(each, dict):
            yield index, each


def _text(table: Tree, key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""


def _strings(table: Tree, key: str) -> Iterator[tuple[int, str]]:
    value = table.get(key)
    for index, each in enumerate(value if isinstance(value, list) else ()):
        if isinstance(each, str):
            yield index, each


def _number(table: Tree, key: str, default: float) -> float:
    value = table.get(key, default)
    return value if isinstance(value, int | float) else default


def _listeners(tree: Tree) -> list[str]:
    called = [_text(each, "name") or _text(each, "address") for _, each in tables(tree, "listen")]
    return [name for name in called if name]


def _unknown(at: Path, name: str, known: list[str], what: str) -> Found:
    if name in known:
        return
    close = get_close_matches(name, known, n=1)
    there = f"there are {', '.join(dict.fromkeys(known))}" if known else "there is none"
    yield at, f"no {what} is called {name!r}; {f'did you mean {close[0]!r}?' if close else there}"


def _twice(table: object, at: Path, array: str, key: str) -> Found:
    first: dict[str, int] = {}
    for index, each in tables(table, array):
        if not (name := _text(each, key)):
            continue
        if name in first:
            yield (
                (*at, array, index, key),
                f"{array}[{first[name]}] is called {name!r}, too; give one of them another name",
            )
        first.setdefault(name, index)


def _targets(table: Tree, at: Path, pools: list[str]) -> Found:
    targets = list(tables(table, "target"))
    names = target_names([_text(each, "name") for _, each in targets])
    for (index, target), name in zip(targets, names, strict=True):
        place: Path = (*at, "target", index)
        if (first := names.index(name)) != index:
            yield (
                (*place, "name"),
                f"target[{first}] is called {name!r}, too; give one of them another name",
            )
        seen: set[tuple[str, str]] = set()
        for number, upstream in tables(target, "pools"):
            pool = _text(upstream, "pool")
            if pool:
                yield from _unknown((*place, "pools", number, "pool"), pool, pools, "[[pool]]")
            account = pool, _text(upstream, "user")
            if all(account) and account in seen:
                yield (
                    (*place, "pools", number),
                    f"{account[1]!r} at {pool!r} is in this order already; take one of them out",
                )
            seen.add(account)
    if targets and not any(_number(each, "weight", 1) for _, each in targets):
        yield (
            (*at, "target", targets[0][0], "weight"),
            "no target has a weight above 0, so none would get work; give one of them a weight",
        )


def _difficulty(tree: Tree, tenant: Tree, at: Path) -> Found:
    """A tenant's difficulty that does not go together with what holds for all."""
    try:
        whole = Difficulty.model_validate(tree.get("difficulty", {}))
        own = TenantDifficulty.model_validate(tenant.get("difficulty", {}))
    except ValidationError:
        return  # which is told where it stands
    try:
        own.over(whole)
    except ValidationError as error:
        for each in error.errors():
            key = str(each["loc"][0])
            text = f"{key}: {each['ctx']['error']}"
            yield (*at, "difficulty"), f"with what [difficulty] says of all, {text}"


def _late(tree: Tree) -> Found:
    """Tenants that nobody can be: without a rule, or with one that those before them leave nothing.

    That is looked at for each name, listener and network by itself. Where several tenants share
    what one would get of it, it is not found out.
    """
    before = _Before()
    for index, tenant in tables(tree, "tenant"):
        name = _text(tenant, "name") or f"tenant[{index}]"
        if not any(tenant.get(key) for key in ("workers", "listen", "addresses")):
            yield (
                ("tenant", index),
                "says not whose miners are its; name workers, listen or addresses, "
                'or workers = ["*"] for all who are no other tenant\'s',
            )
            continue
        workers, listen, addresses = (
            [text for _, text in _strings(tenant, key)]
            for key in ("workers", "listen", "addresses")
        )
        try:
            networks = [ip_network(each) for each in addresses]
        except ValueError:
            continue  # which is told where it stands
        if shadows := before.whole(workers, listen, networks):
            yield (
                ("tenant", index),
                f"nobody can be {name!r}: whoever fits is {', '.join(shadows)} already, which "
                "comes first; move this [[tenant]] up, or give it other workers, listen or "
                "addresses",
            )
        before.add(name, workers, listen, networks)


class _Before:
    """The tenants so far, and what they leave to the next."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._patterns, self._networks = Covering(), Networks()
        self._listeners: dict[str, set[int]] = {}
        self._any_name: set[int] = set()
        self._any_listener: set[int] = set()
        self._any_address: set[int] = set()

    def add(
        self, name: str, workers: list[str], listen: list[str], networks: list[Network]
    ) -> None:
        place = len(self._names)
        self._names.append(name)
        for pattern in workers:
            self._patterns.add(pattern, place)
        for listener in listen:
            self._listeners.setdefault(listener, set()).add(place)
        for network in networks:
            self._networks.add(network, place)
        for given, everybody in (
            (workers, self._any_name),
            (listen, self._any_listener),
            (networks, self._any_address),
        ):
            if not given:
                everybody.add(place)

    def whole(self, workers: list[str], listen: list[str], networks: list[Network]) -> list[str]:
        """Who has all that a tenant would have; nobody if something is left."""
        nobody: set[int] = set()
        by_name = [self._any_name | self._patterns.of(pattern) for pattern in workers or ["*"]]
        by_listener = [
            self._any_listener | self._listeners.get(name, nobody) for name in listen
        ] or [self._any_listener]
        by_address = [
            self._any_address | self._networks.covering(network) for network in networks
        ] or [self._any_address]
        found: set[int] = set()
        for name, listener, address in product(by_name, by_listener, by_address):
            having = name & listener & address
            if not having:
                return []
            found.add(min(having))
        return [self._names[place] for place in sorted(found)]


def _one_secret(tree: Tree) -> Found:
    """Tokens with one file or one secret: who has the one would be taken for who has the other."""
    api = tree.get("api")
    files: list[tuple[Path, str]] = []
    if isinstance(api, Mapping):
        files.append((("api", "token_file"), _text(api, "token_file")))
    for index, token in tables(api, "token"):
        files.append((("api", "token", index, "file"), _text(token, "file")))
    for index, tenant in tables(tree, "tenant"):
        files.append((("tenant", index, "token_file"), _text(tenant, "token_file")))
    first: dict[str, Path] = {}
    whose: dict[str, Path] = {}
    for at, file in files:
        if not file:
            continue
        if file in first:
            yield at, f"is {dotted(first[file])}'s file, too; each token needs a secret of its own"
            continue
        first[file] = at
        with suppress(ValueError):  # which is told where it stands
            same = whose.setdefault(read_token(file), at)
            if same is not at:
                yield (
                    at,
                    f"has the secret of {dotted(same)}'s file; each token needs one of its own",
                )


def _refusing(tree: Tree) -> Found:
    if tree.get("unknown_workers") != "refuse":
        return
    if not list(tables(tree, "tenant")):
        yield ("unknown_workers",), "without any [[tenant]] everybody would be refused; add one"
    elif tree.get("target"):
        yield (
            ("target",),
            "is for those who belong to no tenant, and unknown_workers refuses them; take one of "
            "the two out",
        )
