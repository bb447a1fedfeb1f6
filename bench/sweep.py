"""Measurements over a range: of numbers of miners, and of shares a second."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from bench.measure import measure
from bench.scenarios import BY_NAME, Result, Scenario
from bench.servers import FLOOR_KIND, PROXY_KIND

MINERS = (1000, 2500, 5000, 10_000, 17_000)
RATES = (1000, 3000, 10_000, 30_000, 60_000, 100_000)
KINDS = (FLOOR_KIND, PROXY_KIND)

REACHED = 0.97
"""A rate counts as served when so much of it is answered."""

Points = dict[str, list[tuple[float, Result]]]
"""By server: what was varied, and what came of it."""


def by_miners(seconds: float, say: Callable[[str], None]) -> Points:
    """10,000 shares a second from more and more miners."""
    base = replace(BY_NAME["saturation"], depth=0, rate=10_000, warmup=1, seconds=seconds)
    return _points(((n, replace(base, miners=n)) for n in MINERS), "miners", say)


def by_rate(seconds: float, say: Callable[[str], None]) -> Points:
    """1,000 miners and more and more shares a second, as far as the server follows."""
    base = replace(BY_NAME["saturation"], depth=0, warmup=1, seconds=seconds)
    return _points(((r, replace(base, rate=r)) for r in RATES), "shares/s", say)


def fleets(seconds: float, say: Callable[[str], None]) -> dict[str, Result]:
    """The fleet, with the distribution of its latencies."""
    fleet = replace(BY_NAME["fleet"], seconds=seconds, extra=("--histogram",))
    results = {}
    for kind in KINDS:
        say(f"fleet, {kind.name} …")
        results[kind.name] = measure(fleet, kind)
    return results


def _points(
    scenarios: Iterator[tuple[float, Scenario]], what: str, say: Callable[[str], None]
) -> Points:
    points: Points = {kind.name: [] for kind in KINDS}
    for value, scenario in scenarios:
        for kind in KINDS:
            say(f"{value:,} {what}, {kind.name} …")
            result = measure(scenario, kind)
            if _served(scenario, result):
                points[kind.name].append((value, result))
            else:
                say(f"  answered {result['shares']['per_second']:,.0f}/s: more than it can do")
    return points


def _served(scenario: Scenario, result: Result) -> bool:
    return bool(result["shares"]["per_second"] >= REACHED * scenario.rate)
