"""/api/miners: every open connection."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Literal

from pydantic import BaseModel, Field

from stratumproxy.fleet import Fleet
from stratumproxy.fleet.processes import Process
from stratumproxy.telemetry.records import MinerRecord, WorkerKey
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.search import has, words_of
from stratumproxy.web.site import Site
from stratumproxy.web.turns import in_turns, page_of
from stratumproxy.web.viewer import Viewer


class MinerAnswer(BaseModel):
    """A miner's connection."""

    id: str = Field(description="For actions; of this connection alone.")
    worker: str = Field(description="The name it authorized with; empty before.")
    address: str
    agent: str
    difficulty: float
    since: float = Field(description="When it connected.")
    pool: str = Field(description="What it mines on; empty for nothing.")
    tenant: str = Field(description="Whose it is.")
    account: str = Field(description="What we are called at the pool; empty for no pool.")
    coin: str = Field(description="What the pool mines.")
    target: str = Field(description="What of the tenant's it mines for.")


class MinerPage(BaseModel):
    """Some of the miners."""

    total: int
    matched: int
    offset: int
    miners: list[MinerAnswer]


Sort = Literal["worker", "address", "agent", "difficulty", "since", "pool"]


class MinersGiven(Given):
    """Which miners."""

    search: str = Field(
        "", max_length=200, description="Every word must be in worker, address, agent or pool."
    )
    sort: str = Field(
        "worker",
        pattern="^-?(worker|address|agent|difficulty|since|pool)$",
        description="By what; with - in front the highest first.",
    )
    offset: int = Field(0, ge=0, le=1_000_000)
    limit: int = Field(100, ge=1, le=1000)


def told_id(id: str, number: Callable[[int], int]) -> str:
    """A miner's id with another number in it; the same if there is no number."""
    process, colon, digits = id.rpartition(":")
    if len(digits) > 18 or not (digits.isascii() and digits.isdigit()):
        return id
    return f"{process}{colon}{number(int(digits))}"


def tell(site: Site, viewer: Viewer, process: Process, miner: MinerRecord) -> dict[str, Any]:
    """A miner as `MinerAnswer`."""
    return {
        "id": told_id(process.miner_id(miner), lambda id: site.veil.told(id, viewer.tenant)),
        "worker": miner.worker,
        "address": miner.address,
        "agent": miner.agent,
        "difficulty": miner.difficulty,
        "since": miner.since,
        "pool": miner.pool,
        "tenant": miner.tenant,
        "account": miner.account,
        "coin": miner.coin,
        "target": miner.target,
    }


def _all(fleet: Fleet) -> Iterator[tuple[Process, MinerRecord]]:
    for process in fleet.processes.running.values():
        for miner in process.miners.values():
            yield process, miner


MOST_OF_A_WORKER = 1000
"""Miners of a worker that are told with it; /api/miners has all, by the page."""


def miners_of(site: Site, viewer: Viewer, worker: WorkerKey) -> list[dict[str, Any]]:
    """A worker's miners."""
    found = (each for each in _all(site.fleet) if each[1].key == worker)
    return [tell(site, viewer, *each) for each in islice(found, MOST_OF_A_WORKER)]


async def answer(site: Site, given: MinersGiven, viewer: Viewer) -> dict[str, Any]:
    """Every open connection, or those that match, by the page."""
    words = words_of(given.search)
    key = given.sort.removeprefix("-")
    every = [each for each in _all(site.fleet) if viewer.sees(each[1].tenant)]

    def place(pair: tuple[Process, MinerRecord]) -> tuple[Any, ...] | None:
        process, miner = pair
        if words and not has(words, miner.worker, miner.address, miner.agent, miner.pool):
            return None
        return getattr(miner, key), process.number, miner.id, process, miner

    matching = [each for each in await in_turns(place, every) if each is not None]
    page = page_of(matching, given.offset, given.limit, given.sort.startswith("-"))
    return {
        "total": len(every),
        "matched": len(matching),
        "offset": given.offset,
        "miners": [tell(site, viewer, process, miner) for *_, process, miner in page],
    }


OPERATIONS = [
    Operation(
        "GET",
        "/api/miners",
        answer,
        MinersGiven,
        MinerPage,
        tag="workers",
        reach="own",
        long=True,
    )
]
