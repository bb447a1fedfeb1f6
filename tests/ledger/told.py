"""Records as the data plane tells them, with what a test does not care about filled in."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from stratumproxy.config.control import Ledger as Settings
from stratumproxy.ledger import Ledger
from stratumproxy.ledger.buckets import NAMES, Sums
from stratumproxy.ledger.schema import FLEET, Level
from stratumproxy.telemetry.records import (
    ACCEPTED,
    Batch,
    EventRecord,
    JobRecord,
    MinerRecord,
    ShareRecord,
    WorkRecord,
)
from tests.clocks import Time

DAY = 1_700_006_400
"""A midnight: 2023-11-15, UTC."""


def share(
    at: float = DAY, worker: str = "rig", verdict: str = ACCEPTED, **other: Any
) -> ShareRecord:
    values: dict[str, Any] = {
        "at": at,
        "worker": worker,
        "pool": "main",
        "job": "6512ab",
        "difficulty": 1024.0,
        "pool_difficulty": 65536.0,
        "met": 70000.5,
        "verdict": verdict,
        "reason": "",
        "latency": 0.125,
    }
    return ShareRecord(**values | other)


def reckoned(accepted: int) -> dict[str, Any]:
    """What is counted beside shares and their work, of so many."""
    return {
        "squares": 1024.0**2 * accepted,
        "expected": accepted / 64,
        "proven_seconds": 5.0 * accepted,
    }


def work(worker: str = "rig", accepted: int = 1, **other: Any) -> WorkRecord:
    values: dict[str, Any] = {
        "worker": worker,
        "pool": "main",
        "accepted": accepted,
        "work": 1024.0 * accepted,
        "rejected": {},
        "refused_work": 0.0,
        "best": 2000.0 if accepted else 0.0,
        **reckoned(accepted),
    }
    return WorkRecord(**values | other)


def miner(id: int = 1, worker: str = "rig", since: float = DAY, **other: Any) -> MinerRecord:
    values: dict[str, Any] = {
        "id": id,
        "worker": worker,
        "address": "10.0.0.1:5000",
        "agent": "cgminer/4.12",
        "difficulty": 1024.0,
        "since": since,
        "pool": "main",
        "open": True,
        "reason": "",
    }
    return MinerRecord(**values | other)


def job(at: float = DAY, **other: Any) -> JobRecord:
    values: dict[str, Any] = {
        "at": at,
        "pool": "main",
        "group": 0,
        "job": "6512ab",
        "height": 800_000,
        "clean": True,
        "difficulty": 65536.0,
        "miners": 3,
        "first": 0.001,
        "median": 0.002,
        "last": 0.003,
    }
    return JobRecord(**values | other)


def event(at: float = DAY, **other: Any) -> EventRecord:
    values: dict[str, Any] = {
        "at": at,
        "level": "warning",
        "event": "pool lost",
        "values": {"pool": "main"},
    }
    return EventRecord(**values | other)


def batch(seq: int, at: float = DAY, run: str = "run", process: int = 0, **records: Any) -> Batch:
    return Batch(run, process, seq, at, **records)


def open_ledger(path: Path, time: Time | None = None, **settings: Any) -> Ledger:
    """A ledger of a process that starts now."""
    clock = (time or Time(DAY)).clock_of_a_new_process()
    return Ledger(Settings(path=str(path), **settings), clock)


def keep(path: Path, batches: Sequence[Batch], time: Time | None = None, **settings: Any) -> None:
    """All in one go, and the file let go of."""
    with closing(open_ledger(path, time, **settings)) as ledger:
        ledger.take(batches)


def query(path: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, values).fetchall()


def sums(path: Path, level: Level, *, fleet: bool = False) -> dict[tuple[int, str, str], Sums]:
    """What a level has, by start, worker and pool."""
    rows = query(
        path,
        f"SELECT start, coalesce(workers.name, ''), pools.name, {', '.join(NAMES)} "
        f"FROM {level.table} AS b JOIN pools ON pools.id = pool "
        "LEFT JOIN workers ON workers.id = worker "
        f"WHERE worker {'=' if fleet else '<>'} {FLEET}",
    )
    return {(start, worker, pool): Sums(*values) for start, worker, pool, *values in rows}


def added(all: Iterable[Sums]) -> Sums:
    """All of them together."""
    rows = [tuple(getattr(one, name) for name in NAMES) for one in all]
    if not rows:
        return Sums()
    columns = list(zip(*rows, strict=True))
    return Sums(
        *(
            None if None in column else max(column) if name == "best" else sum(column)
            for name, column in zip(NAMES, columns, strict=True)
        )
    )
