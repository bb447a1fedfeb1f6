"""What every worker usually does: the median of its working hours, and when these began to count.

Hours are the ledger's own. What they do not say stands in a table of its own: since when a worker
is slow, or when it was mended or accepted as it is, and what was usual of it then. Hours count from
there on, and none as long as it is slow.
"""

import sqlite3
from array import array
from collections.abc import Iterable
from contextlib import closing
from statistics import median_low
from typing import NamedTuple

from stratumproxy.ledger.database import explained, open_for_writing, transaction
from stratumproxy.ledger.schema import DAYS, FLEET, HOURS
from stratumproxy.telemetry.records import WorkerKey

SECONDS = 14 * DAYS.step
"""How far back hours count."""


class Turn(NamedTuple):
    """When a worker was called slow, mended, or accepted as it is. Work is in difficulty."""

    worker: WorkerKey
    rate: float
    """Work a second that was usual then."""
    since: float
    """Unix seconds."""
    slow: bool


class UsualWork(NamedTuple):
    """What is usual of a worker."""

    rate: float
    """Work a second: the median of `hours` working hours; 0 if there are none."""
    hours: int
    turn: Turn | None
    """Its last one; hours before it don't count, nor any while it is slow."""


def usual(connection: sqlite3.Connection, now: float) -> dict[WorkerKey, UsualWork]:
    """What is usual of every worker. Takes some ten seconds for 17,595 of them.

    Args:
        connection: of the ledger.
        now: Unix seconds; hours that are over by then count, of the last `SECONDS`.
    """
    turns = {
        worker: Turn((tenant, name), rate, since, bool(slow))
        for worker, tenant, name, rate, since, slow in connection.execute(
            "SELECT workers.id, tenant, name, rate, usual.since, slow FROM usual "
            "JOIN workers ON workers.id = usual.worker"
        )
    }
    hours: dict[int, array[float]] = {}
    end = int(now) // HOURS.step * HOURS.step
    for start in range(end - SECONDS, end, HOURS.step):
        # An hour at a time, each a look-up: no sorting of millions of rows.
        for worker, work in connection.execute(
            f"SELECT worker, sum(work) FROM hours WHERE start = ? AND worker <> {FLEET} "
            "AND accepted GROUP BY worker",
            (start,),
        ):
            turn = turns.get(worker)
            if turn is not None and (turn.slow or start < turn.since):
                continue
            if worker in hours:
                hours[worker].append(work)
            else:
                hours[worker] = array("f", (work,))
    found = {}
    for worker, *key in connection.execute("SELECT id, tenant, name FROM workers"):
        of = hours.get(worker, ())
        if of or worker in turns:
            rate = median_low(of) / HOURS.step if of else 0.0
            found[key[0], key[1]] = UsualWork(rate, len(of), turns.get(worker))
    return found


def keep(path: str, turns: Iterable[Turn]) -> None:
    """Keep turns, each in place of the worker's last one. They are on the disk when this returns.

    Args:
        path: the ledger, which another thread may be writing.
        turns: of workers that the ledger has heard of; others are left out.

    Raises:
        SinkError: it can't be written.
    """
    with closing(open_for_writing(path)) as connection, explained(path), transaction(connection):
        connection.executemany(
            "INSERT OR REPLACE INTO usual (worker, rate, since, slow) "
            "SELECT id, ?3, ?4, ?5 FROM workers WHERE tenant = ?1 AND name = ?2",
            [(*turn.worker, turn.rate, turn.since, turn.slow) for turn in turns],
        )
