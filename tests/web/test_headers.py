"""What answers say to browsers, and what they must say about us."""

import pytest

from stratumproxy.config.control import Api
from tests.fleet.telling import Told
from tests.web.asking import BEARER, Web, problem_of


@pytest.mark.parametrize(
    "path", ["/api/summary", "/", "/nothing", "/api/workers?limit=0", "/metrics"]
)
async def test_every_answer_is_locked_down(web: Web, path: str) -> None:
    headers = (await web.http.get(path)).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:80",
        "127.0.0.1",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:8080",
        "localhost.",
    ],
)
async def test_what_we_are_called(web: Web, host: str) -> None:
    await web.get("/api/summary", headers={"Host": host})


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "",
        "[::2]",
        "127.0.0.1:8080@evil.example",
        "[::1",
        "localhost:http",
        "::1",
        "a" * 5000,
    ],
)
async def test_another_sites_name_is_refused(web: Web, host: str) -> None:
    assert "Host" in problem_of(await web.get("/api/summary", 421, headers={"Host": host}))


async def test_behind_a_token_any_name_will_do(exposed: Web) -> None:
    await exposed.get("/api/summary", headers={**BEARER, "Host": "stratum.example"})


async def test_the_address_it_is_bound_to_is_a_name_too(told: Told) -> None:
    web = Web(told, Api(listen="127.0.0.7:8080"))
    await web.get("/api/summary", headers={"Host": "127.0.0.7:8080"})
