"""/health and /ready: for those who start, watch and balance services."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import Response

from stratumproxy.web.answer import json_response
from stratumproxy.web.conditions import Condition, told, without_words
from stratumproxy.web.operation import Nothing, Operation
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Viewer


class Health(BaseModel):
    """The process is there."""

    status: str


class Ready(BaseModel):
    """Whether miners are served, and all that is not as usual."""

    ready: bool
    why: list[str] = Field(description="Why not, a line each; empty if it is.")
    conditions: list[Condition] = Field(
        description="The critical ones, which are why it is not ready, and all others."
    )


async def health(site: Site, given: Nothing) -> dict[str, Any]:
    """The process is there: 200 always."""
    return {"status": "ok"}


async def ready(site: Site, given: Nothing, viewer: Viewer | None) -> Response:
    """200 if miners are served: every process is heard of, and has a pool that is ready; else 503.

    What does not keep miners from being served is told, and leaves it at 200: a full disk is no
    reason to send them elsewhere. Whoever may not read, or has a tenant's token, is not told of
    which pool or sink, nor why, nor what is others'.
    """
    found = told(site.watch, site.now(), site.today())
    if viewer is None or viewer.tenant is not None:
        found = without_words(found, None, viewer.tenant if viewer else None)
    why = [_line(each) for each in found if each["severity"] == "critical"]
    value = {"ready": not why, "why": why, "conditions": found}
    if why:
        error = {"error": "not ready: " + "; ".join(why), "detail": why}
        return json_response(error | value, 503)
    return json_response(value)


def _line(condition: dict[str, Any]) -> str:
    subject, why = condition["subject"], condition["why"]
    return f"{condition['text']}{subject and f' ({subject})'}{why and f': {why}'}"


OPERATIONS = [
    Operation("GET", "/health", health, returns=Health, tag="health", need="open", reach="same"),
    Operation(
        "GET",
        "/ready",
        ready,
        returns=Ready,
        tag="health",
        need="open",
        reach="own",
        errors=(503,),
    ),
]
