"""The statement as a page: asked for, looked at, kept as a file, printed."""

import csv
import json
from collections.abc import Iterator
from html import unescape
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.statement.page import MEANINGS
from tests.statement.world import build
from tests.web.browser import DESKTOP, PHONE, TOKEN, Visit, World, expect, needed, visit, world

try:
    from axe_playwright_python.sync_playwright import Axe
except ImportError:
    Axe = None

ACMES = "the secret of a customer"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
MONTH = "#/statement?tenant=zeta&from=2023-11-26&to=2023-12-26&by=day&time_zone=Europe/Oslo"
HOSTILE = "<img src=x onerror=alert(1)>\u202eevil"
WIDER = """() => [...document.querySelectorAll('body *')]
    .filter((each) => each.checkVisibility() && !each.closest('.wide table, .unseen'))
    .filter((each) => each.getBoundingClientRect().right > innerWidth)
    .map((each) => each.outerHTML.slice(0, 200))"""
"""What the page would have to be scrolled sideways for."""

A4 = {"width": 703, "height": 1000}
"""What is within the margins of a sheet, at 96 dots an inch."""


def needs_browser(test: Any) -> Any:
    for mark in needed:
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    path = build(tmp_path_factory.mktemp("statement") / "ledger.sqlite3")
    with world(20, ACMES, path) as found:
        yield found


def enter(look: Visit, address: str, token: str = TOKEN) -> Any:
    """The page with a token given."""
    page = look.page
    page.goto(f"{look.url}/{address}")
    page.fill("#token-input", token)
    page.keyboard.press("Enter")
    page.wait_for_selector("#live.live")
    # Before the token was given the page was refused what it asked for.
    look.complaints[:] = [each for each in look.complaints if "401" not in each]
    return page


def day_rows(page: Any) -> Any:
    return page.locator("#statement .rows tbody tr")


def check_access(page: Any) -> None:
    if Axe is not None:
        found = Axe().run(page, options=RULES).response
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


@needs_browser
@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "dark")],
    ids=["light", "dark", "phone"],
)
def test_a_month(browser: Any, hosted: World, viewport: dict[str, int], scheme: Any) -> None:
    with visit(browser, hosted.url, viewport, color_scheme=scheme) as look:
        page = enter(look, MONTH)
        expect(day_rows(page)).to_have_count(30)
        expect(page.locator("#statement-title")).to_have_text("Statement for zeta")
        expect(page.locator("#statement .note").first).to_contain_text("2023-11-26 00:00 to")
        expect(page.locator("#statement .days svg rect")).to_have_count(30)
        expect(page.locator("#statement .credits tbody tr")).to_have_count(4)
        expect(page.locator("#statement-period")).to_have_value("own")
        expect(page.locator("#statement-last")).to_have_value("2023-12-25")
        look.keep(f"statement-{'phone' if viewport is PHONE else scheme}")
        check_access(page)
        assert page.evaluate(WIDER) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@needs_browser
def test_rows_on_the_page_are_those_of_the_answer(browser: Any, hosted: World) -> None:
    with visit(browser, hosted.url) as look:
        page = enter(look, MONTH)
        expect(day_rows(page)).to_have_count(30)
        accepted = page.locator("#statement .rows tbody td:nth-child(4)").all_text_contents()
        total = page.locator("#statement .rows tfoot td:nth-child(4)").text_content()
        assert sum(int(each.replace(",", "")) for each in accepted) == int(total.replace(",", ""))


@needs_browser
def test_asked_for_by_the_form(browser: Any, hosted: World) -> None:
    with visit(browser, hosted.url, timezone_id="America/New_York") as look:
        page = enter(look, "#/statement")
        expect(page.locator("#statement-zone")).to_have_value("America/New_York")
        page.select_option("#statement-period", "this")
        assert page.input_value("#statement-first").endswith("-01")
        page.select_option("#statement-period", "last")
        assert page.input_value("#statement-first")[:7] == page.input_value("#statement-last")[:7]
        page.fill("#statement-tenant", "acme")
        page.fill("#statement-first", "2023-12-05")
        page.fill("#statement-last", "2023-12-05")
        expect(page.locator("#statement-period")).to_have_value("own")
        page.fill("#statement-zone", "Asia/Kathmandu")
        page.select_option("#statement-by", "worker")
        page.keyboard.press("Enter")
        page.click("#statement-form button")
        expect(page.locator("#statement-title")).to_have_text("Statement for acme")
        expect(day_rows(page).locator("th")).to_have_text(["a", "b", "c"])
        look.until("() => location.hash.includes('from=2023-12-05&to=2023-12-06&by=worker')")
        page.reload()
        expect(day_rows(page)).to_have_count(3)
        expect(page.locator("#statement-zone")).to_have_value("Asia/Kathmandu")
        page.go_back()
        expect(page.locator("#statement-title")).to_have_count(0)


@needs_browser
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("from=2023-11-25&to=2023-12-25&tenant=nobody", "it has: acme, zeta"),
        ("from=2023-11-25&to=2023-11-25", "is not before to"),
        ("from=2023-11-25&to=2023-12-25&time_zone=Oslo", "no time zone 'Oslo'"),
        ("from=2023-11-25&to=2023-12-25&by=group&tenant=acme", "no groups are configured"),
    ],
)
def test_what_is_asked_wrongly_is_said(browser: Any, hosted: World, asked: str, words: str) -> None:
    with visit(browser, hosted.url) as look:
        page = enter(look, f"#/statement?{asked}")
        expect(page.locator("#statement-said")).to_contain_text(words)
        expect(page.locator("#statement > *")).to_have_count(0)
        look.complaints[:] = [each for each in look.complaints if "status of 4" not in each]


@needs_browser
def test_as_files(browser: Any, hosted: World, tmp_path: Path) -> None:
    with visit(browser, hosted.url) as look:
        page = enter(look, MONTH)
        expect(day_rows(page)).to_have_count(30)
        kept = {}
        for form in ("csv", "json", "html"):
            with page.expect_download() as download:
                page.click(f"#statement >> text={form.upper()}")
            assert download.value.suggested_filename.startswith("zeta-2023-11-26-to-2023-12-25")
            kept[form] = tmp_path / form
            download.value.save_as(kept[form])
        assert len(json.loads(kept["json"].read_text())["rows"]) == 30
        with kept["csv"].open(encoding="utf-8-sig", newline="") as file:
            assert len(list(csv.reader(file))) >= 31
        assert "<h1>Statement for zeta</h1>" in kept["html"].read_text()


@needs_browser
def test_on_paper(browser: Any, hosted: World) -> None:
    with visit(browser, hosted.url, A4, color_scheme="dark") as look:
        page = enter(look, MONTH)
        expect(day_rows(page)).to_have_count(30)
        page.emulate_media(media="print")
        for hidden in ("header", "footer", "#statement-form", "#statement .buttons"):
            expect(page.locator(hidden).first).to_be_hidden()
        expect(page.locator("#statement .credits")).to_be_visible()
        expect(page.locator("#meaning-heading")).to_be_visible()
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
        for each in page.locator("#statement .wide").all():
            assert each.evaluate("(wide) => wide.scrollWidth <= wide.clientWidth")
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
        look.keep("statement-paper")


@needs_browser
def test_a_customer_reads_its_own_alone(browser: Any, hosted: World) -> None:
    with visit(browser, hosted.url) as look:
        page = enter(look, MONTH, ACMES)
        expect(page.locator("#statement-said")).to_contain_text("the figures of 'acme' alone")
        look.complaints[:] = [each for each in look.complaints if "status of 403" not in each]
        expect(page.locator("#statement-tenant")).to_be_hidden()
        expect(page.locator("#statement-tenants option")).to_have_count(1)
        page.click("#statement-form button")
        expect(page.locator("#statement-title")).to_have_text("Statement for acme")
        assert "zeta" not in page.locator("#statement").inner_text()


@needs_browser
def test_many_machines_with_any_names(browser: Any, hosted: World) -> None:
    def lie(route: Any) -> None:
        answer = route.fetch()
        if not answer.ok:  # as long as no token is given
            route.fulfill(response=answer)
            return
        said = answer.json()
        row = said["rows"][0] | {"reasons": {HOSTILE: 3}, "rejected": 3}
        said["rows"] = [row | {"name": f"{HOSTILE}{number}"} for number in range(1200)]
        said["tenant"] = said["credits"][0]["account"] = said["notes"][0] = HOSTILE
        half = {"promised": None, "work": 1e12, "part": 0.5, "credited_work": 0, "credited_part": 1}
        said["targets"] = [half | {"target": HOSTILE}, half | {"target": "own"}]
        said["total"]["reasons"] = {HOSTILE: said["total"]["rejected"]}
        route.fulfill(response=answer, json=said)

    with visit(browser, hosted.url) as look:
        look.page.route("**/api/report*", lie)
        page = enter(look, MONTH.replace("by=day", "by=worker"))
        expect(day_rows(page)).to_have_count(500)
        page.click("#statement >> text=Show 700 more")
        expect(day_rows(page)).to_have_count(1200)
        expect(day_rows(page).last.locator("th")).to_have_text(f"{HOSTILE}1199")
        expect(page.locator("#statement-title bdi")).to_have_text(HOSTILE)
        expect(page.locator("#statement .targets tbody th")).to_have_text([HOSTILE, "own"])
        expect(page.locator("#statement .targets tbody td").first).to_have_text("?")
        assert page.locator("#statement img").count() == 0


def test_figures_mean_on_the_page_what_they_mean_in_the_file() -> None:
    page = unescape((files("stratumproxy.web") / "static" / "index.html").read_text())
    for name, meaning in MEANINGS.items():
        assert f"<dt>{name}</dt><dd>{meaning}</dd>" in page
