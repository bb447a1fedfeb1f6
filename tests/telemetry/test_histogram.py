"""Times between fixed bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.telemetry.histogram import BOUNDS, Histogram, merge_histograms

times = st.lists(st.floats(0, 1000))


def of(seconds: list[float]) -> Histogram:
    histogram = Histogram()
    for each in seconds:
        histogram.add(each)
    return histogram


def test_the_bounds_rise() -> None:
    assert list(BOUNDS) == sorted(set(BOUNDS))


@given(times)
def test_counts_are_those_of_prometheus(seconds: list[float]) -> None:
    cumulative = of(seconds).cumulative()
    assert [bound for bound, _ in cumulative] == [*BOUNDS, float("inf")]
    for bound, count in cumulative:
        assert count == sum(each <= bound for each in seconds)


@given(times, times)
def test_several_are_merged_by_addition(one: list[float], other: list[float]) -> None:
    merged = merge_histograms([of(one), of(other)])
    assert merged.counts == of(one + other).counts
    assert merged.sum == pytest.approx(sum(one) + sum(other))
    assert merged.count == len(one) + len(other)


def test_none_merged_is_an_empty_one() -> None:
    assert merge_histograms([]) == Histogram()


def test_several_at_once() -> None:
    histogram = Histogram()
    histogram.add(0.2, 7)
    assert histogram.counts == of([0.2] * 7).counts


def test_a_copy_stays_as_it_is() -> None:
    histogram = of([1.0])
    copy = histogram.copy()
    histogram.add(1.0)
    assert (copy.count, histogram.count) == (1, 2)
