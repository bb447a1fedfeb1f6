"""Every open connection."""

from stratumproxy.web.miners import MinerPage
from tests.fleet.telling import NOW, Told, miner
from tests.web.asking import Web


async def test_all_of_them(web: Web) -> None:
    page = await web.read("/api/miners", MinerPage)
    assert (page["total"], page["matched"], page["offset"]) == (3, 3, 0)
    assert page["miners"][0] == {
        "id": "0-run-1:1",
        "worker": "farm.a",
        "address": "10.0.0.1:4001",
        "agent": "cgminer/4",
        "difficulty": 1024.0,
        "since": NOW,
        "pool": "pool",
        "tenant": "default",
        "account": "",
        "coin": "BTC",
        "target": "",
    }


async def test_searched_sorted_and_by_the_page(web: Web, told: Told) -> None:
    told.tell(process=1, run="other", miners=[miner(1, "", since=NOW + 5, pool="")])
    page = await web.read("/api/miners?search=FARM&sort=-address&limit=1", MinerPage)
    assert (page["total"], page["matched"]) == (4, 2)
    assert [each["worker"] for each in page["miners"]] == ["farm.b"]
    page = await web.read("/api/miners?sort=-since&limit=1", MinerPage)
    assert [each["id"] for each in page["miners"]] == ["1-other:1"]
    page = await web.read("/api/miners?offset=3&limit=10", MinerPage)
    assert len(page["miners"]) == 1
    assert (await web.refused("/api/miners?sort=beauty", 422)).startswith("sort: ")
