"""/api/shares: what was sent to pools, share by share, from the ledger."""

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, Field

from stratumproxy.ledger.pages import MAX_PAGE, ShareQuery
from stratumproxy.telemetry.records import ShareRecord
from stratumproxy.web.described import model_of
from stratumproxy.web.errors import Refusal
from stratumproxy.web.moment import FORMS, Moment
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.reading import ledger_of, read
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Viewer

Verdict = Literal["accepted", "rejected", "timed-out", "lost"]


Share = model_of("Share", ShareRecord, id=int)


class SharePage(BaseModel):
    """Some shares, the newest first."""

    shares: list[Share]  # type: ignore[valid-type]
    next: str | None = Field(description="To be given as `before` for the page after this one.")


class SharesGiven(Given):
    """Which shares; what is left out does not matter."""

    worker: str | None = Field(
        None,
        max_length=2000,
        description="Of `tenant`; without it of who alone has one of that name, or else of the one "
        "called default.",
    )
    tenant: str | None = Field(None, max_length=2000)
    account: str | None = Field(None, max_length=2000, description="The user at the pool.")
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


async def answer(site: Site, given: SharesGiven, viewer: Viewer) -> dict[str, Any]:
    """Shares that were sent to pools, the newest first; needs the ledger."""
    ledger = ledger_of(site)
    asked = given.model_dump(exclude={"before", "limit"})
    tenant = viewer.asks_of(given.tenant)
    if tenant is None and given.worker is not None:
        tenant = site.fleet.whose(given.worker)
    query = ShareQuery(**asked | {"tenant": tenant})

    def cursor(text: str | None, number: Callable[[int, str | None], int]) -> str | None:
        if text is None:
            return None
        at, _, id = text.rpartition(":")
        return f"{at}:{number(int(id), viewer.tenant)}"

    try:
        before = cursor(given.before, site.veil.meant)
        page = await read(site, ledger.shares, query, before, given.limit)
    except ValueError as error:
        raise Refusal(422, f"before: {error}") from None
    return {
        "shares": [
            {"id": site.veil.told(id, viewer.tenant), **share._asdict()}
            for id, share in page.shares
        ],
        "next": cursor(page.next, site.veil.told),
    }


OPERATIONS = [
    Operation(
        "GET",
        "/api/shares",
        answer,
        SharesGiven,
        SharePage,
        tag="ledger",
        reach="own",
        errors=(403, 404, 503),
    )
]
