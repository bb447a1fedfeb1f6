"""/api/groups: sums of workers by the named parts of their names, as [groups] says."""

from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

from pydantic import BaseModel, Field

from stratumproxy.fleet import Worker
from stratumproxy.fleet.census import Count
from stratumproxy.fleet.hashrate import WINDOWS
from stratumproxy.web.figures import WindowName, told
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.site import Site
from stratumproxy.web.turns import in_turns
from stratumproxy.web.viewer import Viewer

MOST_VALUES = 1000
"""Values of a group that are told: those with the most workers. A site of 17,595 machines has some
440 racks of 40. Where a pattern makes a value of each name there would be one for each machine, and
whoever makes names up makes values of one worker, which push out none that has more."""


class GroupValue(BaseModel):
    """The workers in whose names a part is the same."""

    value: str = Field(description="That part, of 64 characters at most.")
    workers: int
    miners: int = Field(description="Their open connections.")
    attention: dict[str, int] = Field(description="Of these workers, who needs a person, by kind.")
    hashrate: dict[WindowName, float] = Field(
        description="Hashes a second: the sum of the workers' own, of whom a new one has 0."
    )
    usual: float = Field(description="Hashes a second that they usually do together.")
    missing: float = Field(description="Hashes a second that those lack who are gone or slow.")
    of_usual: float | None = Field(
        description="What they do without what is missing, as a part of what is usual; null while "
        "nothing is."
    )


class Group(BaseModel):
    """A named part of worker names."""

    name: str = Field(description="As [groups] pattern has it.")
    total: int = Field(description="Its values, of which those with the most workers are told.")
    values: list[GroupValue] = Field(max_length=MOST_VALUES, description="In their order.")


class GroupsAnswer(BaseModel):
    """Every group; none without [groups]."""

    groups: list[Group]


class GroupsGiven(Given):
    """Whose workers."""

    tenant: str | None = Field(
        None, max_length=64, description="Whose workers; a tenant's token means its own."
    )


@dataclass(slots=True)
class Sum(Count):
    """How the workers of one value stand."""

    miners: int = 0
    rates: list[float] = field(default_factory=lambda: [0.0] * len(WINDOWS))

    def tell(self, value: str) -> dict[str, Any]:
        """As `GroupValue`."""
        return {
            "value": value,
            "workers": self.workers,
            "miners": self.miners,
            "attention": self.attention,
            "hashrate": {
                window.name: told(rate) for window, rate in zip(WINDOWS, self.rates, strict=True)
            },
            "usual": told(self.usual),
            "missing": told(self.missing),
            "of_usual": self.of_usual,
        }


Sums = dict[str, dict[str, Sum]]
"""By group and value."""


def add(sums: Sums, worker: Worker, groups: dict[str, str], now: float) -> None:
    """Count a worker in each of its groups."""
    rates = [worker.rates.rate(window, now) for window in range(len(WINDOWS))]
    for group, value in groups.items():
        values = sums.setdefault(group, {})
        if (found := values.get(value)) is None:
            found = values[value] = Sum()
        found.add(worker)
        found.miners += worker.connections
        found.rates = [before + rate for before, rate in zip(found.rates, rates, strict=True)]


def tell(sums: Sums) -> dict[str, Any]:
    """All of them as `GroupsAnswer`."""
    return {
        "groups": [
            {
                "name": group,
                "total": len(values),
                "values": [
                    values[value].tell(value)
                    for value in sorted(
                        nlargest(MOST_VALUES, values, key=lambda value: values[value].workers)
                    )
                ],
            }
            for group, values in sorted(sums.items())
        ]
    }


async def answer(site: Site, given: GroupsGiven, viewer: Viewer) -> dict[str, Any]:
    """How workers are by the parts of their names: racks, halls, whatever [groups] names."""
    fleet, now, tenant = site.fleet, site.now(), viewer.asks_of(given.tenant)
    fleet.tend(now)
    sums: Sums = {}

    def count(worker: Worker) -> None:
        if groups := site.groups_of(worker.name):
            add(sums, worker, groups, now)

    await in_turns(count, [each for each in fleet.roll.workers if tenant in (None, each.tenant)])
    return tell(sums)


OPERATIONS = [
    Operation(
        "GET",
        "/api/groups",
        answer,
        GroupsGiven,
        GroupsAnswer,
        tag="workers",
        reach="own",
        long=True,
    )
]
