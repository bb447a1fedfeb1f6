"""/api/jobs and /api/log: the newest jobs and events."""

from typing import Any

from pydantic import BaseModel, Field

from stratumproxy.fleet.journal import EVENTS, JOBS
from stratumproxy.telemetry.records import EventRecord, JobRecord
from stratumproxy.web.described import model_of
from stratumproxy.web.operation import Nothing, Operation
from stratumproxy.web.scope import jobs, told
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Viewer

Job = model_of("Job", JobRecord)
Event = model_of("Event", EventRecord)


class Jobs(BaseModel):
    """Jobs, the newest first."""

    jobs: list[Job] = Field(max_length=JOBS)  # type: ignore[valid-type]


class Log(BaseModel):
    """Events, the newest first."""

    events: list[Event] = Field(max_length=EVENTS)  # type: ignore[valid-type]


async def answer_jobs(site: Site, given: Nothing, viewer: Viewer) -> dict[str, Any]:
    """The newest jobs, and how long it took to hand each to all miners."""
    return {"jobs": jobs(site.fleet.journal, viewer)}


async def answer_log(site: Site, given: Nothing, viewer: Viewer) -> dict[str, Any]:
    """The newest events: pools lost and back, blocks found, and so on."""
    return {"events": told(site.fleet.journal.events, viewer, EVENTS)}


OPERATIONS = [
    Operation("GET", "/api/jobs", answer_jobs, returns=Jobs, tag="pools", reach="own"),
    Operation("GET", "/api/log", answer_log, returns=Log, reach="own"),
]
