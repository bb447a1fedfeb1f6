"""Numbers as tenants are told them."""

from itertools import pairwise
from urllib.parse import quote

from stratumproxy.web.veil import Veil
from tests.fleet.telling import job
from tests.web import test_tenants
from tests.web.asking import Web, problem_of
from tests.web.test_tenants import bearer

hosted = test_tenants.hosted

NUMBERS = [0, 1, 2, 3, 10_000_000, (1 << 26) - 1, 1 << 26, (1 << 52) - 1]


def test_what_was_told_is_what_is_meant() -> None:
    veil = Veil()
    for number in NUMBERS:
        told = veil.told(number, "acme")
        assert 0 <= told < 1 << 52
        assert veil.meant(told, "acme") == number


def test_it_says_nothing() -> None:
    veil = Veil()
    told = [veil.told(number, "acme") for number in range(1000)]
    assert len(set(told)) == 1000
    steps = [later - sooner for sooner, later in pairwise(told)]
    assert len(set(steps)) > 990
    assert 300 < sum(step > 0 for step in steps) < 700
    assert told != [veil.told(number, "beta") for number in range(1000)]
    assert told != [Veil().told(number, "acme") for number in range(1000)]


def test_who_sees_everything_is_told_what_it_is() -> None:
    for number in NUMBERS:
        assert Veil().told(number, None) == Veil().meant(number, None) == number


def test_what_was_never_told_means_what_there_is_not() -> None:
    assert Veil().meant(10**18 - 1, "acme") == 10**18 - 1


async def test_ids_do_not_count_what_others_do(hosted: Web) -> None:
    """A share's rises with everybody's shares, a connection's with everybody's connections."""
    for path in ("/api/shares", "/api/miners", "/api/workers/acme-rig"):
        things = "shares" if path == "/api/shares" else "miners"
        own = (await hosted.get(path, headers=bearer("acme"))).json()[things]
        everybodys = (await hosted.get(path, headers=bearer("host"))).json()[things]
        assert own
        assert {each["id"] for each in own}.isdisjoint(each["id"] for each in everybodys)


async def test_shares_are_still_turned_over_by_the_page(hosted: Web) -> None:
    page = (await hosted.get("/api/shares?limit=1", headers=bearer("acme"))).json()
    (share,) = page["shares"]
    cursor = f"{share['at']}:{share['id']}"
    assert page["next"] in (None, cursor)
    for way in (cursor, quote(cursor)):
        rest = await hosted.get(f"/api/shares?before={way}", headers=bearer("acme"))
        assert rest.json() == {"shares": [], "next": None}


async def test_a_miner_is_hung_up_on_by_the_id_that_was_told(hosted: Web) -> None:
    path, boss = "/api/actions/disconnect", bearer("acme-boss")
    (real,) = (await hosted.get("/api/miners?search=acme", headers=bearer("host"))).json()["miners"]
    (miner,) = (await hosted.get("/api/miners", headers=boss)).json()["miners"]
    await hosted.post(path, {"miner": miner["id"]}, headers=boss)
    assert hosted.orders.given.pop()[1] == {"miner": real["id"], "tenant": "acme"}
    hosted.orders.refusal = f"no miner {real['id']!r} is connected"
    answer = await hosted.post(path, {"miner": miner["id"]}, 409, headers=boss)
    assert problem_of(answer) == f"no miner {miner['id']!r} is connected"
    hosted.orders.refusal = ""
    await hosted.post(path, {"miner": "no number"}, headers=boss)
    assert hosted.orders.given.pop()[1]["miner"] == "no number"


async def test_no_job_says_how_many_groups_of_miners_there_are(hosted: Web) -> None:
    jobs = [job(name="acme-next")._replace(group=7, **test_tenants.of("acme"))]
    hosted.told.tell(jobs=jobs)
    (own, *_) = (await hosted.get("/api/jobs", headers=bearer("acme"))).json()["jobs"]
    assert (own["job"], own["group"]) == ("acme-next", 0)
    summary = (await hosted.get("/api/summary", headers=bearer("acme"))).json()
    assert {each["group"] for each in summary["last_jobs"]} == {0}
    (everybodys, *_) = (await hosted.get("/api/jobs", headers=bearer("host"))).json()["jobs"]
    assert everybodys["group"] == 7
