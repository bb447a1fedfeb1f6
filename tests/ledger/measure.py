"""What the ledger costs: run by hand, ``python tests/ledger/measure.py``; asserts nothing.

Figures in docs/ledger.md come from here.
"""

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from stratumproxy.config.control import Ledger as Settings
from stratumproxy.ledger import Ledger
from stratumproxy.telemetry.records import Batch, ShareRecord, WorkRecord

WORKERS = 17_595
SHARES = 1760
"""A second, of all workers."""

FORWARDED = 1
"""A second."""

START = 1_700_000_000 // 86_400 * 86_400


def batches(seconds: int, every: float, workers: int = 1) -> Iterator[Batch]:
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


def write(folder: Path, every: float, seconds: int = 60) -> None:
    path = folder / f"every-{every}.sqlite3"
    ledger = Ledger(Settings(path=str(path)), clock=lambda: START)
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


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        for every in (0.5, 1, 5, 10):
            write(Path(name), every)
