"""What is no result, what is a fault, and what becomes of several reports."""

import pytest

from stratumproxy.bench.config import Scenario, Server
from stratumproxy.bench.figures import BY_NAME
from stratumproxy.bench.findings import faults, no_result
from stratumproxy.bench.merge import merge
from tests.bench.made_up import report

OPEN = Scenario(rate=1000)
POOL = Server(name="pool", connect="127.0.0.1:3333")


def with_shares(**counts: object) -> dict:
    return report(shares=report()["shares"] | counts)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (report(), ""),
        (report(failure="the server has ended"), "the server has ended"),
        (with_shares(sent=0, answered=0), "no share was sent"),
        (with_shares(answered=0, unanswered=9), "none of 9 shares was answered"),
        (with_shares(sent=900), "900 shares were sent where 1,000 were due"),
        (with_shares(sent=930), ""),  # of so few, chance takes so many
        (report(late={"p99": 0.02}), "the generator was late: 1 % of the shares went out 20.0 ms"),
    ],
)
def test_no_result(made: dict, why: str) -> None:
    assert no_result(made, OPEN, "pool").startswith(why)
    assert bool(no_result(made, OPEN, "pool")) == bool(why)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (report(), []),  # a pool's jobs change when they do: stale is no fault
        (with_shares(rejected={"23": 2}), ["shares were rejected, by code: {'23': 2}"]),
        (with_shares(stray=1), ["1 answers belong to no share"]),
        (
            report(probes={"duplicate": 0, "unknown_job": 21}),
            ["a share a second time was accepted"],
        ),
        (report(probes={"duplicate": None, "unknown_job": None}), []),  # it hung up on them
    ],
)
def test_faults(made: dict, told: list[str]) -> None:
    assert faults(made, OPEN, POOL) == told


def test_drift_is_the_last_quarter_by_the_second() -> None:
    series = [{"rss": 1e8 + 1e6 * n, "p99": None} for n in range(16)]
    assert BY_NAME["drift.memory"].read(report(series=series)) == pytest.approx(1.0759, abs=1e-3)
    assert BY_NAME["drift.p99"].read(report(series=series)) is None
    assert BY_NAME["drift.memory"].read(report(series=series[:7])) is None


def test_several_reports_are_one() -> None:
    other = report(
        server=None, histogram=[[0.001, 500], [0.3, 20]], late={**report()["late"], "p99": 0.004}
    )
    merged = merge([report(cpu=1e-4), other], one_clock=True)
    assert merged["shares"]["answered"] == 2000
    assert merged["shares"]["rejected"] == {"21": 6}
    assert merged["reply"]["count"] == 1520
    assert (merged["reply"]["p50"], merged["reply"]["p99"]) == (0.0001, 0.3)
    assert merged["late"]["p99"] == 0.004
    assert merged["server"]["cpu_per_share"] == 0.1 / 2000
    assert merged["fan_out"]["last"] is None  # known of the first one's miners only
    assert merged["storm"]["last"] == 1.5
    assert merge([report(), other], one_clock=False)["storm"]["last"] is None
    assert merge([other], one_clock=True) is other
