"""The dashboard's files."""

from importlib.resources import files

import pytest

from stratumproxy.web.static import TYPES, routes
from tests.web.asking import Web


async def test_the_page_and_its_files(web: Web) -> None:
    page = await web.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    script = await web.get("/static/main.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (await web.http.head("/static/main.js")).content == b""


async def test_a_browser_that_has_it_is_told_so(web: Web) -> None:
    first = await web.get("/static/main.js")
    again = await web.get("/static/main.js", 304, headers={"If-None-Match": first.headers["etag"]})
    assert again.content == b""
    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-cache"
    await web.get("/static/main.js", headers={"If-None-Match": '"another"'})


async def test_the_page_needs_no_token_lest_nobody_could_give_it(exposed: Web) -> None:
    await exposed.get("/")


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/main.js/",
        "/static/main.js%00",
        "/static/%ff%fe",
        "/app.py",
    ],
)
async def test_nothing_else_can_be_had(web: Web, path: str) -> None:
    await web.refused(path, 404)


def test_every_file_has_a_type() -> None:
    """One without is not served; it would be missed."""
    folder = files("stratumproxy.web") / "static"
    entries = [folder]
    while entries:
        entry = entries.pop()
        if entry.is_dir():
            entries += entry.iterdir()
        elif "." in entry.name.strip("."):
            assert any(entry.name.endswith(suffix) for suffix in TYPES), entry.name
    assert {route.path for route in routes()} >= {"/", "/static/index.html"}
