"""Simulated farms: fair dice, sums that are right, and a controller that keeps its word."""

from collections import Counter
from dataclasses import replace
from math import exp, factorial
from random import Random

import pytest

from stratumproxy.bench.split.day import Day, simulate
from stratumproxy.bench.split.farm import Event, Farm, read_event, read_weights
from stratumproxy.bench.split.picture import draw
from stratumproxy.bench.split.shares import Shares
from stratumproxy.bench.split.trials import Trial, markdown, tried
from stratumproxy.errors import BenchError
from stratumproxy.routing.split import Rules

SPLITS = [(70.0, 30.0), (98.0, 2.0), (50.0, 30.0, 15.0, 5.0), (99.5, 0.5)]
TWELVE = Farm(12, (70.0, 30.0))


def largest(outcome, since: float, until: float) -> float:
    """The largest debt between two hours."""
    return max(
        abs(debt) for hour, *debts in outcome.trace if since < hour <= until for debt in debts
    )


def test_shares_come_as_a_poisson_process() -> None:
    shares = Shares(12, Random(1))
    drawn = Counter(shares.found(10) for _ in range(100_000))
    for count in range(8):
        expected = 100_000 * exp(-2) * 2**count / factorial(count)
        assert drawn[count] == pytest.approx(expected, abs=5 * expected**0.5)


def test_many_shares_at_once_are_drawn_too() -> None:
    shares = Shares(60, Random(1))
    found = [shares.found(86_400) for _ in range(50)]
    mean = sum(found) / 50
    assert mean == pytest.approx(86_400, abs=5 * (86_400 / 50) ** 0.5)
    assert sum((each - mean) ** 2 for each in found) / 49 == pytest.approx(86_400, rel=0.8)


def test_the_same_farm_has_the_same_day() -> None:
    farm = replace(TWELVE, hours=3)
    assert simulate(farm) == simulate(farm)
    assert simulate(farm) != simulate(replace(farm, seed=2))


@pytest.mark.parametrize("weights", SPLITS)
def test_the_controller_knows_what_the_simulation_added_up(weights) -> None:
    day = Day(Farm(12, weights, hours=15))
    outcome = day.run()
    debts = [debt / day._total for debt in day._band.account.debts().values()]
    assert outcome.trace[-1][1:] == pytest.approx(debts, abs=1e-6)


@pytest.mark.parametrize("weights", SPLITS)
def test_what_docs_promise_of_a_dozen_machines_and_of_one(weights) -> None:
    for seed in (1, 2):
        outcome = simulate(Farm(12, weights, seed))
        assert outcome.debt < 90
        assert outcome.error < 0.1
        assert outcome.off < 200
    outcome = simulate(Farm(1, weights, hall=False))
    assert outcome.debt < 2 * outcome.reach


def test_what_docs_promise_of_a_hundred_when_a_hall_goes_dark() -> None:
    outcome = simulate(Farm(100, (50.0, 30.0, 15.0, 5.0), hours=15))
    assert outcome.debt < 36
    assert outcome.hour < 2
    assert outcome.off < 80


@pytest.mark.parametrize("seed", [15, 20])
def test_no_hour_is_half_a_point_off_where_most_of_a_farm_goes_dark(seed) -> None:
    outcome = simulate(Farm(500, (50.0, 30.0, 15.0, 5.0), seed, hours=15))
    assert outcome.hour < 0.5
    assert outcome.debt < 12
    assert outcome.off < 80


def test_without_the_controller_it_is_another_farm() -> None:
    """Where nobody is moved, who comes back pays all, and the hall decides."""
    still = simulate(replace(TWELVE, rules=Rules(most_at_once=0)))
    assert still.moves == 0
    assert still.debt > 500


@pytest.mark.parametrize("what", ["restart", "kill"])
def test_a_restart_costs_next_to_nothing(what) -> None:
    farm = Farm(30, (98.0, 2.0), hours=10, hall=False, events=(Event(5, what),))
    outcome = simulate(farm)
    assert largest(outcome, 5, 10) < 60
    assert outcome.error < 0.2


def test_other_weights_are_kept_from_then_on() -> None:
    event = Event(5, "weights", weights=(40.0, 60.0))
    outcome = simulate(Farm(30, (70.0, 30.0), hours=15, hall=False, events=(event,)))
    assert largest(outcome, 6, 15) < 40
    assert outcome.error < 0.1


def test_a_pool_that_was_down_is_paid_back() -> None:
    event = Event(5, "down", target=1, minutes=10)
    farm = Farm(30, (70.0, 30.0), hours=8, hall=False, events=(event,))
    outcome = simulate(farm)
    assert outcome.rescued > 4
    assert largest(outcome, 5, 5.5) > 150
    assert largest(outcome, 6, 8) < 40
    waits = simulate(replace(farm, when_down="hold"))
    assert waits.rescued == 0
    assert largest(waits, 6, 8) < 40


def test_who_lies_is_held_against_their_own_shares() -> None:
    for lie in ("claims", "idles"):
        assert simulate(Farm(30, (70.0, 30.0), hours=12, lie=lie)).error < 0.1
    outcome = simulate(Farm(30, (70.0, 30.0), hours=12, lie="withholds"))
    assert outcome.error < 0.1 < outcome.pools < 0.5  # of the hours until it was accused


def test_trials_are_told_in_a_table_and_drawn() -> None:
    farms = [Farm(3, (70.0, 30.0), hours=2), Farm(1, (50.0, 30.0, 20.0), hours=2, hall=False)]
    trials = list(tried(farms, 3, 2))
    assert [len(trial.outcomes) for trial in trials] == [3, 3]
    assert trials[0].outcomes[1] == simulate(replace(farms[0], seed=2))
    assert markdown(trials).splitlines()[2].startswith("| 3 | 70/30 | ")
    picture = draw(trials)
    assert picture.count("<polyline") == 1 + 3
    assert "1 machine, 50/30/20" in picture


def test_a_run_too_short_for_a_picture_has_one() -> None:
    farm = Farm(1, (1.0, 1.0), hours=0.005)
    assert "<svg" in draw([Trial(farm, [simulate(farm)])])


@pytest.mark.parametrize("text", ["", "70", "70/x", "70/0", "70/-1", "nan/1", "inf/1"])
def test_what_is_no_split(text) -> None:
    with pytest.raises(BenchError, match="is no split: write weights above 0, such as 70/30"):
        read_weights(text)


def test_events_are_read() -> None:
    assert read_event("restart@6") == Event(6, "restart")
    assert read_event("kill@0.5") == Event(0.5, "kill")
    assert read_event("down:2:10@6") == Event(6, "down", 1, 10)
    assert read_event("weights:50/50@6") == Event(6, "weights", weights=(50, 50))


@pytest.mark.parametrize(
    "text",
    [
        *("", "restart", "restart@x", "restart:1@6", "down@6", "down:0:1@6", "down:1@6", "fire@6"),
        *("restart@-1", "kill@nan", "weights:1/1@inf", "down:1:0@6", "down:1:-5@6", "down:1:nan@6"),
    ],
)
def test_what_is_no_event(text) -> None:
    with pytest.raises(BenchError, match="is no event"):
        read_event(text)
