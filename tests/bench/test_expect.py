"""Expectations: what they say, and when they are met."""

import pytest

from stratumproxy.bench.expect import Expectation
from tests.bench.made_up import outcome, report


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("reply.p99 < 25 ms", True),
        ("reply.p99 <= 10 ms", True),
        ("reply.p99 < 10 ms", False),
        ("reply.p99 < 0.02 s", True),
        ("reply.p99 > 9000 µs", True),
        ("unanswered == 0", True),
        ("stale >= 4", False),
        ("cpu.share <= 2.5 floor", True),
        ("cpu.share <= 1.9 floor", False),
        ("cpu.share<=8", True),
        ("cpu.busy <= 50 %", True),
        ("reply.p99 <= floor + 5 ms", False),
        ("reply.p99 <= floor + 9 ms", True),
        ("drift.memory <= 1.02", False),  # not measured, so not shown
    ],
)
def test_met_or_missed(text: str, met: bool) -> None:
    made = outcome(("floor", report(4e-6, 0.001)), ("proxy", report(8e-6, 0.010)))
    made.check([text])
    [check] = made.checks
    assert (check.text, check.server, check.met) == (text, "proxy", met)


def test_of_the_first_server_nothing_is_expected_by_itself() -> None:
    made = outcome(("proxy", report(4e-6)), ("watched", report(8e-6)))
    made.check(["cpu.share <= 1.1 first", "faults == 0"])
    assert [(check.server, check.met) for check in made.checks] == [
        ("watched", False),
        ("proxy", True),
        ("watched", True),
    ]


def test_a_ratio_is_taken_round_by_round() -> None:
    runs = ("floor", report(4e-6)), ("proxy", report(8e-6))
    made = outcome(*runs, ("floor", report(8e-6)), ("proxy", report(24e-6)))
    assert made.ratios("proxy", "cpu.share", "floor") == [2, 3]
    assert made.ratio("proxy", "cpu.share", "floor") == 2.5


def test_a_round_without_a_result_has_no_ratio() -> None:
    runs = ("floor", None), ("proxy", report(8e-6))
    made = outcome(*runs, ("floor", report(8e-6)), ("proxy", report(24e-6)))
    assert made.ratios("proxy", "cpu.share", "floor") == [3]
    assert made.median("proxy", "cpu.share") == pytest.approx(16)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("reply.p99", "no expectation"),
        ("reply.p99 < fast", "no expectation"),
        ("reply.p98 < 25 ms", "no figure 'reply.p98'"),
        ("reply.p99 < 25 KiB", "in ms, not in 'KiB'"),
        ("stale < 3 ms", "in no unit, not in 'ms'"),
    ],
)
def test_what_is_not_understood(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Expectation.parse(text)
