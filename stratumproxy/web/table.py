"""/api/table: every worker in a row, and later only the rows that changed."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field

from stratumproxy.fleet import Worker
from stratumproxy.fleet.attention import of_usual
from stratumproxy.fleet.hashrate import FIVE_MINUTES
from stratumproxy.web.figures import told
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.site import Site, no_groups
from stratumproxy.web.turns import in_turns
from stratumproxy.web.viewer import Viewer

COLUMNS = [
    "tenant",
    "name",
    "pool",
    "hashrate_1m",
    "hashrate_5m",
    "hashrate_1h",
    "hashrate_24h",
    "error_5m",
    "difficulty",
    "accepted",
    "rejected",
    "connections",
    "last_share",
    "agent",
    "address",
    "attention",
    "of_usual",
    "missing",
    "groups",
]


class TableGiven(Given):
    """What the client has."""

    since: int = Field(0, ge=0, le=2**53, description="Revision that it has; 0 for nothing.")


class Table(BaseModel):
    """Workers in rows."""

    revision: int = Field(description="To be given as `since` the next time.")
    columns: list[str] = Field(description="What a row holds.")
    rows: list[list[Any]]
    all: bool = Field(description="Whether these are all rows; if not, those that changed.")
    gone: list[list[str]] = Field(description="Tenants and names of rows to be removed.")


def row(
    worker: Worker,
    now: float,
    unix: Callable[[float], float],
    groups_of: Callable[[str], dict[str, str]] = no_groups,
) -> tuple[Any, ...]:
    """A worker as `COLUMNS` say."""
    part = of_usual(worker, now)
    figures = worker.rates.figures(now)
    error = figures[FIVE_MINUTES].error
    return (
        worker.tenant,
        worker.name,
        worker.pool,
        told(figures[0].rate),
        told(figures[1].rate),
        told(figures[2].rate),
        told(figures[3].rate),
        None if error is None else round(error, 4),
        worker.difficulty,
        worker.accepted,
        worker.rejected,
        worker.connections,
        None if worker.last_share is None else unix(worker.last_share),
        worker.agent,
        worker.address,
        worker.attention,
        None if part is None else round(part, 4),
        told(worker.missing),
        groups_of(worker.name),
    )


async def answer(site: Site, given: TableGiven, viewer: Viewer) -> dict[str, Any]:
    """Every worker in a row; with `since` only the rows that changed after that revision."""
    fleet, now = site.fleet, site.now()
    fleet.tend(now)
    roll = fleet.roll
    since = site.revisions.meant(given.since, viewer.tenant)
    follows = roll.follows(since)
    # What changes while rows are made is newer than this revision, and comes the next time.
    revision, gone = roll.revision, roll.gone_since(since) if follows else []
    rows = roll.since(since) if follows else roll.workers
    workers = [worker for worker in rows if viewer.sees(worker.tenant)]
    gone = [key for key in gone if viewer.sees(key[0])]
    return {
        "revision": site.revisions.told(revision, viewer.tenant),
        "columns": COLUMNS,
        "rows": await in_turns(lambda worker: row(worker, now, site.unix, site.groups_of), workers),
        "all": not follows,
        "gone": gone,
    }


OPERATIONS = [
    Operation("GET", "/api/table", answer, TableGiven, Table, tag="workers", reach="own", long=True)
]
