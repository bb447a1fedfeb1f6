"""/api/report: a statement, and as a file."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.statement.page import STYLE_HASH
from stratumproxy.web.report import ReportAnswer
from tests.fleet.telling import Told
from tests.ledger.told import batch, keep, share, work
from tests.web.asking import Web

WHEN = "from=2023-11-14&to=2023-11-15"


@pytest.fixture
def kept(told: Told, tmp_path: Path) -> Iterator[Web]:
    path = tmp_path / "ledger.sqlite3"
    at = told.now - 600
    works = [work("acme.a", 12, tenant="acme"), work("b", 3)]
    keep(path, [batch(1, at, work=works, shares=[share(at, "acme.a", tenant="acme")])])
    with closing(LedgerReader(str(path))) as reader:
        yield Web(told, ledger=reader)


@pytest.mark.parametrize("by", ["day", "worker"])
async def test_a_statement(kept: Web, by: str) -> None:
    path = f"/api/report?tenant=acme&from=2d&to=now&by={by}&time_zone=Europe/Oslo"
    found = await kept.read(path, ReportAnswer)
    assert (found["tenant"], found["by"], found["total"]["accepted"]) == ("acme", by, 12)
    assert sum(row["accepted"] for row in found["rows"]) == 12
    assert found["credits"][0]["credited"] == 1
    assert "b" not in [row["name"] for row in found["rows"]]


async def test_as_a_file(kept: Web) -> None:
    path = "/api/report?tenant=acme&from=2d&to=now"
    page = await kept.get(f"{path}&format=html")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert STYLE_HASH in policy
    assert page.headers["content-disposition"].startswith('inline; filename="acme-2023-11-')
    rows = await kept.get(f"{path}&format=csv")
    assert rows.headers["content-type"].startswith("text/csv")
    assert rows.headers["content-disposition"].startswith('attachment; filename="acme-')
    assert rows.text.startswith('\ufeff"day",')


@pytest.mark.parametrize(
    ("query", "status", "error"),
    [
        ("from=", 422, "from: "),
        (f"{WHEN}&by=week", 422, "by: "),
        (f"{WHEN}&time_zone=Oslo", 422, "no time zone 'Oslo'"),
        (f"{WHEN}&by=group", 422, "no groups are configured"),
        ("from=soon&to=now", 422, "from: expected a time"),
        ("from=2040-01-01&to=2041-01-01", 422, "nothing is known of that time"),
        (f"{WHEN}&tenant=zeta", 404, "it has: acme, default"),
    ],
)
async def test_what_is_asked_wrongly(kept: Web, query: str, status: int, error: str) -> None:
    assert error in await kept.refused(f"/api/report?{query}", status)


async def test_without_a_ledger(web: Web, told: Told, tmp_path: Path) -> None:
    assert "[ledger] path" in await web.refused(f"/api/report?{WHEN}", 404)
    absent = Web(told, ledger=LedgerReader(str(tmp_path / "not there")))
    await absent.refused(f"/api/report?{WHEN}", 503)
