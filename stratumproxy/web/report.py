"""/api/report: a customer's statement, from the ledger."""

import re
from typing import Literal

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response

from stratumproxy.errors import SinkError
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.statement import Asked, Statement, StatementError, parse_zone, tell
from stratumproxy.statement.agreed import agreed, groups
from stratumproxy.statement.page import POLICY, as_html
from stratumproxy.statement.period import parse_period
from stratumproxy.statement.rows import as_csv
from stratumproxy.telemetry.records import TENANT
from stratumproxy.web.answer import JsonResponse
from stratumproxy.web.audit import Credited
from stratumproxy.web.errors import Refusal
from stratumproxy.web.moment import LONGEST
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.reading import ledger_of, read
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Viewer


class Figures(BaseModel):
    """What machines did in some time. Work is in shares of difficulty 1, each 2^32 hashes."""

    seconds: float = Field(description="How long that time is.")
    accepted: int
    work: float = Field(description="Sum of the difficulties that accepted shares were asked for.")
    squares: float | None = Field(description="Sum of their squares; null if it was not counted.")
    rejected: int
    reasons: dict[str, int] = Field(description="The rejected ones, by reason.")
    refused_work: float = Field(description="Of good shares that no pool credited.")
    expected: float | None = Field(description="Shares that should have met what pools ask for.")
    forwarded: int = Field(description="Shares sent to pools.")
    credited: int
    pool_rejected: int
    timed_out: int
    lost: int
    credited_work: float
    machine_seconds: float = Field(description="How long machines were there, each by itself.")
    proven_seconds: float | None = Field(description="How long their shares prove they mined.")
    excused_seconds: float | None = Field(description="How long they did not, and are excused.")
    machines: float = Field(description="How many were there, on average.")
    hashrate: float = Field(description="Hashes a second, on average.")
    error: float | None = Field(
        description="How far chance moves work and hashrate: a standard deviation, as a part."
    )
    down_seconds: float | None = Field(description="Neither proven nor excused.")
    uptime: float | None = Field(description="Part of the time that is not excused; 1 at most.")
    unseen_seconds: float | None = Field(
        description="Outages of a machine that are shorter are not seen, as a rule."
    )


class ReportRow(Figures):
    """A day, a machine, or a group."""

    name: str
    since: int
    until: int


class Delivered(BaseModel):
    """What one of several targets had of the work."""

    target: str
    promised: float | None = Field(
        description="Its part by the weights that held, each counting by the work that was done "
        "while it did; null where something was mined while none did."
    )
    work: float = Field(description="What counted on its jobs.")
    part: float | None = Field(description="Of all targets' work; null where there is none.")
    credited_work: float
    credited_part: float | None = Field(description="Of all that pools credited.")


class Credit(Credited):
    """An account at a pool, as in an audit."""

    pool: str
    account: str
    coin: str
    site: str
    target: str


class Excused(BaseModel):
    """A time for which downtime is excused."""

    since: float
    until: float
    why: str
    kind: Literal["agreed", "pool", "proxy"]
    proof: str = Field(description="Where in the ledger it is; empty for what was agreed.")
    machine_seconds: float = Field(description="How much it excuses.")


class ReportAnswer(BaseModel):
    """A statement, as `stratumproxy report` tells it. Times are Unix seconds."""

    tenant: str
    asked: list[float] = Field(description="From when to when, not included.", min_length=2)
    time_zone: str
    since: int = Field(description="From when on it is, as sums can be cut; see `notes`.")
    until: int
    made: float
    by: Literal["day", "worker", "group"]
    rows: list[ReportRow]
    total: Figures
    names: int = Field(description="Machines that were there at any moment.")
    targets: list[Delivered] = Field(description="Empty where there is but one.")
    credits: list[Credit]
    confidence: float
    windows: list[Excused]
    cuts: int = Field(description="Ends of rows that are not where they were asked for.")
    notes: list[str]


class ReportGiven(Given):
    """Whose, and when."""

    tenant: str | None = Field(
        None,
        min_length=1,
        max_length=2000,
        description="The token's own, or the one called default.",
    )
    since: str = Field(
        "30d",
        alias="from",
        max_length=LONGEST,
        description="`2026-10-01`, `2026-10-01T06:00` (in the time zone), `yesterday`, `7d` ago.",
    )
    until: str = Field("now", alias="to", max_length=LONGEST, description="Alike; not included.")
    by: Literal["day", "worker", "group"] = "day"
    time_zone: str = Field("UTC", max_length=100, description="Whose days count: `Europe/Oslo`.")
    format: Literal["json", "csv", "html"] = Field(
        "json", description="csv has the rows alone; html is one file, for paper too."
    )


async def answer(site: Site, given: ReportGiven, viewer: Viewer) -> Response:
    """What a customer's machines mined, were credited for, and were up; needs the ledger."""
    now, tenant = site.today(), viewer.asks_of(given.tenant) or TENANT
    try:
        asked = Asked(
            parse_period(given.since, given.until, parse_zone(given.time_zone), now),
            given.by,
            agreed(site.config(), tenant),
            groups(site.config()) if given.by == "group" else None,
        )
    except StatementError as error:
        raise Refusal(422, str(error)) from None
    ledger = ledger_of(site)
    try:
        return await read(site, _answer, ledger, tenant, asked, given.format, now)
    except Refusal as refusal:
        if viewer.tenant is None or refusal.status_code != 404:
            raise
        # What it says that there is instead are others.
        raise Refusal(404, f"the ledger has nothing of {viewer.tenant!r} yet") from None


def _answer(ledger: LedgerReader, tenant: str, asked: Asked, form: str, now: float) -> Response:
    try:
        found = tell(ledger, tenant, asked, now)
    except StatementError as error:
        raise Refusal(422, str(error)) from None
    except SinkError as error:
        ledger.jobs(1)  # if that can't be read either, the question is not what is wrong
        raise Refusal(404, str(error)) from None
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'{_shown[form]}; filename="{_name(found)}.{form}"',
    }
    if form == "json":
        return JsonResponse(orjson.dumps(found.to_dict()), headers=headers)
    if form == "csv":
        return Response("\ufeff" + as_csv(found), media_type="text/csv", headers=headers)
    headers["Content-Security-Policy"] = f"{POLICY}; frame-ancestors 'none'; sandbox"
    return Response(as_html(found), media_type="text/html", headers=headers)


_shown = {"json": "inline", "csv": "attachment", "html": "inline"}


def _name(found: Statement) -> str:
    tenant = re.sub(r"[^A-Za-z0-9_-]+", "-", found.tenant)[:60]
    return f"{tenant}-{found.period.day(found.since)}-to-{found.period.day(found.until - 1)}"


OPERATIONS = [
    Operation(
        "GET",
        "/api/report",
        answer,
        ReportGiven,
        ReportAnswer,
        tag="ledger",
        reach="own",
        errors=(403, 404, 503),
    )
]
