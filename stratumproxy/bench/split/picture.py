"""Debts over the hours, the first run of each farm, as SVG."""

from collections.abc import Sequence

from stratumproxy.bench.split.trials import Trial
from stratumproxy.bench.svg import Axis, Curve, Panel, document

POINTS = 360
"""Of a curve at most, about one a pixel."""


def draw(trials: Sequence[Trial]) -> str:
    """A panel for each farm."""
    note = "debt: a target's part of all work, less what it got; in seconds of the whole farm"
    return document([_panel(trial) for trial in trials], note)


def _panel(trial: Trial) -> Panel:
    farm, trace = trial.farm, _thinned(trial.outcomes[0].trace)
    most = max((abs(debt) for point in trace for debt in point[1:]), default=0.0) or 1.0
    step = next(s * 10**e for e in range(-3, 6) for s in (1, 2, 5) if 2 * s * 10**e >= most)
    hours = max(1, round(farm.hours / 8))
    ticks = max(1, int(farm.hours / hours)) + 1
    curves: dict[str, Curve] = {
        f"{weight:g}": [(point[0], point[k + 1]) for point in trace]
        for k, weight in enumerate(farm.weights)
    }
    if len(farm.weights) == 2:  # one is the other upside down
        curves = dict(list(curves.items())[1:])
    return Panel(
        f"{farm.machines:,} machine{'s' if farm.machines > 1 else ''}, {farm.split}",
        Axis("hour", [hours * n for n in range(ticks)], logarithmic=False),
        Axis("debt, s", [step * n for n in range(-2, 3)], logarithmic=False),
        curves,
        dots=False,
        note="a hall is dark from 12 to 14" if farm.hall else "",
        names_low=True,
    )


def _thinned(trace: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Of points that are drawn in one place, the one that is furthest off."""
    size = max(1, len(trace) // POINTS)
    parts = [trace[at : at + size] for at in range(0, len(trace), size)]
    return [max(part, key=lambda point: max(map(abs, point[1:]))) for part in parts]
