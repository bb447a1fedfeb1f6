"""Who is owed how much work, and what of it is kept."""

from fractions import Fraction

import pytest
from hypothesis import given as given_all
from hypothesis import strategies as st

from stratumproxy.routing.split import Account, Kept
from stratumproxy.routing.split.account import CAP

WEIGHTS = {"a": 50, "b": 30, "c": 20}
shares = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 10**6)))


def given(debts: dict[str, float], rate: float = 0.0, **weights: float) -> Kept:
    """Debts of WEIGHTS or of others, and nothing else."""
    nothing = dict.fromkeys(debts, 0.0)
    parts = weights or {name: weight / 100 for name, weight in WEIGHTS.items()}
    return Kept(parts, debts, nothing, nothing, rate)


def exactly(found: list[tuple[str, int]]) -> dict[str, Fraction]:
    """The debts, by the definition."""
    total = sum(work for _, work in found)
    own = {name: sum(work for target, work in found if target == name) for name in WEIGHTS}
    return {name: Fraction(weight, 100) * total - own[name] for name, weight in WEIGHTS.items()}


@given_all(shares, st.lists(st.integers(0, 100)))
def test_debts_are_the_part_of_all_less_what_was_there(found, looks) -> None:
    account = Account(WEIGHTS)
    for place, (target, work) in enumerate(found):
        account.credit(target, work)
        if place in looks:
            account.debts()
    assert account.debts() == pytest.approx(
        {name: float(debt) for name, debt in exactly(found).items()}, abs=1e-3
    )
    assert sum(account.debts().values()) == pytest.approx(0, abs=1e-3)


@given_all(shares, shares)
def test_a_restart_forgets_nothing(before, after) -> None:
    whole, first = Account(WEIGHTS), Account(WEIGHTS)
    for target, work in before:
        whole.credit(target, work)
        first.credit(target, work)
    second = Account({"c": 0.2, "b": 0.3, "a": 0.5}, first.export())
    assert second.resumed
    for target, work in after:
        whole.credit(target, work)
        second.credit(target, work)
    assert second.debts() == pytest.approx(whole.debts(), abs=1e-3)


@pytest.mark.parametrize("weights", [{"a": 50, "b": 50}, {"a": 49, "b": 31, "c": 20}])
def test_other_weights_are_another_account(weights) -> None:
    account = Account(WEIGHTS)
    account.credit("a", 100)
    other = Account(weights, account.export())
    assert not other.resumed
    assert set(other.debts().values()) == {0.0}


def test_what_is_no_account_is_not_gone_on_with() -> None:
    """Debts that don't add up would be paid by nobody."""
    kept = given({"a": 10.0, "b": -9.0}, a=0.5, b=0.5)
    assert not Account({"a": 1, "b": 1}, kept).resumed


def test_work_for_a_target_that_is_gone_is_nobodys() -> None:
    account = Account(WEIGHTS)
    account.credit("gone", 100)
    assert set(account.debts().values()) == {0.0}


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": 2, "b": -1}])
def test_weights_that_say_nothing(weights) -> None:
    with pytest.raises(ValueError, match="weights must be 0 or more"):
        Account(weights)


debts = st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)).map(
    lambda two: {"a": two[0], "b": two[1], "c": -two[0] - two[1]}
)


@given_all(debts, st.floats(0.01, 1e6), st.floats(0, 1e6))
def test_the_cap_takes_from_both_sides_alike(owed, rate, least) -> None:
    account = Account(WEIGHTS)
    account.correct(given(owed))
    account.bound(rate, rate, least, 10.0)
    for name, debt in account.debts().items():
        cap = max(CAP * WEIGHTS[name] / 100 * rate, least)
        assert abs(debt) <= min(cap, abs(owed[name])) * (1 + 1e-9) + 1e-6
        assert debt * owed[name] >= 0
        assert account.forgiven[name] == pytest.approx(owed[name] - debt, abs=1e-3)
    assert sum(account.debts().values()) == pytest.approx(0, abs=1e-5 + 1e-9 * abs(owed["a"]))


def test_a_farm_that_is_dark_or_connects_only_now_keeps_its_account() -> None:
    account = Account({"a": 1, "b": 1})
    account.correct(given({"a": 3e6, "b": -3e6}, 1000.0, a=1, b=1))
    for _ in range(360):
        account.bound(0.0, 0.0, 0.0, 10.0)
    resumed = Account({"a": 1, "b": 1}, account.export())
    resumed.bound(1.0, 1.0, 0.0, 10.0)
    assert resumed.debts()["a"] == 3e6


def test_what_is_given_has_to_add_up() -> None:
    account = Account(WEIGHTS)
    account.credit("a", 5)
    for wrong in ({"a": 1.0, "b": -1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}):
        with pytest.raises(ValueError, match="not an account of"):
            account.correct(given(wrong))
    with pytest.raises(ValueError, match="not an account of"):
        account.correct(given({"a": 1.0, "b": -1.0, "c": 0.0}, a=1, b=1, c=1))
    account.correct(given({"a": 1.0, "b": -1.0, "c": 0.0}))
    assert account.debts() == {"a": -1.5, "b": 0.5, "c": 1.0}


@given_all(st.lists(st.one_of(shares, st.tuples(debts, debts, debts))))
def test_what_is_given_late_again_or_anew_counts_once(told) -> None:
    """Of all that was given the last counts, and all that came since the start, as far as the cap
    lets it."""
    account = Account(WEIGHTS)
    found: list[tuple[str, int]] = []
    last = given(dict.fromkeys(WEIGHTS, 0.0))
    for each in told:
        if isinstance(each, list):
            found += each
            for target, work in each:
                account.credit(target, work)
        else:
            last = last._replace(debts=each[0], delivered=each[1], forgiven=each[2])
            account.correct(last)
            account.correct(last)
    own = exactly(found)
    near = 1e-2
    assert account.debts() == pytest.approx(
        {name: last.debts[name] + float(debt) for name, debt in own.items()}, abs=near
    )
    assert account.forgiven == pytest.approx(last.forgiven, abs=near)
    for name, delivered in account.export().delivered.items():
        did = sum(work for target, work in found if target == name)
        assert delivered == pytest.approx(last.delivered[name] + did, abs=near)
