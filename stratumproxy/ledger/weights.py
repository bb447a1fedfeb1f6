"""Which part of the work each target of a tenant was to have, and from when to when."""

import sqlite3
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import NamedTuple


class Held(NamedTuple):
    """Weights, and when they held."""

    since: float
    """Unix seconds."""
    until: float
    """Unix seconds; infinite where they still hold."""
    parts: dict[str, float]
    """By target, of all work; 1 is all."""


def held(connection: sqlite3.Connection, tenant: str) -> list[Held]:
    """What held for a tenant, the oldest first, as far back as the ledger goes."""
    found = _kept(connection, tenant)
    if found and _is_split(connection, tenant):
        found[-1] = found[-1]._replace(until=inf)
    return found


def keep_weights(
    connection: sqlite3.Connection, tenant: str, began: float, at: float, parts: dict[str, float]
) -> None:
    """Keep what holds; in a transaction, and while `splits` has what was kept before.

    Weights that were kept then held until these began: if the machine was down in between, nobody
    mined.

    Args:
        connection: of the ledger.
        tenant: whose.
        began: since when, in Unix seconds; too little, if the clock was set back.
        at: when they still held, in Unix seconds.
        parts: by target.
    """
    for newest in _kept(connection, tenant, _newest(connection, tenant)):
        goes_on = _is_split(connection, tenant)
        same = newest.parts == parts and (goes_on or began <= newest.until)
        end = max(newest.until, at if same else began if goes_on else 0)
        connection.execute(
            "UPDATE split_weights SET until = ? WHERE tenant = ? AND since = ?",
            (end, tenant, newest.since),
        )
        if same:
            return
        began = max(began, end)
    # Whatever held for no time at all.
    connection.execute("DELETE FROM split_weights WHERE tenant = ? AND since >= ?", (tenant, began))
    connection.executemany(
        "INSERT INTO split_weights VALUES (?, ?, ?, ?, ?)",
        [(tenant, began, max(began, at), target, part) for target, part in parts.items()],
    )


def _newest(connection: sqlite3.Connection, tenant: str) -> float | None:
    """When the newest began; None if there are none."""
    (since,) = connection.execute(
        "SELECT max(since) FROM split_weights WHERE tenant = ?", (tenant,)
    ).fetchone()
    return None if since is None else float(since)


def _kept(connection: sqlite3.Connection, tenant: str, since: float | None = -inf) -> list[Held]:
    """As they were kept, those that began then or later; none for None."""
    rows = connection.execute(
        "SELECT since, until, target, part FROM split_weights WHERE tenant = ? AND since >= ? "
        "ORDER BY since",
        (tenant, since),
    )
    return [
        Held(since, until, {target: part for _, _, target, part in each})
        for (since, until), each in groupby(rows, itemgetter(0, 1))
    ]


def _is_split(connection: sqlite3.Connection, tenant: str) -> bool:
    row = connection.execute("SELECT 1 FROM splits WHERE tenant = ?", (tenant,)).fetchone()
    return row is not None
