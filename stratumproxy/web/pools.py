"""/api/pools: each configured pool, and how it does."""

from dataclasses import fields
from typing import Any

from pydantic import BaseModel, Field

from stratumproxy.fleet import Fleet
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot
from stratumproxy.web.operation import Nothing, Operation
from stratumproxy.web.site import Site


class RoundTrip(BaseModel):
    """How long a pool takes to judge a share: its last 1,000 shares within an hour."""

    p50: float = Field(description="Seconds; half of them took no longer.")
    p99: float = Field(description="Seconds; 99 of a hundred took no longer.")


class Pool(BaseModel):
    """A pool."""

    name: str
    url: str
    state: str = Field(
        description="ready, connecting, or waiting (to try again); empty for one that is not "
        "configured any more."
    )
    sessions: int
    miners: int = Field(description="That mine on it now.")
    difficulty: float = Field(description="Of its newest job; 0 before the first.")
    extranonce2_size: int = Field(description="Bytes.")
    version_mask: int = Field(description="Version bits that miners may roll.")
    accepted: int
    rejected: int
    pending: int = Field(description="Shares sent, without a verdict yet.")
    lost: int = Field(description="Shares sent, whose verdict will never come.")
    detail: str = Field(description="Why it is not ready, in its own words where it gave any.")
    mined_for: float | None = Field(
        description="Seconds since it is mined on, without a break; null if it is not."
    )
    why: str = Field(description="Why it is mined on; empty if it is not.")
    ordered: bool = Field(description="Whether an operator put it before all others.")
    round_trip: RoundTrip | None
    names: str = Field(
        description="How workers' names get to it: shared (several on a session), own (one a "
        "session), asking (it is being found out); empty if all is sent as the account anyhow."
    )
    names_why: str = Field(description="What that rests on, in the pool's own words.")
    named: int = Field(description="Names that it has authorized, beside the accounts.")
    unnamed: int = Field(
        description="Shares sent as the account, whose workers have names of their own."
    )


class Pools(BaseModel):
    """All pools, in the order of preference."""

    pools: list[Pool]


def pools(snapshot: Snapshot | None, fleet: Fleet, now: float) -> list[dict[str, Any]]:
    """All pools of a snapshot, each as `Pool`."""
    if snapshot is None:
        return []
    return [_told(pool, pool.name == snapshot.preferred, fleet, now) for pool in snapshot.pools]


AS_TOLD = Pool.model_fields.keys() & {field.name for field in fields(PoolSnapshot)} - {"round_trip"}
"""What is passed on of a snapshot as it is."""


def _told(pool: PoolSnapshot, ordered: bool, fleet: Fleet, now: float) -> dict[str, Any]:
    took = fleet.round_trips.percentiles(pool.name, now)
    return {
        **{name: getattr(pool, name) for name in AS_TOLD},
        "ordered": ordered,
        "round_trip": {"p50": took[0], "p99": took[1]} if took else None,
    }


async def answer(site: Site, given: Nothing) -> dict[str, Any]:
    """Each configured pool, its state, counts and round trip."""
    snapshot = site.fleet.processes.snapshot()
    return {"pools": pools(snapshot, site.fleet, site.now())}


OPERATIONS = [Operation("GET", "/api/pools", answer, returns=Pools, tag="pools")]
