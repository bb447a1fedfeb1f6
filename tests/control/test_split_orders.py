"""Weights of a split as an operator's order: who obeys it, and when it is over."""

from typing import Any

import pytest
import trio
import trio.testing

from stratumproxy.control.splits import OVER_ORDER
from stratumproxy.proxy.orders import Orders
from tests.control.split_site import Site, tables
from tests.proxy.playbook import Playbook

EVEN = {"a": 0.5, "b": 0.5}


@pytest.fixture
def site() -> Site:
    return Site()


async def ordered(site: Site) -> None:
    site.processes[0].finds("a", 1000)
    site.second()
    done = await site.splits.order({"weights": {"a": 1, "b": 1}}, "ops")
    assert (done["tenant"], done["parts"]) == ("default", EVEN)
    site.second()


async def test_weights_that_are_ordered_begin_a_new_account(site: Site) -> None:
    await ordered(site)
    assert site.parts() == [EVEN, EVEN]
    assert site.debts() == {"a": 0, "b": 0}
    (kept,) = site.ledger
    assert (kept.by, kept.parts, kept.configured) == ("ops", EVEN, {"a": 0.7, "b": 0.3})
    await site.splits.order({"weights": None}, "ops")
    site.second()
    assert site.parts() == [{"a": 0.7, "b": 0.3}] * 2
    assert site.ledger[0].by == ""


async def test_of_two_orders_at_once_the_one_that_was_given_last_holds(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever answers first: none is given while another waits for its answers."""
    gave, answered = site.give_weights, {1.0: trio.Event(), 3.0: trio.Event()}

    async def slow(arguments: dict[str, Any]) -> dict[str, Any]:
        done = await gave(arguments)
        await answered[arguments["weights"]["b"]].wait()
        return done

    monkeypatch.setattr(site, "give_weights", slow)
    site.second()
    async with trio.open_nursery() as nursery:
        for weight in answered:
            nursery.start_soon(site.splits.order, {"weights": {"a": 1, "b": weight}}, "ops")
            await trio.testing.wait_all_tasks_blocked()
        for each in answered.values():
            site.seconds(2)
            each.set()
            await trio.testing.wait_all_tasks_blocked()
    site.seconds(3)
    assert site.parts() == [{"a": 0.25, "b": 0.75}] * 2
    assert (site.ledger[0].parts, site.ledger[0].by) == ({"a": 0.25, "b": 0.75}, "ops")
    assert site.insisted == []


async def test_who_obeys_an_order_again_is_told_at_once_what_is_owed(site: Site) -> None:
    """Else the account that the ledger has would be shown as nothing for a minute."""
    await ordered(site)
    site.processes[0].finds("a", 100)
    site.seconds()
    site.processes = {number: site.starts(number) for number in range(2)}
    site.start_control()
    site.seconds(3)
    assert site.parts() == [EVEN, EVEN]
    assert site.debts() == pytest.approx({"a": -50, "b": 50})
    assert sum(each.delivered for each in site.together()) == pytest.approx(100)


@pytest.mark.parametrize("written", [{"a": 0.01, "b": 0.02}, {"a": 1e-9, "b": 2e-9}])
def test_a_reload_of_the_same_weights_in_other_figures_leaves_an_order(
    written: dict[str, float],
) -> None:
    """0.01 / (0.01 + 0.02) is not 1 / 3 to the last digit."""
    play = Playbook("a", "b", **tables({"a": 1, "b": 2}))
    assert Orders(play.proxy, lambda: 1.0)({"action": "weights", "weights": EVEN})["result"]
    play.reconfigure("a", "b", **tables(written))
    split = play.proxy.router.tenants["default"].split
    assert split is not None
    assert split.band.account.weights == EVEN


async def test_they_hold_for_who_is_started_again(site: Site) -> None:
    await ordered(site)
    site.processes[0].finds("a", 100)
    site.second()
    site.kill(0)
    site.seconds(2)
    assert site.parts() == [EVEN, EVEN]
    assert site.debts() == pytest.approx({"a": -50, "b": 50})
    site.processes = {number: site.starts(number) for number in range(2)}
    site.start_control()
    site.seconds(3)
    assert site.parts() == [EVEN, EVEN]
    site.seconds()
    assert site.debts() == pytest.approx({"a": -50, "b": 50})


async def test_a_reload_of_the_same_weights_leaves_them_and_others_end_them(site: Site) -> None:
    await ordered(site)
    site.reload({"a": 7, "b": 3})
    site.second()
    assert site.parts() == [EVEN, EVEN]
    site.reload({"a": 60, "b": 40}, 0)
    site.second()
    site.reload({"a": 60, "b": 40}, 1)
    site.seconds(2)
    assert site.parts() == [{"a": 0.6, "b": 0.4}] * 2
    assert site.ledger[0].by == ""
    assert site.recorded.count(OVER_ORDER) == 1


async def test_what_was_ordered_is_configured(site: Site) -> None:
    """The account goes on, and it is nobody's order any more."""
    await ordered(site)
    site.processes[0].finds("a", 100)
    site.second()
    site.reload({"a": 1, "b": 1})
    site.seconds(2)
    assert site.debts() == pytest.approx({"a": -50, "b": 50})
    (kept,) = site.ledger
    assert (kept.by, kept.parts, kept.configured) == ("", EVEN, EVEN)


async def test_or_other_weights_that_are_configured_while_nothing_runs(site: Site) -> None:
    await ordered(site)
    site.weights = {"a": 60, "b": 40}
    site.processes = {number: site.starts(number) for number in range(2)}
    site.start_control()
    site.seconds(2)
    assert site.parts() == [{"a": 0.6, "b": 0.4}] * 2
    assert OVER_ORDER in site.recorded


async def test_a_control_process_without_a_ledger_learns_of_them(site: Site) -> None:
    await ordered(site)
    site.processes[1].finds("a", 100)
    site.start_control(ledger=False)
    site.second()
    assert site.ledger[0].by == "somebody"
    site.kill(0)
    site.seconds(3)
    assert site.parts() == [EVEN, EVEN]
    assert site.debts() == pytest.approx({"a": -50, "b": 50})


async def test_who_was_started_before_the_control_process_obeys_them_too(site: Site) -> None:
    """Nobody has told it of the order: it goes by what is configured, the other does not."""
    await ordered(site)
    site.kill(0, told=False)
    for ledger in (False, True):
        site.start_control(ledger=ledger)
        site.seconds(3)
        assert site.parts() == [EVEN, EVEN]


async def test_an_order_that_could_not_be_kept_holds_over_what_was(site: Site) -> None:
    """The ledger has the account before it. Then one of each dies, and the control process."""
    site.processes[0].finds("a", 1000)
    site.second()
    before = site.ledger
    await ordered(site)
    site.ledger = before
    site.kill(1, told=False)
    site.start_control()
    site.seconds(3)
    assert site.parts() == [EVEN, EVEN]
    assert site.debts() == pytest.approx({"a": 0, "b": 0})


async def test_a_reload_that_ends_an_order_and_a_control_process_that_is_started_for_it(
    site: Site,
) -> None:
    await ordered(site)
    site.reload({"a": 60, "b": 40})
    site.start_control()
    site.seconds(3)
    assert site.parts() == [{"a": 0.6, "b": 0.4}] * 2
    assert site.recorded.count(OVER_ORDER) == 1


async def test_that_an_order_is_over_could_not_be_kept(site: Site) -> None:
    await ordered(site)
    before = site.ledger
    await site.splits.order({"weights": None}, "ops")
    site.second(keep=False)
    site.kill(1, told=False)
    site.start_control()
    site.seconds(3)
    assert site.parts() == [{"a": 0.7, "b": 0.3}] * 2
    assert before[0].by == "ops"
    assert site.ledger[0].by == ""


async def test_who_did_not_hear_that_an_order_is_over_is_told_again(site: Site) -> None:
    await ordered(site)
    site.deaf_to_orders = {1}
    await site.splits.order({"weights": None}, "ops")
    site.second()
    site.deaf_to_orders = set()
    site.seconds(2)
    assert site.parts() == [{"a": 0.7, "b": 0.3}] * 2


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({}, "weights are missing"),
        ({"weights": {"a": 1}}, "there have to be weights of a, b"),
        ({"weights": {"a": 1, "c": 1}}, "there have to be weights of a, b"),
        ({"weights": {"a": 0, "b": 0}}, "weights must be 0 or more"),
        ({"weights": {"a": -1, "b": 2}}, "weights must be 0 or more"),
        ({"weights": {"a": 1e300, "b": 1}}, "a number up to 1e9"),
        ({"weights": {"a": "1", "b": 1}}, "a number up to 1e9"),
        ({"weights": [1, 2]}, "a number up to 1e9"),
        ({"weights": {"a": 1, "b": 1}, "tenant": "nobody"}, "no tenant is named"),
    ],
)
def test_orders_of_weights_that_can_not_be(site: Site, order: dict[str, Any], error: str) -> None:
    process = site.processes[0]
    answer = process.orders({**order, "action": "weights"})
    assert error in answer["error"]
    assert site.parts()[0] == {"a": 0.7, "b": 0.3}


def test_where_there_is_nothing_to_split() -> None:
    play = Playbook("pool")
    answer = Orders(play.proxy, lambda: 1.0)({"action": "weights", "weights": {"pool": 1}})
    assert answer == {"error": "there is one target only of tenant 'default'"}
