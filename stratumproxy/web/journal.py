"""/api/jobs and /api/log: the newest jobs and events."""

from typing import Any

from pydantic import BaseModel, Field

from stratumproxy.fleet import Fleet
from stratumproxy.fleet.journal import EVENTS, JOBS
from stratumproxy.web.operation import Nothing, Operation
from stratumproxy.web.site import Site


class Job(BaseModel):
    """A job of a pool, once the last miner was sent it."""

    at: float = Field(description="When it came.")
    pool: str
    group: int = Field(description="The group of miners that was sent it.")
    job: str = Field(description="The pool's job id.")
    height: int = Field(description="Of the block it would be; 0 if that is unknown.")
    clean: bool = Field(description="Whether shares of older jobs are of no use any more.")
    difficulty: float = Field(description="The pool's.")
    miners: int = Field(description="That were sent it.")
    first: float = Field(description="Seconds until the first miner was sent it.")
    median: float
    last: float


class Jobs(BaseModel):
    """Jobs, the newest first."""

    jobs: list[Job] = Field(max_length=JOBS)


class Event(BaseModel):
    """Something that an operator may want to know."""

    at: float
    level: str = Field(description="info or warning.")
    event: str = Field(description="What happened, in words.")
    values: dict[str, Any]


class Log(BaseModel):
    """Events, the newest first."""

    events: list[Event] = Field(max_length=EVENTS)


def jobs(fleet: Fleet, limit: int = JOBS) -> list[dict[str, Any]]:
    """Jobs, the newest first, each as `Job`."""
    return [entry.record._asdict() for entry in fleet.journal.jobs[:limit]]


async def answer_jobs(site: Site, given: Nothing) -> dict[str, Any]:
    """The newest jobs, and how long it took to hand each to all miners."""
    return {"jobs": jobs(site.fleet)}


async def answer_log(site: Site, given: Nothing) -> dict[str, Any]:
    """The newest events: pools lost and back, blocks found, and so on."""
    return {"events": [entry.record._asdict() for entry in site.fleet.journal.events]}


OPERATIONS = [
    Operation("GET", "/api/jobs", answer_jobs, returns=Jobs, tag="pools"),
    Operation("GET", "/api/log", answer_log, returns=Log),
]
