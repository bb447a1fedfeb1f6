"""Hashrates: what is in a window, how much of it is covered, and what it costs."""

import sys
from math import expm1, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.fleet.hashrate import (
    DAY,
    FINEST,
    HASHES_PER_DIFFICULTY,
    HOUR,
    MINUTE,
    TOLD_WITHIN,
    WINDOWS,
    Done,
    Rates,
    surplus,
)
from tests.fleet.telling import NOW


def done(work: float, accepted: int, rejected: int = 0) -> Done:
    """Shares of one difficulty."""
    return Done(work, work * work / accepted if accepted else 0.0, accepted, rejected)


def test_a_share_of_difficulty_1_is_some_2_to_the_32_hashes() -> None:
    assert HASHES_PER_DIFFICULTY == 2**48 / 0xFFFF
    assert pytest.approx(2**32, rel=1e-4) == HASHES_PER_DIFFICULTY


def test_nothing_is_a_rate_of_nothing_with_no_error_to_say() -> None:
    for figure in Rates(NOW, NOW).figures(NOW + 30):
        assert (figure.rate, figure.shares, figure.error) == (0.0, 0, None)


def test_the_error_is_that_of_so_many_shares() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW + 20, done(16 * 8.0, 16))
    assert rates.figure(MINUTE, NOW + 40).error == 1 / sqrt(16)


def test_the_error_of_mixed_difficulties_is_that_of_the_large_ones() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW + 20, Done(4 * 100.0 + 400 * 1.0, 4 * 100.0**2 + 400 * 1.0, 404, 0))
    error = rates.figure(MINUTE, NOW + 40).error
    assert error == pytest.approx(sqrt(40_400) / 800)
    assert error > 5 / sqrt(404)


def test_a_window_that_is_not_full_yet_ends_when_it_was_told_of_last() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW + 35, done(100.0, 1))
    for figure in rates.figures(NOW + 40):
        assert (figure.window, figure.rate, figure.error) == (35.0, 0.0, 1.0)
    rates.add(NOW + 40, done(100.0, 1))
    assert rates.figure(DAY, NOW + 44).rate == pytest.approx(100 * HASHES_PER_DIFFICULTY / 40)
    assert rates.figure(DAY, NOW + 44).window == 40.0


def test_nor_later_than_what_must_have_been_told_by_then() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW + 20, done(200.0, 2))
    figure = rates.figure(DAY, NOW + 80)
    assert figure.window == 80 - TOLD_WITHIN
    assert figure.rate == 200 * HASHES_PER_DIFFICULTY / figure.window


def test_what_an_end_with_a_telling_adds_is_what_chance_says() -> None:
    for mean in (0.01, 0.2, 0.5, 1.0, 1.8, 3.0, 6.0):
        told = mean / -expm1(-mean)
        assert surplus(told) == pytest.approx(told - mean, abs=0.02)


def test_a_full_window_covers_its_buckets_and_what_has_passed_of_the_last() -> None:
    rates = Rates(NOW, NOW - 1e6)
    assert rates.figure(MINUTE, NOW + 3).window == 53.0
    assert rates.figure(MINUTE, NOW + 9).window == 59.0
    for window, covered in zip(WINDOWS, rates.figures(NOW + 3), strict=True):
        full = window.buckets * window.seconds
        assert full - window.seconds <= covered.window <= full


def test_nothing_is_said_before_ten_seconds_can_be_known() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW + 9, done(100.0, 1))
    rates.add(NOW + 18, done(200.0, 2))
    for figure in rates.figures(NOW + TOLD_WITHIN + FINEST - 0.1):
        assert (figure.rate, figure.shares) == (None, 3)
    assert rates.rate(MINUTE, NOW + 19) == 0.0
    for figure in rates.figures(NOW + TOLD_WITHIN + FINEST):
        assert figure.rate is not None


def test_what_is_told_first_may_be_of_a_time_that_nobody_knows() -> None:
    rates = Rates(NOW, NOW)
    rates.begin(NOW + 3, done(900.0, 9))
    rates.add(NOW + 33, done(300.0, 10))
    for figure in rates.figures(NOW + 33):
        assert (figure.shares, figure.window) == (10, 30.0)
        assert figure.rate == pytest.approx(300 * HASHES_PER_DIFFICULTY / 30, rel=0.01)


def test_each_window_forgets_in_its_own_time() -> None:
    rates = Rates(NOW, NOW)
    rates.add(NOW, done(100.0, 4, 1))
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
    rates.add(NOW, done(100.0, 1, 0))
    assert not rates.advance(NOW + 1)
    assert not rates.advance(NOW + 31)
    assert rates.advance(NOW + 61)
    assert not rates.advance(NOW + 91)


def test_buckets_are_those_that_were_counted_in() -> None:
    rates = Rates(NOW, NOW - 400)
    rates.add(NOW - 0, done(10.0, 2, 1))
    rates.add(NOW + 300, done(20.0, 4, 0))
    buckets = rates.buckets(HOUR, NOW + 301)
    assert [bucket.accepted for bucket in buckets] == [0, 0, 2, 4]
    assert [bucket.rejected for bucket in buckets] == [0, 0, 1, 0]
    assert buckets[-1].start <= NOW + 301 < buckets[-1].start + 300
    assert buckets[0].start <= NOW - 400


def test_what_is_told_late_is_of_when_it_was() -> None:
    late, in_time = Rates(NOW, NOW), Rates(NOW, NOW)
    for after in (0, 45, 200, 2000, 40_000):
        in_time.add(NOW + after, done(100.0, 1, 1))
    in_time.advance(NOW + 40_050)
    late.advance(NOW + 40_050)
    for after in (45, 40_000, 0, 2000, 200):
        late.add(NOW + after, done(100.0, 1, 1))
    assert late.figures(NOW + 40_050) == in_time.figures(NOW + 40_050)
    for window in range(len(WINDOWS)):
        assert late.buckets(window, NOW + 40_050) == in_time.buckets(window, NOW + 40_050)


def filled(now: float, day: int = 24) -> Rates:
    """What a ledger has: so many hours, and of the newest what has passed, at a share a second."""
    past = Rates(now, now - day * 3600)
    for window, seconds in ((HOUR, 300), (DAY, 3600)):
        for start in range(int(now - day * 3600) // seconds * seconds, int(now), seconds):
            found = min(int(now) - start, seconds)
            past.put(window, start, done(found * 2.0, found))
    return past


@pytest.mark.parametrize("into", [0, 7, 299, 301, 1799, 3599])
def test_what_a_ledger_has_fills_the_long_windows_as_if_nothing_had_been(into: int) -> None:
    """Whatever part of its newest buckets had passed: they are no full ones."""
    now = NOW // 3600 * 3600 + 7200 + into
    rates = Rates(now, now)
    rates.take_in(filled(now), now)
    for after in range(0, 7200, 10):
        if after:
            rates.add(now + after, done(20.0, 10))
        for window in (HOUR, DAY):
            figure = rates.figure(window, now + after)
            assert figure.rate == pytest.approx(2 * HASHES_PER_DIFFICULTY, rel=0.005)


def test_what_was_told_first_is_in_the_long_windows_whichever_comes_first() -> None:
    one, other = Rates(NOW, NOW), Rates(NOW, NOW)
    one.take_in(filled(NOW), NOW)
    for rates in (one, other):
        rates.begin(NOW + 3, done(900.0, 9))
        rates.add(NOW + 33, done(300.0, 10))
    other.take_in(filled(NOW), NOW + 40)
    assert one.figures(NOW + 50) == other.figures(NOW + 50)
    assert (
        one.figure(DAY, NOW + 50).shares
        == sum(b.accepted for b in filled(NOW).buckets(DAY, NOW)) + 19
    )


@given(
    shares=st.lists(
        st.tuples(st.floats(0, 4000), st.integers(0, 9), st.integers(0, 3)), max_size=60
    )
)
def test_a_window_holds_what_came_in_its_buckets(shares: list[tuple[float, int, int]]) -> None:
    rates = Rates(NOW, NOW - 1e6)
    now = NOW
    came = []
    for after, accepted, rejected in shares:
        now += after
        rates.add(now, done(accepted * 2.0, accepted, rejected))
        came.append((now, accepted))
    for window, figure in zip(WINDOWS, rates.figures(now), strict=True):
        first = (int(now) // window.seconds - window.buckets + 1) * window.seconds
        expected = sum(accepted for at, accepted in came if int(at) >= first)
        assert (figure.shares, figure.window) == (expected, now - first)
        assert figure.rate == pytest.approx(expected * 2.0 * HASHES_PER_DIFFICULTY / (now - first))


def test_a_workers_windows_take_less_than_two_kibibytes() -> None:
    rates = Rates(NOW, NOW)
    size = sys.getsizeof(rates)
    size += sum(
        sys.getsizeof(part)
        for part in (rates._work, rates._squares, rates._accepted, rates._rejected)
    )
    assert size < 2048
