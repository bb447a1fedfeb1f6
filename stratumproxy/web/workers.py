"""/api/workers: all of them, searched, sorted, by the page; and one."""

from collections.abc import Callable, Collection
from typing import Any, Literal

from pydantic import BaseModel, Field

from stratumproxy.errors import OrderError
from stratumproxy.fleet import Worker
from stratumproxy.fleet.attention import of_usual
from stratumproxy.fleet.hashrate import FIVE_MINUTES, WINDOWS
from stratumproxy.web.errors import Refusal
from stratumproxy.web.figures import Hashrates, hashrates, told
from stratumproxy.web.miners import MinerAnswer, miners_of
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.search import has, words_of
from stratumproxy.web.site import Site
from stratumproxy.web.turns import in_turns, page_of
from stratumproxy.web.viewer import Viewer

Kind = Literal["gone", "slow", "rejecting", "reconnecting"]


class WorkerAnswer(BaseModel):
    """A worker: a name that miners authorize with, over all its connections."""

    name: str
    tenant: str = Field(description="Whose it is.")
    pool: str = Field(description="What it mines on, or mined on last.")
    account: str = Field(description="What we are called there.")
    target: str = Field(description="For what of the tenant's.")
    hashrate: Hashrates
    usual: float | None = Field(
        description="Hashes a second that it usually does: the median of its working hours in the "
        "last 14 days (without a ledger, in the last day), or what it was before it was slow; null "
        "until there are 3 of them."
    )
    usual_hours: int = Field(
        description="Working hours that this is known by; 0 if it was mended or accepted just now."
    )
    of_usual: float | None = Field(
        description="What it does now as a part of that; null if either is not known."
    )
    missing: float = Field(
        description="Hashes a second that it lacks, if it needs a person for being gone or slow."
    )
    difficulty: float = Field(description="What its newest miner is asked to meet.")
    counted_since: float = Field(
        description="From when on its shares, work, best share and connects are counted: since it "
        "came, or the process that answers started; after a restart with a ledger, a day before."
    )
    accepted: int
    rejected: int
    reasons: dict[str, int] = Field(description="Rejected shares by reason.")
    work: float = Field(description="Sum of the difficulties of its accepted shares.")
    best: float = Field(description="Difficulty of its best share.")
    connections: int = Field(description="Open now.")
    connects: int
    last_share: float | None = Field(description="When its last share was accepted.")
    since: float = Field(description="When it was first seen.")
    agent: str = Field(description="What its newest miner calls itself.")
    address: str = Field(description="Where its newest miner connected from.")
    attention: list[Kind] = Field(
        description="Why it needs a person. gone: it mined, and has no connection, or no share for "
        "10 minutes or for the time of 20 expected shares if that is longer. slow: it did less "
        "than 75 % of what is usual over the time of 900 expected shares, and no 85 % since. "
        "rejecting: of its newest 250 to 500 shares more than 5 % were rejected, by more than "
        "chance explains. reconnecting: 5 connects or more within the last hour."
    )


class WorkerPage(BaseModel):
    """Some of the workers."""

    total: int = Field(description="Workers there are.")
    matched: int = Field(description="Of these, those that were asked for.")
    offset: int
    workers: list[WorkerAnswer]


class OneWorker(WorkerAnswer):
    """A worker, and its miners."""

    miners: list[MinerAnswer]


def _by(attribute: str) -> Callable[[Worker, float], Any]:
    return lambda worker, now: getattr(worker, attribute)


def _by_hashrate(window: int) -> Callable[[Worker, float], Any]:
    return lambda worker, now: worker.rates.rate(window, now)


SORTS: dict[str, Callable[[Worker, float], Any]] = {
    "hashrate": _by_hashrate(FIVE_MINUTES),
    **{f"hashrate_{window.name}": _by_hashrate(index) for index, window in enumerate(WINDOWS)},
    "last_share": lambda worker, now: worker.last_share or 0.0,
    "missing": _by("missing"),
    **{
        name: _by(name)
        for name in (
            "name",
            "tenant",
            "pool",
            "difficulty",
            "accepted",
            "rejected",
            "work",
            "best",
            "connections",
            "connects",
            "since",
            "agent",
            "address",
        )
    },
}
"""``hashrate`` is that of five minutes."""


class WorkersGiven(Given):
    """Which workers."""

    search: str = Field(
        "", max_length=200, description="Every word must be in name, address, agent or pool."
    )
    sort: str = Field(
        "name",
        pattern=f"^-?({'|'.join(SORTS)})$",
        description="By what; with - in front the highest first. hashrate is that of 5 minutes.",
    )
    attention: Literal["", "any", "gone", "slow", "rejecting", "reconnecting"] = Field(
        "", description="Only those that need a person for this; any for all that need one."
    )
    tenant: str | None = Field(
        None, max_length=64, description="Only this tenant's; a tenant's token means its own."
    )
    group: str = Field(
        "",
        max_length=200,
        pattern="^$|=",
        description="Only those in whose names that part is so, as `rack=c12`: see [groups].",
    )
    offset: int = Field(0, ge=0, le=1_000_000)
    limit: int = Field(100, ge=1, le=1000)


class WorkerGiven(Given):
    """Which worker."""

    name: str = Field(
        min_length=1, max_length=2000, description="Its name, percent-encoded, slashes too."
    )
    tenant: str | None = Field(
        None, max_length=64, description="Whose it is, if several tenants have one of that name."
    )


def tell(worker: Worker, now: float, unix: Callable[[float], float]) -> dict[str, Any]:
    """A worker as `WorkerAnswer`."""
    hashrate = hashrates(worker.rates.figures(now))
    usual = worker.usual
    return {
        "name": worker.name,
        "tenant": worker.tenant,
        "pool": worker.pool,
        "account": worker.account,
        "target": worker.target,
        "hashrate": hashrate,
        "usual": told(usual.rate) if usual.rate else None,
        "usual_hours": usual.hours,
        "of_usual": of_usual(worker, now),
        "missing": told(worker.missing),
        "difficulty": worker.difficulty,
        "counted_since": unix(worker.counted_since),
        "accepted": worker.accepted,
        "rejected": worker.rejected,
        "reasons": worker.reasons,
        "work": worker.work,
        "best": worker.best,
        "connections": worker.connections,
        "connects": worker.connects,
        "last_share": None if worker.last_share is None else unix(worker.last_share),
        "since": unix(worker.since),
        "agent": worker.agent,
        "address": worker.address,
        "attention": worker.attention,
    }


def find(site: Site, name: str, tenant: str | None = None) -> Worker:
    """The worker of a name.

    Raises:
        Refusal: there is none, or several tenants have one.
    """
    try:
        return site.fleet.find(name, tenant)
    except OrderError as error:
        raise Refusal(404, str(error)) from None


async def answer_workers(site: Site, given: WorkersGiven, viewer: Viewer) -> dict[str, Any]:
    """All workers, or those that match, by the page."""
    now, words = site.now(), words_of(given.search)
    key = SORTS[given.sort.removeprefix("-")]
    group, _, value = given.group.partition("=")

    def place(worker: Worker) -> tuple[Any, str, str, Worker] | None:
        # Name and tenant too, so that no page repeats a worker of another.
        if not wanted(worker, given, words):
            return None
        if group and site.groups_of(worker.name).get(group) != value:
            return None
        return key(worker, now), worker.name, worker.tenant, worker

    tenant = viewer.asks_of(given.tenant)
    own = [each for each in site.fleet.roll.workers if tenant in (None, each.tenant)]
    places = await in_turns(place, own)
    matching = [place for place in places if place is not None]
    page = page_of(matching, given.offset, given.limit, given.sort.startswith("-"))
    return {
        "total": len(places),
        "matched": len(matching),
        "offset": given.offset,
        "workers": await in_turns(lambda place: tell(place[-1], now, site.unix), page),
    }


def wanted(worker: Worker, given: WorkersGiven, words: Collection[str]) -> bool:
    """Whether it is one of those that are asked for."""
    if given.attention == "any":
        if not worker.attention:
            return False
    elif given.attention and given.attention not in worker.attention:
        return False
    return not words or has(words, worker.name, worker.address, worker.agent, worker.pool)


async def answer_worker(site: Site, given: WorkerGiven, viewer: Viewer) -> dict[str, Any]:
    """One worker, and the miners that mine under its name."""
    worker = find(site, given.name, viewer.asks_of(given.tenant))
    return {**tell(worker, site.now(), site.unix), "miners": miners_of(site, viewer, worker.key)}


OPERATIONS = [
    Operation(
        "GET",
        "/api/workers",
        answer_workers,
        WorkersGiven,
        WorkerPage,
        tag="workers",
        reach="own",
        long=True,
    ),
    Operation(
        "GET",
        "/api/workers/{name}",
        answer_worker,
        WorkerGiven,
        OneWorker,
        tag="workers",
        reach="own",
        errors=(403, 404),
    ),
]
