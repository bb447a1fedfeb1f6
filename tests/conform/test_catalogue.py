"""The catalogue: whole, consistent, and in words that are explained."""

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from stratumproxy.conform.catalogue import Case, case, catalogue, select
from stratumproxy.errors import StratumProxyError
from stratumproxy.testing import STYLES, rules

DATA: dict[str, Any] = json.loads(files("stratumproxy.conform").joinpath("cases.json").read_text())

by_case = pytest.mark.parametrize("each", catalogue(), ids=lambda each: each.id)


def test_ids_are_unique() -> None:
    ids = [each.id for each in catalogue()]
    assert len(ids) == len(set(ids))


def test_it_is_everybodys() -> None:
    assert DATA["license"].startswith("CC0-1.0")


def test_v2_has_its_place() -> None:
    assert set(DATA["protocols"]) == {"SV1", "SV2"}


@by_case
def test_what_a_case_says_is_explained(each: Case) -> None:
    assert re.fullmatch(r"SV[12](-[A-Z0-9]+)+", each.id)
    assert each.protocol in DATA["protocols"]
    assert each.role in DATA["roles"]
    assert each.group in DATA["groups"]
    assert each.level in DATA["levels"]
    assert (each.level == "firmware") is bool(each.firmware)
    assert set(each.needs) <= {"mask", *DATA["needs"]}
    assert each.rule.endswith(".")
    assert each.source
    assert each.style == "" or each.style in STYLES
    assert each.watch or each.style or each.steps
    verbs = DATA[f"steps of a {each.role}'s cases"]
    assert {next(iter(step)) for step in each.steps} <= set(verbs)


@by_case
def test_what_a_case_rests_on_comes_before_it(each: Case) -> None:
    ids = [other.id for other in catalogue()]
    assert all(ids.index(other) < ids.index(each.id) for other in each.after)


@pytest.mark.parametrize(
    "rule", [each for each in vars(rules).values() if isinstance(each, rules.Rule)], ids=str
)
def test_every_rule_that_simulated_peers_know_is_a_case(rule: rules.Rule) -> None:
    found = case(rule.code)
    assert found.level == rule.severity
    assert found.role == ("miner" if rule.code.startswith("SV1-MINER-") else "pool")
    assert found.watch


def test_cases_are_selected() -> None:
    assert len(select(["pool"])) > 60
    assert [each.id for each in select(["pool"], ["sv1-submit-low"])] == ["SV1-SUBMIT-LOW"]
    assert {each.group for each in select(["pool"], ["SV1-HOSTILE-*"])} == {"hostile"}
    with pytest.raises(StratumProxyError, match="there is no case SV1-NOTHING"):
        select(["pool"], ["SV1-NOTHING"])


def test_there_is_no_such_case() -> None:
    with pytest.raises(KeyError):
        case("SV1-NOTHING")
