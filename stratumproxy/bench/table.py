"""A scenario's outcome for people: one row for each figure of each server."""

from collections.abc import Sequence

from stratumproxy.bench.config import FLOOR
from stratumproxy.bench.figures import BY_NAME, FIGURES, Figure
from stratumproxy.bench.rounds import Outcome

HEADING = ("", "server", "median", "by floor", "by first", "expected")
MUCH_WAITED = 10
"""% of the time."""

LEFT = (0, 1, 5)
"""The columns that are words."""


def digits(value: float | None) -> str:
    """Three digits that count; nothing for what was not measured."""
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:#.3g}"


def rows(outcome: Outcome, show: Sequence[str] = ()) -> list[list[str]]:
    """The rows under `HEADING`.

    Args:
        outcome: a scenario's.
        show: names of figures; those that are usually shown, and were measured, if none is given.
    """
    shown = [BY_NAME[name] for name in show] or [f for f in FIGURES if _worth(outcome, f)]
    result = []
    for figure in shown:
        label = figure.title
        for server in outcome.servers:
            result.append(
                [
                    label,
                    server,
                    digits(outcome.median(server, figure.name)),
                    _ratio(outcome, figure, server, FLOOR),
                    _ratio(outcome, figure, server, outcome.first),
                    "; ".join(_verdicts(outcome, figure, server)),
                ]
            )
            label = ""
    return result


def _worth(outcome: Outcome, figure: Figure) -> bool:
    if not figure.shown:
        return any(check.text.startswith(figure.name) for check in outcome.checks)
    medians = [outcome.median(server, figure.name) for server in outcome.servers]
    # A count of something that never happened is no news.
    return any(medians) if not figure.compared else any(m is not None for m in medians)


def _ratio(outcome: Outcome, figure: Figure, server: str, base: str) -> str:
    ratios = outcome.ratios(server, figure.name, base)
    if not figure.compared or server in (base, FLOOR) or not ratios:
        return ""
    middle = outcome.ratio(server, figure.name, base)
    spread = f" ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else ""
    return f"{middle:.2f}{spread}"


def _verdicts(outcome: Outcome, figure: Figure, server: str) -> list[str]:
    return [
        f"{check.text.removeprefix(figure.name).strip()} {'met' if check.met else 'MISSED'}"
        for check in outcome.checks
        if check.server == server and check.text.split(maxsplit=1)[0] == figure.name
    ]


def complaints(outcome: Outcome) -> list[str]:
    """What has no result, what servers did wrong, and what else the figures show: a line each."""
    lines = []
    for run in outcome.runs:
        if run.report is None:
            lines.append(f"{run.server}, no result: {run.no_result}")
        else:
            lines += [f"{run.server}, fault: {text}" for text in run.report["faults"]]
    for server in outcome.servers:
        waited = outcome.median(server, "cpu.waited") or 0
        if waited > MUCH_WAITED:
            lines.append(
                f"{server}, note: it waited for a core {waited:.0f} % of the time, as others or "
                "its own threads had it; the times are theirs, too"
            )
    return list(dict.fromkeys(lines))


def markdown(outcome: Outcome, show: Sequence[str] = ()) -> str:
    """The table for a file."""
    lines = [
        f"**{outcome.name}**: {outcome.title}",
        "",
        "| " + " | ".join(HEADING) + " |",
        "| --- | --- | --: | --: | --: | --- |",
        *("| " + " | ".join(row) + " |" for row in rows(outcome, show)),
    ]
    told = [f"- {line.splitlines()[0]}" for line in complaints(outcome)]
    return "\n".join([*lines, *([""] if told else []), *told]) + "\n"
