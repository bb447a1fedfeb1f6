"""The whole fleet over time."""

import pytest

from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY, Done
from stratumproxy.fleet.history import History

START = 1_700_000_100.0


def done(work: float, accepted: int = 1, rejected: int = 0) -> Done:
    return Done(work, work * work, accepted, rejected)


def test_shares_fall_into_stretches() -> None:
    history = History(60, 60, START)
    history.add(START, done(60.0))
    history.connected(START + 30, 7)
    history.add(START + 30, done(60.0, 1, 2))
    history.add(START + 60, done(90.0, 3))
    history.connected(START + 60, 8)
    first, second = history.points(START + 90)
    assert (first.start, first.accepted, first.rejected, first.connections) == (START, 2, 2, 7)
    assert first.hashrate == 120 * HASHES_PER_DIFFICULTY / 60
    assert (second.start, second.accepted, second.connections) == (START + 60, 3, 8)
    assert second.hashrate == 90 * HASHES_PER_DIFFICULTY / 30


def test_nothing_is_said_of_some_seconds() -> None:
    history = History(60, 60, START)
    history.add(START + 5, done(60.0))
    assert history.points(START + 9)[0].hashrate is None
    assert history.points(START + 10)[0].hashrate == 60 * HASHES_PER_DIFFICULTY / 10


def test_the_first_stretch_counts_from_when_counting_began() -> None:
    history = History(60, 60, START + 40)
    history.add(START + 50, done(100.0))
    (point,) = history.points(START + 60)
    assert point.start == START
    assert point.hashrate == pytest.approx(100 * HASHES_PER_DIFFICULTY / 20)


def test_what_is_told_late_is_of_when_it_was() -> None:
    history = History(60, 3, START)
    history.add(START + 10, done(1.0))
    history.connected(START + 130, 5)
    history.add(START + 130, done(2.0))
    history.add(START + 50, done(4.0))
    history.add(START - 10, done(8.0))
    assert [(point.start - START, point.accepted) for point in history.points(START + 130)] == [
        (0, 2),
        (120, 1),
    ]


def test_what_is_old_is_forgotten() -> None:
    history = History(60, 3, START)
    for minute in range(10):
        history.add(START + minute * 60, done(1.0))
    assert [point.start - START for point in history.points(START + 570)] == [420, 480, 540]
    assert history.points(START + 5000) == []
