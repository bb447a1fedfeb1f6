"""/api/jobs and /api/log: the newest jobs and events."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from pydantic import BaseModel, Field

from stratumproxy.fleet import Fleet
from stratumproxy.fleet.journal import EVENTS, JOBS, Entry
from stratumproxy.telemetry.records import EventRecord, JobRecord
from stratumproxy.web.described import model_of
from stratumproxy.web.operation import Nothing, Operation
from stratumproxy.web.scope import as_told
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


def _told(entries: Iterable[Entry], viewer: Viewer, most: int) -> list[dict[str, Any]]:
    told = (as_told(entry, viewer) for entry in entries)
    return list(islice((each for each in told if each is not None), most))


EVERYTHING = Viewer()


def jobs(fleet: Fleet, limit: int = JOBS, viewer: Viewer = EVERYTHING) -> list[dict[str, Any]]:
    """Jobs, the newest first, each as `Job`."""
    return _told(fleet.journal.jobs, viewer, limit)


async def answer_jobs(site: Site, given: Nothing, viewer: Viewer) -> dict[str, Any]:
    """The newest jobs, and how long it took to hand each to all miners."""
    return {"jobs": jobs(site.fleet, viewer=viewer)}


async def answer_log(site: Site, given: Nothing, viewer: Viewer) -> dict[str, Any]:
    """The newest events: pools lost and back, blocks found, and so on."""
    return {"events": _told(site.fleet.journal.events, viewer, EVENTS)}


OPERATIONS = [
    Operation("GET", "/api/jobs", answer_jobs, returns=Jobs, tag="pools", reach="own"),
    Operation("GET", "/api/log", answer_log, returns=Log, reach="own"),
]
