"""What a ledger has, to be compared with what miners and pools counted."""

import sqlite3
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.ledger.schema import FLEET
from stratumproxy.telemetry.records import VERDICTS, EventRecord

SUMS = "accepted, rejected, forwarded, credited, pool_rejected, timed_out, lost"


@dataclass
class Books:
    """Sums over all workers and all time."""

    accepted: int
    rejected: int
    forwarded: int
    credited: int
    pool_rejected: int
    timed_out: int
    lost: int
    verdicts: Counter[str]
    """Shares on record, one by one, by verdict."""
    workers: dict[str, tuple[int, int]]
    """Accepted and rejected, by name."""
    gaps: list[object]
    dropped: dict[str, int]
    events: list[EventRecord]

    @classmethod
    def read(cls, path: Path) -> "Books":
        connection = sqlite3.connect(path)
        try:
            connection.execute("BEGIN")
            sums = ", ".join(f"coalesce(sum({name}), 0)" for name in SUMS.split(", "))
            where = f"WHERE worker <> {FLEET}"
            totals = connection.execute(f"SELECT {sums} FROM days {where}").fetchone()
            others = connection.execute(f"SELECT {sums} FROM five_minutes {where}").fetchone()
            assert totals == others, "all levels have the same sums"
            verdicts = connection.execute("SELECT verdict, count(*) FROM shares GROUP BY verdict")
            workers = connection.execute(
                f"SELECT name, sum(accepted), sum(rejected) FROM days "
                f"JOIN workers ON workers.id = days.worker {where} GROUP BY name"
            )
            books = cls(
                *totals,
                verdicts=Counter({VERDICTS[verdict]: count for verdict, count in verdicts}),
                workers={name: (accepted, rejected) for name, accepted, rejected in workers},
                gaps=[],
                dropped={},
                events=[],
            )
        finally:
            connection.close()
        reader = LedgerReader(str(path))
        now = time.time()
        books.gaps += reader.gaps(0, now + 60)
        books.events += reader.events(0, now + 60)
        books.dropped |= reader.dropped(0, now + 60)
        reader.close()
        return books
