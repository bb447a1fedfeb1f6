"""Which machines are to move, for a wanted rate each."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.routing.split.plan import plan, wanted

rates = st.floats(1, 200)
few = st.integers(2, 5)


@st.composite
def farms(draw, counts=few):
    """Rosters, what each has too much, room."""
    count = draw(counts)
    lists = [draw(st.lists(rates, max_size=12)) for _ in range(count)]
    number = iter(range(1000))
    rosters = [sorted((rate, next(number)) for rate in each) for each in lists]
    total = sum(map(sum, lists))
    parts = [draw(st.floats(0.01, 1)) for _ in range(count)]
    over = [sum(own) - total * w / sum(parts) for own, w in zip(lists, parts, strict=True)]
    room = [draw(st.sampled_from([float("inf"), 0.0, 150.0, 400.0])) for _ in range(count)]
    return rosters, over, room


def squares(over) -> float:
    return sum(each * each for each in over)


@given(farms(), st.sets(st.integers(0, 60)), st.integers(1, 20))
def test_each_move_makes_the_error_smaller(farm, resting, limit) -> None:
    rosters, over, room = farm
    where = {number: k for k, roster in enumerate(rosters) for _, number in roster}
    rate_of = {number: rate for roster in rosters for rate, number in roster}
    moves = plan(rosters, over, room, resting, limit)
    assert plan(rosters, over, room, resting, limit) == moves
    assert len(moves) <= limit
    assert len({number for number, _ in moves}) == len(moves)
    assert not {number for number, _ in moves} & resting
    room = list(room)
    for number, to in moves:
        before, rate = squares(over), rate_of[number]
        assert rate <= room[to]
        over[where[number]] -= rate
        over[to] += rate
        room[where[number]] += rate
        room[to] -= rate
        assert squares(over) < before


@given(farms(st.just(2)))
def test_where_it_ends_no_single_move_of_two_targets_helps(farm) -> None:
    rosters, over, _ = farm
    moves = dict(plan(rosters, over, [float("inf")] * 2, (), 1000))
    for k, roster in enumerate(rosters):
        over[k] -= sum(rate for rate, number in roster if number in moves)
        over[1 - k] += sum(rate for rate, number in roster if number in moves)
    surplus = max(over)
    most = over.index(surplus)
    left = [rate for rate, number in rosters[most] if number not in moves]
    assert all(rate >= 0.998 * 2 * surplus for rate in left)


def test_the_machine_that_fits_best_goes() -> None:
    roster = [(95.0, 1), (120.0, 2), (150.0, 3), (199.0, 4)]
    unlimited = [float("inf")] * 2
    assert plan([roster, []], [125.0, -125.0], unlimited, (), 9) == [(2, 1)]
    assert plan([roster, []], [125.0, -125.0], unlimited, {2}, 9) == [(3, 1)]
    assert plan([roster, []], [125.0, -125.0], [0.0, 119.0], (), 9) == [(1, 1)]
    assert plan([roster, []], [47.0, -47.0], unlimited, (), 9) == []
    assert plan([roster, []], [48.0, -48.0], unlimited, (), 9) == [(1, 1)]


def test_a_part_smaller_than_any_machine_among_many_gets_one() -> None:
    """None of three lacks half of the only machine, and still one of them has to have it."""
    roster = [(100.0, 1)]
    over = [100.0, -20.0, -30.0, -50.0]
    assert plan([roster, [], [], []], over, [float("inf")] * 4, (), 9) == [(1, 3)]


def test_who_has_nobody_that_fits_does_not_keep_others_from_moving() -> None:
    rosters = [[(500.0, 1)], [(10.0, 2), (20.0, 3)], []]
    assert plan(rosters, [60.0, 20.0, -80.0], [float("inf")] * 3, (), 9) == [(3, 2)]


debts = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=5)


@given(debts, st.floats(1, 1e4), st.data())
def test_wanted_is_all_there_is_and_no_more_than_fits(owed, rate, data) -> None:
    owed = [debt - sum(owed) / len(owed) for debt in owed]
    weights = [data.draw(st.floats(0.001, 1)) for _ in owed]
    weights = [weight / sum(weights) for weight in weights]
    most = [data.draw(st.sampled_from([float("inf"), 0.0, 500.0])) for _ in owed]
    want = wanted(weights, owed, rate, 600, most)
    assert all(0 <= each <= top * (1 + 1e-9) for each, top in zip(want, most, strict=True))
    assert sum(want) == pytest.approx(min(rate, sum(most)))


def test_wanted_is_the_part_and_a_six_hundredth_of_the_debt() -> None:
    free = [float("inf")] * 2
    assert wanted([0.7, 0.3], [6000.0, -6000.0], 100, 600, free) == pytest.approx([80, 20])
    assert wanted([0.7, 0.3], [60_000.0, -60_000.0], 100, 600, free) == [100, 0]
    shown = [wanted([0.7, 0.3], [d, -d], 100, 600, free)[0] for d in range(-9000, 9000, 500)]
    assert all(a <= b for a, b in pairwise(shown))
