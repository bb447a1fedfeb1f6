"""Hashrates: what is in a window, how much of it is covered, and what it costs."""

import sys
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.fleet.hashrate import (
    DAY,
    FINEST,
    HASHES_PER_DIFFICULTY,
    HOUR,
    MINUTE,
    WINDOWS,
    Rates,
)
from tests.fleet.telling import NOW


def test_a_share_of_difficulty_1_is_some_2_to_the_32_hashes() -> None:
    assert HASHES_PER_DIFFICULTY == 2**48 / 0xFFFF
    assert pytest.approx(2**32, rel=1e-4) == HASHES_PER_DIFFICULTY


def test_nothing_is_a_rate_of_nothing_with_no_error_to_say() -> None:
    for figure in Rates(NOW, NOW).figures(NOW + 30):
        assert (figure.rate, figure.shares, figure.error) == (0.0, 0, None)


def test_the_error_is_that_of_so_many_shares() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW + 20, 16 * 8.0, 16, 0)
    figure = rates.figure(MINUTE, NOW + 40)
    assert figure.error == 1 / sqrt(16)
    assert figure.sigma == figure.rate / 4


def test_a_window_that_is_not_full_yet_says_so() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW + 20, 100.0, 1, 0)
    assert [figure.window for figure in rates.figures(NOW + 40)] == [40.0] * 4
    assert rates.figure(DAY, NOW + 40).rate == 100 * HASHES_PER_DIFFICULTY / 40


def test_a_full_window_covers_its_buckets_and_what_has_passed_of_the_last() -> None:
    rates = Rates(NOW, NOW - 1e6)
    assert rates.figure(MINUTE, NOW + 3).window == 53.0
    assert rates.figure(MINUTE, NOW + 9).window == 59.0
    for window, covered in zip(WINDOWS, rates.figures(NOW + 3), strict=True):
        full = window.buckets * window.seconds
        assert full - window.seconds <= covered.window <= full


def test_no_rate_is_taken_of_less_than_a_bucket() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW, 100.0, 1, 0)
    assert rates.figure(MINUTE, NOW).window == FINEST


def test_each_window_forgets_in_its_own_time() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW, 100.0, 4, 1)
    shares = {
        after: [figure.shares for figure in rates.figures(NOW + after)]
        for after in (0, 59, 61, 301, 3601, 90_001)
    }
    assert shares == {
        0: [4, 4, 4, 4],
        59: [4, 4, 4, 4],
        61: [0, 4, 4, 4],
        301: [0, 0, 4, 4],
        3601: [0, 0, 0, 4],
        90_001: [0, 0, 0, 0],
    }


def test_letting_go_says_whether_a_figure_changed() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW, 100.0, 1, 0)
    assert not rates.advance(NOW + 1)
    assert not rates.advance(NOW + 31)
    assert rates.advance(NOW + 61)
    assert not rates.advance(NOW + 91)


def test_buckets_are_those_that_were_counted_in() -> None:
    rates = Rates(NOW, NOW - 400)
    rates.add(NOW - 0, 10.0, 2, 1)
    rates.add(NOW + 300, 20.0, 4, 0)
    buckets = rates.buckets(HOUR, NOW + 301)
    assert [bucket.accepted for bucket in buckets] == [0, 0, 2, 4]
    assert [bucket.rejected for bucket in buckets] == [0, 0, 1, 0]
    assert buckets[-1].start <= NOW + 301 < buckets[-1].start + 300
    assert buckets[0].start <= NOW - 400


def test_a_clock_set_back_a_little_changes_nothing() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW, 100.0, 1, 0)
    rates.add(NOW - 3000, 100.0, 1, 0)
    assert [figure.shares for figure in rates.figures(NOW)] == [2, 2, 2, 2]


def test_a_clock_set_back_by_years_begins_anew() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW, 100.0, 1, 0)
    rates.add(NOW - 1e7, 100.0, 5, 0)
    assert [figure.shares for figure in rates.figures(NOW - 1e7 + 20)] == [5, 5, 5, 5]


def test_what_a_ledger_has_fills_the_long_windows() -> None:
    rates = Rates(NOW, NOW)
    rates.warm(HOUR, NOW, NOW - 3000, 3000.0, 300, 7)
    rates.warm(DAY, NOW, NOW - 80_000, 80_000.0, 8000, 70)
    assert [figure.shares for figure in rates.figures(NOW)] == [0, 0, 300, 8000]
    day = rates.figure(DAY, NOW)
    assert day.rate == pytest.approx(HASHES_PER_DIFFICULTY)
    assert day.window == 80_000
    buckets = rates.buckets(DAY, NOW)
    assert sum(bucket.accepted for bucket in buckets) == 8000
    assert sum(bucket.rejected for bucket in buckets) == 70
    assert (
        max(bucket.accepted for bucket in buckets) - min(bucket.accepted for bucket in buckets) <= 1
    )


def test_what_a_ledger_had_is_forgotten_as_time_goes_on() -> None:
    rates = Rates(NOW, NOW)
    rates.warm(HOUR, NOW, NOW - 3000, 3000.0, 300, 0)
    half = rates.figure(HOUR, NOW + 1800).shares
    assert 100 < half < 200
    assert rates.figure(HOUR, NOW + 3700).shares == 0


@given(
    shares=st.lists(
        st.tuples(st.floats(0, 4000), st.integers(0, 9), st.integers(0, 3)), max_size=60
    )
)
def test_a_window_holds_what_came_in_its_buckets(shares: list[tuple[float, int, int]]) -> None:
    rates = Rates(NOW, NOW)
    now = NOW
    came = []
    for after, accepted, rejected in shares:
        now += after
        rates.add(now, accepted * 2.0, accepted, rejected)
        came.append((now, accepted))
    for window, figure in zip(WINDOWS, rates.figures(now), strict=True):
        first = (int(now) // window.seconds - window.buckets + 1) * window.seconds
        expected = sum(accepted for at, accepted in came if int(at) >= first)
        assert figure.shares == expected
        covered = max(now - max(first, NOW), FINEST)
        assert figure.window == covered
        assert figure.rate == pytest.approx(expected * 2.0 * HASHES_PER_DIFFICULTY / covered)


def test_a_workers_windows_take_less_than_a_kibibyte_and_a_half() -> None:
    rates = Rates(NOW, NOW)
    size = sys.getsizeof(rates)
    size += sum(sys.getsizeof(part) for part in (rates._work, rates._accepted, rates._rejected))
    assert size < 1536
