"""Shares that were sent to pools."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.config.control import Ledger as Settings
from stratumproxy.ledger import Ledger
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.telemetry.records import Batch
from stratumproxy.web.audit import AuditAnswer
from stratumproxy.web.shares import SharePage
from tests.clocks import at
from tests.fleet.telling import NOW, Told, share, work
from tests.web.asking import Web


@pytest.fixture
def kept(told: Told, tmp_path: Path) -> Iterator[Web]:
    """The API with a ledger of ten shares, one of them rejected."""
    path = str(tmp_path / "ledger.sqlite3")
    ledger = Ledger(Settings(path=path), at(told.now))
    ledger.open()
    shares = [share(at=NOW + number) for number in range(9)]
    shares.append(share(at=NOW + 9, verdict="rejected")._replace(worker="b", reason="stale"))
    ledger.take([Batch("r", 0, 1, told.now, shares=shares, work=[work(accepted=640)])])
    ledger.close()
    with closing(LedgerReader(path)) as reader:
        yield Web(told, ledger=reader)


async def test_newest_first_a_page_at_a_time(kept: Web) -> None:
    page = await kept.read("/api/shares?limit=4", SharePage)
    times = [each["at"] - NOW for each in page["shares"]]
    assert times == [9, 8, 7, 6]
    assert page["shares"][0]["reason"] == "stale"
    page = await kept.read("/api/shares?limit=100", SharePage, params={"before": page["next"]})
    assert [each["at"] - NOW for each in page["shares"]] == [5, 4, 3, 2, 1, 0]
    assert page["next"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("worker=b", 1),
        ("worker=nobody", 0),
        ("pool=pool", 10),
        ("pool=another", 0),
        ("verdict=accepted", 9),
        ("verdict=lost", 0),
        (f"since={NOW + 5}", 5),
        (f"until={NOW + 5}", 5),
        ("since=1m", 10),
        ("since=now", 0),
        ("until=1m", 0),
        ("until=2023-11-14", 0),
        ("since=2023-11-14T22:15:05Z", 5),
        ("since=2023-11-15T00:15:05%2B02:00", 5),
        (f"worker=rig&verdict=accepted&since={NOW + 1}&until={NOW + 3}", 2),
    ],
)
async def test_only_those_that_are_asked_for(kept: Web, query: str, found: int) -> None:
    assert len((await kept.read(f"/api/shares?{query}", SharePage))["shares"]) == found


async def test_whose_a_worker_is_goes_without_saying(told: Told, tmp_path: Path) -> None:
    """Where one tenant alone has a worker of that name, as for its history."""
    path = str(tmp_path / "ledger.sqlite3")
    whose: dict[str, Any] = {"worker": "hosted", "tenant": "acme", "account": "acme"}
    with closing(Ledger(Settings(path=path), at(told.now))) as ledger:
        shares, works = [share()._replace(**whose)], [work("hosted")._replace(**whose)]
        ledger.take([Batch("r", 0, 1, told.now, shares=shares, work=works)])
    told.works(*works)
    with closing(LedgerReader(path)) as reader:
        web = Web(told, ledger=reader)
        for tenant, found in (("", 1), ("&tenant=acme", 1), ("&tenant=default", 0)):
            page = await web.read(f"/api/shares?worker=hosted{tenant}", SharePage)
            assert len(page["shares"]) == found


@pytest.mark.parametrize(
    "query", ["verdict=fine", "since=tomorrow", "since=nan", "limit=0", "before=x", "before=.:1"]
)
async def test_what_is_asked_wrongly(kept: Web, query: str) -> None:
    assert (await kept.refused(f"/api/shares?{query}", 422)).startswith(query.split("=")[0])


async def test_without_a_ledger(web: Web) -> None:
    assert "[ledger] path" in await web.refused("/api/shares", 404)
    assert "[ledger] path" in await web.refused("/api/audit?pool=pool", 404)


class TestAudit:
    @pytest.mark.parametrize("by", ["hour", "day", "worker"])
    async def test_what_a_pool_owes(self, kept: Web, by: str) -> None:
        found = await kept.read(f"/api/audit?pool=pool&by={by}", AuditAnswer)
        assert (found["pool"], found["by"]) == ("pool", by)
        assert found["total"]["credited"] == 9
        assert found["total"]["rejected"] == 1
        assert found["total"]["reasons"] == {"stale": 1}
        assert found["total"]["expected"] == 10.0
        assert len(found["rows"]) >= 1

    async def test_a_pool_that_is_not_there(self, kept: Web) -> None:
        assert "'another'" in await kept.refused("/api/audit?pool=another", 404)

    async def test_times_as_on_the_command_line(self, kept: Web, told: Told) -> None:
        path = "/api/audit?pool=pool&since=2h&until=now"
        found = await kept.read(path, AuditAnswer)
        assert found["since"] <= told.now - 7200 < found["since"] + 3600
        assert found["until"] - 3600 < told.now <= found["until"]
        found = await kept.read("/api/audit?pool=pool&since=2023-11-01&by=day", AuditAnswer)
        assert found["since"] == 1_698_796_800
        wrong = await kept.refused("/api/audit?pool=pool&since=2023-11-15T00:13+02:00", 422)
        assert wrong.startswith("since: expected a time such as 24h, yesterday, 2026-11-01")
        assert wrong.endswith("not '2023-11-15T00:13 02:00'")

    @pytest.mark.parametrize(
        "query",
        ["pool=", "by=week&pool=pool", "pool=pool&since=5&until=4", "pool=pool&since=0", "tenant="],
    )
    async def test_what_is_asked_wrongly(self, kept: Web, query: str) -> None:
        await kept.refused(f"/api/audit?{query}", 422)

    async def test_a_ledger_that_can_not_be_read(self, told: Told, tmp_path: Path) -> None:
        web = Web(told, ledger=LedgerReader(str(tmp_path / "not there")))
        await web.refused("/api/audit?pool=pool", 503)
        await web.refused("/api/shares", 503)
