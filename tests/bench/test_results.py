"""Results: as JSON and back, what they come to, side by side, as tables and pictures."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from stratumproxy.bench import compare, table
from stratumproxy.bench.charts import draw
from stratumproxy.bench.results import Results
from stratumproxy.errors import BenchError
from tests.bench.made_up import outcome, report

ABOUT = {"date": "today", "machine": "a < b", "kernel": "Linux", "stratumproxy": "0"}


def results(cpu: float = 8e-6) -> Results:
    made = outcome(("floor", report(4e-6)), ("proxy", report(cpu)), ("pool", report(server=None)))
    made.check(["cpu.share <= 2.5 floor"])
    return Results(ABOUT, ["stratumproxy", "bench"], [made])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.json"


def test_there_and_back(path: Path) -> None:
    path.write_text(results().to_json(), "utf-8")
    assert Results.read(path) == results()


def test_what_was_not_measured_is_null() -> None:
    document = json.loads(results().to_json())
    figures = document["scenarios"][0]["figures"]
    assert figures["proxy"]["cpu.share"] == {"median": 8, "of_floor": 2, "of_first": 1}
    assert figures["pool"]["cpu.share"] == dict.fromkeys(("median", "of_floor", "of_first"))
    assert figures["pool"]["drift.memory"]["median"] is None
    assert document["units"]["cpu.share"] == "µs"
    assert document["command"] == ["stratumproxy", "bench"]
    assert document["scenarios"][0]["title"] == "load: a title"


def test_the_exit_status() -> None:
    met, missed, late = results(), results(12e-6), results()
    # The pool's CPU was not measured, which meets nothing.
    met.outcomes[0].checks = [check for check in met.outcomes[0].checks if check.server == "proxy"]
    assert (met.status, missed.status) == (0, 1)
    late.outcomes.append(outcome(("proxy", None)))
    assert late.status == 2
    assert Results(ABOUT, [], []).status == 2


@pytest.mark.parametrize("text", ["", "{}", '{"format": "x", "version": 1}', "[]"])
def test_something_else_is_no_result(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(BenchError, match="bench run --json"):
        Results.read(path)
    with pytest.raises(BenchError, match="can't be read"):
        Results.read(path / "nowhere")


def test_a_table() -> None:
    rows = {(row[0], row[1]): row for row in table.rows(results().outcomes[0])}
    assert rows["CPU a share, µs", "floor"][2:] == ["4", "", "", ""]
    assert rows["", "proxy"][0] == ""
    text = table.markdown(results(12e-6).outcomes[0])
    assert "|  | proxy | 12 | 3.00 |  | <= 2.5 floor MISSED |" in text
    assert "|  | pool | - |  |  | <= 2.5 floor MISSED |" in text


def test_figures_can_be_chosen() -> None:
    rows = table.rows(results().outcomes[0], ["late.p99"])
    assert [row[:3] for row in rows] == [
        ["sent late, p99, ms", "floor", "0.100"],
        ["", "proxy", "0.100"],
        ["", "pool", "0.100"],
    ]


def test_what_went_wrong_is_told_once() -> None:
    wrong = report(faults=["3 shares were not answered"])
    made = outcome(("floor", None), ("proxy", wrong), ("proxy", wrong))
    assert table.complaints(made) == [
        "floor, no result: the generator was late",
        "proxy, fault: 3 shares were not answered",
    ]
    assert "- proxy, fault: 3 shares were not answered" in table.markdown(made)


def test_side_by_side() -> None:
    found = {
        (pair.server, pair.figure.name): pair for pair in compare.pairs(results(), results(12e-6))
    }
    cost = found["proxy", "cpu.share"]
    assert (cost.ratio, cost.ratio_by_floor) == (1.5, 1.5)
    assert ("pool", "cpu.share") not in found
    assert list(compare.differences(results(), results())) == []
    other = Results(ABOUT | {"machine": "another"}, [], results().outcomes)
    assert list(compare.differences(results(), other)) == ["machine: a < b, now another"]


def test_pictures() -> None:
    made = results()
    for miners in (1000, 2000):
        each = outcome(("floor", report()), ("proxy", report(8e-6)), name=f"by miners={miners}")
        each.settings.update(vary={"miners": [1000, 2000]}, miners=miners)
        made.outcomes.append(each)
    root = ElementTree.fromstring(draw(made))
    assert len(root.findall(".//{*}polyline")) == 3 + 2  # latencies, cost over a range
    assert len(root.findall(".//{*}circle")) == 4
    texts = [element.text for element in root.iter() if element.text]
    assert "not measured" in texts
    assert "a < b" in " ".join(texts)
    for element in root.iter():
        for name in ("x", "cx"):
            assert 0 <= float(element.get(name, 0)) <= 3 * 420


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0"), (0.0123, "0.0123"), (9.5, "9.50"), (123.4, "123"), (1e5, "100,000")],
)
def test_figures_have_three_digits(value: float | None, text: str) -> None:
    assert table.digits(value) == text
