"""The dashboard by a tenant's token: its own machines, and a word that it is no more than these."""

from typing import Any

import pytest

from tests.web.browser import expect, needed, visit, world

pytestmark = needed

ACMES = "the secret of a customer"


def test_a_customer_sees_its_own_machines(browser: Any) -> None:
    with world(60, ACMES) as hosted, visit(browser, hosted.url) as look:
        page = look.page
        page.goto(f"{hosted.url}/#/")
        page.fill("#token-input", ACMES)
        page.keyboard.press("Enter")
        page.wait_for_selector("#live.live")
        look.all_rows()
        expect(page.locator("#whose")).to_have_text("acme")
        expect(page.locator("#about")).to_contain_text("figures of acme alone")
        expect(page.locator("section.pools")).to_be_hidden()
        expect(page.locator("footer >> text=Metrics")).to_be_hidden()
        expect(page.locator("#splits tbody tr")).to_have_count(2)
        expect(page.locator("#workers")).to_have_attribute("aria-rowcount", "31")
        page.wait_for_selector("#history canvas")
        page.locator("#workers tbody tr a").first.click()
        look.charts()
        expect(page.locator("#worker-view .actions .note")).to_contain_text("for reading only")
        look.complaints[:] = [each for each in look.complaints if "401" not in each]
        look.keep("dashboard-tenant")


@pytest.mark.parametrize("path", ["/api/pools", "/metrics"])
def test_its_token_asked_by_hand_opens_no_more(browser: Any, path: str) -> None:
    with world(10, ACMES) as hosted:
        context = browser.new_context()
        try:
            headers = {"Authorization": f"Bearer {ACMES}"}
            answer = context.request.get(f"{hosted.url}{path}", headers=headers)
            assert answer.status == 403
        finally:
            context.close()
