"""Two results side by side: what was measured in both."""

from collections.abc import Iterator
from typing import NamedTuple

from stratumproxy.bench.config import FLOOR
from stratumproxy.bench.figures import FIGURES, Figure
from stratumproxy.bench.results import Results
from stratumproxy.bench.rounds import Outcome


class Pair(NamedTuple):
    """A figure of one server under one load, then and now."""

    scenario: str
    server: str
    figure: Figure
    old: float
    new: float
    old_by_floor: float | None
    new_by_floor: float | None

    @property
    def ratio(self) -> float | None:
        """New by old, as it was measured."""
        return self.new / self.old if self.old else None

    @property
    def ratio_by_floor(self) -> float | None:
        """The same of the ratios to the floor: what is left when the machine was another."""
        if not self.old_by_floor or self.new_by_floor is None:
            return None
        return self.new_by_floor / self.old_by_floor


def pairs(old: Results, new: Results) -> Iterator[Pair]:
    """Every figure that both have."""
    before = {outcome.name: outcome for outcome in old.outcomes}
    for outcome in new.outcomes:
        if was := before.get(outcome.name):
            for server in outcome.servers:
                yield from _of_server(was, outcome, server)


def differences(old: Results, new: Results) -> list[str]:
    """What makes them hard to compare: another machine, another load, in words."""
    told = [
        f"{key}: {old.about.get(key)}, now {new.about.get(key)}"
        for key in ("machine", "kernel", "congestion control", "cores")
        if old.about.get(key) != new.about.get(key)
    ]
    before = {outcome.name: outcome for outcome in old.outcomes}
    told += [
        f"{outcome.name}: {before[outcome.name].title}, now {outcome.title}"
        for outcome in new.outcomes
        if outcome.name in before and before[outcome.name].title != outcome.title
    ]
    return told


def _of_server(was: Outcome, now: Outcome, server: str) -> Iterator[Pair]:
    for figure in FIGURES:
        old, new = was.median(server, figure.name), now.median(server, figure.name)
        if figure.shown and old is not None and new is not None and server in was.servers:
            by_floor = (
                each.ratio(server, figure.name, FLOOR) if figure.compared else None
                for each in (was, now)
            )
            yield Pair(now.name, server, figure, old, new, *by_floor)
