"""Connects and disconnects of workers, from what is told of miners.

A connection counts once its worker has a name here, at the time it began. Which ones are open is
kept, so that one that is told again counts once, and those of a process that died count as ended.
"""

import sqlite3

from stratumproxy.ledger.buckets import Buckets
from stratumproxy.ledger.names import Names
from stratumproxy.ledger.receipts import Run
from stratumproxy.telemetry.records import MinerRecord


def enter(
    connection: sqlite3.Connection,
    run: Run,
    record: MinerRecord,
    at: float,
    names: Names,
    buckets: Buckets,
) -> None:
    """Count what a record says that the ledger did not know.

    Args:
        connection: of the ledger, in a transaction.
        run: whose miner it is.
        record: how its connection stands.
        at: when that was told.
        names: of the ledger.
        buckets: where connects and disconnects are added.
    """
    pool = names.pool(record)
    worker = names.own(record.worker, at, record.tenant) if record.worker else None
    known, whose = _known(connection, run, record.id)
    # What is told late, of a run that is over, is not open any more.
    is_open = record.open and not run.ended
    if worker is not None and worker != known:
        # The first one counts from when it connected, another name from when it was told.
        began = record.since if known is None else at
        buckets.at(began, worker, pool).connects += 1
        update = "UPDATE workers SET address = ?, agent = ? WHERE id = ?"
        connection.execute(update, (record.address, record.agent, worker))
        if not is_open:
            buckets.at(at, worker, pool).disconnects += 1
    if known is not None and (worker != known or not is_open):
        # It may have been given to another tenant: then that one's account is not its own.
        own = pool if whose == record.tenant else names.no_pool(whose)
        buckets.at(at, known, own).disconnects += 1
        connection.execute("DELETE FROM miners WHERE run = ? AND id = ?", (run.id, record.id))
    if is_open and worker is not None and worker != known:
        insert = "INSERT INTO miners (run, id, worker) VALUES (?, ?, ?)"
        connection.execute(insert, (run.id, record.id, worker))


def end(connection: sqlite3.Connection, run: Run, names: Names, buckets: Buckets) -> None:
    """Count all miners of a run as gone, at the time it was heard of last."""
    (last,) = connection.execute(
        "SELECT max(last_at) FROM receipts WHERE run = ?", (run.id,)
    ).fetchone()
    rows = connection.execute(
        "SELECT worker, tenant, count(*) FROM miners JOIN workers ON workers.id = worker "
        "WHERE run = ? GROUP BY worker",
        (run.id,),
    ).fetchall()
    names.site = run.site
    for worker, tenant, count in rows:
        buckets.at(last, worker, names.no_pool(tenant)).disconnects += count
    connection.execute("DELETE FROM miners WHERE run = ?", (run.id,))
    connection.execute("UPDATE runs SET ended = 1 WHERE id = ?", (run.id,))


def _known(connection: sqlite3.Connection, run: Run, id: int) -> tuple[int | None, str]:
    """The worker of a connection, and whose that is."""
    row = connection.execute(
        "SELECT worker, tenant FROM miners JOIN workers ON workers.id = worker "
        "WHERE run = ? AND miners.id = ?",
        (run.id, id),
    ).fetchone()
    return (None, "") if row is None else (int(row[0]), str(row[1]))
