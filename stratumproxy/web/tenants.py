"""/api/tenants: what each tenant's targets do, and how their workers are."""

from typing import Any

from pydantic import BaseModel, Field

from stratumproxy.fleet.census import Place
from stratumproxy.fleet.part import Part
from stratumproxy.web.census import census_of
from stratumproxy.web.figures import Hashrates, hashrates, told
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Viewer


class TenantAnswer(BaseModel):
    """A tenant's target: its shares, and the workers and miners that mine for it."""

    tenant: str
    target: str = Field(description="Which of the tenant's; empty if there is but one.")
    miners: int = Field(description="Open connections that authorized for it.")
    workers: int = Field(
        description="Workers that mine for it, or did last, if they have no connection."
    )
    attention: dict[str, int] = Field(description="Of these, those that need a person, by kind.")
    hashrate: Hashrates
    usual: float = Field(
        description="Hashes a second that its workers usually do together, as far as that is known."
    )
    missing: float = Field(
        description="Hashes a second that those of them lack that are gone or slow."
    )
    of_usual: float | None = Field(
        description="What they do without what is missing, as a part of what is usual; null while "
        "nothing is."
    )
    counted_since: float = Field(
        description="From when on shares and work are counted: since the process that answers "
        "started, or the day before that as a ledger has it."
    )
    accepted: int = Field(description="Shares that count.")
    work: float = Field(description="Sum of the difficulties of the accepted shares.")
    rejected: dict[str, int] = Field(description="Shares that don't count, by reason.")
    pool: str = Field(description="What most of its miners mine on; empty for nothing.")
    account: str = Field(description="What we are called there.")


class TenantsAnswer(BaseModel):
    """Every tenant's targets, in the order of their names."""

    tenants: list[TenantAnswer]


class TenantsGiven(Given):
    """Whose."""

    tenant: str | None = Field(
        None, max_length=64, description="Whose; a tenant's token means its own."
    )


def tell(site: Site, part: Part, place: Place, now: float) -> dict[str, Any]:
    """A target as `TenantAnswer`."""
    pool, account = place.account
    since, accepted, work, reasons = part.sums
    return {
        "tenant": part.tenant,
        "target": part.target,
        "miners": place.miners,
        "workers": place.workers,
        "attention": place.attention,
        "hashrate": hashrates(part.rates.figures(now)),
        "usual": told(place.usual),
        "missing": told(place.missing),
        "of_usual": place.of_usual,
        "counted_since": site.unix(since),
        "accepted": accepted,
        "work": work,
        "rejected": reasons,
        "pool": pool,
        "account": account,
    }


async def answer(site: Site, given: TenantsGiven, viewer: Viewer) -> dict[str, Any]:
    """What each tenant's targets do, and how their workers are."""
    fleet, now, tenant = site.fleet, site.now(), viewer.asks_of(given.tenant)
    fleet.tend(now)
    census = await census_of(fleet, tenant)
    now = site.now()
    known = {key for key in fleet.parts if tenant in (None, key[0])} | census.keys()
    return {
        "tenants": [
            tell(
                site,
                fleet.parts.get(key) or Part(*key, now, fleet.started),
                census.get(key) or Place(),
                now,
            )
            for key in sorted(known)
        ]
    }


OPERATIONS = [
    Operation("GET", "/api/tenants", answer, TenantsGiven, TenantsAnswer, reach="own", long=True)
]
