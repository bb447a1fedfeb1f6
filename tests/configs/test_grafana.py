"""configs/grafana: a dashboard that Grafana takes, of metrics that there are."""

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.web.families import FAMILIES

BOARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "configs" / "grafana" / "stratumproxy.json").read_text()
)
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    for panel in PANELS:
        for target in panel["targets"]:
            yield target["expr"]


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
        cells = set(
            itertools.product(
                range(place["x"], place["x"] + place["w"]),
                range(place["y"], place["y"] + place["h"]),
            )
        )
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_panel_asks_the_chosen_source_and_says_what_it_shows() -> None:
    for panel in PANELS:
        assert panel["datasource"] == SOURCE
        assert panel["description"].endswith("."), panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references) > 0
        for target in panel["targets"]:
            assert target["datasource"] == SOURCE
            assert 'instance=~"$instance"' in target["expr"]


def test_source_and_proxies_are_chosen_by_variables() -> None:
    variables = {variable["name"]: variable for variable in BOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["instance"]["includeAll"]
    assert variables["instance"]["datasource"] == SOURCE
    assert BOARD["uid"]
    assert "id" not in BOARD  # Grafana gives it, and refuses one that it does not know


def test_it_shows_every_metric_and_none_that_is_not_there() -> None:
    shown = set(re.findall(r"\bstratumproxy_[a-z_0-9]+", json.dumps(BOARD)))
    told = {family.full_name(name): family.kind for name, family in FAMILIES.items()}
    shown = {re.sub(r"_bucket$", "", name) for name in shown}
    assert shown == set(told)


def test_promtool_can_read_every_expression(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here; on Debian: apt install prometheus")
    rules = [
        {"record": f"panel:{number}", "expr": filled(expression)}
        for number, expression in enumerate(expressions())
    ]
    path = tmp_path / "panels.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    ran = subprocess.run(
        [promtool, "check", "rules", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def filled(expression: str) -> str:
    """With what Grafana puts in for its variables."""
    expression = expression.replace("$__rate_interval", "1m").replace("$__range", "6h")
    return expression.replace("$instance", ".*")
