"""The three charts: latencies of the fleet, cost by miners, cost by shares a second."""

from bench.plot import Axis, Curve, Panel
from bench.scenarios import CPU, Result
from bench.sweep import MINERS, RATES, Points

TAIL = (0.0001, 0.001, 0.01, 0.1, 1.0)
TAIL_LABELS = ("p99.99", "p99.9", "p99", "p90", "all")
STEPS = (1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 40, 50, 100, 200, 500, 1000)


def latencies(results: dict[str, Result]) -> Panel:
    """What part of the replies takes longer than so many milliseconds."""
    return Panel(
        "Fleet: 17,595 miners, 3,500 shares/s, a job every 5 s",
        Axis("a reply takes longer than, ms", (0.01, 0.1, 1, 10, 100, 1000)),
        Axis("slowest part of the replies", TAIL, labels=TAIL_LABELS),
        {name: _tail(result["histogram"]) for name, result in results.items()},
        dots=False,
    )


def _tail(histogram: list[tuple[float, int]]) -> Curve:
    total = left = sum(count for _, count in histogram)
    curve = []
    for seconds, count in histogram:
        if left / total >= TAIL[0]:
            curve.append((seconds * 1e3, left / total))
        left -= count
    return curve


def by_miners(points: Points) -> Panel:
    """CPU a share, the more miners there are."""
    return Panel(
        "Cost by number of miners, at 10,000 shares/s",
        Axis("miners", MINERS),
        _cost_axis(points),
        _costs(points),
    )


def by_rate(points: Points) -> Panel:
    """CPU a share, the more shares there are."""
    return Panel(
        "Cost by load, 1,000 miners",
        Axis("shares/s", RATES),
        _cost_axis(points),
        _costs(points),
    )


def _costs(points: Points) -> dict[str, Curve]:
    return {
        name: [(value, CPU.read(result)) for value, result in measured]
        for name, measured in points.items()
    }


def _cost_axis(points: Points) -> Axis:
    most = max(cost for curve in _costs(points).values() for _, cost in curve)
    step = next(
        step
        for step in (1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 40, 50, 100, 200, 500)
        if 6 * step >= most
    )
    return Axis("CPU a share, µs", [step * n for n in range(7)], logarithmic=False)
