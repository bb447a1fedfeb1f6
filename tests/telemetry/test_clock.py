"""Two times: one that passes evenly, and one that is set by people, by mistake, or by a server."""

from typing import Any

import pytest

from stratumproxy.telemetry.clock import APART, BELIEVED, Clock, Jump
from tests.clocks import Time

approx: Any = pytest.approx

NOW = 1_800_000_000.0
DAY = 86_400.0

JUMPS = [100 * DAY, DAY, 3600.0, 300.0, -300.0, -3600.0, -DAY, -100 * DAY, -NOW]


def looks(time: Time, seconds: float) -> list[Jump | None]:
    """The jump that lasts, each time that it is another, within so many seconds."""
    seen: list[Jump | None] = []
    for _ in range(int(seconds)):
        time.passes(1)
        time.clock.look()
        if not seen or seen[-1] != time.clock.jump:
            seen.append(time.clock.jump)
    return seen


def test_both_are_the_same_as_long_as_nothing_happens() -> None:
    time = Time(NOW)
    assert looks(time, 3600) == [None]
    assert time.clock.now() == time.clock.unix() == NOW + 3600


@pytest.mark.parametrize("seconds", JUMPS)
def test_a_jump_moves_neither_and_is_seen_while_it_lasts(seconds: float) -> None:
    time = Time(NOW)
    time.jumps(seconds)
    assert looks(time, BELIEVED - 1) == [Jump(NOW + 1, approx(seconds))]
    assert time.clock.now() == time.clock.unix() == NOW + BELIEVED - 1
    time.jumps(-seconds)
    assert looks(time, 3600) == [None]
    assert time.clock.now() == approx(time.clock.unix())


@pytest.mark.parametrize("seconds", JUMPS)
def test_what_holds_becomes_the_time_of_day_and_nothing_else(seconds: float) -> None:
    time = Time(NOW)
    time.jumps(seconds)
    assert looks(time, 2 * BELIEVED) == [Jump(NOW + 1, approx(seconds)), None]
    assert time.clock.now() == NOW + 2 * BELIEVED
    assert time.clock.unix() == approx(time.wall)
    assert time.clock.unix(NOW) == approx(NOW + seconds)
    assert looks(time, 3600) == [None]


def test_small_steps_are_followed_without_a_word() -> None:
    time = Time(NOW)
    for _ in range(10):
        time.jumps(APART / 2)
        assert looks(time, 5) == [None]
    assert time.clock.now() == NOW + 50
    assert time.clock.unix() == approx(time.wall)


def test_a_clock_that_goes_to_and_fro_is_not_believed() -> None:
    time = Time(NOW)
    for _ in range(300):
        time.jumps(500)
        assert None not in looks(time, 1)
        time.jumps(-500)
        assert looks(time, 1) == [None]
    assert time.clock.unix() == NOW + 600


def test_another_jump_during_one_has_to_hold_in_its_turn() -> None:
    time = Time(NOW)
    time.jumps(3600)
    looks(time, 30)
    time.jumps(DAY)
    assert looks(time, BELIEVED - 1) == [Jump(NOW + 31, approx(DAY + 3600))]
    assert time.clock.unix() == time.clock.now()
    assert None in looks(time, 2)
    assert time.clock.unix() == approx(time.wall)


def test_who_is_stopped_in_the_middle_of_a_look_sees_no_jump() -> None:
    passed = iter([0.0, 5.0, 65.0, 66.0, 66.0])
    walls = iter([NOW, NOW + 65, NOW + 66])
    clock = Clock(lambda: next(walls), lambda: next(passed))
    for _ in range(2):
        clock.look()
        assert clock.jump is None
