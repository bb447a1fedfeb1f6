"""What is read off a report: each figure has a name, for expectations, and a unit."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Report = dict[str, Any]
"""What the generator prints (load/report.c); "faults", what `findings` adds to it."""

Value = float | None
"""A figure; None: it was not measured."""


@dataclass(frozen=True)
class Figure:
    """A figure of a report."""

    name: str
    """As expectations call it."""
    label: str
    unit: str
    read: Callable[[Report], Value]
    """In that unit."""
    compared: bool = True
    """Whether a ratio to another server's says anything."""
    shown: bool = True
    """Whether it is printed without being asked for."""

    @property
    def title(self) -> str:
        """With its unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label


def _at(*keys: str, scale: float = 1) -> Callable[[Report], Value]:
    def read(report: Report) -> Value:
        value: Any = report
        for key in keys:
            value = value.get(key) if value else None
        return None if value is None else float(value) * scale

    return read


def _rejected(code: str | None = None) -> Callable[[Report], Value]:
    def read(report: Report) -> Value:
        rejected: dict[str, int] = report["shares"]["rejected"]
        return float(sum(rejected.values()) if code is None else rejected.get(code, 0))

    return read


def _drift(key: str) -> Callable[[Report], Value]:
    """The last quarter of the series by the second: caches fill in the first."""

    def read(report: Report) -> Value:
        series = [sample for sample in report["series"] if sample[key] is not None]
        quarter = len(series) // 4
        if quarter < 2:
            return None
        parts = series[quarter : 2 * quarter], series[-quarter:]
        before, after = (statistics.median(sample[key] for sample in part) for part in parts)
        return after / before if before else None

    return read


MS, KIB, MIB = 1e3, 1 / 1024, 1 / (1 << 20)

FIGURES: tuple[Figure, ...] = (
    Figure("cpu.share", "CPU a share", "µs", _at("server", "cpu_per_share", scale=1e6)),
    Figure("cpu.busy", "CPU", "% of a core", _at("server", "busy", scale=100)),
    Figure("shares.per_second", "shares", "/s", _at("shares", "per_second")),
    Figure("reply.p50", "reply p50", "ms", _at("reply", "p50", scale=MS)),
    Figure("reply.p90", "reply p90", "ms", _at("reply", "p90", scale=MS), shown=False),
    Figure("reply.p99", "reply p99", "ms", _at("reply", "p99", scale=MS)),
    Figure("reply.p999", "reply p99.9", "ms", _at("reply", "p999", scale=MS), shown=False),
    Figure("reply.max", "reply max", "ms", _at("reply", "max", scale=MS)),
    Figure("job.first", "new job, first miner", "ms", _at("fan_out", "first", scale=MS)),
    Figure("job.median", "new job, median miner", "ms", _at("fan_out", "median", scale=MS)),
    Figure("job.mean", "new job, mean by hashrate", "ms", _at("fan_out", "weighted", scale=MS)),
    Figure("job.last", "new job, last miner", "ms", _at("fan_out", "last", scale=MS)),
    Figure("rejected", "shares rejected", "", _rejected(), compared=False),
    Figure("stale", "of them stale", "", _rejected("21"), compared=False),
    Figure("unanswered", "shares not answered", "", _at("shares", "unanswered"), compared=False),
    Figure("memory.miner", "memory a miner", "KiB", _at("server", "rss_per_miner", scale=KIB)),
    Figure("memory.all", "memory in all", "MiB", _at("server", "rss", scale=MIB)),
    Figure("handshake.p50", "handshake p50", "ms", _at("handshake", "p50", scale=MS), shown=False),
    Figure("handshake.p99", "handshake p99", "ms", _at("handshake", "p99", scale=MS)),
    Figure("storm.p50", "storm, median miner mines", "s", _at("storm", "p50")),
    Figure("storm.last", "storm, last miner mines", "s", _at("storm", "last")),
    Figure("storm.syns", "storm, SYNs dropped", "", _at("storm", "dropped_syns"), compared=False),
    Figure("drift.memory", "memory, last quarter by second", "", _drift("rss"), compared=False),
    Figure("drift.p99", "reply p99, last quarter by second", "", _drift("p99"), compared=False),
    Figure(
        "cpu.waited",
        "others had its core",
        "% of the time",
        _at("server", "waited", scale=100),
        compared=False,
    ),
    Figure("faults", "faults", "", lambda report: float(len(report["faults"])), False, False),
    Figure("late.p99", "sent late, p99", "ms", _at("late", "p99", scale=MS), False, False),
    Figure("pool.submits", "shares at the pool", "", _at("pool", "submits"), False, False),
    Figure("pool.matched", "of them as they were", "", _at("pool", "matched"), False, False),
    Figure("pool.sessions", "sessions with the pool", "", _at("pool", "sessions"), False, False),
    Figure("probe.duplicate", "code of a duplicate", "", _at("probes", "duplicate"), False, False),
    Figure("probe.job", "code of an unknown job", "", _at("probes", "unknown_job"), False, False),
)
BY_NAME = {figure.name: figure for figure in FIGURES}
