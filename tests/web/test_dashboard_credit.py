"""Whether the pool credits what it should, on the dashboard in a real browser."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.web.browser import World, expect, needed, visit, world

pytestmark = needed

ACCOUNT = {
    "pool": "main",
    "account": "<b>farm",
    "expected": 1000.4,
    "low": 919,
    "high": 1082,
    "sent": 1003,
    "credited": 1001,
    "verdict": "within chance",
    "fine": True,
}
REFUSED = {
    **ACCOUNT,
    "account": "second",
    "credited": 12,
    "verdict": "more was refused or lost than is tolerated",
    "fine": False,
}


@pytest.fixture(scope="module")
def fleet() -> Iterator[World]:
    with world(20) as found:
        yield found


def test_without_a_ledger_there_is_no_panel(browser: Any, fleet: World) -> None:
    with visit(browser, fleet.url) as look:
        page = look.go()
        page.wait_for_selector("#pools tbody tr")
        expect(page.locator("#credit")).to_be_hidden()


def test_each_account_and_whether_to_look(browser: Any, fleet: World) -> None:
    told = [ACCOUNT]
    with visit(browser, fleet.url) as look:
        look.page.route(
            "**/api/credit",
            lambda route: route.fulfill(
                body=orjson.dumps({"kept": True, "since": 0.0, "accounts": told}),
                content_type="application/json",
            ),
        )
        page = look.go()
        expect(page.locator("#credit-words")).to_have_text("Yes")
        item = page.locator("#credit-list li")
        expect(item).to_contain_text("<b>farm at main")
        expect(item).to_contain_text(
            "1,001 credited of 1,003 sent; 1,000 expected (919 to 1,082 by chance)."
        )
        told.append(REFUSED)
        page.reload()
        expect(page.locator("#credit-words")).to_have_text("1 of 2 accounts: look")
        expect(page.locator("#credit-list .doubtful")).to_contain_text("refused or lost")
