"""Orders about pools, given on the dashboard in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.browser import DESKTOP, PHONE, Visit, World, expect, needed, visit, world

pytestmark = needed

GIVE = "#pools-actions >> text=Give the token…"
SWITCH = "/api/actions/switch-pool"


@pytest.fixture(scope="module")
def fleet() -> Iterator[World]:
    with world(50) as found:
        yield found


@pytest.fixture
def look(browser: Any, fleet: World) -> Iterator[Visit]:
    """The fleet, looked at with the token."""
    with visit(browser, fleet.url) as found:
        found.go()
        found.give_token(GIVE, fleet.token)
        yield found


def test_only_with_the_token(browser: Any, fleet: World) -> None:
    with visit(browser, fleet.url) as look:
        page = look.go()
        page.wait_for_selector("#pools tbody tr")
        expect(page.locator("#pools button:visible")).to_have_count(0)
        expect(page.locator("#pools-actions button")).to_have_text(["Give the token…"])
        look.give_token(GIVE, fleet.token)
        expect(page.locator("#pools button:visible")).to_have_text(["Mine on it", "Mine on it"])
        expect(page.locator("#pools-actions button")).to_have_text(
            ["Configured order", "Reload configuration"]
        )
        page.click("#token-button")
        page.click("#token-forget")
        expect(page.locator("#pools button:visible")).to_have_count(0)
        expect(page.locator("#pools-actions button")).to_have_text(["Give the token…"])


def test_another_pool_by_the_keyboard(look: Visit, fleet: World) -> None:
    page = look.page
    orders: list[Any] = []
    page.on("request", lambda request: orders.append(request) if SWITCH in request.url else None)
    button = page.get_by_role("button", name="Mine on pool.example:3333")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#confirm-words")).to_contain_text("Mine on pool.example:3333 from now on?")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#confirm-dialog")).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    said = page.get_by_role("status").filter(has_text="Done")
    expect(said).to_have_text("Done: 1,200 miners move to pool.example:3333.")
    expect(button).to_be_enabled()
    expect(button).to_be_focused()
    assert [each.post_data_json for each in orders] == [{"pool": "pool.example:3333"}]
    assert orders[0].headers["authorization"] == f"Bearer {fleet.token}"


def test_a_pool_that_is_not_ready(look: Visit) -> None:
    page = look.page
    page.get_by_role("button", name="Mine on backup.example:3333").click()
    expect(page.locator("#confirm-words")).to_contain_text("It is waiting now")
    page.click("#confirm-yes")
    expect(page.locator("#pools-said")).to_have_text(
        "Done: backup.example:3333 is not ready, miners move there as soon as it is."
    )


def test_the_configured_order_and_the_configuration(look: Visit) -> None:
    page = look.page
    said = page.locator("#pools-said")
    page.get_by_role("button", name="Configured order").click()
    with page.expect_request(f"**{SWITCH}") as ordered:
        page.click("#confirm-yes")
    assert ordered.value.post_data_json == {"pool": ""}
    expect(said).to_have_text("Done: the configured order again, 1,200 miners move.")
    page.get_by_role("button", name="Reload configuration").click()
    with page.expect_request("**/api/actions/reload") as ordered:
        page.click("#confirm-yes")
    assert ordered.value.post_data_json == {}
    expect(said).to_have_text("Done: reload asked for; the log says what changed.")


def test_what_was_not_done_is_said(look: Visit) -> None:
    page = look.page
    said = page.locator("#pools-said")

    def order() -> None:
        page.get_by_role("button", name="Mine on pool.example:3333").click()
        page.click("#confirm-yes")

    half = {
        "done": {"pool": "p", "miners": 1, "ready": True, "failed": {"1": "it reads no orders"}}
    }
    page.route(f"**{SWITCH}", lambda route: route.fulfill(json=half))
    order()
    expect(said).to_have_text(
        "Done: 1 miner moves to p. Not by mining process 1: it reads no orders."
    )
    expect(said).to_have_class("note failed")

    # The browser itself tells its console of both.
    page.unroute(f"**{SWITCH}")
    refusal = {"error": "no pool is named 'x'", "detail": None}
    page.route(f"**{SWITCH}", lambda route: route.fulfill(status=409, json=refusal))
    with page.expect_console_message(lambda told: "409" in told.text):
        order()
    expect(said).to_have_text("Not done: no pool is named 'x'")
    expect(said).to_have_class("note failed")

    page.unroute(f"**{SWITCH}")
    page.route(f"**{SWITCH}", lambda route: route.abort())
    with page.expect_console_message(lambda told: "ERR_FAILED" in told.text):
        order()
    expect(said).to_have_text("Not done: the server can't be reached.")
    look.complaints.clear()

    page.unroute(f"**{SWITCH}")
    order()
    expect(said).to_contain_text("Done: 1,200 miners move")
    expect(said).to_have_class("note")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_fits_and_is_seen(
    browser: Any, fleet: World, viewport: dict[str, int], scheme: Any
) -> None:
    with visit(browser, fleet.url, viewport, color_scheme=scheme) as look:
        page = look.go()
        look.give_token(GIVE, fleet.token)
        expect(page.locator("#pools-actions button").last).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        page.locator("#pools").scroll_into_view_if_needed()
        look.keep(f"dashboard-pools-{'phone' if viewport is PHONE else 'desktop'}-{scheme}")
