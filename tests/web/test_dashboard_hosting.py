"""The dashboard of a proxy with several tenants, by the host's own token."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.browser import DESKTOP, PHONE, TOKEN, Visit, World, expect, needed, visit, world

try:
    from axe_playwright_python.sync_playwright import Axe
except ImportError:
    Axe = None

pytestmark = needed

WORKERS = 120
HOSTILE = "<img src=x onerror=alert(1)>"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def hosted() -> Iterator[World]:
    with world(WORKERS, "the secret of a customer") as found:
        yield found


def enter(look: Visit) -> Any:
    """The page, as soon as it has the host's token."""
    page = look.page
    page.goto(f"{look.url}/#/")
    page.fill("#token-input", TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_selector("#live.live")
    page.wait_for_selector("#workers tbody tr a")
    # Before the token was given the page was refused what it asked for.
    look.complaints[:] = [each for each in look.complaints if "401" not in each]
    return page


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"]
)
def test_each_tenant_has_a_line(
    browser: Any, hosted: World, viewport: dict[str, int], scheme: Any
) -> None:
    with visit(browser, hosted.url, viewport, color_scheme=scheme) as look:
        page = enter(look)
        rows = page.locator("#tenants tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.first.locator("th")).to_have_text("acme")
        expect(rows.first.locator("td").first).to_contain_text("H/s")
        expect(rows.first.locator("td").nth(1)).to_contain_text("of 60")
        page.locator("#tenants-panel").scroll_into_view_if_needed()
        look.keep(f"dashboard-hosting-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if Axe is not None:
            found = Axe().run(page, options=RULES).response
            assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"]
)
def test_each_target_of_a_split_has_a_line(
    browser: Any, hosted: World, viewport: dict[str, int], scheme: Any
) -> None:
    with visit(browser, hosted.url, viewport, color_scheme=scheme) as look:
        page = enter(look)
        rows = page.locator("#splits tbody tr")
        expect(rows).to_have_count(2)
        page.locator("#splits-panel").scroll_into_view_if_needed()
        said = [cell.replace("\u00a0", " ") for cell in rows.first.locator("td").all_inner_texts()]
        assert said[:2] == ["70.00 %", "70.72 %"]
        assert said[3:5] == ["10 min too much", "1.6 s"]
        assert said[6] == "70"
        expect(rows.nth(1).locator("th")).to_have_text("second")
        expect(rows.nth(1).locator("td").nth(3)).to_contain_text("lacks")
        expect(rows.nth(1).locator("td").nth(6)).to_have_text("no pool")
        expect(rows.nth(1)).to_have_class("doubtful")
        look.keep(f"dashboard-splits-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if Axe is not None:
            found = Axe().run(page, options=RULES).response
            assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


def test_only_one_tenants_workers(browser: Any, hosted: World) -> None:
    with visit(browser, hosted.url) as look:
        page = enter(look)
        page.click("#tenants tbody tr:first-child button")
        expect(page.locator("#matched")).to_have_text(f"60 of {WORKERS}")
        expect(page.locator("#tenant-filter")).to_have_value("acme")
        page.select_option("#tenant-filter", "default")
        expect(page.locator("#workers tbody td.tenant").first).to_have_text("default")
        page.select_option("#group-filter", "rack=r001")
        expect(page.locator("#matched")).to_have_text(f"20 of {WORKERS}")


def test_groups_have_a_line_each(browser: Any, hosted: World) -> None:
    with visit(browser, hosted.url) as look:
        page = enter(look)
        rows = page.locator("#groups tbody tr")
        expect(rows).to_have_count(3)
        expect(page.locator("#groups-count")).to_have_text("3, by rack")
        expect(page.locator("#groups-choice")).to_be_hidden()
        last = page.locator("#groups tr", has_text="r001")
        expect(last.locator("td").first).to_contain_text("H/s")
        expect(last.locator("td").nth(1)).to_contain_text("of 40")
        page.locator("#groups-panel").scroll_into_view_if_needed()
        look.keep("dashboard-groups")
        last.locator("button").click()
        expect(page.locator("#matched")).to_have_text(f"40 of {WORKERS}")
        expect(page.locator("#group-filter")).to_have_value("rack=r001")
        page.click("#tenants tbody tr:first-child button")
        expect(page.locator("#matched")).to_have_text(f"60 of {WORKERS}")


def test_groups_by_several_parts_of_names(browser: Any, hosted: World) -> None:
    def lie(route: Any) -> None:
        answer = route.fetch()
        if not answer.ok:  # as long as no token is given
            route.fulfill(response=answer)
            return
        said = answer.json()
        (racks,) = said["groups"]
        values = [racks["values"][0] | {"value": value, "missing": 0.0} for value in "abc"]
        values[2] |= {"value": HOSTILE, "missing": 1e15}
        said["groups"] = [{"name": "customer", "total": 5000, "values": values}, racks]
        route.fulfill(response=answer, json=said)

    with visit(browser, hosted.url) as look:
        look.page.route("**/api/groups", lie)
        page = enter(look)
        expect(page.locator("#groups tbody th")).to_have_text([HOSTILE, "a", "b"])
        expect(page.locator("#groups-count")).to_have_text("the 3 largest of 5,000, by customer")
        page.click("#groups-choice >> text=rack")
        expect(page.locator("#groups tbody tr")).to_have_count(3)
        expect(page.locator("#groups-choice [aria-pressed=true]")).to_have_text("rack")


def test_a_workers_page_says_whose_it_is_and_orders_are_for_it_alone(
    browser: Any, hosted: World
) -> None:
    given: list[tuple[str, Any]] = []

    def note(route: Any) -> None:
        given.append((route.request.url.rpartition("/")[2], json.loads(route.request.post_data)))
        route.continue_()

    with visit(browser, hosted.url) as look:
        page = enter(look)
        page.route("**/api/actions/*", note)
        page.select_option("#tenant-filter", "acme")
        expect(page.locator("#matched")).to_have_text(f"60 of {WORKERS}")
        page.locator("#workers tbody tr a").first.click()
        look.until("() => location.hash.endsWith('?tenant=acme')")
        expect(page.locator("#worker-view .facts")).to_contain_text("acme")
        look.charts()
        page.click("#worker-view >> text=Automatic")
        expect(page.locator("#worker-view .actions [role=status]")).to_contain_text("Done")
        (order,) = given
        assert order[0] == "difficulty"
        assert order[1]["tenant"] == "acme"
        page.go_back()
        page.wait_for_selector("#workers tbody tr a")


def test_without_tenants_there_is_nothing_of_them(browser: Any) -> None:
    with world(20) as alone, visit(browser, alone.url) as look:
        page = look.go()
        look.all_rows()
        for hidden in (
            "#tenants-panel",
            "#splits-panel",
            "#groups-panel",
            "#tenant-filter",
            "#group-filter",
            "#workers td.tenant",
        ):
            expect(page.locator(hidden).first).to_be_hidden()
        page.locator("#workers tbody tr a").first.click()
        look.charts()
        look.until("() => !location.hash.includes('?')")
        expect(page.locator("#worker-view .facts dt", has_text="Tenant")).to_be_hidden()
