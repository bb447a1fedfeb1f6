"""/api/splits: how each target stands of a tenant that has several, in work and in debt."""

from collections import defaultdict
from typing import Any

from pydantic import BaseModel, Field

from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY
from stratumproxy.web.figures import told
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Viewer


class SplitTarget(BaseModel):
    """A target: what it was promised, and what it got. Work is the sum of difficulties."""

    tenant: str
    target: str
    part: float = Field(description="Of all work that counts, what it is to have; 1 is all.")
    configured: float = Field(
        description="The same by the configuration, from which an operator's order may differ."
    )
    age: float = Field(description="Seconds since its account began: since it has that part.")
    wanted: float = Field(description="Work that it should have had since then.")
    delivered: float = Field(description="Work that it had: asked of the shares that counted.")
    delivered_part: float | None = Field(description="Of what all had; null before there is any.")
    debt: float = Field(
        description="Work that it lacks; below 0, that it had too much. The tenant's add up to 0."
    )
    debt_seconds: float = Field(description="The same in seconds of the tenant's whole farm.")
    reach_seconds: float = Field(
        description="What these machines can't keep a debt below: the largest one's work in the "
        "time that it stays, in the same unit."
    )
    forgiven: float = Field(description="What was struck off its debt, which may grow only so far.")
    credited: float = Field(
        description="What pools credited for it since `credited_since`: their difficulty, for each "
        "share that they accepted. It goes by far fewer shares than the work, so chance moves it."
    )
    credited_part: float | None = Field(
        description="Of what they credited for all of the tenant's targets; null before any."
    )
    credited_since: float = Field(
        description="Since it has that part, or since the process that answers started."
    )
    hashrate: float = Field(description="Hashes a second that mine for it, as the split sees it.")
    miners: int = Field(description="That mine for it.")
    ready: bool = Field(description="Whether it has a pool to mine on.")


class SplitsAnswer(BaseModel):
    """Targets of tenants with several, in the order in which they are configured."""

    splits: list[SplitTarget]


class SplitsGiven(Given):
    """Whose."""

    tenant: str | None = Field(
        None, max_length=64, description="Whose; a tenant's token means its own."
    )


async def answer(site: Site, given: SplitsGiven, viewer: Viewer) -> dict[str, Any]:
    """What each target of a split was promised, what it got, and what it is owed."""
    return {"splits": splits(site, viewer.asks_of(given.tenant))}


def splits(site: Site, tenant: str | None) -> list[dict[str, Any]]:
    """Each target as `SplitTarget`; of one tenant, or of all if it is None."""
    snapshot, credited = site.fleet.processes.snapshot(), site.fleet.credited
    found = [
        (each, credited.of(each.tenant, each.target))
        for each in (snapshot.splits if snapshot is not None else ())
        if tenant in (None, each.tenant)
    ]
    all_delivered: defaultdict[str, float] = defaultdict(float)
    all_credited: defaultdict[str, float] = defaultdict(float)
    for each, paid in found:
        all_delivered[each.tenant] += each.delivered
        all_credited[each.tenant] += paid
    return [
        {
            "tenant": each.tenant,
            "target": each.target,
            "part": each.part,
            "configured": each.configured,
            "age": each.age,
            "wanted": each.wanted,
            "delivered": each.delivered,
            "delivered_part": _part(each.delivered, all_delivered[each.tenant]),
            "debt": each.debt,
            "debt_seconds": each.seconds,
            "reach_seconds": each.reach_seconds,
            "forgiven": each.forgiven,
            "credited": paid,
            "credited_part": _part(paid, all_credited[each.tenant]),
            "credited_since": site.unix(credited.since(each.tenant)),
            "hashrate": told(each.rate * HASHES_PER_DIFFICULTY),
            "miners": each.miners,
            "ready": each.ready,
        }
        for each, paid in found
    ]


def _part(work: float, whole: float) -> float | None:
    return work / whole if whole else None


OPERATIONS = [
    Operation("GET", "/api/splits", answer, SplitsGiven, SplitsAnswer, reach="own"),
]
