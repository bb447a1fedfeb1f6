"""A statement beside what really was: `truth.py` in small, with bounds."""

from math import exp, sqrt
from statistics import mean

import pytest

from tests.statement.truth import Errors, compare

LOST = 100 * 9 * exp(-8)
"""Points of a machine's time that lie in gaps which chance makes longer than eight means."""


@pytest.fixture(scope="module")
def compared() -> dict[tuple[float, str], Errors]:
    return compare(each=3, days=3, seed=7)


@pytest.mark.parametrize("gap", [5.0, 20.0, 60.0, 300.0, 900.0])
def test_uptime_is_biased_by_no_more_than_gaps(
    compared: dict[tuple[float, str], Errors], gap: float
) -> None:
    days = 6
    for (each, pattern), errors in compared.items():
        if each != gap:
            continue
        outages = {"never": 0, "30 min, every 8 h": 3, "2 min, every 2 h": 12}[pattern]
        # A gap on either side of each is not proven, nor the few that chance makes too long: such
        # a one is nine means long, and one comes in e^8, or in half as many.
        a_gap = 100 * gap / 86_400
        noise = 5 * 9 * a_gap * sqrt(2 * 86_400 / gap * exp(-8) / days) + 5 * a_gap
        low = -2 * LOST - 2 * outages * a_gap - noise
        whole = {"never": 0.0, "30 min, every 8 h": 100 / 16, "2 min, every 2 h": 100 / 60}[pattern]
        high = noise + whole * min(1.0, 8 * gap / (120 if whole < 2 else 1800))
        assert low <= mean(errors.uptime) <= high, (pattern, errors.uptime)


def test_what_is_said_of_chance_holds(compared: dict[tuple[float, str], Errors]) -> None:
    within = [each for errors in compared.values() for each in errors.within]
    expected = [each for errors in compared.values() for each in errors.expected]
    assert mean(within) > 0.95 - 3 * sqrt(0.95 * 0.05 / len(within))
    assert mean(expected) > 0.95 - 3 * sqrt(0.95 * 0.05 / len(expected))


def test_what_a_machine_can_hide_is_said(compared: dict[tuple[float, str], Errors]) -> None:
    """Two minutes are seen at a share every five seconds, and not at one a minute."""
    for gap, seen in ((5.0, True), (60.0, False)):
        errors = compared[gap, "2 min, every 2 h"]
        assert (mean(errors.unseen) < 120) == seen
        assert (mean(errors.uptime) < 0.2) == seen
