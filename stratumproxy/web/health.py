"""/health and /ready: for those who start, watch and balance services."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import Response

from stratumproxy.web.answer import json_response
from stratumproxy.web.operation import Nothing, Operation
from stratumproxy.web.site import Site

SILENCE = 5.0
"""Seconds without a word from a process of the data plane after which this is not ready."""


class Health(BaseModel):
    """The process is there."""

    status: str


class Ready(BaseModel):
    """Whether miners are served."""

    ready: bool
    why: list[str] = Field(description="Why not, a line each; empty if it is.")


def why_not_ready(site: Site) -> list[str]:
    """Reasons why miners are not served, or may not be."""
    fleet, now = site.fleet, site.now()
    running = fleet.processes.running
    reasons = [] if running else ["no process of the data plane was heard yet"]
    for number, process in sorted(running.items()):
        silent = now - process.heard
        if silent > SILENCE:
            reasons.append(f"process {number} of the data plane is silent for {silent:.0f} s")
    snapshot = fleet.processes.snapshot()
    if snapshot is None or not any(pool.state == "ready" for pool in snapshot.pools):
        reasons.append("no pool is ready")
    return [*reasons, *site.health()]


async def health(site: Site, given: Nothing) -> dict[str, Any]:
    """The process is there: 200 always."""
    return {"status": "ok"}


async def ready(site: Site, given: Nothing) -> Response:
    """200 if miners are served: every process is heard of, and a pool is ready; 503 if not."""
    why = why_not_ready(site)
    if why:
        value = {"error": "not ready: " + "; ".join(why), "detail": why, "ready": False, "why": why}
        return json_response(value, 503)
    return json_response({"ready": True, "why": []})


OPERATIONS = [
    Operation("GET", "/health", health, returns=Health, tag="health", need="open"),
    Operation("GET", "/ready", ready, returns=Ready, tag="health", need="open", errors=(503,)),
]
