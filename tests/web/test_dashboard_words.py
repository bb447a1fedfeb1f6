"""What the dashboard writes: figures in words, and what miners say as text."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.web.browser import PATIENCE, Visit, World, expect, needed, visit, world

pytestmark = needed


@pytest.fixture(scope="module")
def fleet() -> Iterator[World]:
    with world(20) as found:
        yield found


@pytest.fixture(scope="module")
def words_page(browser: Any, fleet: World) -> Iterator[Any]:
    with visit(browser, fleet.url) as found:
        yield found.go()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("rate(1.924e18)", "1.92 EH/s"),
        ("rate(999.4e12)", "999 TH/s"),
        ("rate(999.6e12)", "1.00 PH/s"),
        ("rate(0)", "0 H/s"),
        ("rate(null)", "\u2013"),
        ("rate(0.25)", "0.25 H/s"),
        ("error(0.008)", "± 0.80 %"),
        ("error(null)", ""),
        ("error(5)", "± 100 %"),
        ("percent(0.99999)", "100 %"),
        ("percent(0.00001)", "< 0.01 %"),
        ("difficulty(0.0015)", "0.0015"),
        ("difficulty(131072)", "131,072"),
        ("difficulty(4.118e12)", "4.12 T"),
        ("delay(0.00024)", "240 µs"),
        ("delay(0.0384)", "38 ms"),
        ("delay(0.9996)", "1 s"),
        ("duration(59.6)", "60 s"),
        ("duration(3 * 3600)", "3 h"),
        ("duration(86400 * 12)", "12 d"),
    ],
)
def test_figures_in_words(words_page: Any, call: str, words: str) -> None:
    said = words_page.evaluate(f"async () => (await import('/static/format.js')).{call}")
    assert said.replace("\u00a0", " ") == words


HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_what_miners_say_stays_text(browser: Any, fleet: World) -> None:
    """Names, agents, reasons and events are laid under the page as an attacker would."""
    with visit(browser, fleet.url) as look:
        look.page.route(re.compile("/api/(table|workers/|log|jobs)"), Liar())
        check_that_it_is_text(look)


def check_that_it_is_text(look: Visit) -> None:
    page = look.go()
    look.all_rows()
    expect(page.locator("#workers td.name")).to_have_text([HOSTILE])
    expect(page.locator("#workers td.agent")).to_have_text([HOSTILE])
    expect(page.locator("#news li").first).to_contain_text(HOSTILE)
    page.locator("#workers td.name a").click()
    expect(page.locator("#worker-view h1")).to_have_text(HOSTILE)
    expect(page.locator("#worker-view .reasons tbody th")).to_have_text([HOSTILE])
    expect(page.locator("[aria-labelledby=worker-miners] tbody bdi")).to_have_text([HOSTILE])
    page.click("header nav >> text=Jobs")
    expect(page.locator("#jobs td.code").last).to_have_text(HOSTILE)
    page.click("header nav >> text=Events")
    expect(page.locator("#events li").first).to_contain_text(HOSTILE)
    assert page.locator("body img, body script").count() == 0


class Liar:
    """Answers as the server would, had one of its miners such a name."""

    def __init__(self) -> None:
        self.name = ""

    def __call__(self, route: Any) -> None:
        real = route.request.url.replace(quote(HOSTILE, safe="()'!~*"), quote(self.name, safe=""))
        answer = route.fetch(url=real, timeout=PATIENCE)
        said = answer.json()
        if "columns" in said and said["rows"]:
            at = said["columns"].index
            row = said["rows"][0]
            self.name = row[at("name")]
            row[at("name")] = row[at("agent")] = row[at("address")] = HOSTILE
            said["rows"] = [row]
        elif "events" in said:
            event = {
                "at": 4e9,  # before those that the stream brings meanwhile
                "level": "warning",
                "event": HOSTILE,
                "values": {HOSTILE: HOSTILE},
            }
            said["events"] = [event]
        elif "jobs" in said:
            for job in said["jobs"]:
                job["job"] = job["pool"] = HOSTILE
        elif "reasons" in said:
            said["name"] = said["agent"] = said["pool"] = HOSTILE
            said["reasons"] = {HOSTILE: 10}
            said["rejected"] = 10
            for miner in said["miners"]:
                miner["address"] = miner["agent"] = HOSTILE
        route.fulfill(response=answer, json=said)
