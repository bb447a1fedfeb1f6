"""What is measured, and which figures must come out of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bench.servers import FLOOR_KIND, PROXY_KIND, WATCHED_KIND, Kind

Result = dict[str, Any]
"""What the generator prints: README.md, "The generator's report"."""

FLEET = 17_595


@dataclass(frozen=True)
class Measure:
    """A figure of a result.

    Less is better, but for those that say otherwise.
    """

    name: str
    unit: str
    read: Callable[[Result], float]
    most_times: float | None = None
    """What must be shown: at most so many times the base's."""
    most: float | None = None
    """What must be shown: at most so much, in the unit."""
    most_more: float | None = None
    """What must be shown: at most so much more than the base's, in the unit."""
    compared: bool = True
    """Whether a ratio to the base says anything."""


def _path(*keys: str, scale: float = 1) -> Callable[[Result], float]:
    def read(result: Result) -> float:
        value: Any = result
        for key in keys:
            value = value[key]
        return float(value) * scale

    return read


def _stale(result: Result) -> float:
    return float(result["shares"]["rejected"].get("21", 0))


CPU = Measure("CPU a share", "µs", _path("server", "cpu_per_share", scale=1e6))
BUSY = Measure("CPU", "% of a core", _path("server", "busy", scale=100))
RATE = Measure("shares", "/s", _path("shares", "per_second"))
REPLY_P50 = Measure("reply p50", "ms", _path("reply", "p50", scale=1e3))
REPLY_P99 = Measure("reply p99", "ms", _path("reply", "p99", scale=1e3))
REPLY_MAX = Measure("reply max", "ms", _path("reply", "max", scale=1e3))
FIRST = Measure("new job, first miner", "ms", _path("fan_out", "first", scale=1e3))
MEDIAN = Measure("new job, median miner", "ms", _path("fan_out", "median", scale=1e3))
WEIGHTED = Measure("new job, mean by hashrate", "ms", _path("fan_out", "weighted", scale=1e3))
LAST = Measure("new job, last miner", "ms", _path("fan_out", "last", scale=1e3))
STORM = Measure("storm, last miner mines", "s", _path("storm", "last"))
STORM_P50 = Measure("storm, median miner mines", "s", _path("storm", "p50"))
DROPPED = Measure("storm, SYNs dropped", "", _path("storm", "dropped_syns"), compared=False)
MEMORY = Measure("memory a miner", "KiB", _path("server", "rss_per_miner", scale=1 / 1024))
RESIDENT = Measure("memory in all", "MiB", _path("server", "rss", scale=1 / (1 << 20)))
WAITED = Measure(
    "others had its core", "% of the time", _path("server", "waited", scale=100), compared=False
)
STALE = Measure("stale shares", "", _stale, compared=False)


@dataclass(frozen=True)
class Scenario:
    """A load, the servers that get it one after the other, and what is read off."""

    name: str
    title: str
    measures: tuple[Measure, ...]
    miners: int = 1000
    depth: int = 1
    """Closed loop: shares each miner keeps under way; 0: open loop at `rate`."""
    rate: float = 0.0
    forward: str = "none"
    job_interval: float = 0.0
    clean_every: int = 0
    seconds: float = 8.0
    warmup: float = 2.0
    base: Kind = FLOOR_KIND
    subject: Kind = PROXY_KIND
    data_plane: bool = False
    """Take CPU and memory of the worker alone, not of the processes around it."""
    extra: tuple[str, ...] = field(default=())
    """More options for the generator."""

    def options(self) -> list[str]:
        """The generator's options."""
        load = ["--depth", f"{self.depth}"] if self.depth else ["--rate", f"{self.rate:g}"]
        return [
            "--miners",
            f"{self.miners}",
            *load,
            "--forward",
            self.forward,
            "--job-interval",
            f"{self.job_interval:g}",
            "--clean-every",
            f"{self.clean_every}",
            "--seconds",
            f"{self.seconds:g}",
            "--warmup",
            f"{self.warmup:g}",
            "--deadline",
            f"{self.seconds + self.warmup + 120:g}",
            *self.extra,
        ]

    def quick(self) -> "Scenario":
        """The same, too short to be precise."""
        return replace(self, seconds=min(self.seconds, 3), warmup=min(self.warmup, 1))


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "saturation",
        "1,000 miners, as fast as it goes, every share checked, none forwarded",
        (replace(CPU, most_times=2.5), RATE, REPLY_P50, REPLY_P99, REPLY_MAX, WAITED),
    ),
    Scenario(
        "forwarded",
        "1,000 miners, as fast as it goes, every share forwarded, the pool's verdict returned",
        (replace(CPU, most_times=4.1), RATE, REPLY_P50, REPLY_P99, REPLY_MAX, WAITED),
        forward="all",
    ),
    Scenario(
        "fleet",
        "17,595 miners, 3,500 shares/s, a new job every 5 s, every other one clean",
        (
            replace(CPU, most_times=2.5),
            BUSY,
            REPLY_P50,
            replace(REPLY_P99, most=25),
            REPLY_MAX,
            FIRST,
            MEDIAN,
            WEIGHTED,
            replace(LAST, most_times=1.2),
            STALE,
            replace(MEMORY, most=3.5),
            RESIDENT,
            replace(STORM, most_times=1.5),
            DROPPED,
            WAITED,
        ),
        miners=FLEET,
        depth=0,
        rate=3500,
        forward="0.01",
        job_interval=5,
        clean_every=2,
        seconds=30,
        warmup=5,
    ),
    Scenario(
        "storm",
        "17,595 miners connect at once",
        (STORM_P50, replace(STORM, most_times=1.5), DROPPED, replace(MEMORY, most=3.5)),
        miners=FLEET,
        depth=0,
        rate=1000,
        seconds=1,
        warmup=0,
    ),
    Scenario(
        "workers",
        "two workers against one: 1,000 miners, as fast as it goes, none forwarded",
        (replace(CPU, most_times=1.1), RATE, REPLY_P50, REPLY_P99, WAITED),
        base=PROXY_KIND,
        subject=Kind("2 workers", 2),
    ),
)
_FLEET = next(scenario for scenario in SCENARIOS if scenario.name == "fleet")
SCENARIOS += (
    replace(
        _FLEET,
        name="fleet-forwarded",
        title=f"{_FLEET.title}; every share forwarded",
        measures=(
            replace(CPU, most_times=2.5),
            BUSY,
            REPLY_P50,
            replace(REPLY_P99, most=25),
            REPLY_MAX,
            LAST,
            STALE,
            MEMORY,
            WAITED,
        ),
        forward="all",
    ),
    replace(
        _FLEET,
        name="watched",
        title="fleet, with ledger, API, a scrape a second and three dashboards, against without",
        measures=(
            replace(CPU, most_times=1.1),
            REPLY_P50,
            replace(REPLY_P99, most_more=5),
            REPLY_MAX,
            LAST,
            MEMORY,
            WAITED,
        ),
        base=PROXY_KIND,
        subject=WATCHED_KIND,
        data_plane=True,
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
