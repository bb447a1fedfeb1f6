"""Reports and outcomes that nobody measured."""

from stratumproxy.bench.figures import Report
from stratumproxy.bench.rounds import Outcome, Run


def report(cpu: float = 4e-6, p99: float = 0.001, **changes: object) -> Report:
    """What the generator prints, as far as Python reads it."""
    made: Report = {
        "failure": None,
        "window": 1.0,
        "miners": {
            "wanted": 10,
            "mining": 10,
            "strange_lines": 0,
            "hardest_difficulty": 1e-10,
            "gone_because": None,
        },
        "shares": {
            "sent": 1000,
            "answered": 1000,
            "accepted": 997,
            "rejected": {"21": 3},
            "unanswered": 0,
            "stray": 0,
            "skipped": 0,
            "per_second": 1000.0,
        },
        "reply": {"count": 1000, "mean": 0.001, "p50": 0.0005, "p90": 0.0008, "p99": p99}
        | {"p999": 0.05, "max": 0.1},
        "late": {"count": 1000, "p50": 0.0, "p99": 0.0001, "max": 0.001},
        "histogram": [[0.0001, 900], [0.001, 99], [0.2, 1]],
        "fan_out": {"jobs": 1, "first": 0.001, "median": 0.01, "last": 0.1, "weighted": 0.01},
        "storm": {"last": 1.5, "p50": 1.0, "p99": 1.4, "dropped_syns": 0},
        "handshake": {"p50": 0.5, "p99": 0.9},
        "series": [],
        "pool": None,
        "verified": None,
        "probes": {"duplicate": 22, "unknown_job": 21},
        "server": {"cpu": 0.1, "cpu_per_share": cpu, "busy": 0.5, "waited": 0, "rss": 1e8}
        | {"rss_per_miner": 2048.0},
        "faults": [],
    }
    return made | changes


def outcome(*runs: tuple[str, Report | None], name: str = "load") -> Outcome:
    """A scenario's: each server's first run is of the first round, and so on."""
    made = Outcome(name, f"{name}: a title", {"vary": {}}, list(dict(runs)))
    for server, result in runs:
        number = sum(run.server == server for run in made.runs)
        made.runs.append(Run(server, number, result, "" if result else "the generator was late"))
    return made
