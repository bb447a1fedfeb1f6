"""Who may read, who may order, and sessions."""

import pytest

from stratumproxy.config.control import Api
from stratumproxy.web.auth import COOKIE, SESSION_SECONDS, LoggedIn, RightToken
from tests.fleet.telling import Told
from tests.web.asking import BEARER, TOKEN, Web, problem_of

READABLE = ["/api/summary", "/api/workers", "/api/events", "/api/openapi.json", "/metrics"]
OPEN = ["/health", "/ready"]


@pytest.mark.parametrize("path", READABLE)
async def test_reading_from_elsewhere_needs_the_token(exposed: Web, path: str) -> None:
    answer = await exposed.get(path, 401)
    problem_of(answer)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    await exposed.get(path, 401, headers={"Authorization": "Bearer x"})
    if path != "/api/events":
        await exposed.get(path, headers=BEARER)


@pytest.mark.parametrize("path", OPEN)
async def test_probes_need_nothing(exposed: Web, path: str) -> None:
    await exposed.get(path)


async def test_on_loopback_reading_needs_nothing(guarded: Web) -> None:
    await guarded.get("/api/summary")


FORWARDED = [
    {"Forwarded": "for=10.0.0.5;proto=https"},
    {"X-Forwarded-For": "10.0.0.5"},
    {"X-Forwarded-Host": "stratum.example"},
    {"X-Forwarded-Proto": "https"},
    {"X-Real-IP": "10.0.0.5"},
    {"Via": "1.1 proxy"},
    {"via": ""},
    {"X-Forwarded-For": "127.0.0.1"},
]


class TestForwarded:
    """A request that was forwarded is not this machine's own, whoever connects."""

    async def test_it_needs_the_token(self, guarded: Web) -> None:
        for headers in FORWARDED:
            assert "Bearer" in await guarded.refused("/api/summary", 401, headers=headers)
            await guarded.get("/api/summary", headers={**headers, **BEARER})

    @pytest.mark.parametrize("path", READABLE)
    async def test_for_all_there_is_to_read(self, guarded: Web, path: str) -> None:
        await guarded.refused(path, 401, headers=FORWARDED[0])

    async def test_it_may_be_for_another_name(self, guarded: Web) -> None:
        headers = {"Host": "stratum.example", "X-Forwarded-For": "10.0.0.5"}
        await guarded.get("/api/summary", 401, headers=headers)
        await guarded.get("/api/summary", headers={**headers, **BEARER})
        for path in ("/", "/health"):
            await guarded.get(path, headers=headers)

    async def test_where_nobody_is_trusted_it_makes_no_difference(
        self, told: Told, token_file: str
    ) -> None:
        web = Web(told, Api(token_file=token_file, read_needs_token=True))
        for headers in ({}, {"Host": "stratum.example"}, *FORWARDED[:1]):
            await web.get("/api/summary", 401, headers=headers)
            await web.get("/api/summary", headers={**headers, **BEARER})

    async def test_without_a_token_nobody_may(self, web: Web) -> None:
        sentence = await web.refused("/api/summary", 403, headers={"Via": "1.1 proxy"})
        assert "forwards" in sentence
        assert "token_file" in sentence


@pytest.mark.parametrize(
    "given",
    [
        "",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer",
        "Bearer ",
        "Bearer \u00e4\u00f6\u00fc",
    ],
)
async def test_what_is_not_the_token(exposed: Web, given: str) -> None:
    await exposed.get("/api/summary", 401, headers={"Authorization": given.encode("latin-1")})


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer  {TOKEN}"])
async def test_what_is(exposed: Web, given: str) -> None:
    await exposed.get("/api/summary", headers={"Authorization": given})


async def test_a_token_can_be_tried(guarded: Web, web: Web) -> None:
    """On loopback too, where reading would not tell."""
    await guarded.read("/api/access", RightToken, headers=BEARER)
    sentence = await guarded.refused("/api/access", 401, headers={"Authorization": "Bearer x"})
    assert sentence == "this token is not known"
    await guarded.refused("/api/access", 401)
    assert "token_file" in await web.refused("/api/access", 403, headers=BEARER)


class TestSession:
    async def test_the_token_is_traded_for_a_cookie(self, exposed: Web) -> None:
        answer = await exposed.post("/api/login", {"token": TOKEN})
        assert LoggedIn.model_validate_json(answer.content).seconds == SESSION_SECONDS
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert f"Max-Age={SESSION_SECONDS}" in cookie
        assert TOKEN not in cookie
        await exposed.get("/api/summary")  # the client sends it back

    async def test_it_is_for_reading_only(self, exposed: Web) -> None:
        await exposed.post("/api/login", {"token": TOKEN})
        await exposed.post("/api/actions/reload", {}, 401)

    async def test_it_ends(self, exposed: Web, told: Told) -> None:
        answer = await exposed.post("/api/login", {"token": TOKEN})
        cookie = f"{COOKIE}={answer.cookies[COOKIE]}"
        exposed.http.cookies.clear()
        await exposed.get("/api/summary", headers={"Cookie": cookie})
        told.now += SESSION_SECONDS + 1
        await exposed.get("/api/summary", 401, headers={"Cookie": cookie})

    @pytest.mark.parametrize(
        "cookie", ["", "x", "9999999999.", "99999999999999.0", "9999999999.00", "²."]
    )
    async def test_it_can_not_be_made_up(self, exposed: Web, cookie: str) -> None:
        given = {"Cookie": f"{COOKIE}={cookie}".encode()}
        await exposed.get("/api/summary", 401, headers=given)

    async def test_nor_prolonged(self, exposed: Web, told: Told) -> None:
        answer = await exposed.post("/api/login", {"token": TOKEN})
        until, token, signature = answer.cookies[COOKIE].split(".")
        exposed.http.cookies.clear()
        given = {"Cookie": f"{COOKIE}={int(until) + 1}.{token}.{signature}"}
        await exposed.get("/api/summary", 401, headers=given)

    async def test_a_wrong_token_gets_none(self, exposed: Web, web: Web) -> None:
        answer = await exposed.post("/api/login", {"token": "wrong"}, 401)
        assert "set-cookie" not in answer.headers
        problem_of(await exposed.post("/api/login", {"token": 5}, 422))
        assert "token_file" in problem_of(await web.post("/api/login", {"token": TOKEN}, 403))

    async def test_a_form_of_another_site_gets_none(self, exposed: Web) -> None:
        answer = await exposed.http.post("/api/login", data={"token": TOKEN})
        assert answer.status_code == 415
