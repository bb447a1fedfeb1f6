"""A long run: does memory grow, does latency drift?"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from bench.scenarios import Result, Scenario

Sample = dict[str, Any]

FLAT = 1.02
"""Memory of the last quarter may be so many times that of the second: noise, and no more."""

STEADY = 1.25
"""The same for the reply p99, which other users of the machine disturb."""


def soaked(scenario: Scenario, minutes: float) -> Scenario:
    """The scenario as a long run: a job every 5 s and a block a minute, a sample every 5 s."""
    return replace(
        scenario,
        seconds=60 * minutes,
        warmup=max(scenario.warmup, 5),
        job_interval=5,
        clean_every=12,
        extra=("--interval", "5"),
    )


@dataclass(frozen=True)
class Part:
    """A part of the run: medians over its samples."""

    start: float
    """Seconds from the start of the run."""
    per_second: float
    p50: float
    p99: float
    worst: float
    cpu_per_share: float
    rss: float


def split(result: Result, parts: int) -> list[Part]:
    """The series in so many parts of equal length."""
    series: list[Sample] = result["series"]
    parts = min(parts, len(series))
    bounds = [len(series) * part // parts for part in range(parts + 1)]
    ends = [0.0, *(sample["at"] for sample in series)]
    return [
        _part(ends[low], series[low:high], ends[low : high + 1]) for low, high in pairwise(bounds)
    ]


def _part(start: float, samples: Sequence[Sample], ends: Sequence[float]) -> Part:
    def median(key: str) -> float:
        return statistics.median(float(sample[key]) for sample in samples)

    lengths = [end - begin for begin, end in pairwise(ends)]
    shares = sum(s["per_second"] * t for s, t in zip(samples, lengths, strict=True))
    return Part(
        start,
        median("per_second"),
        median("p50"),
        median("p99"),
        max(sample["max"] for sample in samples),
        sum(sample["cpu"] for sample in samples) / shares if shares else 0.0,
        median("rss"),
    )


def verdict(result: Result) -> list[str]:
    """What drifts; nothing if all is flat. The first quarter is left out: caches fill in it."""
    if len(result["series"]) < 8:
        return ["too short to tell"]
    _, second, _, last = split(result, 4)
    drifts = []
    if last.rss > second.rss * FLAT:
        drifts.append(f"memory grew by {last.rss / second.rss - 1:.1%} over the last half")
    if last.p99 > second.p99 * STEADY:
        drifts.append(f"the reply p99 rose by {last.p99 / second.p99 - 1:.0%} over the last half")
    return drifts
