"""Batches into the ledger: each once, wholly or not at all, whatever happens meanwhile."""

import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratumproxy.errors import SinkError
from stratumproxy.ledger import LedgerReader
from stratumproxy.ledger.buckets import OPTIONAL, Sums, plus
from stratumproxy.ledger.schema import LEVELS
from stratumproxy.telemetry.records import ACCEPTED, LOST, REJECTED, TIMED_OUT, VERDICTS, Batch
from tests.ledger.told import (
    DAY,
    added,
    batch,
    event,
    job,
    keep,
    open_ledger,
    query,
    reckoned,
    share,
    sums,
    work,
)


def test_keeps_every_field_of_a_share(path: Path) -> None:
    told = [
        share(DAY + 0.25),
        share(DAY + 1.5, "rig/2 ü", REJECTED, reason="Stale share", job="", latency=0.0),
        share(DAY + 2.5, verdict=TIMED_OUT, pool="backup"),
        share(DAY + 3.5, verdict=LOST, difficulty=0.001),
    ]
    keep(path, [batch(1, shares=told)])
    with closing(LedgerReader(str(path))) as reader:
        page = reader.shares()
    assert [record for _, record in page.shares] == told[::-1]
    assert page.next is None


def test_keeps_jobs_and_events(path: Path) -> None:
    jobs = [job(DAY), job(DAY + 1, clean=False, pool="backup")]
    events = [event(DAY), event(DAY + 1, level="info", values={"deep": [1, {"x": None}]})]
    keep(path, [batch(1, jobs=jobs, events=events)])
    with closing(LedgerReader(str(path))) as reader:
        assert reader.jobs() == jobs[::-1]
        assert reader.jobs(1) == jobs[1:]
        assert reader.events(DAY, DAY + 10) == events[::-1]
        assert reader.events(DAY + 1, DAY + 10) == events[1:]


def test_adds_up_at_every_level(path: Path) -> None:
    rejected = {"stale": 2, "pool": 1}
    keep(
        path,
        [
            batch(
                1,
                DAY + 299,
                work=[work(accepted=2, rejected=rejected, refused_work=1024.0), work("rig2")],
                shares=[share(DAY + 10), share(DAY + 11, verdict=REJECTED, reason="no")],
            ),
            batch(2, DAY + 300, work=[work(best=9000.0)]),
        ],
    )
    rig = Sums(2, 2048.0, 3, 1024.0, 2000.0, 2, 131072.0, 1, 65536.0, 1, **reckoned(2))
    later = Sums(1, 1024.0, best=9000.0, **reckoned(1))
    rig2 = Sums(1, 1024.0, best=2000.0, **reckoned(1))
    five_minutes, hours, days = (sums(path, level) for level in LEVELS)
    assert five_minutes == {
        (DAY, "rig", "main"): rig,
        (DAY, "rig2", "main"): rig2,
        (DAY + 300, "rig", "main"): later,
    }
    both = {(DAY, "rig", "main"): added([rig, later]), (DAY, "rig2", "main"): rig2}
    assert hours == both
    assert days == both
    fleet = {(DAY, "", "main"): added([rig, later, rig2])}
    assert sums(path, LEVELS[1], fleet=True) == fleet
    assert query(
        path,
        "SELECT text, by_pool, worker = 0, count FROM hours_rejects "
        "JOIN reasons ON reasons.id = reason ORDER BY 1, 3",
    ) == [
        ("no", 1, 0, 1),
        ("no", 1, 1, 1),
        ("pool", 0, 0, 1),
        ("pool", 0, 1, 1),
        ("stale", 0, 0, 2),
        ("stale", 0, 1, 2),
    ]


def test_a_batch_told_again_counts_once(path: Path) -> None:
    one, two = batch(1, work=[work()], shares=[share()], jobs=[job()]), batch(2, work=[work()])
    with closing(open_ledger(path)) as ledger:
        ledger.take([one])
        ledger.take([one, two, one])
    keep(path, [two, one])  # after a restart too
    assert sums(path, LEVELS[2])[DAY, "rig", "main"].accepted == 2
    assert query(path, "SELECT count(*) FROM shares") == [(1,)]
    assert query(path, "SELECT count(*) FROM jobs") == [(1,)]


def test_what_was_dropped_is_counted(path: Path) -> None:
    keep(path, [batch(1, dropped={"shares": 3}), batch(2, dropped={"shares": 4, "events": 1})])
    with closing(LedgerReader(str(path))) as reader:
        assert reader.dropped(DAY, DAY + 1) == {"events": 1, "shares": 7}
        assert reader.dropped(DAY + 300, DAY + 600) == {}


DIFFICULTIES = st.sampled_from([0.5, 1.0, 1024.0, 65536.0])
WORKERS = st.sampled_from(["a", "b", "c"])
POOLS = st.sampled_from(["main", "backup"])
MOMENTS = st.integers(DAY - 90_000, DAY + 90_000).map(float)
WORK = st.builds(
    work,
    WORKERS,
    st.integers(0, 5),
    pool=POOLS,
    work=DIFFICULTIES,
    rejected=st.dictionaries(st.sampled_from(["stale", "pool"]), st.integers(1, 9), max_size=2),
    refused_work=DIFFICULTIES,
    best=DIFFICULTIES,
)
SHARES = st.builds(
    share,
    MOMENTS,
    WORKERS,
    st.sampled_from(VERDICTS),
    pool=POOLS,
    pool_difficulty=DIFFICULTIES,
)


@st.composite
def tellings(draw: st.DrawFn) -> list[list[Batch]]:
    """Batches of several runs, in any order, some of them again, some never, in several takes."""
    told = [
        batch(
            seq,
            draw(MOMENTS),
            run,
            work=draw(st.lists(WORK, max_size=4)),
            shares=draw(st.lists(SHARES, max_size=4)),
        )
        for run in ("x", "y")
        for seq in range(1, draw(st.integers(1, 6)))
    ]
    if not told:
        return []
    order = draw(st.lists(st.sampled_from(told), max_size=20))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=3)))
    return [order[i:j] for i, j in zip([0, *cuts], [*cuts, len(order)], strict=True)]


def model(told: list[Batch], step: int) -> dict[tuple[int, str, str], Sums]:
    """The same in plain Python, from each batch once."""
    found: dict[tuple[int, str, str], Sums] = {}

    def at(moment: float, worker: str, pool: str) -> Sums:
        return found.setdefault((int(moment) // step * step, worker, pool), Sums())

    for one in {(b.run, b.seq): b for b in told}.values():
        for w in one.work:
            row = at(one.at, w.worker, w.pool)
            row.accepted += w.accepted
            row.work += w.work
            row.rejected += sum(w.rejected.values())
            row.refused_work += w.refused_work
            row.best = max(row.best, w.best)
            for name in OPTIONAL:
                setattr(row, name, plus(getattr(row, name), getattr(w, name)))
        for s in one.shares:
            row = at(s.at, s.worker, s.pool)
            row.forwarded += 1
            row.forwarded_work += s.pool_difficulty
            row.credited += s.verdict == ACCEPTED
            row.credited_work += s.pool_difficulty * (s.verdict == ACCEPTED)
            row.pool_rejected += s.verdict == REJECTED
            row.timed_out += s.verdict == TIMED_OUT
            row.lost += s.verdict == LOST
    return found


def missing(told: list[Batch]) -> set[tuple[str, int]]:
    last = {one.run: max(b.seq for b in told if b.run == one.run) for one in told}
    had = {(one.run, one.seq) for one in told}
    return {(run, n) for run in last for n in range(1, last[run]) if (run, n) not in had}


@settings(max_examples=40)
@given(takes=tellings())
def test_any_telling_gives_the_same_sums(takes: list[list[Batch]]) -> None:
    told = [one for take in takes for one in take]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger"
        with closing(open_ledger(path)) as ledger:
            ledger.open()
            for take in takes:
                ledger.take(take)
        for level in LEVELS:
            expected = model(told, level.step)
            assert sums(path, level) == expected
            whole = added(sums(path, level, fleet=True).values())
            assert whole == added(expected.values())
        with closing(LedgerReader(str(path))) as reader:
            gaps = reader.gaps(0, 2 * DAY)
        named = {(gap.run, n) for gap in gaps for n in range(gap.first, gap.last + 1)}
        assert named == missing(told)


WRITER = """
import sys
from tests.ledger.told import batch, open_ledger, share, work
from pathlib import Path
ledger = open_ledger(Path(sys.argv[1]))
for seq in range(int(sys.argv[2]), 100_000):
    ledger.take([batch(seq, work=[work(f"rig{n}") for n in range(50)], shares=[share()] * 5)])
    print(seq, flush=True)
"""


def test_kill_9_tears_nothing_and_loses_nothing_acknowledged(path: Path) -> None:
    acknowledged = 0
    for kill in range(4):
        # The last one may have been kept without its acknowledgement: it is told again.
        command = [sys.executable, "-c", WRITER, str(path), str(acknowledged + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            for _ in range(3 + 5 * kill):
                acknowledged = int(writer.stdout.readline())
            writer.kill()
            # What it acknowledged between our last look and its death counts too.
            for line in writer.stdout:
                acknowledged = int(line)
        assert query(path, "PRAGMA integrity_check") == [("ok",)]
        ((low, high),) = query(path, "SELECT low, high FROM receipts")
        assert low == 1
        assert high in (acknowledged, acknowledged + 1)
        for level in LEVELS:
            found = added(sums(path, level).values())
            assert (found.accepted, found.credited) == (50 * high, 5 * high)
        assert query(path, "SELECT count(*) FROM shares") == [(5 * high,)]


def big(seq: int) -> Batch:
    return batch(seq, shares=[share(job="x" * 64)] * 500)


def test_a_full_disk_keeps_nothing_half_and_goes_on_later(path: Path) -> None:
    with closing(open_ledger(path)) as ledger:
        ledger.take([batch(1, work=[work()])])
        assert ledger._connection
        ledger._connection.execute("PRAGMA max_page_count = 40")
        with pytest.raises(SinkError, match=r"ledger.sqlite3: the disk is full; make room, and"):
            ledger.take([batch(2, work=[work()]), big(3)])
        assert query(path, "SELECT sum(accepted) FROM days WHERE worker") == [(1,)]
        assert query(path, "SELECT low, high FROM receipts") == [(1, 1)]
        # Opened anew, it knows no limit: as if there was room again.
        ledger.take([batch(2, work=[work("new")]), big(3)])
    assert query(path, "SELECT sum(accepted) FROM days WHERE worker") == [(2,)]
    assert query(path, "SELECT low, high FROM receipts") == [(1, 3)]
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


LIMITED = """
import resource, sys
from pathlib import Path
from tests.ledger.test_ledger import big, full
full(Path(sys.argv[1]))
"""


def full(path: Path) -> None:
    """In a process of its own: writes past its limit fail."""
    ledger = open_ledger(path)
    ledger.take([big(1)])
    limit = path.stat().st_size + 100_000
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    kept = 1
    try:
        while True:
            ledger.take([big(kept + 1)])
            kept += 1
    except SinkError as error:
        print(error)
    assert Counter(query(path, "SELECT count(*) FROM shares")) == {(500 * kept,): 1}
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    ledger.take([big(kept + 1)])
    ledger.close()
    print(kept + 1)


def test_a_file_that_may_not_grow(path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(path)]
    error, kept = subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert error.startswith(f"{path}: the disk ")
    assert query(path, "SELECT low, high FROM receipts") == [(1, int(kept))]
    assert query(path, "SELECT count(*) FROM shares") == [(500 * int(kept),)]
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_bug_in_the_middle_leaves_no_trace(path: Path) -> None:
    with closing(open_ledger(path)) as ledger:
        with pytest.raises(ValueError, match="not in tuple"):
            ledger.take([batch(1, work=[work("new")], shares=[share(verdict="maybe")])])
        ledger.take([batch(1, work=[work("new")])])
    assert [*sums(path, LEVELS[0])] == [(DAY, "new", "main")]


def test_values_past_sqlites_integers(path: Path) -> None:
    keep(
        path,
        [
            batch(
                1,
                work=[work(work=10**19, best=10**19)],
                shares=[share(met=10**19)],
                jobs=[job(height=2**64 - 1)],
            )
        ],
    )
    assert sums(path, LEVELS[0])[DAY, "rig", "main"].work == 1e19


def test_a_ledger_that_is_moved_away_is_missed(path: Path, tmp_path: Path) -> None:
    with closing(open_ledger(path)) as ledger:
        ledger.take([batch(1, work=[work()])])
        path.rename(tmp_path / "elsewhere")
        with pytest.raises(SinkError, match="moved or removed while it was in use; put it back"):
            ledger.take([batch(2, work=[work()])])
        (tmp_path / "elsewhere").rename(path)
        ledger.take([batch(2, work=[work()])])
    assert sums(path, LEVELS[0])[DAY, "rig", "main"].accepted == 2


def test_says_what_is_wrong_and_works_once_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "ledger"
    with closing(open_ledger(path)) as ledger:
        with pytest.raises(SinkError, match=f"there is no folder {path.parent}; make it: mkdir"):
            ledger.take([batch(1)])
        path.parent.mkdir()
        ledger.take([batch(1)])
    assert query(path, "SELECT low, high FROM receipts") == [(1, 1)]


def test_another_writer_is_waited_for_and_then_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratumproxy.ledger.database.BUSY_SECONDS", 0.0)
    keep(path, [batch(1)])
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        closing(open_ledger(path)) as ledger,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SinkError, match="another program has been writing to it"):
            ledger.take([batch(2)])
        other.execute("ROLLBACK")
        ledger.take([batch(2)])
