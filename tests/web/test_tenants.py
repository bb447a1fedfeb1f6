"""A tenant's token: what it opens is its own, by every route there is.

What is others' has ``beta`` (another customer) or ``zulu`` (the host) in it, so that an answer that
has none of the two tells nothing of anybody else.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.routing import Route
from trio.testing import MockClock

from stratumproxy.config.control import Api
from stratumproxy.config.hosting import Tenant
from stratumproxy.telemetry.records import EventRecord
from stratumproxy.web.auth import RightToken
from stratumproxy.web.summary import Summary
from stratumproxy.web.turns import MOST_OF_A_TENANT
from tests.fleet.telling import NOW, event, job, work
from tests.web.asking import Web, problem_of
from tests.web.customers import OTHERS, SECRETS, TENANTS, bearer, hosted, of

__all__ = ["hosted"]


class Opens(NamedTuple):
    """What a route is to a tenant's token."""

    ways: tuple[str, ...]
    """Queries to ask it with."""
    shows: str = ""
    """What is in the answer to the first of them."""


NOTHING = ("", "?tenant=beta", "?tenant=acme")
SAME = Opens(("", "?x=beta"))

OWN = {
    "GET /api/summary": Opens(("",), '"acme"'),
    "GET /api/miners": Opens(
        ("", "?search=acme", "?search=rig", "?sort=-pool&limit=1000", "?offset=1"), "acme-rig"
    ),
    "GET /api/workers": Opens(
        ("", "?search=rig", "?sort=-hashrate&limit=1000", "?attention=any", "?offset=1"), "acme-rig"
    ),
    "GET /api/workers/{name}": Opens(("", "?tenant=acme"), "acme-agent"),
    "GET /api/table": Opens(("", "?since=5"), "acme-rig"),
    "GET /api/strangers": Opens(("",), "acme-stranger"),
    "GET /api/history": Opens(("", "?span=1h", "?span=7d", "?tenant=acme"), '"step"'),
    "GET /api/shares": Opens(
        (
            "",
            "?tenant=acme",
            "?worker=acme-rig",
            "?limit=1",
            "?worker=be-rig&pool=be-pool",
            "?account=x",
            "?verdict=accepted",
        ),
        "acme-job",
    ),
    "GET /api/audit": Opens(
        (
            "?by=worker",
            "?by=hour",
            "?by=tenant",
            "?by=account",
            "?pool=acme-pool",
            "?pool=nothing",
            "?account=nothing",
            "?target=nothing",
        ),
        "acme-rig",
    ),
    "GET /api/report": Opens(
        (
            "?from=30d&to=now&tenant=acme&by=worker",
            "?from=30d&to=now",
            "?from=30d&to=now&format=csv",
            "?from=30d&to=now&format=html",
        ),
        '"tenant":"acme"',
    ),
    "GET /api/credit": Opens(("",), '"accounts"'),
    "GET /api/jobs": Opens(("",), "acme-job"),
    "GET /api/log": Opens(("",), "acme-rig"),
    "GET /api/tenants": Opens(("", "?tenant=acme"), "acme-target"),
    "GET /api/splits": Opens(("", "?tenant=acme"), "acme-other"),
    "GET /api/groups": Opens(("", "?tenant=acme"), "acme"),
    "GET /api/workers/{name}/history": Opens(("?span=24h&tenant=acme", "?span=7d"), '"step"'),
    "GET /ready": Opens(("",), '"ready"'),
    "GET /api/access": Opens(("",), '"acme"'),
}
"""Routes that answer with what is the tenant's."""

STREAM = {"GET /api/events"}
"""One that is its own, and has no end."""

ORDERS: dict[str, dict[str, Any]] = {
    "POST /api/actions/disconnect": {"worker": "acme-rig"},
    "POST /api/actions/ban": {"worker": "acme-rig", "seconds": 60.0},
    "POST /api/actions/difficulty": {"worker": "acme-rig", "difficulty": 1},
}
"""Orders that a tenant's token may give, for the tenant's own workers."""

EVERYBODYS = {"GET /health", "GET /api/openapi.json", "POST /api/login", "GET /"}
"""Routes that answer to all alike; and the page's files."""

REFUSED = {
    "GET /metrics",
    "GET /api/pools",
    *(f"POST /api/actions/{action}" for action in ("switch-pool", "weights", "accept", "reload")),
}
"""Routes that are of the whole proxy."""


def routes(web: Web) -> Iterator[str]:
    """Every route of the application."""
    for route in web.app.routes:
        assert isinstance(route, Route), "another kind of route needs another test"
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield f"{method} {route.path}"


def test_every_route_is_in_one_class(hosted: Web) -> None:
    """A new one is refused to a tenant's token until somebody has thought about it, here."""
    classes = OWN.keys(), STREAM, ORDERS.keys(), EVERYBODYS, REFUSED
    known = set().union(*classes)
    found = {each for each in routes(hosted) if not each.startswith("GET /static/")}
    assert found == known
    assert len(known) == sum(map(len, classes))


def tells_of_others(answer: httpx.Response) -> bool:
    heard = answer.content + repr(answer.headers.raw).encode()
    return any(word in heard for word in OTHERS)


def path_of(route: str, name: str = "acme-rig") -> str:
    return route.partition(" ")[2].replace("{name}", name)


@pytest.mark.parametrize("name", ["acme", "acme-boss"])
@pytest.mark.parametrize("route", sorted(OWN))
async def test_what_is_its_own(hosted: Web, route: str, name: str) -> None:
    ways, shows = OWN[route]
    for way in ways:
        answer = await hosted.http.get(path_of(route) + way, headers=bearer(name))
        assert answer.status_code in (200, 404), answer.text
        assert not tells_of_others(answer), answer.text
        assert way != ways[0] or shows in answer.text
    everything = await hosted.http.get(path_of(route) + ways[0], headers=bearer("host"))
    assert everything.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/shares?",
        "/api/audit?",
        "/api/workers/acme-rig?",
        "/api/report?from=2d&to=now&",
        "/api/tenants?",
        "/api/splits?",
        "/api/groups?",
    ],
)
async def test_another_tenant_is_refused_whether_there_is_one_or_not(
    hosted: Web, path: str
) -> None:
    said = {
        await hosted.refused(f"{path}tenant={name}", 403, headers=bearer("acme"))
        for name in ("beta", "default", "nobody", "%22")
    }
    assert said == {"this token opens the figures of 'acme' alone"}


@pytest.mark.parametrize("path", ["", "/history", "/history?span=1h"])
async def test_anothers_worker_is_as_one_that_there_is_not(hosted: Web, path: str) -> None:
    said = {
        (
            await hosted.refused(f"/api/workers/{name}-rig{path}", 404, headers=bearer("acme"))
        ).replace(name, "")
        for name in ("beta", "zulu", "none")
    }
    assert len(said) == 1


async def test_a_table_is_followed_without_a_word_of_what_others_do(hosted: Web) -> None:
    async def table(since: int) -> Any:
        answer = await hosted.get(f"/api/table?since={since}", headers=bearer("acme"))
        assert not tells_of_others(answer)
        return answer.json()

    told, first = hosted.told, await table(0)
    assert first["all"]
    told.works(*(work("beta-rig", 1)._replace(**of("beta")) for _ in range(100)), after=1)
    second = await table(first["revision"])
    assert (second["all"], second["rows"], second["gone"]) == (False, [], [])
    told.works(work("acme-rig", 1)._replace(**of("acme")), after=1)
    third = await table(second["revision"])
    assert (third["all"], len(third["rows"])) == (False, 1)
    assert third["revision"] - second["revision"] == second["revision"] - first["revision"] == 1
    again = await table(third["revision"] + 1)
    assert again["all"], "it was never told"
    everybodys = (await hosted.get("/api/table", headers=bearer("host"))).json()["revision"]
    assert everybodys == told.fleet.roll.revision
    assert (await table(everybodys))["all"], "nor is the fleet's own number one of its"


@pytest.mark.parametrize("route", sorted(REFUSED))
async def test_what_is_of_the_whole_proxy(hosted: Web, route: str) -> None:
    method, path = route.split(" ")[0], path_of(route, "beta-rig")
    for body in ({}, {"worker": "beta-rig"}, {"pool": "beta-pool"}):
        for query in NOTHING if method == "GET" else ("",):
            answer = await hosted.http.request(
                method,
                path + query,
                headers=bearer("acme"),
                json=body if method == "POST" else None,
            )
            assert answer.status_code == 403
            assert not tells_of_others(answer), answer.text
            assert problem_of(answer)
    if method == "POST":
        answer = await hosted.http.request(method, path, headers=bearer("acme-boss"), json={})
        assert answer.status_code == 403
        assert hosted.orders.given == []


@pytest.mark.parametrize("route", sorted(ORDERS))
async def test_an_order_is_for_its_own_workers(hosted: Web, route: str) -> None:
    path, body = path_of(route), ORDERS[route]
    for given in (body, {**body, "tenant": "acme"}, {**body, "tenant": None}):
        answer = await hosted.post(path, given, headers=bearer("acme-boss"))
        assert not tells_of_others(answer)
        _, arguments = hosted.orders.given.pop()
        assert arguments == {**body, "tenant": "acme"}
        assert hosted.orders.by == "boss at 127.0.0.1"
    await hosted.post(path, {**body, "tenant": "beta"}, 403, headers=bearer("acme-boss"))
    await hosted.post(path, body, 403, headers=bearer("acme"))
    await hosted.post(path, {**body, "tenant": "beta"}, headers=bearer("night"))
    await hosted.post(path, body, headers=bearer("host"))
    assert [arguments for _, arguments in hosted.orders.given] == [{**body, "tenant": "beta"}, body]


@pytest.mark.parametrize("route", sorted(EVERYBODYS))
async def test_what_is_the_same_for_all(hosted: Web, route: str) -> None:
    method, path = route.split(" ")
    for way in ("", "?x=1"):
        body = {"token": SECRETS["acme"]} if method == "POST" else None
        answer = await hosted.http.request(method, path + way, headers=bearer("acme"), json=body)
        assert not tells_of_others(answer), answer.text


@pytest.mark.parametrize("route", sorted(OWN.keys() | REFUSED))
async def test_a_session_opens_no_more_than_its_token(hosted: Web, route: str) -> None:
    await hosted.post("/api/login", {"token": SECRETS["acme"]})
    method = route.split(" ")[0]
    answer = await hosted.http.request(
        method, path_of(route), json={} if method == "POST" else None
    )
    assert answer.status_code in ((401,) if method == "POST" else (200, 403, 401))
    assert not tells_of_others(answer), answer.text
    assert answer.status_code != 200 or route in OWN


@pytest.mark.parametrize("route", sorted(OWN))
async def test_errors_tell_nothing(hosted: Web, route: str) -> None:
    for query in ("?worker=beta-rig", "?limit=-1", "?sort=x", "?since=x", "?name=y&x=z", "?by=q"):
        answer = await hosted.http.get(path_of(route, "x") + query, headers=bearer("acme"))
        for word in (b"beta-account", b"beta-pool", b"beta-job", b"zulu"):
            assert word not in answer.content


async def test_on_loopback_a_tenants_token_counts_too(hosted: Web, tmp_path: Path) -> None:
    """There whoever has none sees everything."""
    config = Api(listen="127.0.0.1:8080", token_file=str(tmp_path / "host"))
    tenant = Tenant(name="acme", workers=["*"], token_file=str(tmp_path / "acme"))
    web = Web(hosted.told, config, tenants=[tenant])
    assert b"beta" in (await web.get("/api/miners")).content
    assert b"beta" not in (await web.get("/api/miners", headers=bearer("acme"))).content
    await web.refused("/api/pools", 403, headers=bearer("acme"))
    await web.get("/api/summary", headers={"Authorization": "Bearer of something else"})


def listen_as(web: Web, name: str, **headers: str) -> Any:
    return web.stream(authorization=f"Bearer {SECRETS[name]}", **headers)


async def test_a_summary_is_of_its_own_workers(hosted: Web) -> None:
    own = await hosted.read("/api/summary", Summary, headers=bearer("acme"))
    assert not any(word in repr(own).encode() for word in OTHERS)
    assert (own["tenant"], own["workers"], own["mining"], own["strangers"]) == ("acme", 1, 1, 1)
    assert (own["accepted"], own["rejected"]) == (640, {"stale": 4})
    assert [each["job"] for each in own["last_jobs"]] == ["acme-job"]
    everybodys = await hosted.read("/api/summary", Summary, headers=bearer("host"))
    assert everybodys["tenant"] is None
    [condition] = own["conditions"]
    assert (condition["kind"], condition["tenant"]) == ("tenant-no-pool", "acme")
    assert (condition["subject"], condition["why"]) == ("acme", ""), "a pool may speak of others"
    told = {each["tenant"]: each["why"] for each in everybodys["conditions"]}
    assert told["beta"] == "beta-pool gives beta no work"
    of_the_whole = {"pools", "processes", "drops", "uptime", "forwarded", "jobs"}
    assert {key for key in of_the_whole if own[key]} == set()
    assert {key for key in of_the_whole if everybodys[key]} >= {"pools", "processes", "forwarded"}
    both = await hosted.read("/api/summary", Summary, headers=bearer("beta"))
    assert both["hashrate"] == own["hashrate"], "they did the same"


async def test_who_is_dark_is_told_to_who_may_know(hosted: Web) -> None:
    async def tenants(**asked: Any) -> set[str | None]:
        ready = (await hosted.get("/ready", **asked)).json()
        return {each["tenant"] for each in ready["conditions"]} - {None}

    assert await tenants() == set()
    assert await tenants(headers=bearer("acme")) == {"acme"}
    assert await tenants(headers=bearer("host")) == {"acme", "beta", "default"}


class TestEvents:
    async def test_only_its_own_jobs_and_events(
        self, hosted: Web, autojump_clock: MockClock
    ) -> None:
        async with listen_as(hosted, "acme", last_event_id="0") as heard:
            assert heard.status == 200
            assert await heard.next() == {"retry": "2000"}
            summary = (await heard.next_of("summary"))["data"]
            Summary.model_validate(summary, strict=True)
            assert (summary["tenant"], summary["workers"]) == ("acme", 1)
            hosted.told.tell(
                jobs=[job(name=f"{tenant}-new")._replace(**of(tenant)) for tenant in TENANTS],
                events=[
                    event(text="zulu is lost"),
                    EventRecord(NOW, "info", "gone", {"tenant": "beta", "worker": "beta-rig"}),
                    EventRecord(
                        NOW,
                        "info",
                        "gone",
                        {"tenant": "acme", "by": "zulu", "subject": "acme", "why": "zulu said so"},
                    ),
                ],
            )
            told = [await heard.next_of("job"), await heard.next_of("event")]
            assert told[0]["data"]["job"] == "acme-new"
            assert told[1]["data"]["values"] == {"tenant": "acme", "subject": "acme"}
            assert all("id" not in each for each in told), "they would count what is others'"
            hosted.told.tell(jobs=[job(name="acme-last")._replace(**of("acme"))])
            last = await heard.next_of("job")
            assert last["data"]["job"] == "acme-last", "and nothing came between"

    async def test_a_part_of_all_streams(self, hosted: Web, autojump_clock: MockClock) -> None:
        async with listen_as(hosted, "acme"), listen_as(hosted, "beta"):
            await hosted.refused("/api/events", 503, headers=bearer("acme-boss"))
            async with listen_as(hosted, "host") as heard:
                assert heard.status == 200
        async with listen_as(hosted, "acme") as heard:
            assert heard.status == 200


class TestRoles:
    async def test_a_reader_sees_everything_and_orders_nothing(self, hosted: Web) -> None:
        answer = await hosted.get("/api/miners", headers=bearer("look"))
        assert answer.json()["total"] == 3
        await hosted.get("/metrics", headers=bearer("look"))
        answer = await hosted.post("/api/actions/reload", {}, 403, headers=bearer("look"))
        assert problem_of(answer) == "the token 'look' is for reading only"

    async def test_an_order_stands_under_the_name_of_its_token(self, hosted: Web) -> None:
        await hosted.post("/api/actions/reload", {}, headers=bearer("night"))
        assert hosted.orders.by == "night at 127.0.0.1"
        headers = {**bearer("night"), "X-Forwarded-For": "10.0.0.7"}
        await hosted.post("/api/actions/reload", {}, headers=headers)
        assert hosted.orders.by == "night at 10.0.0.7 by way of 127.0.0.1"
        await hosted.post("/api/actions/reload", {}, headers=bearer("host"))
        assert hosted.orders.by == "127.0.0.1"

    async def test_each_can_be_asked_what_it_is_good_for(self, hosted: Web) -> None:
        assert {
            name: await hosted.read("/api/access", RightToken, headers=bearer(name))
            for name in ("host", "look", "night", "acme", "acme-boss")
        } == {
            "host": {"may": "act", "name": "", "tenant": None},
            "look": {"may": "read", "name": "look", "tenant": None},
            "night": {"may": "act", "name": "night", "tenant": None},
            "acme": {"may": "read", "name": "tenant acme", "tenant": "acme"},
            "acme-boss": {"may": "act", "name": "boss", "tenant": "acme"},
        }


async def test_a_tenant_takes_no_more_than_its_part(hosted: Web) -> None:
    turns = hosted.app.state.site.turns
    with ExitStack() as answering:
        for _ in range(MOST_OF_A_TENANT):
            answering.enter_context(turns.turn("acme"))
        assert "of this tenant" in await hosted.refused("/api/jobs", 503, headers=bearer("acme"))
        await hosted.get("/api/jobs", headers=bearer("beta"))
        await hosted.get("/api/jobs", headers=bearer("host"))
    await hosted.get("/api/jobs", headers=bearer("acme"))
