"""What a pool should have credited, beside what it did."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from stratumproxy.ledger import LedgerReader
from stratumproxy.ledger.account import Account, Entry, Subject
from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.audit import (
    BY,
    DROPPED,
    FINE,
    NOTHING,
    REFUSED,
    SENT_LESS,
    SENT_MORE,
    STATED_LESS,
    STATED_MORE,
    TOLERATED,
    UNKNOWN,
    audit,
    judge,
)
from stratumproxy.ledger.buckets import NAMES
from stratumproxy.ledger.chance import poisson_interval
from stratumproxy.ledger.pool_figures import Figure, PoolFigures
from stratumproxy.ledger.receipts import Gap
from tests.fleet.farm import poisson
from tests.ledger.told import DAY, batch, keep, share, work

HOUR = 3600
D = 65536.0


def entry(
    expected: float | None = 1000.0,
    credited: int = 1000,
    rejected: int = 0,
    timed_out: int = 0,
    lost: int = 0,
    dropped: int = 0,
) -> Entry:
    forwarded = credited + rejected + timed_out + lost
    return Entry(
        (expected or 0.0) * D,
        expected,
        forwarded,
        forwarded * D,
        credited,
        credited * D,
        rejected,
        timed_out,
        lost,
        {"stale": rejected} if rejected else {},
        dropped,
    )


def by_hour(*entries: Entry) -> Account:
    steps = {DAY + n * HOUR: one for n, one in enumerate(entries)}
    return Account(Which("main"), DAY, DAY + len(entries) * HOUR, HOUR, steps, None, [])


def verdict(one: Entry, figure: Figure | None = None, tolerated: float = TOLERATED) -> str:
    figures = PoolFigures([(float(DAY), figure)]) if figure else None
    return judge(by_hour(one), "hour", 0.99, tolerated, figures).rows[0].verdict


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (entry(), FINE),
        (entry(credited=919), FINE),  # 99 % of all hours with 1000 expected have 919 to 1082
        (entry(credited=1082), FINE),
        (entry(credited=918), SENT_LESS),
        (entry(credited=1083), SENT_MORE),
        (entry(credited=918, rejected=1), FINE),  # 919 were sent
        (entry(credited=900, timed_out=60, lost=40), REFUSED),
        (entry(credited=950, rejected=50), REFUSED),  # it says so itself: no chance in it
        (entry(credited=1060, rejected=21), REFUSED),
        (entry(credited=981, rejected=19), FINE),  # 10 of 1000 on average are up to 19 at a time
        (entry(20.0, 19, rejected=1), FINE),
        (entry(20.0, 17, lost=3), REFUSED),
        (entry(credited=900, dropped=19), DROPPED),
        (entry(credited=900, dropped=18), SENT_LESS),
        (entry(0.0, 0), NOTHING),
        (entry(0.0, 1), SENT_MORE),
        (entry(None, 0), UNKNOWN),
        (entry(0.01, 0), FINE),
    ],
)
def test_verdicts(one: Entry, words: str) -> None:
    assert verdict(one) == words


def test_what_is_tolerated() -> None:
    assert verdict(entry(credited=999, rejected=1), tolerated=0.0) == REFUSED
    assert verdict(entry(credited=995, rejected=5), tolerated=0.001) == REFUSED
    assert verdict(entry(credited=995, rejected=5), tolerated=0.005) == FINE


def found(dice: random.Random, expected: float, refused: float, **tolerated: Any) -> str:
    """What is said of an hour with so many expected shares, a part of which is refused."""
    sent = poisson(dice, expected)
    bad = min(sent, poisson(dice, sent * refused))
    return verdict(entry(expected, sent - bad, bad), **tolerated)


@pytest.mark.parametrize("expected", [20.0, 3600.0, 36_000.0])
@pytest.mark.parametrize("stale", [0.0, 0.005, 0.01])
def test_sound_pools_are_not_accused_however_much_is_sent(expected: float, stale: float) -> None:
    """Some tenths of a percent are late on every pool: of 36,000 shares that is no chance."""
    dice = random.Random(8)
    accused = sum(found(dice, expected, stale) != FINE for _ in range(1500))
    assert accused <= 1500 * 0.02 + 4 * (1500 * 0.02) ** 0.5


@pytest.mark.parametrize(
    ("expected", "refused"), [(1000.0, 0.05), (3600.0, 0.02), (36_000.0, 0.015), (150.0, 0.1)]
)
def test_a_pool_that_refuses_more_is_always_seen(expected: float, refused: float) -> None:
    dice = random.Random(9)
    seen = sum(found(dice, expected, refused) == REFUSED for _ in range(500))
    assert seen > 490


def test_with_nothing_tolerated_nothing_is() -> None:
    dice = random.Random(10)
    for _ in range(300):
        sent = poisson(dice, 1000.0)
        assert verdict(entry(1000.0, sent - 1, 1), tolerated=0.0) in (REFUSED, SENT_MORE)


def test_chance_alone_is_called_more_than_that_as_often_as_was_said() -> None:
    dice = random.Random(12)
    accused = sum(found(dice, 700.0, 0.0) != FINE for _ in range(4000))
    assert 0.005 * 4000 < accused < 0.014 * 4000


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (Figure(1000.0, 1000 * D), FINE),
        (Figure(1000.0, None), FINE),
        (Figure(None, 1000 * D), FINE),
        (Figure(960.0, None), FINE),  # two minutes of an hour hold up to 49 shares
        (Figure(949.0, None), STATED_LESS),
        (Figure(1051.0, None), STATED_MORE),
        (Figure(1000.0, 900 * D), STATED_LESS),
        (Figure(None, 1100 * D), STATED_MORE),
        (Figure(0.0, None), STATED_LESS),
    ],
)
def test_the_pools_own_figures(figure: Figure, words: str) -> None:
    assert verdict(entry(), figure) == words


def test_hours_that_the_pools_figures_leave_out_or_add() -> None:
    rows = [(float(DAY), Figure(1000.0, None)), (DAY + 2 * HOUR + 1.0, Figure(500.0, None))]
    rows += [(DAY + 9.0 * HOUR, Figure(7.0, None))]
    account = by_hour(entry(), entry(), entry(0.0, 0))
    del account.steps[DAY + 2 * HOUR]
    found = judge(account, "hour", figures=PoolFigures([*rows]))
    assert [row.verdict for row in found.rows] == [FINE, STATED_LESS, STATED_MORE]
    assert [row.pool_shares for row in found.rows] == [1000.0, None, 500.0]
    assert found.total.pool_shares == 1500.0
    assert found.notes == ["the pool's figures have times outside of this audit: 2023-11-15 09:00"]


def by_worker(**workers: Entry) -> Account:
    rows = {Subject(name, tenant="default"): one for name, one in workers.items()}
    return Account(Which("main"), DAY, DAY + HOUR, HOUR, {DAY: entry()}, rows, [])


def test_by_worker_beside_the_pools_figures() -> None:
    figures = PoolFigures([("a", Figure(400.0, None)), ("z", Figure(1.0, None))])
    found = judge(by_worker(a=entry(400.0, 400), b=entry(600.0, 600)), "worker", 0.99, 0, figures)
    assert [(row.worker, row.verdict) for row in found.rows] == [("a", FINE), ("b", STATED_LESS)]
    assert found.notes == ["the pool's figures have workers the ledger doesn't have: z"]
    assert found.total.verdict == STATED_LESS


def arrivals(dice: random.Random, mean: float) -> int:
    """How many come in the time in which so many are expected."""
    count, at = 0, dice.expovariate(1.0)
    while at < mean:
        count, at = count + 1, at + dice.expovariate(1.0)
    return count


def test_confidence_holds_for_all_rows_together() -> None:
    """With thousands of workers, one in a hundred outside its own bounds is nothing but chance."""
    dice = random.Random(7)
    means = [dice.uniform(0.5, 30) for _ in range(2000)]
    workers = {f"rig{n}": entry(mean, arrivals(dice, mean)) for n, mean in enumerate(means)}
    found = judge(by_worker(**workers), "worker", 0.99)
    assert all(row.fine for row in found.rows)
    alone = [poisson_interval(row.expected or 0, 0.99) for row in found.rows]
    assert any(
        not low <= row.credited <= high for row, (low, high) in zip(found.rows, alone, strict=True)
    )


def test_the_total_is_that_of_the_rows() -> None:
    one, two = entry(1000.0, 940, 30, 20, 10, 5), entry(500.0, 490, 10)
    assert judge(by_hour(one, two), "hour").total.uncredited == 70
    total = judge(by_hour(one, two), "hour").total
    assert (total.expected, total.credited, total.rejected) == (1500.0, 1430, 40)
    assert (total.timed_out, total.lost, total.dropped) == (20, 10, 5)
    assert (total.forwarded, total.credited_work) == (1500, 1430 * D)
    assert total.reasons == {"stale": 40}
    assert (total.low, total.high) == poisson_interval(1500.0, 0.99)
    assert judge(by_hour(one, entry(None, 0)), "hour").total.verdict == UNKNOWN


def test_what_is_missing_is_named() -> None:
    account = by_hour(entry(dropped=3))
    account.gaps.append(Gap("x1", 2, 5, 7, None, DAY + 1.0))
    found = judge(account, "hour")
    assert found.notes[0] == "batches 5 to 7 of run x1 (process 2) are not in the ledger"
    assert found.notes[1].startswith("3 share records, of any pool, were dropped")
    assert found.fine


def test_a_days_mining_is_within_chance_and_a_pool_that_keeps_a_tenth_is_not(path: Path) -> None:
    dice = random.Random(3)
    told = []
    for n in range(24 * 12):
        at = DAY + n * 300.0
        shares, works = [], []
        for name in ("a", "b", "c"):
            found = 1000
            sent = sum(dice.random() < 1 / 64 for _ in range(found))
            works.append(work(name, found, pool="main"))
            for _ in range(sent):
                kept = name == "b" and dice.random() < 0.1
                shares.append(share(at, name, "rejected" if kept else "accepted", reason="low"))
        told.append(batch(n + 1, at, shares=shares, work=works))
    keep(path, told)
    with closing(LedgerReader(str(path))) as reader:
        hours = audit(reader, Which("main"), DAY, DAY + 86_400)
        days = audit(reader, Which("main"), DAY, DAY + 86_400, "day")
        workers = audit(reader, Which("main"), DAY, DAY + 86_400, "worker")
    assert len(hours.rows) == 24
    assert len(days.rows) == 1
    assert hours.total.verdict == days.total.verdict == workers.total.verdict == REFUSED
    assert [row.verdict for row in workers.rows] == [FINE, REFUSED, FINE]
    assert workers.rows[1].reasons == {"low": workers.rows[1].rejected}
    plain = orjson.loads(orjson.dumps(workers.to_dict()))
    assert plain["fine"] is False
    assert [row["fine"] for row in plain["rows"]] == [True, False, True]
    assert plain["total"]["expected"] == pytest.approx(3 * 288 * 1000 / 64)


def test_shares_whose_work_is_not_told_yet_are_not_too_many(path: Path) -> None:
    # Shares are told at once, the work that they belong to ten seconds later.
    told = [
        batch(
            n + 1,
            DAY + n,
            shares=[share(DAY + n, "a") for _ in range(10)],
            work=[work("a", work=10 * D, expected=10.0)] if n >= 10 else [],
        )
        for n in range(40)
    ]
    keep(path, told)
    with closing(LedgerReader(str(path))) as reader:
        for by in ("hour", "worker"):
            found = audit(reader, Which("main"), DAY, DAY + HOUR, by)
            assert (found.total.forwarded, found.total.expected) == (400, 300.0)
            assert found.fine
            assert found.notes[0].startswith("160 shares were sent just now")
    keep(path, [batch(41, DAY + 60)])
    with closing(LedgerReader(str(path))) as reader:
        found = audit(reader, Which("main"), DAY, DAY + HOUR)
        assert (found.total.verdict, found.rows[0].verdict) == (SENT_MORE, SENT_MORE)
        assert found.notes == []


@pytest.mark.parametrize("by", sorted(BY))
def test_whatever_rows_are_by_they_add_up(path: Path, by: str) -> None:
    dice, told = random.Random(9), []
    for seq in range(1, 40):
        whose = {
            "pool": dice.choice(["main", "backup"]),
            "account": dice.choice("xy"),
            "tenant": dice.choice(["acme", "zeta"]),
            "target": dice.choice(["1", "2"]),
        }
        at, name = DAY + 3600 * seq, dice.choice("ab")
        shares = [share(at, name, dice.choice(["accepted", "lost"]), **whose) for _ in range(3)]
        told.append(batch(seq, at, work=[work(name, 64 * seq, **whose)], shares=shares))
    keep(path, told)
    with closing(LedgerReader(str(path))) as reader:
        for which in (Which(), Which(tenant="acme"), Which("main", target="2"), Which(account="x")):
            found = audit(reader, which, DAY + 10 * HOUR, DAY + 37 * HOUR, by)
            assert found.total.forwarded > 0
            for name in ("expected", "expected_work", "forwarded", "credited", "lost"):
                parts = [getattr(row, name) for row in found.rows]
                assert sum(parts) == getattr(found.total, name)


def test_a_tenants_workers_are_its_own(path: Path) -> None:
    """Also where an account has a row of somebody else's, as versions of before counted a move."""
    whose = [{"tenant": tenant, "account": tenant} for tenant in ("acme", "zeta")]
    works = [work(f"of {each['tenant']}", 3, **each) for each in whose]
    keep(path, [batch(1, DAY, work=works)])
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in ("five_minutes", "hours", "days"):
            names = ", ".join(NAMES)
            empty = ", ".join("1" if name == "disconnects" else "0" for name in NAMES)
            connection.execute(
                f"INSERT INTO {table} (start, worker, pool, {names}) SELECT start, worker, "
                f"pools.id, {empty} FROM {table} AS b JOIN pools ON pools.id <> b.pool "
                "WHERE worker > 0"
            )
    with closing(LedgerReader(str(path))) as reader:
        for tenant in ("acme", "zeta"):
            found = audit(reader, Which(tenant=tenant), DAY, DAY + HOUR, "worker")
            assert [(row.worker, row.tenant) for row in found.rows] == [(f"of {tenant}", tenant)]


def test_a_name_that_two_tenants_have_is_not_guessed_at() -> None:
    rows = {Subject("a", tenant="acme"): entry(), Subject("a", tenant="zeta"): entry()}
    account = Account(Which(), DAY, DAY + HOUR, HOUR, {DAY: entry()}, rows, [])
    figures = PoolFigures([("a", Figure(1000.0, None))])
    found = judge(account, "worker", figures=figures)
    assert found.notes == ["the pool's figures have workers of a name that several tenants have: a"]
