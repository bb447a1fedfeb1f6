"""A statement's figures are the ledger's, whatever it is of and however it is cut."""

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratumproxy.errors import SinkError
from stratumproxy.statement import StatementError
from tests.ledger.told import batch, event, keep, query, work
from tests.statement.world import (
    DAY,
    END,
    HOUR,
    HOURS_FROM,
    MIDNIGHT,
    MOVES,
    added,
    build,
    statement,
    sums,
    window,
)

ZONES = ["UTC", "Europe/Oslo", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("world") / "ledger.sqlite3")


moments = st.integers(0, 42 * 288).map(lambda n: MIDNIGHT + n * 300)
anywhere = st.one_of(moments, st.floats(MIDNIGHT - DAY, END + DAY))


@given(st.lists(anywhere, min_size=2, max_size=6, unique=True), st.sampled_from(["acme", "zeta"]))
@settings(max_examples=40, deadline=None)
def test_any_parts_of_a_period_are_the_whole(world: Path, cuts: list[float], tenant: str) -> None:
    cuts = sorted(cuts)
    agreed = [window(MIDNIGHT + n * 5 * DAY + 1234.5, 9000.0) for n in range(9)]
    of: dict[str, Any] = {"tenant": tenant, "agreed": agreed, "now": END + DAY}
    try:
        whole = statement(world, cuts[0], cuts[-1], **of)
    except StatementError:
        return
    parts = []
    for since, until in pairwise(cuts):
        try:
            parts.append(statement(world, since, until, **of).total)
        except StatementError:  # both ends are in one bucket
            continue
    assert added(parts) == pytest.approx(sums(whole.total), abs=1e-4)
    excused = sum(part.excused_seconds or 0.0 for part in parts)
    assert excused == pytest.approx(whole.total.excused_seconds, abs=1e-3)


@given(moments, moments, st.sampled_from(ZONES), st.sampled_from(["day", "worker", "group"]))
@settings(max_examples=40, deadline=None)
def test_rows_are_the_whole(world: Path, one: float, other: float, zone: str, by: str) -> None:
    agreed = [window(MIDNIGHT + n * 3 * DAY + 2000, 30_000.0) for n in range(14)]
    try:
        found = statement(
            world, min(one, other), max(one, other), zone,
            tenant="zeta", by=by, agreed=agreed, group_of=lambda name: "x" if name < "e" else "",
        )  # fmt: skip
    except StatementError:
        return
    rows = [row.figures for row in found.rows]
    assert added(rows) == pytest.approx(sums(found.total), abs=1e-4)
    excused = sum(row.excused_seconds or 0.0 for row in rows)
    assert excused == pytest.approx(found.total.excused_seconds, abs=1e-3)
    assert excused == pytest.approx(sum(each.machine_seconds for each in found.windows), abs=1e-3)
    assert added([row.figures for row in found.rows])["credited"] == sum(
        each.audit.credited for each in found.credits
    )


def test_all_of_it_is_what_the_ledger_has(world: Path) -> None:
    for tenant in ("acme", "zeta"):
        found = statement(world, MIDNIGHT, END, tenant=tenant).total
        (sums,) = query(
            world,
            "SELECT sum(accepted), sum(work), sum(squares), sum(rejected), sum(refused_work), "
            "sum(expected), sum(forwarded), sum(credited), sum(credited_work), sum(pool_rejected), "
            "sum(timed_out), sum(lost), sum(proven_seconds) FROM days "
            "JOIN workers ON workers.id = worker WHERE tenant = ?",
            tenant,
        )
        assert sums == (
            found.accepted, found.work, found.squares, found.rejected, found.refused_work,
            found.expected, found.forwarded, found.credited, found.credited_work,
            found.pool_rejected, found.timed_out, found.lost, found.proven_seconds,
        )  # fmt: skip
        rejects = query(
            world,
            "SELECT text, sum(count) FROM days_rejects JOIN workers ON workers.id = worker "
            "JOIN reasons ON reasons.id = reason WHERE tenant = ? AND NOT by_pool GROUP BY text",
            tenant,
        )
        assert dict(rejects) == found.reasons
        assert sum(found.reasons.values()) == found.rejected


def test_a_machine_that_changes_hands_is_each_ones_while_it_is(world: Path) -> None:
    for zone in ("UTC", "Europe/Oslo"):
        since, until = MOVES - 3 * DAY, MOVES + 3 * DAY
        names = [
            {row.name: row.figures for row in found.rows}
            for found in (
                statement(world, since, until, zone, tenant=tenant, by="worker")
                for tenant in ("acme", "zeta")
            )
        ]
        assert names[0].keys() == {"a", "b", "c"}
        assert names[1].keys() == {"c", "d", "e", "f"}
        before, after = names[0]["c"], names[1]["c"]
        assert before.machine_seconds + after.machine_seconds == until - since
        assert abs(before.machine_seconds - 3 * DAY) <= HOUR
        assert names[0]["a"].machine_seconds == until - since


def test_an_account_that_changes_is_two_of_one_sum(world: Path) -> None:
    found = statement(world, MIDNIGHT + 28 * DAY, MIDNIGHT + 32 * DAY, "Europe/Oslo")
    credited = {(each.pool, each.account): each.audit.credited for each in found.credits}
    assert credited.keys() == {
        (pool, account) for pool in ("main", "backup") for account in ("acme", "acme2")
    }
    assert sum(credited.values()) == found.total.credited


def test_days_are_the_customers(world: Path) -> None:
    """2023-12-10 in Oslo is 23:00 to 23:00, UTC."""
    since = MIDNIGHT + 25 * DAY - HOUR
    found = statement(world, since, since + 2 * DAY, "Europe/Oslo")
    assert [row.name for row in found.rows] == ["2023-12-10", "2023-12-11"]
    assert [row.since for row in found.rows] == [since, since + DAY]
    assert (found.cuts, found.notes[0][:22]) == (0, "no event is kept: what")
    for row in found.rows:
        (accepted,) = query(
            world,
            "SELECT sum(accepted) FROM hours JOIN workers ON workers.id = worker "
            "WHERE tenant = 'acme' AND start >= ? AND start < ?",
            row.since,
            row.until,
        )
        assert accepted == (row.figures.accepted,)


def test_where_a_bucket_is_cut_that_is_said(world: Path) -> None:
    since = MIDNIGHT + 25 * DAY - 5.75 * HOUR
    found = statement(world, since, since + 3 * DAY, "Asia/Kathmandu")
    assert [row.since - since for row in found.rows] == [-900.0, DAY - 900.0, 2 * DAY - 900.0]
    assert found.cuts == 4
    assert found.notes[0] == (
        "4 of the 4 moments at which rows begin or end are moved, by 15 minutes at most: what is "
        "from before 2023-12-25 13:45 is kept by whole hours, and from before 2023-11-25 05:45 by "
        "days, in UTC"
    )
    assert statement(world, END - DAY, END, "Asia/Kathmandu").cuts == 0


def test_before_hours_are_kept_days_are_utcs(world: Path) -> None:
    found = statement(world, MIDNIGHT + DAY - HOUR, MIDNIGHT + 4 * DAY - HOUR, "Europe/Oslo")
    assert found.cuts == 4
    assert [row.since for row in found.rows] == [MIDNIGHT + n * DAY for n in (1, 2, 3)]
    # The day in which hours begin to be kept was only in part there any more.
    assert statement(world, HOURS_FROM + HOUR, HOURS_FROM + 3 * DAY).since == HOURS_FROM
    assert statement(world, HOURS_FROM + 25 * HOUR, END).since == HOURS_FROM + 25 * HOUR


def test_what_is_to_come_is_left_out(world: Path) -> None:
    now = END - DAY + 1000.0
    found = statement(world, END - 2 * DAY, END, now=now)
    assert found.until == now // 300 * 300
    assert any("the rest is to come" in note for note in found.notes)
    with pytest.raises(StatementError, match="nothing is known of that time yet"):
        statement(world, END - DAY + 2000, END, now=now)


@pytest.mark.parametrize("by", ["worker", "group"])
def test_who_did_nothing_in_it_has_no_row(tmp_path: Path, by: str) -> None:
    """Not even where a stretch is told by the whole less the rest of it, in figures with a rest."""
    path = tmp_path / "ledger.sqlite3"
    told = [
        batch(
            n + 1,
            MIDNIGHT + 23 * HOUR + 300 * n,
            work=[work("late", 3, tenant="acme", work=0.1, squares=0.1, rejected={"stale": 1})],
        )
        for n in range(12)
    ]
    keep(path, told)
    asked: dict[str, Any] = {"now": MIDNIGHT + DAY, "by": by, "group_of": str.upper}
    assert statement(path, MIDNIGHT, MIDNIGHT + 23 * HOUR, **asked).rows == []
    assert len(statement(path, MIDNIGHT, MIDNIGHT + DAY, **asked).rows) == 1


def test_who_is_not_there(world: Path) -> None:
    with pytest.raises(SinkError, match="no tenant 'nobody'; it has: acme, zeta"):
        statement(world, MIDNIGHT, END, tenant="nobody")


def test_a_machine_that_is_lent_again_and_again_is_always_somebodys(tmp_path: Path) -> None:
    """Day by day, with days on which nobody mines, and hours in which it changes hands."""
    dice, told = random.Random(8), []
    for hour in range(0, 24 * 40, 2):
        at = MIDNIGHT + hour * HOUR
        if hour // 24 % 5 == 3:
            continue
        whose = dice.choice([["acme"], ["zeta"], ["acme", "zeta"], []])
        works = [work("a", 3, tenant=tenant, proven_seconds=900.0) for tenant in whose]
        told.append(batch(len(told) + 1, at, work=works))
    path = tmp_path / "ledger.sqlite3"
    keep(path, told)
    for zone in ("UTC", "Europe/Oslo"):
        both = [
            statement(path, MIDNIGHT + 2 * DAY, MIDNIGHT + 39 * DAY, zone, tenant=tenant)
            for tenant in ("acme", "zeta")
        ]
        assert sum(each.total.machine_seconds for each in both) == pytest.approx(37 * DAY)
        for mine, theirs in zip(both[0].rows, both[1].rows, strict=True):
            there = mine.figures.machine_seconds + theirs.figures.machine_seconds
            assert there == pytest.approx(mine.figures.seconds)


@pytest.mark.parametrize(
    "up", [range(24), range(12), range(0, 24, 4), range(8, 17)], ids=["on", "half", "bits", "days"]
)
def test_two_customers_may_have_machines_of_one_name(tmp_path: Path, up: range) -> None:
    """Told by where they are, and called by their makers: each is there, and down, by itself."""
    told = []
    for hour in range(24 * 5):
        # Somebody else's is sold on the last day: that is one machine, whatever others do.
        sold = "acme" if hour < 24 * 4 + 7 else "zeta"
        whose = [("rig1", "acme"), ("sold", sold), *[("rig1", "zeta")] * (hour % 24 in up)]
        works = [work(name, 9, tenant=tenant, proven_seconds=HOUR) for name, tenant in whose]
        told.append(batch(hour + 1, MIDNIGHT + hour * HOUR, work=works))
    path = tmp_path / "ledger.sqlite3"
    keep(path, told)
    asked: dict[str, Any] = {"by": "worker", "now": MIDNIGHT + 5 * DAY}
    for first in range(4):
        since, until = MIDNIGHT + first * DAY, MIDNIGHT + 5 * DAY
        rows = {
            (tenant, row.name): row.figures
            for tenant in ("acme", "zeta")
            for row in statement(path, since, until, tenant=tenant, **asked).rows
        }
        whole = until - since
        for tenant, part in (("acme", 1.0), ("zeta", len(up) / 24)):
            assert rows[tenant, "rig1"].machine_seconds == pytest.approx(whole, abs=up[0] * HOUR)
            assert rows[tenant, "rig1"].proven_seconds == pytest.approx(part * whole)
        assert rows["zeta", "sold"].machine_seconds == 17 * HOUR
        assert rows["acme", "sold"].machine_seconds == whole - 17 * HOUR


def test_an_outage_of_one_tenants_pools_is_excused_in_its_statement_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    outage = event(
        MIDNIGHT + 5 * HOUR,
        values={
            "condition": "tenant-no-pool",
            "subject": "acme",
            "tenant": "acme",
            "lasted_seconds": 2 * HOUR,
        },
    )
    minute = [
        work(name, 9, tenant=tenant, account=tenant, proven_seconds=60.0)
        for name, tenant in (("a", "acme"), ("z", "zeta"))
    ]
    keep(
        path,
        [batch(1, MIDNIGHT + 60, work=minute), batch(2, MIDNIGHT + 6 * HOUR, events=[outage])],
    )
    asked: dict[str, Any] = {"now": MIDNIGHT + 7 * HOUR}
    [own] = statement(path, MIDNIGHT, MIDNIGHT + 6 * HOUR, **asked).windows
    assert own.window[:2] == (MIDNIGHT + 3 * HOUR, MIDNIGHT + 5 * HOUR)
    assert own.machine_seconds == 2 * HOUR
    assert own.window.proof == "events, condition tenant-no-pool"
    assert statement(path, MIDNIGHT, MIDNIGHT + 6 * HOUR, tenant="zeta", **asked).windows == []
