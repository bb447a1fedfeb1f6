"""Workers: searched, sorted, by the page; and one."""

from urllib.parse import quote

import pytest

from stratumproxy.web.workers import SORTS, OneWorker, WorkerPage
from tests.fleet.telling import Told, miner, work
from tests.web.asking import Web

ODD = [
    "a/b",
    "größe 100%",
    "../../etc/passwd",
    "x/history",
    "?a=b&c#d",
    "history",
    "%2f",
    "日本",
    "a\tb",
]


def names(page: dict) -> list[str]:
    return [worker["name"] for worker in page["workers"]]


async def test_a_worker_says_all_there_is(web: Web, told: Told) -> None:
    worker = await web.read("/api/workers/farm.b", OneWorker)
    assert (worker["accepted"], worker["rejected"]) == (40, 20)
    assert worker["reasons"] == {"stale": 20}
    assert worker["attention"] == ["rejecting"]
    assert (worker["agent"], worker["address"]) == ("bosminer", "10.0.0.1:4002")
    assert (worker["connections"], worker["connects"]) == (1, 1)
    assert worker["last_share"] == told.now
    assert worker["usual"] is None
    assert [each["id"] for each in worker["miners"]] == ["0-run-1:2"]


async def test_all_by_name(web: Web) -> None:
    page = await web.read("/api/workers", WorkerPage)
    assert (page["total"], page["matched"], page["offset"]) == (3, 3, 0)
    assert names(page) == ["farm.a", "farm.b", "größe/c 100%.x"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("FARM", ["farm.a", "farm.b"]),
        ("bos", ["farm.b"]),
        ("10.0.0.1:4001", ["farm.a"]),
        ("farm bos", ["farm.b"]),
        ("farm nothing", []),
        ("größe", ["größe/c 100%.x"]),
    ],
)
async def test_search(web: Web, search: str, found: list[str]) -> None:
    page = await web.read("/api/workers", WorkerPage, params={"search": search})
    assert names(page) == found
    assert (page["matched"], page["total"]) == (len(found), 3)


@pytest.mark.parametrize("kind", ["rejecting", "any"])
async def test_only_those_that_need_a_person(web: Web, kind: str) -> None:
    assert names(await web.read(f"/api/workers?attention={kind}", WorkerPage)) == ["farm.b"]
    assert names(await web.read("/api/workers?attention=gone", WorkerPage)) == []


@pytest.mark.parametrize("sort", SORTS)
async def test_sorted_both_ways(web: Web, sort: str) -> None:
    up = await web.read(f"/api/workers?sort={sort}", WorkerPage)
    down = await web.read(f"/api/workers?sort=-{sort}", WorkerPage)
    assert sorted(names(up)) == sorted(names(down))
    if sort in ("accepted", "hashrate", "hashrate_1m", "work"):
        assert names(down)[0] == "farm.b"
        assert names(up)[-1] == "farm.b"


async def test_pages_hold_each_worker_once() -> None:
    told = Told()
    told.works(*(work(f"rig {number}") for number in range(25)))
    web = Web(told)
    found = []
    for offset in (0, 10, 20, 30):
        page = await web.read(f"/api/workers?sort=-hashrate&limit=10&offset={offset}", WorkerPage)
        found += names(page)
    assert len(found) == 25
    assert set(found) == {name for _, name in told.fleet.roll.keys}


@pytest.mark.parametrize("name", ODD)
async def test_any_name_can_be_asked_for(name: str) -> None:
    told = Told()
    told.miners(miner(1, name))
    web = Web(told)
    worker = await web.read(f"/api/workers/{quote(name, safe='')}", OneWorker)
    assert worker["name"] == name
    assert worker["miners"][0]["worker"] == name
    course = await web.get(f"/api/workers/{quote(name, safe='')}/history?span=1h")
    assert course.json()["source"] == "memory"


async def test_a_worker_that_is_not_there(web: Web) -> None:
    assert await web.refused("/api/workers/nobody", 404) == "there is no worker 'nobody'"
    await web.refused("/api/workers/%ff%fe", 404)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("offset=-1", "offset"),
        ("sort=shoe-size", "sort"),
        ("attention=bored", "attention"),
        ("serach=a", "serach"),
        ("search=" + "a" * 201, "search"),
        ("search=a&search=b", "search"),
    ],
)
async def test_what_is_asked_wrongly_is_named(web: Web, query: str, where: str) -> None:
    assert (await web.refused(f"/api/workers?{query}", 422)).startswith(f"{where}: ")


async def test_all_mistakes_are_named_at_once(web: Web) -> None:
    answer = await web.get("/api/workers?limit=0&sort=x&attention=y", 422)
    assert {problem["where"] for problem in answer.json()["detail"]} == {
        "limit",
        "sort",
        "attention",
    }


def hall_of(name: str) -> dict[str, str]:
    hall, dot, _ = name.partition(".")
    return {"hall": hall} if dot else {}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tenant=acme", ["a.rig", "b.rig"]),
        ("tenant=nobody", []),
        ("group=hall=a", ["a.rig", "a.rig"]),
        ("group=hall%3Da&tenant=acme", ["a.rig"]),
        ("group=hall=", []),
        ("group=rack=a", []),
    ],
)
async def test_of_one_tenant_and_of_one_group(query: str, found: list[str]) -> None:
    told = Told()
    told.works(work("a.rig"), work("alone"))
    told.works(*(work(name)._replace(tenant="acme") for name in ("a.rig", "b.rig")))
    web = Web(told, groups_of=hall_of)
    assert names(await web.read(f"/api/workers?{query}", WorkerPage)) == found
    table = (await web.get("/api/table")).json()
    groups = [row[table["columns"].index("groups")] for row in table["rows"]]
    assert sorted(map(str, groups)) == ["{'hall': 'a'}", "{'hall': 'a'}", "{'hall': 'b'}", "{}"]
    await web.refused("/api/workers?group=hall", 422)
