"""What is old goes, a little at a time."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratumproxy.config.control import Ledger as Settings
from stratumproxy.ledger import retention
from stratumproxy.ledger.buckets import OPTIONAL
from stratumproxy.ledger.retention import expiring
from stratumproxy.ledger.schema import DAYS, FIVE_MINUTES, HOURS, LEVELS
from tests.clocks import Time
from tests.ledger.told import (
    DAY,
    batch,
    event,
    job,
    keep,
    miner,
    open_ledger,
    query,
    share,
    sums,
    work,
)

NOTHING_KEPT = {
    "shares_days": 1.0,
    "five_minutes_days": 1.0,
    "hours_days": 2.0,
    "days_days": 5.0,
    "events_days": 1.0,
}


def records(at: float) -> dict[str, Any]:
    return {
        "work": [work(rejected={"stale": 1})],
        "shares": [share(at)],
        "jobs": [job(at)],
        "events": [event(at)],
        "dropped": {"shares": 1},
    }


def left(path: Path, table: str) -> int:
    ((count,),) = query(path, f"SELECT count(*) FROM {table}")
    return int(count)


def test_each_table_by_its_own_setting(path: Path) -> None:
    time = Time(DAY)
    with closing(open_ledger(path, time, **NOTHING_KEPT)) as ledger:
        ledger.take([batch(1, DAY, **records(DAY))])
        for days, gone in (
            (1.02, {"shares", "five_minutes", "five_minutes_rejects", "jobs", "events"}),
            (2.1, {"hours", "hours_rejects"}),
            (6.1, {"days", "days_rejects", "dropped"}),
        ):
            for table in gone:
                assert left(path, table), table
            time.passes(DAY + days * 86_400 - time.wall)
            ledger.take([])
            for table in gone:
                assert not left(path, table), table


def names(path: Path) -> set[str]:
    return {name for (name,) in query(path, "SELECT name FROM workers")}


def dangling(path: Path) -> int:
    """Rows of a worker that has no name."""
    tables = ["shares", "miners", *(f"{level.table}" for level in LEVELS)]
    tables += [f"{level.table}_rejects" for level in LEVELS]
    return sum(
        query(
            path,
            f"SELECT count(*) FROM {table} "
            "WHERE worker <> 0 AND worker NOT IN (SELECT id FROM workers)",
        )[0][0]
        for table in tables
    )


def test_a_name_goes_after_the_last_row_and_may_come_again(path: Path) -> None:
    time = Time(DAY)
    with closing(open_ledger(path, time, **NOTHING_KEPT)) as ledger:
        ledger.take([batch(1, DAY, work=[work("a"), work("b")])])
        time.passes(86_400)
        ledger.take([batch(2, DAY + 86_400, work=[work("b")])])
        for days, left_over in ((5.9, {"a", "b"}), (7.9, {"b"}), (9.0, set())):
            time.passes(DAY + days * 86_400 - time.wall)
            ledger.take([])
            assert names(path) == left_over, days
        ledger.take([batch(3, DAY + 9 * 86_400, work=[work("b")])])
        assert names(path) == {"b"}
    assert [worker for _, worker, _ in sums(path, DAYS)] == ["b"]
    assert not dangling(path)


def test_a_name_that_is_connected_stays(path: Path) -> None:
    time = Time(DAY)
    with closing(open_ledger(path, time, **NOTHING_KEPT)) as ledger:
        ledger.take([batch(1, DAY, miners=[miner(1, "idle"), miner(2, "gone")])])
        ledger.take([batch(2, DAY + 60, miners=[miner(2, "gone", open=False)])])
        # Told now and then, or the run would count as dead.
        for seq in range(3, 14 * 24):
            time.passes(3000)
            ledger.take([batch(seq, time.wall)])
        assert names(path) == {"idle"}
        ledger.take([batch(14 * 24, DAY + 14 * 72_000, miners=[miner(1, "idle", open=False)])])
    assert [worker for _, worker, _ in sums(path, DAYS)] == ["idle"]
    assert not dangling(path)


def test_names_go_a_little_at_a_time_and_when_all_rows_are_gone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS", 10)
    keep(path, [batch(1, DAY, work=[work(f"rig{n}") for n in range(25)])])
    time = Time(DAY)
    with closing(open_ledger(path, time, **NOTHING_KEPT)) as ledger:
        ledger.take([])
        time.passes(9 * 86_400)
        for remaining in (25, 25, 15, 5, 0):
            ledger.take([])
            assert left(path, "workers") == remaining
            assert not dangling(path)


@settings(max_examples=10)
@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.lists(st.sampled_from("abcdef"), max_size=4)), max_size=12
    )
)
def test_nothing_is_ever_left_without_its_name(takes: list[tuple[float, list[str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, time = Path(folder) / "ledger", Time(DAY)
        with closing(open_ledger(path, time, **NOTHING_KEPT)) as ledger:
            for seq, (days, workers) in enumerate(takes, start=1):
                time.passes(days * 86_400)
                at = time.wall
                told = [work(name, rejected={"stale": 1}) for name in workers]
                ledger.take([batch(seq, at, work=told, shares=[share(at, "a")] if days else [])])
                assert not dangling(path)
                assert names(path) >= {*workers}
            time.passes(9 * 86_400)
            ledger.take([])
            assert not names(path)


def test_a_little_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS", 10)
    keep(path, [batch(1, DAY, work=[work(f"rig{n}") for n in range(34)])])
    time = Time(DAY)
    with closing(open_ledger(path, time, **NOTHING_KEPT)) as ledger:
        ledger.take([])
        time.passes(1.5 * 86_400)
        for remaining in (25, 15, 5, 0):
            ledger.take([])
            assert left(path, "five_minutes") == remaining
    assert len(sums(path, HOURS)) == 34


def kept(path: Path) -> int:
    """Shares and work that the fixed times below put into a ledger."""
    return left(path, "shares") + left(path, "five_minutes") + left(path, "days")


@pytest.mark.parametrize("ahead", [100 * 86_400.0, 1e9, -86_400.0, -1e9])
@pytest.mark.parametrize("lasts", [14.0, 3600.0, 3 * 86_400.0])
def test_nothing_expires_by_a_clock_that_jumped(path: Path, ahead: float, lasts: float) -> None:
    """However long it is wrong, and what is told meanwhile has its time; then all goes on."""
    time = Time(DAY)
    rules = {**NOTHING_KEPT, "shares_days": 5.0, "five_minutes_days": 5.0}
    with closing(open_ledger(path, time, **rules)) as ledger:
        ledger.take([batch(1, DAY, work=[work()], shares=[share()])])
        before = kept(path)
        time.jumps(ahead)
        for seq in range(2, 12):
            time.passes(lasts / 10)
            time.clock.look()
            ledger.take([batch(seq, time.wall)])
        assert kept(path) == before
        time.jumps(-ahead)
        time.passes(5.1 * 86_400)
        ledger.take([])
        assert not left(path, "shares")


@pytest.mark.parametrize("ahead", [100 * 86_400.0, 1e9])
def test_nor_if_the_ledger_is_opened_meanwhile(path: Path, ahead: float) -> None:
    time = Time(DAY)
    keep(path, [batch(1, DAY, work=[work()], shares=[share()])], time, **NOTHING_KEPT)
    before = kept(path)
    time.jumps(ahead)
    for seq in range(2, 6):
        with closing(open_ledger(path, time, **NOTHING_KEPT)) as ledger:
            for _ in range(10):
                time.passes(60)
                ledger.take([batch(seq, time.wall)])
    assert kept(path) == before
    time.jumps(-ahead)
    with closing(open_ledger(path, time, **NOTHING_KEPT)) as ledger:
        ledger.take([])
        time.passes(1.1 * 86_400)
        ledger.take([])
        assert not left(path, "shares")


def test_after_a_month_in_a_drawer_what_is_old_goes_as_fast_as_time_passes(path: Path) -> None:
    """The clock may be right to be so far ahead, or wrong: nobody can say."""
    time = Time(DAY)
    keep(path, [batch(1, DAY, shares=[share(DAY + n * 3600) for n in range(48)])], time)
    time.jumps(31 * 86_400)
    with closing(open_ledger(path, time)) as ledger:
        ledger.take([])
        assert left(path, "shares") == 48
        for day in range(32):
            time.passes(86_400)
            ledger.take([])
            if day == 14:
                assert left(path, "shares") in (46, 47, 48), "it is a day into the 31 it lacks"
        assert not left(path, "shares")


BACK_TO_2 = """
DROP TABLE retention; DROP TABLE usual; DROP TABLE pool_order;
DROP TABLE splits; DROP TABLE split_debts; DROP TABLE split_weights;
ALTER TABLE jobs RENAME COLUMN "group" TO lane;
ALTER TABLE workers DROP COLUMN address; ALTER TABLE workers DROP COLUMN agent;
ALTER TABLE runs DROP COLUMN site;
PRAGMA user_version = 2;
""" + "".join(
    f"ALTER TABLE {level.table} DROP COLUMN {name};" for level in LEVELS for name in OPTIONAL
)


def test_a_ledger_from_before_goes_on_from_its_newest_batch(path: Path) -> None:
    time = Time(DAY)
    keep(path, [batch(1, DAY, shares=[share()])], time)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(BACK_TO_2)
    time.jumps(1e9)
    with closing(open_ledger(path, time)) as ledger:
        for _ in range(10):
            time.passes(10)
            ledger.take([])
    assert left(path, "shares") == 1
    assert query(path, "SELECT reached FROM retention") == [(DAY + 180.0,)], "the first opened it"


def test_a_batch_from_the_future_empties_nothing(path: Path) -> None:
    with closing(open_ledger(path)) as ledger:
        ledger.take([batch(1, work=[work()])])
        ledger.take([batch(2, DAY + 1e9, work=[work()])])
        ledger.take([batch(3, work=[work()])])
    assert sums(path, FIVE_MINUTES)[DAY, "rig", "main"].accepted == 2


def test_room_is_used_again(path: Path) -> None:
    day = 86_400
    sizes = []
    time = Time(DAY)
    with closing(open_ledger(path, time, **NOTHING_KEPT)) as ledger:
        for number in range(1, 13):
            time.passes(day)
            at = time.wall
            ledger.take([batch(number, at, shares=[share(at + n / 10) for n in range(3000)])])
            sizes.append(query(path, "PRAGMA page_count")[0][0])
    assert sizes[-1] < 1.2 * sizes[3]


def test_the_tables_are_those_of_the_schema(path: Path) -> None:
    keep(path, [batch(1)])
    tables = {
        name for (name,) in query(path, "SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    names = {"workers", "pools", "reasons"}
    otherwise = names | {"runs", "miners", "retention", "usual", "pool_order"}
    otherwise |= {"splits", "split_debts"}
    assert {one.table for one in expiring(Settings())} == tables - otherwise
