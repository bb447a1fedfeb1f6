"""Sums per worker, pool and time: gathered in memory for one transaction, added at every level.

Each level gets the same sums in the same transaction, so they never differ, however late a batch
comes. What that costs beside rolling closed buckets up is in docs/ledger.md.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TypeVar

from stratumproxy.ledger.names import Names
from stratumproxy.ledger.schema import FIVE_MINUTES, FLEET, LEVELS
from stratumproxy.telemetry.records import (
    ACCEPTED,
    LOST,
    REJECTED,
    TIMED_OUT,
    ShareRecord,
    WorkRecord,
)


@dataclass(slots=True)
class Sums:
    """What is added up of a worker's shares on one pool in one stretch of time."""

    accepted: int = 0
    """Shares that count."""
    work: float = 0.0
    """Sum of the difficulties that these were asked to meet."""
    rejected: int = 0
    """Shares that don't count, the pool's rejects and lost ones among them."""
    refused_work: float = 0.0
    """Sum of the difficulties of those that were good by our own check all the same."""
    best: float = 0.0
    """Highest difficulty met."""
    forwarded: int = 0
    """Shares sent to the pool whose fate is known: one of the four below."""
    forwarded_work: float = 0.0
    """Sum of the pool's difficulties of these."""
    credited: int = 0
    """Of the forwarded ones, those that the pool accepted."""
    credited_work: float = 0.0
    """Sum of the pool's difficulties of these."""
    pool_rejected: int = 0
    timed_out: int = 0
    lost: int = 0
    connects: int = 0
    """Connections that began and authorized."""
    disconnects: int = 0
    """Of such, those that ended."""
    squares: float | None = 0.0
    """Sum of the squares of the difficulties that make up `work`. None, as the two below, if some
    of it was told by a version that did not count that."""
    expected: float | None = 0.0
    """How many of the shares in `work` and `refused_work` should have met what the pool asked for,
    which each does with a probability of what it was asked to meet through what the pool asked."""
    proven_seconds: float | None = 0.0
    """How long accepted shares prove that the worker mined; of the fleet, of all together."""


NAMES = tuple(field.name for field in fields(Sums))
"""Of the sums, in the order of the columns."""


OPTIONAL = ("squares", "expected", "proven_seconds")
"""Those that are None where they were not counted of all."""


def sum_of(name: str) -> str:
    """One of them over several rows of a table called b, in SQL; as None as the values are."""
    if name in OPTIONAL:
        return f"CASE WHEN count(b.{name}) = count(*) THEN sum(b.{name}) END"
    return f"{'max' if name == 'best' else 'sum'}(b.{name})"


def summed() -> str:
    """All of them, alike."""
    return ", ".join(map(sum_of, NAMES))


Values = tuple[float | None, ...]
_values: Callable[[Sums], Values] = attrgetter(*NAMES)

T = TypeVar("T")


def plus(one: float | None, other: float | None) -> float | None:
    """Their sum; None if either is."""
    return None if one is None or other is None else one + other


class Buckets:
    """The sums of one transaction, at the finest level."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._sums: dict[tuple[int, ...], Sums] = {}
        self._rejects: dict[tuple[int, ...], int] = {}

    def at(self, at: float, worker: int, pool: int) -> Sums:
        """The sums of a worker on a pool, at that time."""
        key = int(at) // FIVE_MINUTES.step * FIVE_MINUTES.step, worker, pool
        found = self._sums.get(key)
        if found is None:
            found = self._sums[key] = Sums()
            self._names.seen(worker, key[0])
        return found

    def work(self, record: WorkRecord, at: float) -> None:
        """Add what a worker did."""
        worker = self._names.worker(record.worker, at, record.tenant)
        pool = self._names.pool(record)
        sums = self.at(at, worker, pool)
        sums.accepted += record.accepted
        sums.work += record.work
        sums.refused_work += record.refused_work
        if record.best > sums.best:
            sums.best = float(record.best)
        squares = record.squares if record.squares or not record.accepted else None
        sums.squares = plus(sums.squares, squares)
        sums.expected = plus(sums.expected, record.expected)
        sums.proven_seconds = plus(sums.proven_seconds, record.proven_seconds)
        for reason, count in record.rejected.items():
            sums.rejected += count
            self._reject(at, worker, pool, self._names.reason(reason, by_pool=False), count)

    def share(self, record: ShareRecord, worker: int, pool: int, reason: int) -> None:
        """Add what became of a share that was sent to the pool."""
        sums = self.at(record.at, worker, pool)
        sums.forwarded += 1
        sums.forwarded_work += record.pool_difficulty
        if record.verdict == ACCEPTED:
            sums.credited += 1
            sums.credited_work += record.pool_difficulty
        elif record.verdict == REJECTED:
            sums.pool_rejected += 1
            self._reject(record.at, worker, pool, reason, 1)
        elif record.verdict == TIMED_OUT:
            sums.timed_out += 1
        elif record.verdict == LOST:
            sums.lost += 1

    def _reject(self, at: float, worker: int, pool: int, reason: int, count: int) -> None:
        key = int(at) // FIVE_MINUTES.step * FIVE_MINUTES.step, worker, pool, reason
        self._rejects[key] = self._rejects.get(key, 0) + count

    def write(self, connection: sqlite3.Connection) -> None:
        """Add them to what the ledger has, at every level, for the fleet as for each worker."""
        by_worker = {key: _values(sums) for key, sums in self._sums.items()}
        sums = sorted((_of_the_fleet(by_worker, _together) | by_worker).items())
        rejects = sorted((_of_the_fleet(self._rejects, sum) | self._rejects).items())
        for level in LEVELS:
            step = level.step
            connection.executemany(
                _ADD[level],
                [(start // step * step, *of, *values) for (start, *of), values in sums],
            )
            connection.executemany(
                _ADD_REJECTS[level],
                [(start // step * step, *of, count) for (start, *of), count in rejects],
            )


def _of_the_fleet(
    rows: dict[tuple[int, ...], T], together: Callable[[list[T]], T]
) -> dict[tuple[int, ...], T]:
    """The same for all workers together; the worker is second in each key."""
    whole: dict[tuple[int, ...], list[T]] = {}
    for (start, _, *of), row in rows.items():
        whole.setdefault((start, FLEET, *of), []).append(row)
    return {key: together(rows) for key, rows in whole.items()}


def _together(rows: list[Values]) -> Values:
    columns = zip(*rows, strict=True)
    return tuple(
        None if None in column else max(column) if name == "best" else sum(column)
        for name, column in zip(NAMES, columns, strict=True)
    )


_ADD = {
    level: f"INSERT INTO {level.table} (start, worker, pool, {', '.join(NAMES)}) "
    f"VALUES ({', '.join('?' * (3 + len(NAMES)))}) "
    "ON CONFLICT (start, worker, pool) DO UPDATE SET "
    + ", ".join(
        f"{name} = max({name}, excluded.{name})"
        if name == "best"
        else f"{name} = {name} + excluded.{name}"  # NULL if either is
        for name in NAMES
    )
    for level in LEVELS
}

_ADD_REJECTS = {
    level: f"INSERT INTO {level.table}_rejects (start, worker, pool, reason, count) "
    "VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (start, worker, pool, reason) DO UPDATE SET count = count + excluded.count"
    for level in LEVELS
}
