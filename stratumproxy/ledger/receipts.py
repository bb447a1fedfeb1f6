"""Which batches are in the ledger: kept with what they brought, so that nothing counts twice."""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from stratumproxy.telemetry.records import Batch


class Run(NamedTuple):
    """One start of a data-plane process, as the ledger knows it."""

    id: int
    ended: bool
    """It is over, so none of its miners is connected any more."""
    site: str = ""


class Gap(NamedTuple):
    """Batches of a run that are not in the ledger, though later ones are."""

    run: str
    process: int
    first: int
    last: int
    after: float | None
    """When the last batch before it was told; None if there is none."""
    before: float
    """When the next one was told."""


def receive(connection: sqlite3.Connection, batch: Batch) -> Run | None:
    """Enter a batch's number, within the transaction that keeps the batch.

    Returns:
        Its run; None if the batch is in the ledger already.
    """
    run = _run(connection, batch)
    before = connection.execute(
        "SELECT low, high, first_at, last_at FROM receipts WHERE run = ? AND low <= ? "
        "ORDER BY low DESC LIMIT 1",
        (run.id, batch.seq),
    ).fetchone()
    if before and before[1] >= batch.seq:
        return None
    after = connection.execute(
        "SELECT low, high, first_at, last_at FROM receipts WHERE run = ? AND low = ?",
        (run.id, batch.seq + 1),
    ).fetchone()
    parts = [(batch.seq, batch.seq, batch.at, batch.at)]
    if before and before[1] == batch.seq - 1:
        parts.append(before)
    if after:
        parts.append(after)
        connection.execute("DELETE FROM receipts WHERE run = ? AND low = ?", (run.id, after[0]))
    lows, highs, firsts, lasts = zip(*parts, strict=True)
    connection.execute(
        "INSERT OR REPLACE INTO receipts (run, low, high, first_at, last_at) "
        "VALUES (?, ?, ?, ?, ?)",
        (run.id, min(lows), max(highs), min(firsts), max(lasts)),
    )
    return run


def _run(connection: sqlite3.Connection, batch: Batch) -> Run:
    select = "SELECT id, ended, site FROM runs WHERE run = ?"
    found = connection.execute(select, (batch.run,)).fetchone()
    if found is None:
        connection.execute(
            "INSERT INTO runs (run, process, site) VALUES (?, ?, ?)",
            (batch.run, batch.process, batch.site),
        )
        found = connection.execute(select, (batch.run,)).fetchone()
    return Run(found[0], bool(found[1]), found[2])


def not_ended(connection: sqlite3.Connection) -> dict[str, Run]:
    """Runs that are not marked as ended."""
    rows = connection.execute("SELECT run, id, ended, site FROM runs WHERE NOT ended")
    return {run: Run(id, bool(ended), site) for run, id, ended, site in rows}


def silent(connection: sqlite3.Connection, since: float) -> list[Run]:
    """Runs that told nothing since then, and are not marked as ended."""
    rows = connection.execute(
        "SELECT id, ended, site FROM runs JOIN receipts ON receipts.run = runs.id WHERE NOT ended "
        "GROUP BY id HAVING max(last_at) < ?",
        (since,),
    )
    return [Run(id, bool(ended), site) for id, ended, site in rows]


def newest(connection: sqlite3.Connection) -> dict[str, int]:
    """The newest batch of each run that is not marked as ended."""
    rows = connection.execute(
        "SELECT runs.run, max(high) FROM runs JOIN receipts ON receipts.run = runs.id "
        "WHERE NOT ended GROUP BY runs.id"
    )
    return dict(rows.fetchall())


def gaps(connection: sqlite3.Connection, since: float, until: float, limit: int) -> Iterator[Gap]:
    """Numbers that are missing from runs, between batches told from `since` to `until`."""
    rows = connection.execute(
        "SELECT runs.run, process, below + 1, low - 1, below_at, first_at FROM ("
        " SELECT run, low, first_at,"
        " coalesce(lag(high) OVER (PARTITION BY run ORDER BY low), 0) AS below,"
        " lag(last_at) OVER (PARTITION BY run ORDER BY low) AS below_at FROM receipts"
        ") AS ranges JOIN runs ON runs.id = ranges.run "
        "WHERE below + 1 < low AND first_at >= ? AND coalesce(below_at, first_at) < ? "
        "ORDER BY first_at LIMIT ?",
        (since, until, limit),
    )
    return (Gap(*row) for row in rows)
