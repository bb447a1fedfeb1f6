"""Results side by side: each figure of the subject, its base's, and their ratio."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.scenarios import Measure, Result, Scenario


@dataclass(frozen=True)
class Row:
    """One figure over all repeats."""

    measure: Measure
    base: list[float]
    subject: list[float]

    @property
    def ratios(self) -> list[float]:
        """Subject to base, repeat by repeat."""
        pairs = zip(self.subject, self.base, strict=False)
        return [mine / its for mine, its in pairs if its > 0] if self.measure.compared else []

    @property
    def goal(self) -> str:
        """What must be shown."""
        measure = self.measure
        if measure.most_times is not None:
            return f"≤ {measure.most_times:g} times"
        if measure.most is not None:
            return f"≤ {measure.most:g} {measure.unit}"
        if measure.most_more is not None:
            return f"≤ {measure.most_more:g} {measure.unit} more"
        return ""

    @property
    def met(self) -> bool | None:
        """Whether it is shown; None where there is nothing to show, or not measured."""
        measure = self.measure
        if measure.most_times is not None:
            return statistics.median(self.ratios) <= measure.most_times if self.ratios else None
        if measure.most is not None and self.subject:
            return statistics.median(self.subject) <= measure.most
        if measure.most_more is not None and self.subject and self.base:
            more = [mine - its for mine, its in zip(self.subject, self.base, strict=False)]
            return statistics.median(more) <= measure.most_more
        return None

    def cells(self) -> list[str]:
        """Measure, base, subject, ratio, its spread, goal."""
        measure, ratios = self.measure, self.ratios
        name = f"{measure.name}, {measure.unit}" if measure.unit else measure.name
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}" if len(ratios) > 1 else ""
        mark = {True: " met", False: " MISSED", None: ""}[self.met]
        return [
            name,
            figure(self.base),
            figure(self.subject),
            f"{statistics.median(ratios):.2f}" if ratios else "",
            spread,
            f"{self.goal}{mark}",
        ]


def figure(values: Sequence[float]) -> str:
    """The median, in three digits that count."""
    if not values:
        return ""
    value = statistics.median(values)
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 or value == 0 else f"{value:#.3g}"


def rows(scenario: Scenario, base: list[Result], subject: list[Result]) -> list[Row]:
    """All figures of a scenario."""
    return [
        Row(
            measure, [measure.read(each) for each in base], [measure.read(each) for each in subject]
        )
        for measure in scenario.measures
    ]


def heading(scenario: Scenario) -> list[str]:
    """The columns of `Row.cells`."""
    return ["", scenario.base.name, scenario.subject.name, "ratio", "its spread", "goal"]


def markdown(scenario: Scenario, measured: list[Row], repeats: int) -> str:
    """A scenario's table for RESULTS.md."""
    times = "once" if repeats == 1 else f"{repeats} times"
    lines = [
        f"**{scenario.name}**: {scenario.title}; {scenario.seconds:g} s, {times}",
        "",
        "| " + " | ".join(heading(scenario)) + " |",
        "| --- | --: | --: | --: | --: | --- |",
        *("| " + " | ".join(row.cells()) + " |" for row in measured),
    ]
    return "\n".join(lines) + "\n"
