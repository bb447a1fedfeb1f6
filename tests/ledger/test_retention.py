"""What is old goes, a little at a time."""

import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratumproxy.config.control import Ledger as Settings
from stratumproxy.ledger import retention
from stratumproxy.ledger.retention import expiring
from stratumproxy.ledger.schema import DAYS, FIVE_MINUTES, HOURS, LEVELS
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


def records(at: float) -> dict[str, object]:
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
    with closing(open_ledger(path, DAY + 30 * 86_400, **NOTHING_KEPT)) as ledger:
        ledger.take([batch(1, DAY, **records(DAY))])
        for seq, days, gone in (
            (2, 1.02, {"shares", "five_minutes", "five_minutes_rejects", "jobs", "events"}),
            (3, 2.1, {"hours", "hours_rejects"}),
            (4, 6.1, {"days", "days_rejects", "dropped"}),
        ):
            ledger.take([batch(seq, DAY + days * 86_400)])
            for table in gone:
                assert left(path, table), table
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
    with closing(open_ledger(path, DAY + 1e9, **NOTHING_KEPT)) as ledger:
        ledger.take([batch(1, DAY, work=[work("a"), work("b")])])
        ledger.take([batch(2, DAY + 86_400, work=[work("b")])])
        for seq, days, left_over in ((3, 5.9, {"a", "b"}), (4, 7.9, {"b"}), (5, 9.0, set())):
            ledger.take([batch(seq, DAY + days * 86_400)])
            ledger.take([])
            assert names(path) == left_over, days
        ledger.take([batch(6, DAY + 9 * 86_400, work=[work("b")])])
        assert names(path) == {"b"}
    assert [worker for _, worker, _ in sums(path, DAYS)] == ["b"]
    assert not dangling(path)


def test_a_name_that_is_connected_stays(path: Path) -> None:
    with closing(open_ledger(path, DAY + 1e9, **NOTHING_KEPT)) as ledger:
        ledger.take([batch(1, DAY, miners=[miner(1, "idle"), miner(2, "gone")])])
        ledger.take([batch(2, DAY + 60, miners=[miner(2, "gone", open=False)])])
        # Told now and then, or the run would count as dead.
        for seq in range(3, 14 * 24):
            ledger.take([batch(seq, DAY + seq * 3000)])
        assert names(path) == {"idle"}
        ledger.take([batch(14 * 24, DAY + 14 * 72_000, miners=[miner(1, "idle", open=False)])])
    assert [worker for _, worker, _ in sums(path, DAYS)] == ["idle"]
    assert not dangling(path)


def test_names_go_a_little_at_a_time_and_when_all_rows_are_gone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS", 10)
    keep(path, [batch(1, DAY, work=[work(f"rig{n}") for n in range(25)])])
    with closing(open_ledger(path, DAY + 1e9, **NOTHING_KEPT)) as ledger:
        ledger.take([batch(2, DAY + 9 * 86_400)])
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
        path, at = Path(folder) / "ledger", float(DAY)
        with closing(open_ledger(path, DAY + 1e9, **NOTHING_KEPT)) as ledger:
            for seq, (days, workers) in enumerate(takes, start=1):
                at += days * 86_400
                told = [work(name, rejected={"stale": 1}) for name in workers]
                ledger.take([batch(seq, at, work=told, shares=[share(at, "a")] if days else [])])
                assert not dangling(path)
                assert names(path) >= {*workers}
            ledger.take([batch(len(takes) + 1, at + 9 * 86_400)])
            ledger.take([])
            assert not names(path)


def test_a_little_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS", 10)
    keep(path, [batch(1, DAY, work=[work(f"rig{n}") for n in range(34)])])
    with closing(open_ledger(path, DAY + 9e6, **NOTHING_KEPT)) as ledger:
        ledger.take([batch(2, DAY + 1.5 * 86_400)])
        for remaining in (25, 15, 5, 0):
            ledger.take([])
            assert left(path, "five_minutes") == remaining
    assert len(sums(path, HOURS)) == 34


def test_a_clock_that_is_years_ahead_empties_nothing(path: Path) -> None:
    with closing(open_ledger(path, DAY + 1e9)) as ledger:
        ledger.take([batch(1, work=[work()])])
        ledger.take([batch(2, work=[work()])])
        ledger.take([batch(3, work=[work()])])
    for level in (FIVE_MINUTES, HOURS, DAYS):
        assert sums(path, level)[DAY, "rig", "main"].accepted == 3


def test_a_batch_from_the_future_empties_nothing(path: Path) -> None:
    with closing(open_ledger(path, DAY)) as ledger:
        ledger.take([batch(1, work=[work()])])
        ledger.take([batch(2, DAY + 1e9, work=[work()])])
        ledger.take([batch(3, work=[work()])])
    assert sums(path, FIVE_MINUTES)[DAY, "rig", "main"].accepted == 2


def test_room_is_used_again(path: Path) -> None:
    day = 86_400
    sizes = []
    with closing(open_ledger(path, DAY + 1e9, **NOTHING_KEPT)) as ledger:
        for number in range(1, 13):
            at = DAY + number * day
            ledger.take([batch(number, at, shares=[share(at + n / 10) for n in range(3000)])])
            sizes.append(query(path, "PRAGMA page_count")[0][0])
    assert sizes[-1] < 1.2 * sizes[3]


def test_the_tables_are_those_of_the_schema(path: Path) -> None:
    keep(path, [batch(1)])
    tables = {
        name for (name,) in query(path, "SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    otherwise = {"workers", "pools", "reasons", "runs", "miners"}
    assert {one.table for one in expiring(Settings())} == tables - otherwise
