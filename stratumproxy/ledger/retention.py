"""Taking out what has been kept for long enough, a little at a time.

The name of a worker goes once nothing else has its id any more; it may come again, with another.

Pages are used again by what comes next, so the file stays as large as it was at its largest.

A clock that jumped must not empty the ledger, so age goes by the time that passes while it is
open. How far that has come is kept in it. After a start the clock may be right to be far ahead of
that, as after a month in a drawer, or wrong: that is caught up with no faster than time passes.
"""

import sqlite3
from typing import NamedTuple

from stratumproxy.config.control import Ledger as Settings
from stratumproxy.ledger.names import Names
from stratumproxy.ledger.schema import DAYS, FIVE_MINUTES, HOURS, Level
from stratumproxy.telemetry.clock import Clock

DAY = 86_400.0


class Age:
    """The time by which rows expire: never ahead of either clock, nor of what passed.

    Args:
        clock: of this process.
        reached: what it had come to when the ledger was closed; None for a new one.
    """

    def __init__(self, clock: Clock, reached: float | None) -> None:
        self._clock = clock
        self._at = clock.now()
        self.reached = self._certain() if reached is None else reached
        """Unix seconds."""

    def _certain(self) -> float:
        return min(self._clock.now(), self._clock.unix())

    def now(self) -> float:
        """Unix seconds; to be called at each write."""
        at, certain = self._clock.now(), self._certain()
        passed, self._at = at - self._at, at
        self.reached = max(self.reached, min(self.reached + 2 * passed, certain))
        return min(self.reached, certain)


def reached(connection: sqlite3.Connection) -> float | None:
    """How far that had come when it was kept last; None if it never was."""
    row = connection.execute("SELECT reached FROM retention").fetchone()
    return None if row is None else float(row[0])


def keep_age(connection: sqlite3.Connection, age: Age) -> None:
    """Keep it, in the transaction that goes by it."""
    if not connection.execute("UPDATE retention SET reached = ?", (age.reached,)).rowcount:
        connection.execute("INSERT INTO retention (reached) VALUES (?)", (age.reached,))


ROWS = 2000
"""At most so many rows of a table are taken out at a time: some ten milliseconds."""


class Expiring(NamedTuple):
    """A table whose rows are kept for a while."""

    table: str
    key: str
    """Its primary key, which the column of the time begins or which has an index of its own."""
    time: str
    """The column that says how old a row is."""
    seconds: float


def expiring(settings: Settings) -> tuple[Expiring, ...]:
    """Every table that is not kept for ever, and for how long its rows are."""

    def buckets(level: Level, days: float) -> tuple[Expiring, Expiring]:
        # A bucket is as old as its end.
        seconds = days * DAY + level.step
        return (
            Expiring(level.table, "start, worker, pool", "start", seconds),
            Expiring(f"{level.table}_rejects", "start, worker, pool, reason", "start", seconds),
        )

    return (
        Expiring("shares", "id", "at", settings.shares_days * DAY),
        *buckets(FIVE_MINUTES, settings.five_minutes_days),
        *buckets(HOURS, settings.hours_days),
        *buckets(DAYS, settings.days_days),
        Expiring("jobs", "id", "at", settings.events_days * DAY),
        Expiring("events", "id", "at", settings.events_days * DAY),
        Expiring("dropped", "start, kind", "start", settings.days_days * DAY),
        Expiring("split_weights", "tenant, since, target", "until", settings.days_days * DAY),
        Expiring("receipts", "run, low", "last_at", settings.days_days * DAY),
    )


def expire(
    connection: sqlite3.Connection,
    tables: tuple[Expiring, ...],
    names: Names,
    now: float,
    rows: int = ROWS,
) -> None:
    """Take out up to `rows` rows of each table that are too old, and as many unused names.

    Args:
        connection: of the ledger, in a transaction.
        tables: what `expiring` gave.
        names: of the ledger.
        now: Unix seconds.
        rows: how many at most.
    """
    more = False
    for table, key, time, seconds in tables:
        gone = connection.execute(
            f"DELETE FROM {table} WHERE ({key}) IN "
            f"(SELECT {key} FROM {table} WHERE {time} < ? ORDER BY {time} LIMIT ?)",
            (now - seconds, rows),
        )
        more |= gone.rowcount >= rows
    connection.execute("DELETE FROM runs WHERE ended AND id NOT IN (SELECT run FROM receipts)")
    if not more:
        # Whatever is left is younger than that, and began within a day of its worker's `seen`.
        names.expire(now - max(each.seconds for each in tables) - DAYS.step, rows)
