"""From reports to tables, charts and verdicts, on figures made up here."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

pytest.importorskip("bench", reason="the benchmarks are part of the repository, not of the wheel")

from bench import charts, soak
from bench.plot import document
from bench.scenarios import BY_NAME, Result
from bench.sweep import Points
from bench.table import figure, markdown, rows


def report(cpu: float, p99: float = 0.001) -> Result:
    return {
        "server": {
            "cpu_per_share": cpu,
            "busy": 0.5,
            "rss_per_miner": 2048.0,
            "rss": 1e8,
            "waited": 0,
        },
        "shares": {"per_second": 1000.0, "rejected": {"21": 3}},
        "reply": {"p50": 0.0005, "p99": p99, "max": 0.1},
        "fan_out": {"first": 0.001, "median": 0.01, "weighted": 0.01, "last": 0.1},
        "storm": {"last": 1.5, "p50": 1.0, "dropped_syns": 0},
    }


def test_a_ratio_is_taken_repeat_by_repeat() -> None:
    scenario = BY_NAME["saturation"]
    cpu = rows(scenario, [report(4e-6), report(8e-6)], [report(8e-6), report(24e-6)])[0]
    assert cpu.ratios == [2, 3]
    assert cpu.cells()[:5] == ["CPU a share, µs", "6.00", "16.0", "2.50", "2.00 to 3.00"]


@pytest.mark.parametrize(("cost", "met"), [(9e-6, True), (11e-6, False)])
def test_a_goal_is_met_or_missed(cost: float, met: bool) -> None:
    cpu = rows(BY_NAME["saturation"], [report(4e-6)], [report(cost)])[0]
    assert cpu.met is met
    assert ("MISSED" in cpu.cells()[5]) is not met


def test_a_goal_without_a_base_is_left_open() -> None:
    cpu = rows(BY_NAME["saturation"], [], [report(4e-6)])[0]
    assert cpu.met is None
    assert cpu.cells()[1] == ""


def test_a_goal_can_be_a_figure_of_its_own() -> None:
    fleet = BY_NAME["fleet"]
    by_name = {
        row.measure.name: row for row in rows(fleet, [report(4e-6)], [report(4e-6, p99=0.026)])
    }
    assert by_name["reply p99"].met is False
    assert by_name["memory a miner"].met is True
    assert by_name["stale shares"].ratios == []


def test_every_scenario_makes_a_table() -> None:
    for scenario in BY_NAME.values():
        text = markdown(scenario, rows(scenario, [report(4e-6)], [report(8e-6)]), 1)
        assert scenario.title in text
        assert text.count("\n|") == 2 + len(scenario.measures)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.0123, "0.0123"), (9.5, "9.50"), (123.4, "123"), (1e5, "100,000")],
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert figure([value]) == text


def series(rss: list[float], p99: list[float]) -> Result:
    samples = [
        {"at": 5.0 * n, "per_second": 1000.0, "p50": 0.1, "p99": late, "max": 1.0, "cpu": 0.1}
        | {"rss": size}
        for n, (size, late) in enumerate(zip(rss, p99, strict=True), 1)
    ]
    return {"series": samples}


def test_flat_is_flat() -> None:
    assert soak.verdict(series([1e8] * 16, [0.01] * 16)) == []


def test_growth_and_drift_are_told() -> None:
    growing = [1e8 + 1e6 * n for n in range(16)]
    later = [0.01] * 8 + [0.02] * 8
    memory, latency = soak.verdict(series(growing, later))
    assert "memory grew by 7" in memory
    assert "rose by 100%" in latency


def test_a_short_soak_tells_nothing() -> None:
    assert soak.verdict(series([1e8] * 3, [0.01] * 3)) == ["too short to tell"]


def test_parts_of_a_soak_cover_it() -> None:
    parts = soak.split(series([1e8] * 16, [0.01] * 16), 4)
    assert [part.start for part in parts] == [0, 20, 40, 60]
    assert parts[0].cpu_per_share == pytest.approx(0.1 / 5000)


def test_a_soak_is_its_scenario_for_longer() -> None:
    long = soak.soaked(BY_NAME["fleet"], 10)
    assert long.seconds == 600
    assert replace(long, seconds=0).miners == BY_NAME["fleet"].miners
    assert long.options()[-2:] == ["--interval", "5"]


def test_charts_are_svg() -> None:
    points: Points = {"floor": [(1000, report(4e-6))], "proxy": [(1000, report(8e-6))]}
    histogram = [[0.0001, 900], [0.001, 99], [0.2, 1]]
    panels = [
        charts.latencies({"floor": {"histogram": histogram}}),
        charts.by_miners(points),
        charts.by_rate(points),
    ]
    root = ElementTree.fromstring(document(panels, "a < b"))
    assert root.tag.endswith("svg")
    assert len(root.findall(".//{*}polyline")) == 5
    for element in root.iter():
        for name in ("x", "cx"):
            assert 0 <= float(element.get(name, 0)) <= 3 * 420


@pytest.mark.parametrize(("p99", "verdict"), [(0.014, "met"), (0.016, "MISSED")])
def test_a_goal_can_be_so_much_more_than_the_base(p99: float, verdict: str) -> None:
    scenario = BY_NAME["watched"]
    row = rows(scenario, [report(1e-6, 0.010)], [report(1e-6, p99)])[2]
    assert row.cells()[-1] == f"≤ 5 ms more {verdict}"
