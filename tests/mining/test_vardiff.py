"""Vardiff against miners that find shares as real ones do: at random, at a rate."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.mining.vardiff import ENOUGH, Vardiff, round_digits

SETTINGS = Vardiff(start=8192, min=0.001, max=1e15, shares_per_minute=12, window=60)


def settings(**changes: float | bool) -> Vardiff:
    values = {name: getattr(SETTINGS, name) for name in SETTINGS.__slots__}
    return Vardiff(**{**values, **changes})


def mine(
    vardiff: Vardiff, seed: int, right: Callable[[float], float], start: float, seconds: float
) -> list[tuple[float, float]]:
    """A miner whose right difficulty is `right(now)`, asked for what vardiff says at once.

    Returns:
        Every change: when, and to what.
    """
    rng = random.Random(seed)
    now = since = 0.0
    difficulty, shares, look = start, 0, 5.0
    changes = []
    while now < seconds:
        rate = vardiff.shares_per_minute / 60 * right(now) / difficulty
        found = now + rng.expovariate(rate)
        now = min(found, look)
        shares += now == found
        if now == look:
            look += 5
        elif shares % 8:
            continue
        if now - since < vardiff.window and now != found:
            continue
        better = vardiff.retarget(difficulty, shares, now - since)
        if better is not None:
            difficulty, shares, since = better, 0, now
            changes.append((now, better))
        elif vardiff.is_long(now - since):
            shares, since = shares // 2, now - (now - since) / 2
    return changes


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("factor", [1e-6, 0.01, 0.3, 3, 100, 1e6])
def test_it_converges_from_far_off(factor: float, seed: int) -> None:
    changes = mine(SETTINGS, seed, lambda now: 8192 * factor, 8192, 3600)
    assert changes[-1][1] == pytest.approx(8192 * factor, rel=0.6)
    assert len(changes) < 25


@pytest.mark.parametrize("seed", range(5))
def test_a_difficulty_far_too_low_is_left_within_seconds(seed: int) -> None:
    changes = mine(SETTINGS, seed, lambda now: 8192 * 10.0, 8192, 3600)
    assert changes[0][0] < 15


@pytest.mark.parametrize("seed", range(10))
def test_a_miner_that_runs_as_expected_is_left_alone(seed: int) -> None:
    """For ten hours: each change costs the miner a job, and a chart its calm."""
    assert len(mine(SETTINGS, seed, lambda now: 5000.0, 5000, 36_000)) <= 2


@pytest.mark.parametrize("factor", [0.5, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_change_after_ten_calm_hours_is_seen_within_a_quarter_of_one(
    seed: int, factor: float
) -> None:
    """What was long ago does not speak for now: it would outvote an hour of another rate."""
    changes = mine(
        SETTINGS, seed, lambda now: 5000.0 if now < 36_000 else 5000 * factor, 5000, 40_000
    )
    assert 36_000 < next(now for now, to in changes if (to > 5000) == (factor > 1)) < 36_900


@pytest.mark.parametrize(
    ("factor", "usually", "nearly_always"),
    [(10.0, 0.5, 8.0), (2.0, 5.0, 12.0), (0.5, 7.0, 20.0), (0.1, 5.0, 11.0)],
)
def test_a_change_takes_as_many_minutes_as_the_module_says(
    factor: float, usually: float, nearly_always: float
) -> None:
    right, calm, took = 5000 * factor, 3600.0, []
    for seed in range(120):
        at, difficulty = 0.0, 5000.0
        changes = mine(
            SETTINGS, seed, lambda now: 5000.0 if now < calm else right, 5000, calm + 2700
        )
        for now, to in changes:
            if now > calm and not right / 1.5 < difficulty < right * 1.5:
                at = (now - calm) / 60
            difficulty = to
        took.append(at)
    took.sort()
    assert usually * 0.6 < took[60] < usually * 1.4
    assert nearly_always * 0.5 < took[113] < nearly_always * 1.5


@given(
    difficulty=st.floats(1e-9, 1e15),
    shares=st.integers(0, 10_000),
    elapsed=st.floats(0, 1e6),
    low=st.floats(1e-9, 1e3),
    high=st.floats(1e3, 1e15),
)
def test_it_never_leaves_min_and_max(
    difficulty: float, shares: int, elapsed: float, low: float, high: float
) -> None:
    better = settings(min=low, max=high).retarget(difficulty, shares, elapsed)
    assert better is None or low <= better <= high


@given(difficulty=st.floats(1e-9, 1e15), shares=st.integers(0, 10_000), elapsed=st.floats(0, 1e6))
def test_it_moves_towards_the_rate(difficulty: float, shares: int, elapsed: float) -> None:
    vardiff = settings(min=1e-30, max=1e40)
    better = vardiff.retarget(difficulty, shares, elapsed)
    if better is not None:
        assert (better > difficulty) == (shares > vardiff.expected(elapsed))


def test_what_it_does_not_say() -> None:
    assert SETTINGS.retarget(1000, ENOUGH - 1, 1) is None, "too few to believe a high rate"
    assert SETTINGS.retarget(1000, 12, 60) is None, "as expected"
    assert SETTINGS.retarget(1000, 0, 0) is None, "no time has passed"
    assert SETTINGS.retarget(0.001, 0, 3600) is None, "it is the lowest already"
    assert settings(enabled=False).retarget(1000, 1000, 1) is None, "it is switched off"


def test_a_miner_that_finds_nothing_at_all() -> None:
    """Half a share is assumed: with none its difficulty would be nothing."""
    assert SETTINGS.retarget(8192, 0, 60) == pytest.approx(8192 * 0.5 / 12, rel=0.01)


def test_three_digits() -> None:
    assert [round_digits(value) for value in (8191.7, 0.00123456, 9.996e14, 5)] == [
        8190,
        0.00123,
        1e15,
        5,
    ]
