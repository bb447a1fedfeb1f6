"""The dashboard in a real browser, with a fleet of 17,595 workers that goes on mining."""

import json
import re
import signal
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.web.browser import (
    PHONE,
    Visit,
    World,
    artifacts,
    expect,
    needed,
    number,
    visit,
    world,
)
from tests.web.world import STRANGER

pytestmark = needed

WORKERS = 17_595
COLUMN = """(key) => [...document.querySelectorAll(`#workers td.${key}`)]
    .map((cell) => cell.textContent)"""

ACTIVE = """() => {
    const id = document.querySelector('#workers').getAttribute('aria-activedescendant');
    return Number(document.getElementById(id ?? '')?.ariaRowIndex);
}"""
"""The place of the active row in the table of workers, the headings being the first."""

MEASURE = """async ([selector, type, value]) => {
    // From the input to the frame that shows it; one frame before, so that none is waited for.
    const element = document.querySelector(selector);
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    if (type === "click") element.click();
    else { element.value = value; element.dispatchEvent(new Event(type, {bubbles: true})); }
    document.querySelector("#workers").getBoundingClientRect();
    const worked = performance.now();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return {work: worked - start, painted: performance.now() - start};
}"""


@pytest.fixture(scope="module")
def fleet() -> Iterator[World]:
    with world(WORKERS) as found:
        yield found


@pytest.fixture(scope="module")
def some() -> Iterator[World]:
    """A smaller fleet, for what does not depend on its size."""
    with world(1000) as found:
        yield found


@pytest.fixture
def look(browser: Any, some: World) -> Iterator[Visit]:
    with visit(browser, some.url) as found:
        yield found


@pytest.fixture
def look_at_all(browser: Any, fleet: World) -> Iterator[Visit]:
    with visit(browser, fleet.url) as found:
        yield found


def test_the_whole_fleet_is_on_the_page(look_at_all: Visit) -> None:
    page = look_at_all.go()
    look_at_all.all_rows()
    expect(page.locator("#workers")).to_have_attribute("aria-rowcount", str(WORKERS + 1))
    expect(page.locator("#matched")).to_have_text(f"{WORKERS:,}")
    assert page.locator("#workers tbody tr").count() < 100, "rows out of sight are in the document"
    expect(page.locator("#rates div:nth-child(1) dd")).to_have_text(
        re.compile(r"^[\d.]+\sEH/s\s*±\s[\d.]+\s%$")
    )
    expect(page.locator("#rates dd")).to_have_count(4)
    for rows in "#pools tbody tr", "#reasons tbody tr", "#attention-list li":
        page.wait_for_selector(rows)
    for drawn in "#history canvas", "#fanout canvas":
        page.wait_for_selector(drawn)
        expect(page.locator(drawn)).to_have_count(1)
    look_at_all.keep("dashboard-light")


def test_searching_and_sorting(look_at_all: Visit) -> None:
    """Rows and their order are checked; the times are told and kept, for people to judge."""
    page = look_at_all.go()
    look_at_all.all_rows()
    names = page.evaluate(COLUMN, "name")
    wanted = names[3]
    times: dict[str, dict[str, float]] = {}

    for length in (1, len(wanted) // 2, len(wanted)):
        typed = wanted[:length]
        times[f"search for {length} characters"] = page.evaluate(
            MEASURE, ["#search", "input", typed]
        )
        shown = page.evaluate(COLUMN, "name")
        assert shown
        assert 0 < number(page.inner_text("#matched")) <= WORKERS
    assert wanted in shown
    times["search for nothing there is"] = page.evaluate(
        MEASURE, ["#search", "input", "no such worker"]
    )
    assert page.inner_text("#workers-table .empty") == "No worker matches “no such worker”."
    times["search ended"] = page.evaluate(MEASURE, ["#search", "input", ""])
    assert page.get_attribute("#workers", "aria-rowcount") == str(WORKERS + 1)

    columns = page.locator("#workers thead th").evaluate_all(
        "(all) => all.map((th) => th.classList[0])"
    )
    for column in columns:
        button = f"#workers th.{column} button"
        for direction in "first", "second":
            times[f"sort by {column}, {direction}"] = page.evaluate(MEASURE, [button, "click", ""])
            order = page.get_attribute(f"#workers th.{column}", "aria-sort")
            texts = page.evaluate(COLUMN, column)
            assert order in ("ascending", "descending")
            check_order(column, texts, order == "descending")

    print()
    for what, taken in times.items():
        print(f"{what:32} {taken['work']:6.1f} ms work, {taken['painted']:6.1f} ms until painted")
    kept = {"workers": WORKERS, "unit": "ms", "times": times}
    (artifacts() / "dashboard-times.json").write_text(json.dumps(kept, indent=1))


UNITS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}


def check_order(column: str, texts: list[str], descending: bool) -> None:
    """Rows in the document are in their order on the page; the last pool slots may be unused."""
    if not column.startswith("hashrate"):
        return
    values = []
    for text in (text for text in texts if text != "\N{EN DASH}"):
        found = re.match(r"([\d.]+)\s([kMGTPE]?)H/s", text)
        assert found, text
        values.append(float(found[1]) * UNITS[found[2]])
    # Figures are those of three digits.
    for one, next_one in pairwise(values):
        assert one >= next_one * 0.99 if descending else one <= next_one * 1.01


def test_a_search_takes_every_word_and_looks_everywhere(look: Visit) -> None:
    page = look.go()
    look.all_rows()
    row = page.locator("#workers tbody:not(.spacer) tr").first
    name, address, agent = (
        row.locator(f".{each}").inner_text() for each in ("name", "address", "agent")
    )
    page.fill("#search", f"{agent.upper()}  {address}")
    assert name in page.evaluate(COLUMN, "name")
    assert number(page.inner_text("#matched")) < 100


def test_figures_move_by_themselves(look_at_all: Visit) -> None:
    page = look_at_all.go()
    look_at_all.all_rows()
    before = number(page.inner_text("#shares-figures dd"))
    row = page.evaluate("() => document.querySelector('#workers tbody').parentElement.innerText")
    look_at_all.until(
        "before => Number(document.querySelector('#shares-figures .value')"
        ".textContent.replaceAll(',', '')) > before",
        arg=before,
    )
    look_at_all.until("before => document.querySelector('#workers').innerText !== before", arg=row)


def test_which_machines_need_a_person(look: Visit) -> None:
    page = look.go()
    look.all_rows()
    for kind in "gone", "slow", "rejecting", "reconnecting":
        button = page.locator(f"#attention-filters .{kind}")
        expect(button.locator("b")).to_have_text(re.compile("[1-9]"))
        button.click()
        look.until(
            "kind => { const all = [...document.querySelectorAll('#attention-list li')];"
            " return all.length && all.every((li) => li.querySelector('.mark.' + kind)); }",
            arg=kind,
        )
        expect(page.locator("#attention-list li p").first).to_have_text(re.compile(r"\.$"))
        expect(page.locator("#attention-rule")).not_to_be_empty()
    page.click("#attention-more")
    look.until(
        "() => { const all = [...document.querySelectorAll('#workers td.attention')];"
        " return all.length && all.every((td) => td.querySelector('.mark.reconnecting')); }"
    )


def test_names_without_an_accepted_share(look: Visit) -> None:
    page = look.go()
    words, names = page.locator("#strangers-words"), page.locator("#strangers-list li")
    expect(words).to_have_text("2 names without an accepted share")
    words.click()
    expect(names).to_have_count(2)
    expect(names.first.locator("b")).to_have_text("farm.r999s01")
    expect(names.first.locator("p")).to_have_text(
        "From 10.9.9.9:4000: 40 rejected (40 low-difficulty)."
    )
    expect(names.last.locator("b")).to_have_text(STRANGER)
    expect(names.last.locator("p")).to_have_text("3 rejected (2 malformed, 1 stale).")


def test_what_is_missing_is_said_in_sum_and_by_machine(look: Visit, some: World) -> None:
    page = look.go()
    look.all_rows()
    expect(page.locator("#attention-missing")).to_have_text(
        re.compile(r"^[\d.]+\s[PT]H/s missing, [\d.]+\s% of usual$")
    )
    page.locator("#attention-filters .slow").click()
    told = page.locator("#attention-list li p").first
    expect(told).to_have_text(
        re.compile(r"^[\d.]+\s% of its usual [\d.]+\s[TG]H/s: [\d.]+\s[TG]H/s missing\.$")
    )
    page.select_option("#filter", "gone")
    expect(page.locator("#workers td.of_usual").first).to_have_text(re.compile(r"^0\s%$"))
    page.select_option("#filter", "slow")
    expect(page.locator("#workers td.of_usual").first).to_have_text(re.compile(r"^[4-7]\d\.\d\s%$"))
    expect(page.locator("#workers td.missing").first).to_have_text(re.compile(r"^[\d.]+\s[TG]H/s$"))
    page.locator("#workers td.name a").first.click()
    expect(page.locator("#worker-view .summary")).to_contain_text(re.compile(r"Usual.*now [4-7]\d"))
    look.give_token("#worker-view >> text=Give the token…", some.token)
    page.click("text=This is how it is")
    page.click("#confirm-yes")
    expect(page.locator("#worker-view .actions [role=status]")).to_have_text(
        re.compile(r"^Done: usual is 50\.0\sTH/s now, it was 100\sTH/s\.$")
    )


def test_a_workers_page(look: Visit) -> None:
    page = look.go()
    look.all_rows()
    page.click("#workers th.accepted button")
    # The order is of figures that change: by its name it is found wherever it is meanwhile.
    name = page.evaluate(COLUMN, "name")[0]
    page.fill("#search", name)
    expect(page.locator("#workers td.name")).to_have_text([name])
    page.locator("#workers td.name a").click()
    expect(page.locator("#worker-view h1")).to_have_text(name)
    look.charts()
    expect(page.locator("#worker-view h3")).to_have_text(
        ["Hashrate", "Difficulty", "Rejected shares", "Connections"]
    )
    expect(page.locator("#worker-view .value").first).to_have_text(re.compile("H/s"))
    look.keep("dashboard-worker-light")
    page.get_by_role("button", name="1 h", exact=True).click()
    page.click("text=← Fleet")
    page.wait_for_selector("#fleet-view:not([hidden])")


def test_jobs_and_events(look: Visit) -> None:
    page = look.go("#/jobs")
    page.wait_for_selector("#jobs tbody tr")
    page.click("header nav >> text=Events")
    page.wait_for_selector("#events li")
    expect(page.locator("header nav [href='#/events']")).to_have_attribute("aria-current", "page")


def test_only_the_keyboard(look: Visit) -> None:
    page = look.go()
    look.all_rows()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("To the workers")
    expect(page.locator(":focus")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    page.wait_for_selector("#search:focus")
    page.keyboard.type("1")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.wait_for_selector("#workers:focus")
    look.until(f"() => ({ACTIVE})() === 2")
    page.keyboard.press("ArrowDown")
    look.until(f"() => ({ACTIVE})() === 3")
    page.keyboard.press("PageDown")
    look.until(f"() => ({ACTIVE})() > 8")
    page.keyboard.press("PageUp")
    look.until(f"() => ({ACTIVE})() === 3")
    page.keyboard.press("End")
    look.until(f"() => ({ACTIVE})() === Number(document.querySelector('#workers').ariaRowCount)")
    look.until(
        """() => {
            const place = (what) => document.querySelector(what).getBoundingClientRect();
            const [row, frame] = [place('#workers tr[aria-selected=true]'), place('.scroller')];
            return frame.top < row.top && row.bottom <= frame.bottom;
        }"""
    )
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    look.until(f"() => ({ACTIVE})() === 2")
    name = page.inner_text("#workers tr[aria-selected=true] .name")
    page.keyboard.press("Enter")
    expect(page.locator("#worker-view h1")).to_have_text(name)
    expect(page.locator("#worker-view h1")).to_be_focused()


LONGEST = {
    "hashrate_1m": "88.8\u00a0TH/s",
    "hashrate_5m": ("88.8\u00a0TH/s", "±\u00a088.8\u00a0%"),
    "hashrate_1h": "88.8\u00a0TH/s",
    "hashrate_24h": "88.8\u00a0TH/s",
    "of_usual": "88.8\u00a0%",
    "missing": "88.8\u00a0TH/s",
    "difficulty": "888,888",
    "accepted": "888,888,888",
    "rejected": "88.8\u00a0%",
    "connections": "8,888",
    "last_share": "88\u00a0min ago",
}
"""What takes the most room of all that a column may have to show."""

CUT = """(longest) => {
    const cut = [];
    const scroller = document.querySelector('.scroller');
    const edge = scroller.getBoundingClientRect().left + scroller.clientWidth;
    const whole = (key, what, element) => {
        const beyond = element.getBoundingClientRect().right - edge;
        if (element.scrollWidth > element.clientWidth || beyond > 1) cut.push(`${key}: ${what}`);
    };
    for (const heading of document.querySelectorAll('#workers thead th')) {
        const [key] = heading.classList;
        if (!heading.offsetWidth) continue;
        const sorted = heading.ariaSort;
        heading.ariaSort = 'descending';
        whole(key, 'heading', heading.firstElementChild);
        heading.ariaSort = sorted;
        if (!heading.classList.contains('number')) continue;
        const cell = document.querySelector(`#workers tbody:not(.spacer) td.${key}`);
        const texts = [longest[key]].flat();
        // As long as it is measured; the page writes its own at the next news.
        const before = cell.cloneNode(true);
        const spots = texts.length > 1 ? [...cell.children] : [cell.firstElementChild ?? cell];
        spots.forEach((spot, index) => { spot.textContent = texts[index]; });
        whole(key, texts.join(' '), cell);
        spots.forEach((spot, index) => {
            if (spot !== cell && spot.offsetWidth) whole(key, texts[index], spot);
        });
        cell.replaceChildren(...before.childNodes);
    }
    for (const mark of document.querySelectorAll('#workers .mark:first-child')) {
        whole('attention', mark.textContent, mark.parentElement);
    }
    return cut;
}"""


def test_figures_are_whole(look: Visit) -> None:
    page = look.go()
    look.all_rows()
    page.click("#workers th.attention button")
    page.wait_for_selector("#workers td.attention .mark")
    for width in (1024, 1201, 1280, 1381, 1440, 1461, 1561, 1741, 1920):
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.evaluate(CUT, LONGEST) == [], width
        name = page.evaluate("document.querySelector('#workers th.name').offsetWidth")
        assert name > 120, width
        look.keep(f"dashboard-{width}")


@pytest.mark.parametrize("address", ["#/", "#/jobs", "#/events", "worker"])
def test_a_phone_scrolls_one_way(browser: Any, some: World, address: str) -> None:
    with visit(browser, some.url, PHONE, has_touch=True) as look:
        page = look.go()
        look.all_rows()
        if address == "worker":
            page.locator("#workers td.name a").first.click()
            look.charts()
        elif address != "#/":
            look.go(address)
            page.wait_for_selector("#jobs tbody tr, #events li")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"]
        look.keep(f"dashboard-phone-{address.strip('#/') or 'fleet'}")


def test_the_dark(browser: Any, some: World) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with visit(browser, some.url, color_scheme="dark") as look:
        page = look.go()
        look.all_rows()
        page.wait_for_selector("#attention-list li")
        dark = page.evaluate(ground)
        look.keep("dashboard-dark")
        page.click("#theme-button")
        look.until(f"(dark) => {ground} !== dark", dark)
        light = page.evaluate(ground)
        assert sum(map(int, re.findall(r"\d+", light))) > 600
        assert sum(map(int, re.findall(r"\d+", dark))) < 100
        look.reload()
        look.until(f"(light) => {ground} === light", light)
        page.click("#theme-button")
        look.until(f"(dark) => {ground} === dark", dark)


def test_a_lost_connection_is_said_and_mended(browser: Any) -> None:
    with world(50) as small, visit(browser, small.url) as look:
        page = look.go()
        expect(page.locator("#trouble")).to_be_hidden()
        small.process.send_signal(signal.SIGSTOP)
        page.wait_for_selector("#live.lost")
        expect(page.locator("html")).to_have_class("stale")
        expect(page.locator("#trouble")).to_contain_text("What you see is of")
        expect(page).to_have_title(re.compile("^not connected"))
        expect(page.locator("#announcer")).to_have_text("Connection lost. The page is not live.")
        look.keep("dashboard-lost")
        small.process.send_signal(signal.SIGCONT)
        page.wait_for_selector("#live.live")
        expect(page.locator("html")).not_to_have_class("stale")
        expect(page.locator("#trouble")).to_be_hidden()
        expect(page.locator("#announcer")).to_have_text("Connected, the page is live.")


def test_an_empty_fleet_looks_sensible(browser: Any) -> None:
    with world(0) as nobody, visit(browser, nobody.url) as look:
        page = look.go()
        expect(page.locator("#workers-table .empty")).to_contain_text("No worker has mined yet")
        expect(page.locator("#attention-calm")).to_contain_text("No miners yet")
        for nothing in "#history .nothing", "#fanout-empty", "#news-empty", "#pools-empty":
            page.wait_for_selector(nothing)
        assert "NaN" not in page.inner_text("body")
        assert "undefined" not in page.inner_text("body")
        look.keep("dashboard-empty")


def test_what_is_not_as_usual_stands_above_everything(browser: Any) -> None:
    with world(0) as nobody, visit(browser, nobody.url) as look:
        page = look.go()
        lines = page.locator("#conditions li")
        expect(lines).to_contain_text(
            [
                "no process serves miners",
                "no pool is ready",
                "records can't be kept (ledger) the disk is full; 3 batches wait",
                "an operator's order of pools holds (backup.example:3333) by 10.0.0.9",
            ]
        )
        expect(lines.last).to_contain_text("10 min ago")
        expect(page.locator("#live")).to_have_text("miners not served")
        expect(page).to_have_title(re.compile("^no process serves miners · "))
        look.keep("dashboard-not-as-usual")
        page.goto(f"{nobody.url}/#/jobs")
        expect(lines).to_have_count(4)


def test_the_token_is_kept_for_the_tab_only(look: Visit, some: World) -> None:
    page = look.go()
    look.all_rows()
    page.locator("#workers td.name a").first.click()
    look.give_token("#worker-view >> text=Give the token…", some.token)
    page.wait_for_selector("#set-difficulty")
    assert page.evaluate("Object.values(sessionStorage)") == [some.token]
    assert some.token not in page.evaluate("JSON.stringify(localStorage) + document.cookie")
    with page.expect_request("**/api/actions/difficulty") as ordered:
        page.fill("#set-difficulty", "4096.5")
        page.get_by_role("button", name="Set", exact=True).click()
    assert ordered.value.post_data_json["difficulty"] == 4096.5
    assert ordered.value.headers["authorization"] == f"Bearer {some.token}"
    expect(page.locator(".actions [role=status]")).to_have_text("Done: miners 1.")
    with page.expect_request("**/api/actions/disconnect"):
        page.get_by_role("button", name="Disconnect", exact=True).first.click()
        page.locator("#confirm-yes").click()


def test_a_span_without_a_ledger_says_so(look: Visit) -> None:
    page = look.go()
    page.wait_for_selector("#history canvas")
    # The browser itself tells its console of the 404.
    with page.expect_console_message(lambda said: "404" in said.text):
        page.get_by_role("button", name="7 d", exact=True).click()
    page.wait_for_selector("#history .note:has-text('needs the ledger')")
    page.wait_for_selector("#history .nothing")
    assert all("404" in each for each in look.complaints)
    look.complaints.clear()
    page.click("#history-spans >> text=24 h")
    page.wait_for_selector("#history canvas")
    expect(page.locator("#history .note")).to_be_empty()
