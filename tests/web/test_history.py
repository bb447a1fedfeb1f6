"""Histories: from memory, and from the ledger."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.config.control import Ledger as Settings
from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY
from stratumproxy.ledger import Ledger
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.telemetry.records import Batch
from stratumproxy.web.history import History
from tests.clocks import at
from tests.fleet.telling import Told, miner, work
from tests.web.asking import Web


@pytest.fixture
def kept(told: Told, tmp_path: Path) -> Iterator[Web]:
    """The API with a ledger of what one worker did."""
    path = str(tmp_path / "ledger.sqlite3")
    ledger = Ledger(Settings(path=path), at(told.now))
    ledger.open()
    records = [work("farm.a", 12, stale=3), work("a/b")]
    ledger.take([Batch("r", 0, 1, told.now, work=records, miners=[miner(1, "farm.a")])])
    ledger.close()
    with closing(LedgerReader(path)) as reader:
        yield Web(told, ledger=reader)


async def test_the_fleet_in_memory(web: Web) -> None:
    for span, step in (("1h", 60), ("24h", 300)):
        course = await web.read(f"/api/history?span={span}", History)
        assert (course["source"], course["step"]) == ("memory", step)
        assert sum(point[2] for point in course["points"]) == 50
        assert sum(point[3] for point in course["points"]) == 20
        assert course["points"][-1][5] == 3


async def test_a_worker_in_memory(web: Web) -> None:
    for span, step in (("1h", 300), ("24h", 3600)):
        course = await web.read(f"/api/workers/farm.b/history?span={span}", History)
        assert (course["source"], course["step"]) == ("memory", step)
        start, rate, accepted, rejected, difficulty, _ = course["points"][-1]
        assert (accepted, rejected, difficulty) == (40, 20, 1024.0)
        assert rate == pytest.approx(40 * 1024 * HASHES_PER_DIFFICULTY / 25, rel=1e-6)
        assert start % step == 0


async def test_what_is_longer_needs_the_ledger(web: Web) -> None:
    assert "[ledger] path" in await web.refused("/api/history?span=7d", 404)
    assert "[ledger] path" in await web.refused("/api/workers/farm.a/history?span=5y", 404)
    assert (await web.refused("/api/history?span=2h", 422)).startswith("span: ")
    await web.refused("/api/workers/nobody/history?span=1h", 404)


@pytest.mark.parametrize(("span", "step"), [("24h", 300), ("7d", 3600), ("5y", 86_400)])
async def test_from_the_ledger(kept: Web, span: str, step: int) -> None:
    course = await kept.read(f"/api/history?span={span}", History)
    assert (course["source"], course["step"]) == ("ledger", step)
    assert course["points"][-1][2:6] == [13, 3, 1024.0, 1]
    course = await kept.read(f"/api/workers/farm.a/history?span={span}", History)
    assert course["points"][-1][2:6] == [12, 3, 1024.0, 1]
    assert "no worker 'nobody'" in await kept.refused(
        f"/api/workers/nobody/history?span={span}", 404
    )


async def test_the_ledger_knows_workers_that_memory_forgot(kept: Web) -> None:
    course = await kept.read("/api/workers/a%2Fb/history?span=60d", History)
    assert course["points"][-1][2] == 1
    await kept.refused("/api/workers/a%2Fb/history?span=1h", 404)


async def test_a_ledger_that_can_not_be_read_is_said_to_be(told: Told, tmp_path: Path) -> None:
    web = Web(told, ledger=LedgerReader(str(tmp_path / "not there")))
    assert "not there" in await web.refused("/api/history?span=7d", 503)
