"""A pool's account: the same sums by hour, by day and by worker."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.errors import SinkError
from stratumproxy.ledger import LedgerReader
from stratumproxy.ledger.account import Account, Entry
from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.schema import DAYS, HOURS
from stratumproxy.telemetry.records import LOST, REJECTED, TIMED_OUT, WorkRecord
from tests.ledger.told import DAY, batch, job, keep, query, share, work

HOUR = 3600


def account(path: Path, since: float, until: float, **other: Any) -> Account:
    with closing(LedgerReader(str(path))) as reader:
        return reader.account(Which("main"), since, until, **other)


def workers(found: Account) -> dict[str, Entry]:
    """By name, where one tenant has them."""
    assert found.rows is not None
    return {subject.worker or "": entry for subject, entry in found.rows.items()}


def told_before(*values: Any, **others: Any) -> WorkRecord:
    """Work of a version that did not count what was expected."""
    return work(*values, **others, expected=None)


def test_what_was_expected_is_what_was_counted(path: Path) -> None:
    both = [work("a", 64, expected=2.0), work("b", 64, expected=0.5)]  # at another difficulty
    keep(path, [batch(1, work=both, shares=[share(DAY, "a")])])
    keep(path, [batch(2, DAY + HOUR, work=[work("a", 64, expected=1.0)])])
    found = account(path, DAY, DAY + 2 * HOUR, by="worker")
    assert [entry.expected for entry in found.steps.values()] == [2.5, 1.0]
    assert {name: entry.expected for name, entry in workers(found).items()} == {"a": 3.0, "b": 0.5}
    assert not any(entry.estimated for entry in workers(found).values())


def test_what_was_not_counted_is_estimated_and_said_to_be(path: Path) -> None:
    keep(path, [batch(1, work=[told_before("a", 64), work("b", 64, expected=2.0)])])
    keep(path, [batch(2, DAY + HOUR, work=[work("a", 64, expected=2.0)], shares=[share(DAY)])])
    found = account(path, DAY, DAY + 2 * HOUR, by="worker")
    assert [(entry.expected, entry.estimated) for entry in found.steps.values()] == [
        (2.0, 2.0),
        (2.0, 0.0),
    ]
    assert {name: (entry.expected, entry.estimated) for name, entry in workers(found).items()} == {
        "a": (3.0, 1.0),
        "b": (2.0, 0.0),
        "rig": (0.0, 0.0),
    }


def test_a_pools_accounts_are_added_up(path: Path) -> None:
    for seq, (user, site) in enumerate([("one", "north"), ("two", "north"), ("one", "south")], 1):
        told: dict[str, Any] = {
            "work": [work("a", account=user)],
            "shares": [share(worker="a", account=user)],
        }
        keep(path, [batch(seq, site=site, **told)])
    found = account(path, DAY, DAY + HOUR, by="worker")
    for entry in (found.steps[DAY], workers(found)["a"]):
        assert (entry.forwarded, entry.work, entry.expected) == (3, 3072.0, 3 / 64)


def test_work_at_the_pools_difficulty_of_each_hour(path: Path) -> None:
    keep(
        path,
        [
            batch(1, DAY, work=[told_before("a", 100), told_before("b", 28, refused_work=4096.0)]),
            batch(2, DAY, shares=[share(DAY, "a", pool_difficulty=1024.0 * n) for n in (1, 3)]),
            batch(3, DAY + HOUR, work=[told_before("a", 10)]),
            batch(4, DAY + 2 * HOUR, work=[told_before("b", 10)], shares=[share(DAY + 2 * HOUR)]),
            batch(5, DAY, work=[work(pool="backup")], shares=[share(pool="backup")]),
        ],
    )
    found = account(path, DAY + 5, DAY + 2 * HOUR + 5, by="worker")
    assert (found.since, found.until, found.step) == (DAY, DAY + 3 * HOUR, HOUR)
    # Difficulties 1024 and 3072 make 2048 on the mean; it holds on; then 65536.
    assert [(start - DAY, entry.expected) for start, entry in found.steps.items()] == [
        (0, 132 * 1024 / 2048),
        (HOUR, 10 * 1024 / 2048),
        (2 * HOUR, 10 * 1024 / 65536),
    ]
    assert workers(found)["a"].expected == 110 * 1024 / 2048
    assert workers(found)["b"].expected == 32 * 1024 / 2048 + 10 * 1024 / 65536
    assert (workers(found)["a"].forwarded, workers(found)["b"].forwarded) == (2, 0)


def test_what_became_of_what_was_sent(path: Path) -> None:
    keep(
        path,
        [
            batch(
                1,
                shares=[
                    share(),
                    share(verdict=REJECTED, reason="stale"),
                    share(verdict=REJECTED, reason="stale", worker="b"),
                    share(verdict=REJECTED, reason="low"),
                    share(verdict=TIMED_OUT),
                    share(verdict=LOST),
                ],
                work=[work(rejected={"pool": 3, "lost": 1})],
                dropped={"shares": 5, "events": 9},
            ),
            batch(3, DAY + 10),
        ],
    )
    found = account(path, DAY, DAY + HOUR, by="worker")
    entry = found.steps[DAY]
    assert (entry.forwarded, entry.credited, entry.rejected) == (6, 1, 3)
    assert (entry.timed_out, entry.lost, entry.dropped) == (1, 1, 5)
    assert (entry.forwarded_work, entry.credited_work) == (6 * 65536.0, 65536.0)
    assert entry.reasons == {"stale": 2, "low": 1}
    assert workers(found)["rig"].reasons == {"stale": 1, "low": 1}
    assert workers(found)["b"].reasons == {"stale": 1}
    assert [(gap.run, gap.first, gap.last) for gap in found.gaps] == [("run", 2, 2)]


def test_days_and_hours_and_workers_agree(path: Path) -> None:
    keep(
        path,
        [
            batch(
                n + 1,
                DAY + n * HOUR,
                work=[work(f"rig{n % 7}", n + 1)],
                shares=[share(DAY + n * HOUR, f"rig{n % 5}", (REJECTED, LOST, "accepted")[n % 3])],
            )
            for n in range(100)
        ],
        hours_days=60,
    )
    for since, until in ((0, 96), (5, 99), (23, 25), (3, 9), (24, 48)):
        hours = account(path, DAY + since * HOUR, DAY + until * HOUR, by="worker")
        for name in ("work", "expected", "forwarded", "credited", "rejected", "lost"):
            by_time = sum(getattr(entry, name) for entry in hours.steps.values())
            by_worker = sum(getattr(entry, name) for entry in workers(hours).values())
            assert by_worker == pytest.approx(by_time), (name, since, until)
    days = account(path, DAY, DAY + 96 * HOUR, level=DAYS)
    assert days.step == 86_400
    assert sum(entry.work for entry in days.steps.values()) == sum(range(1, 97)) * 1024


def test_days_where_hours_are_gone(path: Path) -> None:
    keep(path, [batch(n + 1, DAY + n * 86_400, work=[work()]) for n in range(5)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM hours WHERE start < ?", (DAY + 3 * 86_400,))
    assert account(path, DAY + 3 * 86_400, DAY + 5 * 86_400).step == HOURS.step
    found = account(path, DAY + HOUR, DAY + 5 * 86_400 - HOUR)
    assert (found.step, found.since, found.until) == (86_400, DAY, DAY + 5 * 86_400)
    assert len(found.steps) == 5


def test_the_difficulty_of_a_pool_that_was_sent_nothing(path: Path) -> None:
    keep(path, [batch(1, work=[told_before("a", 64), work("b", 0, rejected={"stale": 1})])])
    found = account(path, DAY, DAY + HOUR, by="worker")
    assert found.steps[DAY].expected is None
    assert workers(found)["a"].expected is None
    assert workers(found)["b"].expected == 0.0
    keep(path, [batch(2, jobs=[job(difficulty=8192.0)])])
    found = account(path, DAY, DAY + HOUR, by="worker")
    assert found.steps[DAY].expected == 8.0
    assert workers(found)["a"].expected == 8.0


def test_a_pool_that_is_not_there(path: Path) -> None:
    keep(path, [batch(1, work=[work(), work(pool="backup")])])
    with (
        closing(LedgerReader(str(path))) as reader,
        pytest.raises(SinkError, match="the ledger has no pool 'x'; it has: backup, main"),
    ):
        reader.account(Which("x"), DAY, DAY + HOUR)


def test_more_rows_than_anybody_reads(path: Path) -> None:
    keep(path, [batch(1, work=[work()])])
    with pytest.raises(SinkError, match="are more than 50000 rows"):
        account(path, 0, DAY)
    assert query(path, "SELECT count(*) FROM hours") == [(2,)]
