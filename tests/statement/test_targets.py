"""A statement's parts of the work, by target: what was delivered, credited, and promised."""

import json
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.ledger.splits import KeptDebt, KeptSplit, keep
from stratumproxy.statement.page import as_html
from stratumproxy.telemetry.records import ShareRecord, WorkRecord
from tests.ledger.told import DAY, batch, share, work
from tests.ledger.told import keep as tell
from tests.statement.world import statement

HOUR = 3600


def mined(
    target: str, shares: int, credited: int, pool: str = "main"
) -> tuple[list[WorkRecord], list[ShareRecord]]:
    of: dict[str, Any] = {"tenant": "acme", "target": target, "pool": pool}
    return [work("rig", shares, **of)], [share(DAY, "rig", **of) for _ in range(credited)]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Of 1,000 shares 700 for one target, by two pools; four of the five credited are its."""
    path = tmp_path / "ledger.sqlite3"
    told = [mined("a", 500, 3), mined("a", 200, 1, "backup"), mined("b", 300, 1)]
    works = [each for works, _ in told for each in works]
    sent = [each for _, sent in told for each in sent]
    tell(path, [batch(1, DAY, work=works, shares=sent)])
    return path


def promise(ledger: Path, began: float, at: float = DAY + HOUR, **parts: float) -> None:
    debts = [KeptDebt(name, "", part, part, 0.0, 1.0, 0.0) for name, part in parts.items()]
    keep(str(ledger), [KeptSplit("acme", began, at, 1.0, "", debts)] if parts else [])


def parts(ledger: Path) -> dict[str, tuple[object, ...]]:
    found = statement(ledger, DAY, DAY + HOUR, now=DAY + HOUR)
    assert sum(each.work for each in found.targets) in (0, found.total.work)
    return {each.target: (each.promised, each.part, each.credited_part) for each in found.targets}


def test_what_each_had_and_was_credited(ledger: Path) -> None:
    assert parts(ledger) == {"a": (None, 0.7, 0.8), "b": (None, 0.3, 0.2)}


def test_what_was_promised_is_told_where_something_was_for_all_of_the_work(ledger: Path) -> None:
    promise(ledger, DAY - 60, a=0.75, b=0.25)
    assert parts(ledger) == {"a": (0.75, 0.7, 0.8), "b": (0.25, 0.3, 0.2)}


def test_before_anything_was_promised_there_was_work(ledger: Path) -> None:
    promise(ledger, DAY + HOUR / 2, a=0.75, b=0.25)
    assert parts(ledger)["a"] == (None, 0.7, 0.8)


def test_weights_that_changed_count_by_the_work_that_was_done_while_they_held(ledger: Path) -> None:
    """A thousand shares under the first ones, and a quarter of that under the others."""
    promise(ledger, DAY - 60, at=DAY + 60, a=0.75, b=0.25)
    promise(ledger, DAY + HOUR / 2, at=DAY + HOUR / 2, a=0.25, c=0.75)
    later = work("rig", 250, tenant="acme", target="a", pool="main")
    tell(ledger, [batch(2, DAY + HOUR / 2 + 60, work=[later])])
    found = parts(ledger)
    assert {name: promised for name, (promised, *_) in found.items()} == {
        "a": pytest.approx((1000 * 0.75 + 250 * 0.25) / 1250),
        "b": pytest.approx(1000 * 0.25 / 1250),
        "c": pytest.approx(250 * 0.75 / 1250),
    }


def test_while_there_was_no_split_nothing_was_promised(ledger: Path) -> None:
    promise(ledger, DAY - HOUR, at=DAY - HOUR, a=0.75, b=0.25)
    promise(ledger, DAY - HOUR)
    promise(ledger, DAY + HOUR / 2, a=0.75, b=0.25)
    assert parts(ledger)["a"] == (None, 0.7, 0.8)


def test_who_was_promised_something_and_had_nothing_is_there(ledger: Path) -> None:
    promise(ledger, DAY - 60, a=0.5, b=0.3, c=0.2)
    assert parts(ledger)["c"] == (0.2, 0, 0)


def test_of_one_target_there_are_no_parts(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    works, sent = mined("", 10, 1)
    tell(path, [batch(1, DAY, work=works, shares=sent)])
    found = statement(path, DAY, DAY + HOUR, now=DAY + HOUR)
    assert found.targets == []
    assert "Parts of the work" not in as_html(found)


def test_it_is_in_the_page_and_in_json(ledger: Path) -> None:
    promise(ledger, DAY - 60, a=0.75, b=0.25)
    found = statement(ledger, DAY, DAY + HOUR, now=DAY + HOUR)
    html = as_html(found)
    assert "<h2>Parts of the work</h2>" in html
    assert "<td>75.00 %</td><td>70.00 %</td>" in html
    plain = json.loads(json.dumps(found.to_dict()))["targets"]
    assert plain[1] == {
        "target": "b",
        "promised": 0.25,
        "work": 300 * 1024.0,
        "part": 0.3,
        "credited_work": 65536.0,
        "credited_part": 0.2,
    }
