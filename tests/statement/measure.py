"""What a statement costs: ``python -m tests.statement.measure``, by hand; asserts nothing.

A month of 17,595 machines, of one tenant and of twelve, by hour and by day, the last six hours by
five minutes as well; all change their account, a part of them their tenant. docs/hosting.md has it.
"""

import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from stratumproxy.ledger import LedgerReader
from stratumproxy.ledger.buckets import NAMES, sum_of
from stratumproxy.ledger.schema import APPLICATION, DAYS, FIVE_MINUTES, HOURS, MIGRATIONS, latest
from stratumproxy.statement import Asked, Window, tell
from stratumproxy.statement.period import parse_period

WORKERS = 17_595
END = 1_793_491_200  # 2026-11-01, UTC
MONTH = 31
MOVED_ACCOUNT = END - 12 * DAYS.step + 10 * 3600
MOVED_TENANT = END - 20 * DAYS.step + 9 * 3600
OUTAGE = END - 9 * DAYS.step + 3 * 3600
"""Where nobody mines for two hours."""

COLUMNS = f"start, worker, pool, {', '.join(NAMES)}"

VALUES = (
    "n, n * 131072.0, n / 200, n / 200 * 131072.0, 8e4 * worker, sent, sent * 1e8, sent, "
    "sent * 1e8, 0, 0, 0, 0, 0, n * 131072.0 * 131072.0, (n + n / 200) * 131072.0 / 1e8, proven"
)


def fill(path: Path, tenants: int, every: int, five_minutes_days: float = 0.25) -> None:
    """A ledger; one of so many machines moves from one tenant to the next, if there are several."""

    with closing(sqlite3.connect(path)) as db:
        db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        db.executescript("".join(MIGRATIONS))
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {latest()}")
        names = ["acme", *(f"tenant{n}" for n in range(1, tenants))]
        for tenant in names:
            for account in ("", "2"):
                db.execute(
                    "INSERT INTO pools (name, account, tenant) VALUES (?, ?, ?)",
                    (f"pool-{len(tenant) % 3}", tenant + account, tenant),
                )
        db.execute("INSERT INTO reasons (by_pool, text) VALUES (0, 'stale'), (1, 'stale')")
        db.execute("CREATE TEMP TABLE m (worker INTEGER PRIMARY KEY, own INT, next INT, moves INT)")
        since = END - MONTH * DAYS.step
        for n in range(WORKERS):
            own, name = n % tenants, f"rack{n // 40:03}.m{n % 40:02}"
            db.execute(
                "INSERT INTO workers (id, tenant, name, since, seen) VALUES (?, ?, ?, ?, ?)",
                (n + 1, names[own], name, since - 1e7, END),
            )
            moves = tenants > 1 and n % every == 0
            db.execute(
                "INSERT INTO m VALUES (?, ?, ?, ?)", (n + 1, own, (own + 1) % tenants, moves)
            )
            if moves:
                db.execute(
                    "INSERT INTO workers (id, tenant, name, since, seen) VALUES (?, ?, ?, ?, ?)",
                    (100_000 + n, names[(own + 1) % tenants], name, MOVED_TENANT, END),
                )
        for level, first in (
            (HOURS, since - 15 * DAYS.step),
            (FIVE_MINUTES, END - int(five_minutes_days * DAYS.step)),
        ):
            for start in range(first, END, level.step):
                moved, second = start >= MOVED_TENANT, start >= MOVED_ACCOUNT
                down = 1.0 if OUTAGE <= start < OUTAGE + 7200 else 0.002
                mines = f"abs(random()) / 9223372036854775807.0 >= {down}"
                db.execute(
                    f"INSERT INTO {level.table} ({COLUMNS}) SELECT {start}, worker, pool, {VALUES} "
                    f"FROM (SELECT CASE WHEN moves AND {moved} THEN 99999 + worker ELSE worker END "
                    f"AS worker, 1 + 2 * (CASE WHEN moves AND {moved} THEN next ELSE own END) + "
                    f"{second} AS pool, "
                    f"{level.step} * (5000 + worker * 7919 % 10007) / 50000 AS n, "
                    f"CAST({level.step} * (5000 + worker * 7919 % 10007) / 38150000.0 "
                    "+ abs(random()) / 9223372036854775807.0 AS INTEGER) AS sent, "
                    f"{level.step} * 0.997 AS proven FROM m WHERE {mines}) ORDER BY worker"
                )  # fmt: skip
                sums = ", ".join(map(sum_of, NAMES))
                db.execute(
                    f"INSERT INTO {level.table} ({COLUMNS}) SELECT start, 0, pool, {sums} "
                    f"FROM {level.table} AS b WHERE start = ? GROUP BY start, pool",
                    (start,),
                )
                db.execute(
                    f"INSERT INTO {level.table}_rejects SELECT start, worker, pool, 1, rejected "
                    f"FROM {level.table} WHERE start = ? AND rejected",
                    (start,),
                )
            db.commit()
        for start in range(since - 15 * DAYS.step, END, DAYS.step):
            sums = ", ".join(map(sum_of, NAMES))
            db.execute(
                f"INSERT INTO days ({COLUMNS}) SELECT {start}, worker, pool, {sums} "
                "FROM hours AS b WHERE start >= ? AND start < ? GROUP BY worker, pool",
                (start, start + DAYS.step),
            )
            db.execute(
                "INSERT INTO days_rejects SELECT ?1, worker, pool, reason, sum(count) FROM "
                "hours_rejects WHERE start >= ?1 AND start < ?2 GROUP BY worker, pool, reason",
                (start, start + DAYS.step),
            )
        db.execute("INSERT INTO events VALUES (1, ?, 'info', 'x', '{}')", (since - 1e6,))
        db.execute("INSERT INTO runs VALUES (1, 'r', 0, 0, '')")
        db.execute("INSERT INTO receipts VALUES (1, 1, 9, ?, ?)", (since - 1e7, END))
        db.commit()


def statements(path: Path, tenant: str) -> None:
    zone = ZoneInfo("Europe/Oslo")
    period = parse_period("2026-10-01", "2026-11-01", zone, END)
    windows = [
        Window(at, at + 4 * 3600 + 600, "the grid's request")
        for at in range(int(period.since) + 3 * 3600, int(period.until), 2 * 86_400)
    ]
    reader = LedgerReader(str(path), seconds=None)
    for by in ("day", "worker", "group"):
        for what, agreed in (("", ()), (f" with {len(windows)} windows", windows)):
            asked = Asked(period, by, agreed, lambda name: name.partition(".")[0])
            times, cpu = [], time.process_time()
            for _ in range(3):
                began = time.monotonic()
                found = tell(reader, tenant, asked, END)
                times.append(time.monotonic() - began)
            cpu = (time.process_time() - cpu) / len(times)
            print(
                f"{tenant}, {found.names} machines, by {by}{what}: {min(times):.2f} s, worst "
                f"{max(times):.2f}, CPU {cpu:.2f}; {len(found.rows)} rows, "
                f"uptime {found.total.uptime:.4%}",
                flush=True,
            )
    reader.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    # All of one tenant's, of twelve, and of two between whom all of them change hands.
    for tenants, every in ((1, 1), (12, 11), (2, 1)):
        path = folder / f"{tenants}.sqlite3"
        if not path.exists():
            began = time.monotonic()
            fill(path, tenants, every)
            print(f"{path}: {path.stat().st_size / 1e9:.2f} GB in {time.monotonic() - began:.0f} s")
        statements(path, "acme")
