"""The whole fleet over time."""

import pytest

from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY
from stratumproxy.fleet.history import History

START = 1_700_000_100.0


def test_shares_fall_into_stretches() -> None:
    history = History(60, 60, START)
    history.add(START, 60.0, 1, 0)
    history.add(START + 30, 60.0, 1, 2, 7)
    history.add(START + 60, 90.0, 3, 0, 8)
    first, second = history.points(START + 90)
    assert (first.start, first.accepted, first.rejected, first.connections) == (START, 2, 2, 7)
    assert first.hashrate == 120 * HASHES_PER_DIFFICULTY / 60
    assert (second.start, second.accepted, second.connections) == (START + 60, 3, 8)
    assert second.hashrate == 90 * HASHES_PER_DIFFICULTY / 30


def test_the_first_stretch_counts_from_when_counting_began() -> None:
    history = History(60, 60, START + 40)
    history.add(START + 50, 100.0, 1, 0)
    (point,) = history.points(START + 60)
    assert point.start == START
    assert point.hashrate == pytest.approx(100 * HASHES_PER_DIFFICULTY / 20)


def test_what_is_old_is_forgotten() -> None:
    history = History(60, 3, START)
    for minute in range(10):
        history.add(START + minute * 60, 1.0, 1, 0)
    assert [point.start - START for point in history.points(START + 570)] == [420, 480, 540]
    assert history.points(START + 5000) == []


def test_a_clock_that_went_back_adds_to_what_is_newest() -> None:
    history = History(60, 3, START)
    history.add(START + 60, 1.0, 1, 0)
    history.add(START, 1.0, 1, 0)
    (point,) = history.points(START + 90)
    assert point.accepted == 2
