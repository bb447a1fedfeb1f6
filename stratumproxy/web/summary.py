"""/api/summary: the whole fleet at a glance."""

from typing import Any

from pydantic import BaseModel, Field

from stratumproxy import __version__
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.watch import Watch
from stratumproxy.telemetry.snapshot import Snapshot
from stratumproxy.web import conditions
from stratumproxy.web.conditions import Condition
from stratumproxy.web.figures import Hashrates, hashrates, told
from stratumproxy.web.journal import Job
from stratumproxy.web.operation import Nothing, Operation
from stratumproxy.web.pools import Pool, pools
from stratumproxy.web.scope import jobs
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Viewer

NOTHING = Snapshot(
    uptime=0.0, connected=0, mining=0, hashrate=0.0, accepted=0, work=0.0, forwarded=0
)
"""What is known before the first snapshot."""

LAST_JOBS = 20


class Process(BaseModel):
    """A process of the data plane."""

    number: int = Field(description="As the supervisor counts them, from 0.")
    site: str = Field(description="Where it is; empty before its first batch.")
    run: str = Field(description="Differs from one start of the process to the next.")
    heard: float = Field(description="Seconds since it told anything.")


class Shares(BaseModel):
    """What became of shares: since the proxy started, or in the last day, whichever is longer."""

    since: float = Field(description="From when on, in Unix seconds.")
    accepted: int
    rejected: dict[str, int] = Field(description="By reason.")


class Summary(BaseModel):
    """The whole fleet. Counts are since the proxy started."""

    version: str
    tenant: str | None = Field(
        description="Whose it is: who the token is for. What is of the whole proxy is then 0, or "
        "empty. Null for all."
    )
    now: float = Field(description="The time of day here, in Unix seconds.")
    uptime: float = Field(description="Seconds since the longest running process started.")
    control_uptime: float = Field(description="Seconds since the process that answers started.")
    connected: int = Field(description="Open connections of miners.")
    mining: int = Field(description="Of these, subscribed and authorized.")
    workers: int = Field(description="Known worker names, of which a share counted.")
    strangers: int = Field(
        description="Names that shares came under, and none that counts; see /api/strangers."
    )
    hashrate: Hashrates
    usual: float = Field(
        description="Hashes a second that all known workers usually do together, as far as that is "
        "known."
    )
    missing: float = Field(
        description="Hashes a second that those of them lack that are gone or slow."
    )
    of_usual: float | None = Field(
        description="What they do without what is missing, as a part of what is usual; null while "
        "nothing is."
    )
    accepted: int = Field(description="Shares that count.")
    work: float = Field(description="Sum of the difficulties of the accepted shares.")
    forwarded: int = Field(description="Shares sent to pools.")
    blocks: int = Field(description="Shares that met the network's target.")
    blocks_accepted: int = Field(description="Of these, those that the pool accepted.")
    blocks_refused: int = Field(description="Of these, those that the pool refused.")
    best_difficulty: float
    jobs: int
    new_blocks: int = Field(
        description="Blocks of the network's that pools had miners build on, since start."
    )
    rejected: dict[str, int] = Field(description="Shares that don't count, by reason.")
    shares: Shares = Field(
        description="The same over a longer time, if the proxy started less than a day ago and "
        "there is a ledger."
    )
    drops: dict[str, int] = Field(description="Miners disconnected or turned away, by reason.")
    attention: dict[str, int] = Field(description="Workers that need a person, by kind.")
    conditions: list[Condition] = Field(
        description="What is not as usual with the proxy itself, the worst first."
    )
    pools: list[Pool]
    last_jobs: list[Job] = Field(description="Newest first.")  # type: ignore[valid-type]
    lost_records: int = Field(description="Records that there was no room for.")
    processes: list[Process]
    revision: int = Field(description="Of the table of workers: rises with each change.")


def summary(fleet: Fleet, watch: Watch, now: float, today: float) -> dict[str, Any]:
    """The fleet at a glance, as `Summary`.

    Args:
        fleet: which.
        watch: of the proxy's conditions.
        now: even time.
        today: the same moment's time of day.
    """
    fleet.tend(now)
    snapshot = fleet.processes.snapshot() or NOTHING
    return {
        "version": __version__,
        "tenant": None,
        "now": today,
        "uptime": snapshot.uptime,
        "control_uptime": max(now - fleet.started, 0.0),
        "connected": snapshot.connected,
        "mining": snapshot.mining,
        "workers": len(fleet.roll),
        "strangers": len(fleet.strangers),
        "hashrate": hashrates(fleet.figures(now)),
        "usual": told(fleet.usual),
        "missing": told(max(fleet.missing, 0.0)),
        "of_usual": fleet.of_usual,
        "accepted": snapshot.accepted,
        "work": snapshot.work,
        "forwarded": snapshot.forwarded,
        "blocks": snapshot.blocks,
        "blocks_accepted": snapshot.blocks_accepted,
        "blocks_refused": snapshot.blocks_refused,
        "best_difficulty": snapshot.best_difficulty,
        "jobs": snapshot.jobs,
        "new_blocks": snapshot.new_blocks,
        "rejected": snapshot.rejected,
        "shares": shares(fleet, snapshot, now, today),
        "drops": snapshot.drops,
        "attention": fleet.attention,
        "conditions": conditions.told(watch, now, today),
        "pools": pools(snapshot, fleet, now),
        "last_jobs": jobs(fleet.journal, Viewer(), LAST_JOBS),
        "lost_records": fleet.lost.total(),
        "processes": [
            {
                "number": process.number,
                "site": process.site,
                "run": process.run,
                "heard": max(now - process.heard, 0.0),
            }
            for process in sorted(
                fleet.processes.running.values(), key=lambda each: (each.site, each.number)
            )
        ],
        "revision": fleet.roll.revision,
    }


def shares(fleet: Fleet, snapshot: Snapshot, now: float, today: float) -> dict[str, Any]:
    """What became of shares, as `Shares`: a restart is no reason to know less of them."""
    if now - fleet.counted_since > max(snapshot.uptime, now - fleet.started):
        ago, accepted, rejected = now - fleet.counted_since, fleet.accepted, fleet.reasons
    else:
        ago, accepted, rejected = snapshot.uptime, snapshot.accepted, snapshot.rejected
    return {"since": today - ago, "accepted": accepted, "rejected": rejected}


async def answer(site: Site, given: Nothing, viewer: Viewer) -> dict[str, Any]:
    """The whole fleet at a glance; for a tenant's token what its workers do."""
    if viewer.tenant is not None:
        return await site.summaries.of(viewer.tenant, site.now(), site.today())
    return summary(site.fleet, site.watch, site.now(), site.today())


OPERATIONS = [Operation("GET", "/api/summary", answer, returns=Summary, reach="own")]
