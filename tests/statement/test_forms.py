"""CSV and HTML of a statement: exact, and harmless whatever a machine is called."""

import csv
import io
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stratumproxy.statement import Statement, Window
from stratumproxy.statement.page import as_html
from stratumproxy.statement.rows import as_csv, safe
from stratumproxy.statement.words import hours, percent, rate, scaled
from tests.ledger.told import DAY, batch, keep, share, work
from tests.statement.world import statement

HOUR = 3600

EVIL = [
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    " =1+1",
    "\t=1+1",
    "\uff1d1+1",
    'a",=1+1,"',
    "a\r\n=1+1",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'",
    "&lt;b&gt;",
    "\u202eevil",
]


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Statement:
    """Machines, reasons, accounts and windows that would like to be more than that."""
    path = tmp_path_factory.mktemp("evil") / "ledger.sqlite3"
    whose = {"tenant": "<i>acme</i>", "account": "=A1<u>", "pool": "<s>pool", "target": "<q>"}
    works = [work(name, 3, rejected={"=stale<b>": 1}, **whose) for name in EVIL]
    shares = [share(DAY, name, "rejected", reason="<em>no", **whose) for name in EVIL]
    keep(path, [batch(1, DAY, work=works, shares=shares)])
    found = statement(
        path, DAY, DAY + 2 * HOUR, tenant="<i>acme</i>", by="worker", now=DAY + 2 * HOUR,
        agreed=[Window(DAY, DAY + HOUR, "<h1>grid")],
    )  # fmt: skip
    assert len(found.rows) == len(EVIL)
    return found


class Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_page_has_no_tag_but_its_own(evil: Statement) -> None:
    page = Read()
    page.feed(as_html(evil))
    assert page.tags == {
        "html", "head", "meta", "title", "style", "body", "header", "div", "h1", "h2", "p", "b",
        "span", "section", "table", "thead", "tbody", "tr", "th", "td", "br", "small", "ul", "li",
        "dl", "dt", "dd",
    }  # fmt: skip
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "title"}
    shown = "".join(page.text)
    for name in EVIL:
        assert "".join(char if char.isprintable() else "\ufffd" for char in name) in shown
    assert "\u202e" not in shown
    for text in ("<em>no", "<h1>grid", "=A1<u>", "<s>pool", "<q>", "Statement for <i>acme</i>"):
        assert text in shown


def test_no_cell_is_a_formula(evil: Statement) -> None:
    lines = list(csv.reader(io.StringIO(as_csv(evil), newline="")))
    header, rows = lines[0], lines[1:]
    assert header[:3] == ["worker", "since", "until"]
    assert len(rows) == len(EVIL) + 1
    for row in rows:
        assert len(row) == len(header)
        for cell in row:
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))
    assert {row[header.index("reasons")] for row in rows[:-1]} == {"'=stale<b>: 1"}


def test_csv_is_exact(evil: Statement) -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(evil), newline="")))
    total = lines.pop()
    for name in ("accepted", "work", "squares", "proven_seconds", "machine_seconds"):
        if name in total:
            assert float(total[name]) == getattr(evil.total, name)
            assert sum(float(line[name]) for line in lines) == getattr(evil.total, name)


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "UTC", "Pacific/Kiritimati"])
def test_a_window_may_be_for_good(tmp_path: Path, zone: str) -> None:
    """Excused until further notice, say: from the first day of a calendar to the last of it."""
    path = tmp_path / "ledger.sqlite3"
    keep(path, [batch(1, DAY, work=[work("rig", 3, tenant="acme")])])
    first = datetime.fromisoformat("0001-01-01T00:00:00+14:00").timestamp()
    last = datetime.fromisoformat("9999-12-31T23:59:59-12:00").timestamp()
    for_good = Window(first, last, "the grid")
    found = statement(path, DAY, DAY + 2 * HOUR, zone, now=DAY + 2 * HOUR, agreed=[for_good])
    assert found.windows[0].window == for_good
    page = as_html(found)
    for end, begins in ((first, "0001-01-"), (last, "9999-12-")):
        text = found.period.text(end)
        assert text.startswith(begins)
        assert text in page


@pytest.mark.parametrize("text", ["rack1.m2", "a=b", "a-b", "", "1.5"])
def test_a_plain_name_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_figures_in_words() -> None:
    assert rate(1.2345e17) == "123.5 PH/s"
    assert rate(0.0) == "0 H/s"
    assert scaled(999.97) == "1 k"
    assert (percent(0.99999), percent(1.0), percent(None)) == ("99.99 %", "100.00 %", "?")
    assert hours(3600 * 1234.56) == "1,234.6 h"


def test_a_course_is_drawn_day_by_day(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    days = range(3)
    keep(path, [batch(n + 1, DAY + n * 86_400, work=[work("a", 5)]) for n in days])
    page = as_html(statement(path, DAY, DAY + 3 * 86_400, tenant="default", now=DAY + 9e5))
    assert page.count("<rect ") == 3
    assert page.count("<polyline ") == 1
