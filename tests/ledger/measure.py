"""What the ledger costs: ``python tests/ledger/measure.py``, by hand; asserts nothing.

With ``--reads`` or ``--upgrade`` only that. Figures in docs/ledger.md come from here.
"""

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

from stratumproxy.cli.past import read_past, read_usual
from stratumproxy.config.control import Ledger as Settings
from stratumproxy.ledger import Ledger, LedgerReader, Standing
from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.audit import audit
from stratumproxy.ledger.buckets import NAMES
from stratumproxy.ledger.database import open_for_writing
from stratumproxy.ledger.schema import APPLICATION, DAYS, FIVE_MINUTES, HOURS, MIGRATIONS, latest
from stratumproxy.telemetry.records import Batch, ShareRecord, WorkRecord
from tests.clocks import at

WORKERS = 17_595
SHARES = 1760
"""A second, of all workers."""

FORWARDED = 1
"""A second."""

START = 1_700_000_000 // 86_400 * 86_400


def batches(seconds: int, every: float) -> Iterator[Batch]:
    """What a fleet tells: random workers found shares."""
    dice = random.Random(1)
    count = int(seconds / every)
    for number in range(count):
        at = START + number * every
        work = [
            WorkRecord(
                f"farm.rig{dice.randrange(WORKERS)}", "pool", 1, 65_536.0, {}, 0.0, dice.random()
            )
            for _ in range(int(SHARES * every))
        ]
        for _ in range(int(SHARES * every / 200)):
            i = dice.randrange(len(work))
            work[i] = work[i]._replace(rejected={"stale": 1})
        shares = [
            ShareRecord(
                at, f"farm.rig{dice.randrange(WORKERS)}", "pool", "6512ab", 65_536.0, 1e8, 2e8,
                "accepted", "", 0.05,
            )
            for _ in range(max(1, int(FORWARDED * every)))
        ]  # fmt: skip
        yield Batch("run", 0, number + 1, at, shares=shares, work=work)


def write(folder: Path, every: float, seconds: int = 120) -> None:
    path = folder / f"every-{every}.sqlite3"
    ledger = Ledger(Settings(path=str(path)), at(START))
    told = list(batches(seconds, 0.5))
    size = max(1, int(every / 0.5))
    ledger.take([])
    cpu, wall = time.process_time(), time.monotonic()
    written = disk()
    slowest = 0.0
    for i in range(0, len(told), size):
        began = time.monotonic()
        ledger.take(told[i : i + size])
        slowest = max(slowest, time.monotonic() - began)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    written = disk() - written
    rows = seconds * SHARES
    print(
        f"take every {every:4} s: {cpu / seconds:6.2%} of a core, {rows / wall:9,.0f} rows/s at "
        f"most, slowest take {slowest * 1000:.0f} ms, disk {written / seconds / 1e6:.2f} MB/s, "
        f"file {path.stat().st_size / 1e6:.1f} MB"
    )
    ledger.close()


def disk() -> int:
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("write_bytes"):
            return int(line.split()[1])
    return 0


BEFORE_IDENTITY = 6
"""The version that knew of no accounts, and had the first 14 of the sums."""

SUMS = (
    "n, n * 131072.0, n / 200, 0, 80000.123 * id, sent, sent * 1e8, sent, sent * 1e8, "
    "0, 0, 0, 0, 0, n * 131072.0 * 131072.0, n * 131072.0 / 1e8, 5.0 * n"
)
"""Of `n` shares, and of those that were sent."""


def fill(path: Path, version: int = latest(), by_hour: int = WORKERS // 10) -> None:
    """A day of all workers by 5 minutes and by hour, 60 days by day, and 60 of some by hour.

    Twelve shares a minute each, of which one in 200 is stale; a pool's share an hour.
    """
    names = NAMES if version == latest() else NAMES[:14]
    values = ", ".join(SUMS.split(", ")[: len(names)])
    columns = f"start, worker, pool, {', '.join(names)}"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL;" + "".join(MIGRATIONS[:version]))
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("INSERT INTO pools (name) VALUES ('pool')")
        connection.execute("INSERT INTO reasons (by_pool, text) VALUES (0, 'stale'), (1, 'stale')")
        connection.execute(
            "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO workers (id, name, since, seen) SELECT i, 'farm.rig' || i, 0, ?2 FROM n",
            (WORKERS, START),
        )
        connection.commit()
        before = path.stat().st_size
        for level, since, until, workers in (
            (FIVE_MINUTES, 1, 0, WORKERS),
            (HOURS, 60, 1, by_hour),
            (HOURS, 1, 0, WORKERS),
            (DAYS, 60, 0, WORKERS),
        ):
            first, last = START - since * 86_400, START - until * 86_400
            for start in range(first, last, level.step):
                # No two workers are alike, and one is three times as fast as another.
                connection.execute(
                    f"INSERT INTO {level.table} ({columns}) SELECT ?1, id, 1, {values} FROM "
                    "(SELECT id, ?3 * (5000 + id * 7919 % 10007) / 10000 AS n, "
                    "?3 * (5000 + id * 7919 % 10007) / 7630000 AS sent "
                    "FROM workers WHERE id <= ?2)",
                    (start, workers, level.step // 5),
                )
                sums = ", ".join(f"sum({name})" for name in names)
                connection.execute(
                    f"INSERT INTO {level.table} ({columns}) SELECT start, 0, 1, {sums} "
                    f"FROM {level.table} WHERE start = ? GROUP BY start",
                    (start,),
                )
                connection.execute(
                    f"INSERT INTO {level.table}_rejects SELECT start, worker, pool, 1, rejected "
                    f"FROM {level.table} WHERE start = ? AND rejected",
                    (start,),
                )
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            size = path.stat().st_size
            rows = (last - first) // level.step * workers
            print(
                f"{level.table}: {(size - before) / rows:.0f} bytes a row, {WORKERS} workers take "
                f"{(size - before) / rows * WORKERS * 86_400 / level.step / 1e6:.0f} MB a day"
            )
            before = size


NOW = START - 1.0
MORNING = NOW - 20 * 3600
"""Its hours make no whole day, so that hours are read."""


def read(path: Path) -> None:
    reader = LedgerReader(str(path), seconds=None)
    for name, question in (
        ("a worker's 24 h", lambda: reader.history("farm.rig1000", "24h", NOW)),
        ("a worker's 60 d", lambda: reader.history("farm.rig1000", "60d", NOW)),
        ("the fleet's 24 h", lambda: reader.history(None, "24h", NOW)),
        ("the fleet's 60 d", lambda: reader.history(None, "60d", NOW)),
        ("an audit by hour, 60 d", lambda: audit(reader, Which("pool"), NOW - 60 * 86_400, NOW)),
        ("an audit by worker, 21 h", lambda: audit(reader, Which("pool"), MORNING, NOW, "worker")),
        (
            "an audit by worker, 60 d",
            lambda: audit(reader, Which("pool"), NOW - 60 * 86_400, NOW, "worker"),
        ),
        ("the last day of all workers", lambda: day(path)),
        ("what is usual of all workers", lambda: read_usual(str(path), at(NOW))),
    ):
        times = []
        for _ in range(3):
            began = time.monotonic()
            question()
            times.append(time.monotonic() - began)
        print(f"{name}: {1000 * min(times):.1f} ms at best, {1000 * max(times):.1f} at worst")
    reader.close()


def day(path: Path) -> None:
    with closing(Standing(str(path))) as standing:
        read_past(standing, at(NOW))


def upgrade(path: Path) -> None:
    """A ledger of the version before, of 60 days by hour and all workers, is brought up to date."""
    fill(path, BEFORE_IDENTITY, WORKERS)
    before, peak, done = size(path), 0, Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.001):
            peak = max(peak, size(path) - before)

    watcher = Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    connection = open_for_writing(str(path))
    seconds = time.monotonic() - began
    peak = max(peak, size(path) - before)
    connection.close()
    done.set()
    watcher.join()
    print(
        f"a ledger of {before / 1e9:.2f} GB of version {BEFORE_IDENTITY}: {1000 * seconds:.0f} ms, "
        f"{peak / 1e6:.1f} MB more on the disk at most, {(size(path) - before) / 1e6:.1f} after it"
    )


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def expire(path: Path) -> None:
    """A day later: everything of the finest level goes, a little at each take."""
    ledger = Ledger(Settings(path=str(path), five_minutes_days=0.5), at(START))
    ledger.take([Batch("run", 0, 1, START)])
    slowest, count, began = 0.0, 0, time.monotonic()
    for seq in range(2, 202):
        one = time.monotonic()
        ledger.take([Batch("run", 0, seq, START)])
        slowest = max(slowest, time.monotonic() - one)
        count += 1
    each = (time.monotonic() - began) / count
    print(f"takes that expire 2000 rows: {1000 * each:.1f} ms, slowest {1000 * slowest:.0f} ms")
    ledger.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        if "--upgrade" in sys.argv:
            upgrade(Path(name) / "before")
            sys.exit()
        for every in (0.5, 1, 5, 10) if "--reads" not in sys.argv else ():
            write(Path(name), every)
        fill(Path(name) / "full")
        read(Path(name) / "full")
        expire(Path(name) / "full")
