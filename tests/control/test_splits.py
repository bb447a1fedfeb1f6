"""Accounts of splits over several processes, and over the end of any of them."""

import pytest

from stratumproxy.control.splits import (
    EVERY,
    MOST_AT_ONCE,
    UNSOUND,
    Row,
    SharedSplits,
    Sums,
)
from stratumproxy.telemetry.splits import SplitSnapshot
from tests.control.split_site import WEIGHTS, Site


@pytest.fixture
def site() -> Site:
    return Site()


def test_what_all_lack_is_spread_by_what_mines_where(site: Site) -> None:
    """One process paid too much to a, the other too little: together they owe nobody."""
    one, other = site.processes.values()
    one.finds("a", 1000)
    other.finds("b", 1000)
    one.mines(30, site.now)
    other.mines(10, site.now)
    site.second()
    assert site.debts() == pytest.approx({"a": 400, "b": -400})
    assert (site.debt_of(0), site.debt_of(1)) == pytest.approx((300, 100))
    one.finds("a", 400)
    site.second()
    assert site.debt_of(0) == pytest.approx(180), "until the next correction it is its own"
    site.seconds()
    assert site.debts() == pytest.approx({"a": 280, "b": -280})
    assert site.debt_of(0) == pytest.approx(210)
    a, _ = site.together()
    assert (a.wanted, a.delivered) == pytest.approx((1680, 1400))


def test_who_is_killed_leaves_its_account_to_all(site: Site) -> None:
    site.processes[0].finds("a", 1000)
    site.processes[1].mines(10, site.now)
    site.second()
    site.kill(0)
    site.second()
    assert site.debts() == pytest.approx({"a": -300, "b": 300})
    assert site.debt_of(1) == pytest.approx(-300), "all that mines is there"
    a, b = site.together()
    assert (a.delivered, b.delivered) == pytest.approx((1000, 0))
    site.processes[0].mines(30, site.now)
    site.seconds()
    assert site.debts() == pytest.approx({"a": -300, "b": 300})
    assert site.debt_of(0) == pytest.approx(-225)
    assert site.together()[0].age == pytest.approx(EVERY, abs=5)


@pytest.mark.parametrize("told", [False, True])
def test_that_it_is_over_may_be_said_late_again_or_never(site: Site, told: bool) -> None:
    site.processes[0].finds("a", 1000)
    site.second()
    gone = site.processes[0]
    for _ in range(3):
        site.kill(0, told=told)
        site.second()
        site.splits.ended(gone.run)
        site.splits.shown(0, gone.run, gone.shows(site.now))
        assert site.debts() == pytest.approx({"a": -300, "b": 300})


def test_a_control_process_that_is_started_again_knows_what_was_given(site: Site) -> None:
    """Also without a ledger, and also if one process tells it late."""
    site.processes[0].finds("a", 1000)
    site.second()
    site.kill(0)
    site.second()
    for ledger in (True, False, True):
        site.start_control(ledger=ledger)
        site.splits.shown(1, site.processes[1].run, site.processes[1].shows(site.now))
        given = len(site.given)
        site.splits.look()
        assert len(site.given) == given, "less would be known here than they know"
        assert site.splits.accounts() is None
        site.second()
        assert site.debts() == pytest.approx({"a": -300, "b": 300})


def test_a_control_process_and_one_that_serves_miners_end_together(site: Site) -> None:
    """What the other had is in the ledger."""
    site.processes[0].finds("a", 1000)
    site.processes[1].finds("b", 100)
    site.second()
    site.kill(0, told=False)
    site.start_control()
    site.second()
    assert site.debts() == pytest.approx({"a": -230, "b": 230})


def test_all_are_started_again(site: Site) -> None:
    site.processes[0].finds("a", 1000)
    site.processes[1].mines(10, site.now)
    site.seconds()
    ledger = site.ledger
    site.now += 3600
    site.processes = {number: site.starts(number) for number in range(2)}
    site.start_control()
    site.second()
    a, b = site.together()
    assert site.debts() == pytest.approx({"a": -300, "b": 300})
    assert (a.delivered, a.wanted, b.delivered) == pytest.approx((1000, 700, 0))
    assert a.age == pytest.approx(3600 + EVERY, abs=5)
    assert a.usual_rate == pytest.approx(10 * 0.959, rel=1e-2), "as it was, an hour ago"
    assert "a split's account goes on as the ledger has it" in site.recorded
    told = [event for event, _ in site.processes[0].play.notices]
    assert "a split's account goes on" in told
    site.processes = {number: site.starts(number) for number in range(2)}
    site.start_control(ledger=False)
    site.second()
    assert site.debts() == {"a": 0, "b": 0}
    assert ledger


def test_with_other_weights_the_account_is_a_new_one(site: Site) -> None:
    site.processes[0].finds("a", 1000)
    site.second()
    site.weights = {"a": 50, "b": 50}
    site.processes = {number: site.starts(number) for number in range(2)}
    site.start_control()
    site.second()
    assert site.debts() == {"a": 0, "b": 0}
    event = "a split's account begins anew: it had other weights in the ledger"
    assert event in site.recorded


def test_a_reload_begins_a_new_account_one_process_after_the_other(site: Site) -> None:
    site.processes[0].finds("a", 1000)
    site.second()
    site.kill(0)
    site.second()
    site.reload({"a": 50, "b": 50}, 0)
    site.processes[0].finds("a", 100)
    site.second()
    site.processes[1].finds("a", 77)
    site.second()
    site.reload({"a": 50, "b": 50}, 1)
    site.processes[1].finds("b", 20)
    site.second()
    site.seconds()
    assert site.debts() == pytest.approx({"a": -40, "b": 40})
    site.reload(dict(WEIGHTS))
    site.second()
    assert site.debts() == {"a": 0, "b": 0}, "not those of before"
    site.reload({"a": 1})
    site.second()
    assert site.splits.accounts() == []


def test_a_process_that_is_started_again_and_one_that_is_not_do_not_begin_anew(site: Site) -> None:
    """It starts with the old file while the other has the new one already."""
    site.reload({"a": 50, "b": 50}, 0)
    site.processes[0].finds("a", 100)
    site.second()
    site.weights = dict(WEIGHTS)
    site.kill(1)
    site.second()
    assert [account.parts for account in site.ledger] == [{"a": 0.5, "b": 0.5}]
    site.reload({"a": 50, "b": 50}, 1)
    site.second()
    assert site.debts() == pytest.approx({"a": -50, "b": 50})


def test_who_has_no_room_is_told_later(site: Site) -> None:
    site.processes[0].finds("a", 1000)
    site.deaf = {1}
    site.second()
    site.processes[0].mines(10, site.now)
    site.kill(0)
    site.deaf = {0, 1}
    site.seconds(5)
    assert site.debts() == {"a": 0, "b": 0}
    site.deaf.clear()
    site.second()
    assert site.debts() == pytest.approx({"a": -300, "b": 300})


def test_what_is_for_another_run_is_let_be(site: Site) -> None:
    site.second()
    process = site.processes[0]
    row = ["default", "a", 0.7, 5.0, 0.0, 0.0, 1.0, 1.0]
    rows = [row, ["default", "b", 0.3, -5.0, 0.0, 0.0, 1.0, 1.0]]
    late = {"action": "splits", "process": "0-another", "given": rows}
    assert process.orders(late) == {"result": {}}
    assert site.debt_of(0) == 0
    mine = {"action": "splits", "process": f"0-{process.run}"}
    assert process.orders({**mine, "given": rows}) == {"result": {}}
    assert process.orders({**mine, "given": rows}) == {"result": {}}
    assert site.debt_of(0) == 5
    for wrong in (
        None,
        [5],
        [row[:-1]],
        [[*row[:3], float("nan"), *row[4:]]],
        [[*row[:7], -1.0]],
        [["default", "a", "0.7", *row[3:]]],
    ):
        assert "error" in process.orders({**mine, "given": wrong})
    for passed_over in (
        [row],
        [row, ["default", "c", *rows[1][2:]]],
        [row, ["default", "b", 0.3, -6.0, *row[4:]]],
        [["nobody", *row[1:]]],
    ):
        assert process.orders({**mine, "given": passed_over}) == {"result": {}}
    assert site.debt_of(0) == 5


def test_what_a_ledger_has_must_be_an_account(site: Site) -> None:
    site.processes[0].finds("a", 1000)
    site.second()
    (sound,) = site.ledger
    run = sound.runs[site.processes[0].run]
    for wrong in (
        sound._replace(rate=float("inf")),
        sound._replace(runs={"": {"a": Sums(1e300), "b": Sums(-1e300)}}),
        sound._replace(runs={"": {"a": Sums(5.0), "b": Sums(-4.0)}}),
        sound._replace(runs={"": {"a": run["a"]}}),
    ):
        site.ledger = [wrong]
        site.processes = {number: site.starts(number) for number in range(2)}
        site.start_control()
        site.second(keep=False)
        assert site.debts() == {"a": 0, "b": 0}
        assert site.recorded.pop() == UNSOUND


@pytest.mark.parametrize("exahash", [2, 1000], ids=["a large farm", "the whole network"])
def test_an_account_of_years_is_one(site: Site, exahash: int) -> None:
    years = exahash * 1e18 / 2**32 * 10 * 365 * 86400
    site.processes[0].finds("a", 0.7 * years - 1000)
    site.processes[1].finds("b", 0.3 * years + 1000)
    site.second()
    site.processes = {number: site.starts(number) for number in range(2)}
    site.start_control()
    site.second()
    a, b = site.together()
    assert (a.delivered, b.delivered) == pytest.approx((0.7 * years, 0.3 * years))
    assert UNSOUND not in site.recorded


def test_what_is_past_the_cap_is_struck_off_once_and_for_all(site: Site) -> None:
    one, other = site.processes.values()
    one.mines(1.0, site.now)
    other.mines(1.0, site.now)
    one.finds("a", 1e6)
    site.second()
    for process in (one, other):
        process.split.band.look(site.now)
    site.seconds()
    least = 600.0  # that may be owed in any case, of each of the two
    assert abs(site.debts()["a"]) <= 2 * max(7200 * 0.3, least) + 1e-6
    a, _ = site.together()
    assert a.wanted - a.delivered == pytest.approx(a.debt + a.forgiven)


def test_many_targets_go_in_messages_that_a_process_reads() -> None:
    shown = [
        SplitSnapshot(
            f"tenant-{tenant}", name, 0.5, 5.0, 5.0, 0.0, 0.0, 1.0, 1, True, 2.0, 2.0, 1.0, 9.0, 0.5
        )
        for tenant in range(MOST_AT_ONCE)
        for name in "ab"
    ]
    told: list[list[Row]] = []
    splits = SharedSplits(
        range(1),
        lambda: 1000.0,
        give=lambda number, run, rows: not told.append(rows),
        order=None,
        order_again=lambda *_: None,
        record=lambda *_, **__: None,
    )
    splits.shown(0, "run", shown)
    splits.look()
    assert [len(rows) for rows in told] == [MOST_AT_ONCE, MOST_AT_ONCE]
