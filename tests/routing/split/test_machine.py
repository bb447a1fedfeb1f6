"""A machine's rate by its own shares."""

import pytest

from stratumproxy.routing.split import Machine


def mines(machine: Machine, rate: float, start: int, seconds: int, every: int = 5) -> float:
    """A share every few seconds, measured at each."""
    for now in range(start + every, start + seconds + 1, every):
        machine.found(rate * every, 1, now)
        measured = machine.measure(now)
    return measured


def test_shares_say_the_rate_and_what_was_expected_fades() -> None:
    machine = Machine(1, 500.0, 60.0, 0)
    assert machine.measure(0) == 500
    assert mines(machine, 100, 0, 60) == pytest.approx(300, rel=0.02)
    assert mines(machine, 100, 60, 3540) == pytest.approx(100, rel=0.05)


def test_another_rate_is_known_within_the_hour() -> None:
    machine = Machine(1, 100.0, 60.0, 0)
    mines(machine, 100, 0, 7200)
    assert mines(machine, 200, 7200, 1800) == pytest.approx(163, rel=0.02)
    assert mines(machine, 200, 9000, 5400) == pytest.approx(200, rel=0.03)


def test_a_machine_that_is_back_is_as_fast_as_it_was() -> None:
    machine = Machine(1, 100.0, 60.0, 0)
    before = mines(machine, 100, 0, 3600)
    for now in range(3610, 40_000, 10):
        gone = machine.measure(now)
    assert gone == 0
    machine.found(500, 1, 40_000)
    assert machine.measure(40_000) == pytest.approx(before, rel=0.01)
    rate, seconds = machine.known()
    assert Machine(2, rate, seconds, 50_000).measure(50_000) == pytest.approx(rate)


def test_rare_shares_are_no_silence() -> None:
    """Vardiff gave it a difficulty that takes a minute."""
    machine = Machine(1, 100.0, 60.0, 0)
    mines(machine, 100, 0, 3600, every=60)
    assert machine.measure(3600 + 450) > 0
    assert machine.measure(3600 + 500) == 0


def test_one_that_never_found_a_share_is_gone_after_three_quarters_of_a_minute() -> None:
    machine = Machine(1, 100.0, 60.0, 0)
    assert machine.measure(44) > 0
    assert machine.measure(45) == 0


def test_alike_shares_at_once_are_as_one_by_one() -> None:
    one, all_at_once = Machine(1, 100.0, 60.0, 0), Machine(1, 100.0, 60.0, 0)
    for _ in range(12):
        one.found(500, 1, 60)
    all_at_once.found(6000, 12, 60)
    assert one.measure(60) == all_at_once.measure(60)
    assert [one.measure(500), all_at_once.measure(500)] == [0, 0]
