"""The dashboard for people who see, hear or point otherwise: axe-core finds nothing wrong."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.browser import DESKTOP, PHONE, Visit, World, expect, needed, visit, world

try:
    from axe_playwright_python.sync_playwright import Axe
except ImportError:
    Axe = None

pytestmark = [
    *needed,
    pytest.mark.skipif(Axe is None, reason="axe-playwright-python is not installed"),
]

VIEWS = {
    "desktop-light": (DESKTOP, "light"),
    "phone-dark": (PHONE, "dark"),
    "desktop-dark": (DESKTOP, "dark"),
    "phone-light": (PHONE, "light"),
}
"""A layout and a set of colours have nothing to do with each other; but who knows."""

SHOWN = list(VIEWS) if os.environ.get("STRATUMPROXY_SOAK") == "1" else list(VIEWS)[:2]
"""Each layout and each set of colours once; all of them in `make soak`."""

each_view = pytest.mark.parametrize(
    ("viewport", "scheme"), [VIEWS[name] for name in SHOWN], ids=SHOWN
)

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def fleet() -> Iterator[World]:
    with world(120) as found:
        yield found


def assert_nothing_is_wrong(look: Visit, where: str | None = None) -> None:
    # The server forbids scripts that are not its own; playwright's evaluate is not bound by that.
    found = Axe().run(look.page, context=where, options=RULES)
    wrong = [
        f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:3]]}"
        for each in found.response["violations"]
    ]
    assert wrong == []
    assert found.response["passes"]


@each_view
def test_the_fleet(browser: Any, fleet: World, viewport: dict[str, int], scheme: Any) -> None:
    with visit(browser, fleet.url, viewport, color_scheme=scheme) as look:
        page = look.go()
        look.all_rows()
        page.wait_for_selector("#attention-list li")
        page.wait_for_selector("#history canvas")
        assert_nothing_is_wrong(look)
        look.give_token("#pools-actions >> text=Give the token…", fleet.token)
        page.click("text=Reload configuration")
        page.click("#confirm-yes")
        expect(page.locator("#pools-said")).to_contain_text("Done")
        page.click("text=Configured order")
        page.wait_for_selector("#confirm-yes")
        assert_nothing_is_wrong(look)
        page.click("text=Cancel >> visible=true")
        expect(page.locator("#confirm-dialog")).to_be_hidden()
        assert_nothing_is_wrong(look, "#fleet-view > .pools")


@each_view
def test_what_is_not_as_usual(browser: Any, viewport: dict[str, int], scheme: Any) -> None:
    with world(0) as nobody, visit(browser, nobody.url, viewport, color_scheme=scheme) as look:
        expect(look.go().locator("#conditions li")).to_have_count(4)
        assert_nothing_is_wrong(look)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_worker(browser: Any, fleet: World, scheme: Any) -> None:
    with visit(browser, fleet.url, color_scheme=scheme) as look:
        page = look.go()
        page.locator("#attention-list li a").first.click()
        look.charts()
        page.wait_for_selector("#worker-view .whys li")
        assert_nothing_is_wrong(look)
        page.evaluate(
            "sessionStorage.setItem('stratumproxy-token', 'x');"
            "document.dispatchEvent(new Event('token'))"
        )
        page.wait_for_selector("#set-difficulty")
        assert_nothing_is_wrong(look)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_jobs_events_and_the_token(browser: Any, fleet: World, scheme: Any) -> None:
    with visit(browser, fleet.url, color_scheme=scheme) as look:
        page = look.go("#/jobs")
        page.wait_for_selector("#jobs tbody tr")
        assert_nothing_is_wrong(look)
        page.click("header nav >> text=Events")
        page.wait_for_selector("#events li")
        assert_nothing_is_wrong(look)
        page.click("#token-button")
        assert_nothing_is_wrong(look)


def test_a_wrong_token_is_not_taken(browser: Any, fleet: World) -> None:
    with visit(browser, fleet.url) as look:
        page = look.go()
        page.click("#token-button")
        said = page.locator("#token-said")
        expect(said).to_be_hidden()
        for wrong in ("a token of other characters: €", "x"):
            page.fill("#token-input", wrong)
            page.keyboard.press("Enter")
            expect(said).to_have_text("Not taken: this token is not known.")
            assert_nothing_is_wrong(look)
        assert page.evaluate("sessionStorage.length") == 0
        assert all("401" in each for each in look.complaints)
        look.complaints.clear()
        page.fill("#token-input", fleet.token)
        page.keyboard.press("Enter")
        expect(page.locator("#token-dialog")).to_be_hidden()
        expect(page.locator("#token-button")).to_have_text("Token given")
        page.click("#token-button")
        expect(said).to_be_hidden()


def test_a_token_that_is_not_right_any_more_is_forgotten(browser: Any, fleet: World) -> None:
    with visit(browser, fleet.url) as look:
        page = look.go()
        page.evaluate("sessionStorage.setItem('stratumproxy-token', 'that of last year')")
        look.reload()
        said = "Not taken any more: this token is not known."
        expect(page.locator("#token-said")).to_have_text(said)
        expect(page.locator("#token-button")).to_have_text("Token")
        assert page.evaluate("sessionStorage.length") == 0
        page.fill("#token-input", fleet.token)
        page.keyboard.press("Enter")
        expect(page.locator("#token-button")).to_have_text("Token given")
        assert all("401" in each for each in look.complaints)
        look.complaints.clear()
        look.reload()
        expect(page.locator("#token-button")).to_have_text("Token given")
        expect(page.locator("#token-dialog")).to_be_hidden()


def test_less_motion(browser: Any, fleet: World) -> None:
    with visit(browser, fleet.url, reduced_motion="reduce") as look:
        page = look.go()
        assert page.evaluate("document.getAnimations().length") == 0
        lamps = set()
        for _ in range(3):
            lamps.add(
                page.evaluate("getComputedStyle(document.querySelector('#live .lamp')).opacity")
            )
            heard = page.get_attribute("#live", "title")
            look.until("(heard) => document.querySelector('#live').title !== heard", heard)
        assert lamps == {"1"}
