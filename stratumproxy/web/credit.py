"""/api/credit: whether pools credit what they should, account by account, at a glance."""

from typing import Any

from pydantic import BaseModel, Field

from stratumproxy.errors import SinkError
from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.audit import Row, audit
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.web.operation import Nothing, Operation
from stratumproxy.web.reading import read
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Viewer

DAY = 86_400.0


class AccountCredit(BaseModel):
    """An account at a pool, as in an audit of the last day by account."""

    pool: str
    account: str
    expected: float | None = Field(description="Shares that should have been sent, and credited.")
    low: int | None = Field(description="How many chance allows to be sent, at least …")
    high: int | None = Field(description="… and at most.")
    sent: int
    credited: int
    verdict: str = Field(description="What the figures come to, in words.")
    fine: bool


class CreditAnswer(BaseModel):
    """The last day, by account."""

    kept: bool = Field(description="Whether there is a ledger; without one nobody can say.")
    since: float
    accounts: list[AccountCredit]


async def answer(site: Site, given: Nothing, viewer: Viewer) -> dict[str, Any]:
    """What each account at a pool was credited in the last day, and whether it should be more."""
    until = site.today()
    since = max(until - DAY, 0.0)
    rows: list[Row] = []
    if site.ledger is not None:
        rows = await read(site, _rows, site.ledger, viewer.tenant, since, until)
    accounts = [
        {
            "pool": row.pool,
            "account": row.account,
            "expected": row.expected,
            "low": row.low,
            "high": row.high,
            "sent": row.forwarded,
            "credited": row.credited,
            "verdict": row.verdict,
            "fine": row.fine,
        }
        for row in rows
        if row.expected_work or row.forwarded
    ]
    return {"kept": site.ledger is not None, "since": since, "accounts": accounts}


def _rows(ledger: LedgerReader, tenant: str | None, since: float, until: float) -> list[Row]:
    try:
        return audit(ledger, Which(tenant=tenant), since, until, "account").rows
    except SinkError:
        ledger.jobs(1)  # if that can't be read either, it is not that there is nothing yet
        return []


OPERATIONS = [
    Operation(
        "GET", "/api/credit", answer, returns=CreditAnswer, tag="ledger", reach="own", errors=(503,)
    )
]
