"""/api/shares: what was sent to pools, share by share, from the ledger."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from stratumproxy.ledger.pages import MAX_PAGE, ShareQuery
from stratumproxy.web.errors import Refusal
from stratumproxy.web.moment import FORMS, Moment
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.reading import ledger_of, read
from stratumproxy.web.site import Site

Verdict = Literal["accepted", "rejected", "timed-out", "lost"]


class Share(BaseModel):
    """A share that was sent to a pool, and what became of it."""

    id: int
    at: float = Field(description="When that was known.")
    worker: str
    pool: str
    job: str = Field(description="The pool's job id.")
    difficulty: float = Field(description="What the miner was asked to meet.")
    pool_difficulty: float = Field(description="What the pool asked, and credits if it accepts.")
    met: float = Field(description="The difficulty of its hash.")
    verdict: Verdict = Field(
        description="timed-out: no reply in time; lost: the connection ended before there was one."
    )
    reason: str = Field(description="The pool's words for a reject.")
    latency: float = Field(description="Seconds from when it was sent.")


class SharePage(BaseModel):
    """Some shares, the newest first."""

    shares: list[Share]
    next: str | None = Field(description="To be given as `before` for the page after this one.")


class SharesGiven(Given):
    """Which shares; what is left out does not matter."""

    worker: str | None = Field(None, max_length=2000)
    pool: str | None = Field(None, max_length=2000)
    verdict: Verdict | None = None
    since: Moment | None = Field(None, description=f"From when on: {FORMS}.")
    until: Moment | None = Field(None, description="Until when, alike; not included.")
    before: str | None = Field(
        None,
        max_length=60,
        pattern=r"^[0-9.e+-]+:[0-9]{1,18}$",
        description="`next` of the page before.",
    )
    limit: int = Field(100, ge=1, le=MAX_PAGE)


async def answer(site: Site, given: SharesGiven) -> dict[str, Any]:
    """Shares that were sent to pools, the newest first; needs the ledger."""
    ledger = ledger_of(site)
    query = ShareQuery(given.worker, given.pool, given.verdict, given.since, given.until)
    try:
        page = await read(site, ledger.shares, query, given.before, given.limit)
    except ValueError as error:
        raise Refusal(422, f"before: {error}") from None
    return {
        "shares": [{"id": id, **share._asdict()} for id, share in page.shares],
        "next": page.next,
    }


OPERATIONS = [
    Operation("GET", "/api/shares", answer, SharesGiven, SharePage, tag="ledger", errors=(404, 503))
]
