"""/api/strangers: names that no share counted for yet."""

from typing import Any

from pydantic import BaseModel, Field

from stratumproxy.fleet.strangers import MOST, Stranger
from stratumproxy.web.operation import Nothing, Operation
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Viewer


class StrangerAnswer(BaseModel):
    """A name that no share counted for yet, and why those were refused."""

    name: str
    address: str = Field(description="Where its newest miner is, or was; empty if not known.")
    agent: str
    since: float = Field(description="When a share of it was first told of.")
    last: float = Field(description="When the last one was.")
    accepted: int = Field(
        description="Shares that count, while there was no room for one more new name "
        "(limits.new_workers_per_minute); 0 if there was none that does."
    )
    rejected: int
    reasons: dict[str, int] = Field(description="Rejected shares by reason.")


class StrangersAnswer(BaseModel):
    """Names that no share counted for yet, those with the most rejected shares first."""

    strangers: list[StrangerAnswer] = Field(max_length=MOST)


def tell(stranger: Stranger) -> dict[str, Any]:
    """One of them, as `StrangerAnswer`."""
    return {name: getattr(stranger, name) for name in StrangerAnswer.model_fields}


async def answer(site: Site, given: Nothing, viewer: Viewer) -> dict[str, Any]:
    """Names that no share counted for yet, and why theirs were refused."""
    return {"strangers": [tell(each) for each in site.fleet.strangers if viewer.sees(each.tenant)]}


OPERATIONS = [
    Operation("GET", "/api/strangers", answer, returns=StrangersAnswer, tag="workers", reach="own"),
]
