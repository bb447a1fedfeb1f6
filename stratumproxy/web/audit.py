"""/api/audit: what a pool should have credited, and what it acknowledged, from the ledger."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from stratumproxy.errors import SinkError
from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.audit import TOLERATED, audit
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.web.errors import Refusal
from stratumproxy.web.moment import FORMS, Moment
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.reading import ledger_of, read
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Viewer

DAY = 86_400.0
MOST_SECONDS = 5 * 366 * DAY


class Credited(BaseModel):
    """What a pool should have credited, and what it did. Work is in shares of difficulty 1."""

    expected: float | None = Field(description="Shares that should have been sent, and credited.")
    low: int | None = Field(description="How many chance allows to be sent, at least …")
    high: int | None = Field(description="… and at most.")
    estimated: float = Field(
        description="Of the expected ones, those that are the work over a mean difficulty, because "
        "a version told them that did not count them share by share."
    )
    expected_work: float
    forwarded: int
    forwarded_work: float
    credited: int
    credited_work: float
    rejected: int
    reasons: dict[str, int]
    timed_out: int
    lost: int
    uncredited: int = Field(description="Rejected, timed out and lost, of the forwarded ones.")
    uncredited_tolerated: int = Field(description="How many of them that may be.")
    dropped: int = Field(description="Share records that the ledger never got.")
    pool_shares: float | None = Field(description="Null here: the command line takes a statement.")
    pool_work: float | None
    verdict: str = Field(description="What the figures come to, in words.")
    fine: bool


class Row(Credited):
    """A stretch of time, or what else rows are by, or the total.

    What a row is not told apart by is null.
    """

    start: int | None
    worker: str | None
    pool: str | None
    account: str | None
    tenant: str | None
    target: str | None


class AuditAnswer(BaseModel):
    """An audit, as `stratumproxy audit` prints it, of the accounts that have what is not null."""

    pool: str | None
    account: str | None
    tenant: str | None
    target: str | None
    since: int
    until: int
    by: str
    step: int = Field(description="Seconds of a row by time.")
    confidence: float
    tolerated: float = Field(
        description="Part of the shares sent that may be left without credit, on average."
    )
    rows: list[Row]
    total: Row
    notes: list[str]
    fine: bool = Field(description="Whether nothing in it is for a person to look at.")


class AuditGiven(Given):
    """Which accounts, and when; what is left out does not matter."""

    pool: str | None = Field(None, min_length=1, max_length=2000)
    account: str | None = Field(None, max_length=2000, description="The user at the pool.")
    tenant: str | None = Field(None, min_length=1, max_length=2000)
    target: str | None = Field(None, max_length=2000)
    since: Moment | None = Field(
        None, description=f"From when on: {FORMS}. A day before `until` if left out."
    )
    until: Moment | None = Field(None, description="Until when, alike; now if left out.")
    by: Literal["hour", "day", "worker", "pool", "account", "tenant", "target"] = "hour"
    tolerate: float = Field(
        100 * TOLERATED,
        ge=0,
        le=50,
        description="Percent of the shares sent that may be refused or lost on average.",
    )


async def answer(site: Site, given: AuditGiven, viewer: Viewer) -> dict[str, Any]:
    """The work that pools should have credited against what they acknowledged; needs the ledger."""
    until = site.today() if given.until is None else given.until
    since = max(until - DAY, 0.0) if given.since is None else given.since
    if not since < until <= since + MOST_SECONDS:
        raise Refusal(422, "since: must be before until, by five years at most")
    part = given.tolerate / 100
    which = Which(given.pool, given.account, viewer.asks_of(given.tenant), given.target)
    ledger = ledger_of(site)
    try:
        return await read(site, _audit, ledger, which, since, until, given.by, part)
    except Refusal as refusal:
        if viewer.tenant is None or refusal.status_code != 404:
            raise
        # What it says that there is instead may be others'.
        raise Refusal(404, f"the ledger has nothing of that of {viewer.tenant!r}") from None


def _audit(
    ledger: LedgerReader, which: Which, since: float, until: float, by: str, tolerated: float
) -> dict[str, Any]:
    try:
        return audit(ledger, which, since, until, by, tolerated=tolerated).to_dict()
    except SinkError as error:
        ledger.jobs(1)  # if that can't be read either, the question is not what is wrong
        raise Refusal(404, str(error)) from None


OPERATIONS = [
    Operation(
        "GET",
        "/api/audit",
        answer,
        AuditGiven,
        AuditAnswer,
        tag="ledger",
        reach="own",
        errors=(403, 404, 503),
    )
]
