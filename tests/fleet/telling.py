"""Records made briefly, and a fleet that is told them."""

import itertools
from typing import Any

from stratumproxy.fleet import Fleet, Worker
from stratumproxy.fleet.hashrate import Done
from stratumproxy.telemetry.records import (
    Batch,
    EventRecord,
    JobRecord,
    MinerRecord,
    ShareRecord,
    WorkRecord,
)
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot

NOW = 1_700_000_100.0
"""A multiple of every bucket but the hour's."""

RUN = "run-1"


def work(
    worker: str = "rig", accepted: int = 1, difficulty: float = 1024.0, **rejected: int
) -> WorkRecord:
    reasons = {reason.replace("_", "-"): n for reason, n in rejected.items()}
    return WorkRecord(worker, "pool", accepted, accepted * difficulty, reasons, 0.0, difficulty * 2)


def miner(id: int = 1, worker: str = "rig", **changes: Any) -> MinerRecord:
    record = MinerRecord(
        id, worker, f"10.0.0.1:{4000 + id}", "cgminer/4", 1024.0, NOW, "pool", True, ""
    )
    return record._replace(**changes)


def job(at: float = NOW, name: str = "a") -> JobRecord:
    return JobRecord(at, "pool", 0, name, 800_000, True, 65536.0, 10, 0.001, 0.002, 0.003)


def event(at: float = NOW, text: str = "a pool is ready") -> EventRecord:
    return EventRecord(at, "info", text, {"pool": "pool"})


def share(at: float = NOW, latency: float = 0.1, verdict: str = "accepted") -> ShareRecord:
    return ShareRecord(at, "rig", "pool", "a", 1024.0, 65536.0, 70000.0, verdict, "", latency)


def pool(**changes: Any) -> PoolSnapshot:
    values: dict[str, Any] = {
        "name": "pool",
        "url": "stratum+tcp://pool:3333",
        "state": "ready",
        "sessions": 1,
        "miners": 1,
        "difficulty": 65536.0,
        "extranonce2_size": 8,
        "version_mask": 0x1FFFE000,
        "accepted": 5,
        "rejected": 1,
        "pending": 2,
        "lost": 0,
    }
    return PoolSnapshot(**{**values, **changes})


def snapshot(**changes: Any) -> Snapshot:
    values: dict[str, Any] = {
        "uptime": 100.0,
        "connected": 3,
        "mining": 2,
        "hashrate": 1e12,
        "accepted": 50,
        "work": 51200.0,
        "forwarded": 8,
        "rejected": {"stale": 4},
        "drops": {"idle": 1},
        "jobs": 6,
        "new_blocks": 2,
        "blocks": 0,
        "best_difficulty": 9e6,
        "pools": (pool(),),
    }
    return Snapshot(**{**values, **changes})


def count(worker: Worker, record: WorkRecord, at: float) -> bool:
    """A worker did that."""
    done = Done(record.work, record.spread, record.accepted, sum(record.rejected.values()))
    return worker.count(record, done, at)


class Told:
    """A fleet, and one process that tells it."""

    def __init__(self, now: float = NOW, **settings: Any) -> None:
        self.fleet = Fleet(now, **settings)
        self.now = now
        self._seq = itertools.count(1)

    def tell(
        self,
        *,
        after: float = 0.0,
        age: float = 0.0,
        process: int = 0,
        run: str = RUN,
        **records: Any,
    ) -> bool:
        """A batch, some seconds later; it was made so many seconds before that."""
        self.now += after
        batch = Batch(run, process, next(self._seq), self.now - age, **records)
        return self.fleet.apply(batch, self.now, self.now - age)

    def works(self, *records: WorkRecord, after: float = 0.0) -> None:
        self.tell(after=after, work=records)

    def miners(self, *records: MinerRecord, after: float = 0.0) -> None:
        self.tell(after=after, miners=records)

    def passes(self, seconds: float) -> None:
        """Time, second by second."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(self.now + 1, end)
            self.fleet.tend(self.now)

    def worker(self, name: str = "rig") -> Worker:
        worker = self.fleet.roll.get(("default", name))
        assert worker is not None
        return worker
