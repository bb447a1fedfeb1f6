"""Reports of several generators, each with a part of the miners, as one."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from stratumproxy.bench.figures import Report

FRACTIONS = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}


def merge(reports: Sequence[Report], *, one_clock: bool) -> Report:
    """One report of many.

    Args:
        reports: the first is of the generator that has the pool and knows the server's process.
        one_clock: whether all ran on one machine; else no time between two of them is known.

    What is not known of all parts together is None: how long a job took to the median miner, and
    whose shares the pool got where they were another part's.
    """
    first = reports[0]
    if len(reports) == 1:
        return first
    merged = dict(first)
    merged["failure"] = next((each["failure"] for each in reports if each["failure"]), None)
    for group in ("miners", "shares"):
        merged[group] = _added([each[group] for each in reports])
    merged["miners"]["hardest_difficulty"] = _largest(
        [each["miners"]["hardest_difficulty"] for each in reports]
    )
    merged["histogram"] = _histogram(reports)
    merged["reply"] = _latencies(merged["histogram"], reports)
    merged["late"] = {
        key: _largest([each["late"][key] for each in reports]) for key in first["late"]
    }
    storms = [each["storm"] for each in reports]
    merged["storm"] = {
        **dict.fromkeys(first["storm"]),
        "last": _largest([storm["last"] for storm in storms]),
        "dropped_syns": first["storm"]["dropped_syns"],
    }
    merged["handshake"] = {
        "p50": None,  # not to be had from those of the parts
        "p99": _largest([each["handshake"]["p99"] for each in reports]),
    }
    # Each part knows when its own miners had a job; only the first, when it was sent.
    merged["fan_out"] = dict.fromkeys(first["fan_out"])
    merged["series"] = []
    if first["server"]:
        merged["server"] = _by_all(first["server"], first, merged)
    if not one_clock:
        merged["storm"] = dict.fromkeys(first["storm"])
    return merged


def _added(groups: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Sums of what can be added, and of what is counted by code."""
    result: dict[str, Any] = {}
    for key, value in groups[0].items():
        values = [group[key] for group in groups]
        if isinstance(value, dict):
            counts: Counter[str] = Counter()
            for each in values:
                counts.update(each)
            result[key] = dict(counts)
        elif all(isinstance(each, int | float) for each in values):
            result[key] = sum(values)
        else:
            result[key] = next((each for each in values if each is not None), None)
    return result


def _largest(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) if known else None


def _histogram(reports: Sequence[Report]) -> list[list[float]]:
    counts: Counter[float] = Counter()
    for report in reports:
        for seconds, count in report["histogram"]:
            counts[seconds] += count
    return [[seconds, counts[seconds]] for seconds in sorted(counts)]


def _latencies(histogram: list[list[float]], reports: Sequence[Report]) -> dict[str, Any]:
    total = sum(count for _, count in histogram)
    weighted = [(r["reply"]["mean"] or 0) * r["reply"]["count"] for r in reports]
    result: dict[str, Any] = {"count": total, "mean": sum(weighted) / total if total else None}
    for name, fraction in FRACTIONS.items():
        seen, result[name] = 0.0, None
        for seconds, count in histogram:
            seen += count
            if seen > fraction * total:
                result[name] = seconds
                break
    result["max"] = _largest([report["reply"]["max"] for report in reports])
    return result


def _by_all(server: dict[str, Any], first: Report, merged: Report) -> dict[str, Any]:
    """The first divided by its own shares and miners; these are everybody's."""
    answered = merged["shares"]["answered"]
    own, everybody = first["miners"]["wanted"], merged["miners"]["wanted"]
    return {
        **server,
        "cpu_per_share": server["cpu"] / answered if answered else None,
        "rss_per_miner": server["rss_per_miner"] * own / everybody,
    }
