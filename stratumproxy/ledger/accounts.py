"""Accounts at pools as the ledger has them, and which of them a question is about."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from stratumproxy.errors import SinkError

SHOWN = 20
"""How many names an error lists."""


class Which(NamedTuple):
    """Which accounts are asked for; what is None does not matter."""

    pool: str | None = None
    """The pool's name."""
    account: str | None = None
    """The user there."""
    tenant: str | None = None
    target: str | None = None


class PoolAccount(NamedTuple):
    """An account, as a tenant's target at a site mines for it."""

    id: int
    """What stands for it in the rows of the ledger."""
    pool: str
    account: str
    coin: str
    site: str
    tenant: str
    target: str


def _all(connection: sqlite3.Connection) -> list[PoolAccount]:
    rows = connection.execute("SELECT id, name, account, coin, site, tenant, target FROM pools")
    return sorted(map(PoolAccount._make, rows), key=lambda each: each[1:])


def tenants(connection: sqlite3.Connection, tenant: str) -> list[PoolAccount]:
    """A tenant's accounts, and what stands for no pool at all."""
    return [each for each in _all(connection) if each.tenant == tenant]


def matching(connection: sqlite3.Connection, which: Which) -> list[PoolAccount]:
    """The accounts that are asked for, in order of their names; there may be none."""
    wanted = {name: value for name, value in which._asdict().items() if value is not None}
    return [
        each
        for each in _all(connection)
        if each.pool and all(getattr(each, name) == value for name, value in wanted.items())
    ]


def choose(connection: sqlite3.Connection, which: Which) -> list[PoolAccount]:
    """The same, where there must be one.

    Raises:
        SinkError: there is none; it says what there is.
    """
    left, of = [each for each in _all(connection) if each.pool], ""
    for field, wanted in which._asdict().items():
        if wanted is None:
            continue
        found = [each for each in left if getattr(each, field) == wanted]
        if not found:
            known = _listed({str(getattr(each, field)) for each in left})
            raise SinkError(f"the ledger has no {field} {wanted!r}{of}; it has: {known}")
        left, of = found, f"{of} of {field} {wanted!r}"
    return left


def _listed(names: set[str]) -> str:
    shown = sorted(names)[:SHOWN]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(name or "one without a name" for name in shown) + more or "none yet"


def ids_of(accounts: Iterable[PoolAccount]) -> str:
    """Their ids as a list in SQL."""
    return f"({', '.join(str(each.id) for each in accounts)})"
