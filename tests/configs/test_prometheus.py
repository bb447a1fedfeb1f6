"""configs/prometheus: rules that promtool takes, of metrics that there are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stratumproxy.web.families import FAMILIES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "configs" / "prometheus"
RULES = (FOLDER / "stratumproxy.rules.yml").read_text()
TESTS = (FOLDER / "stratumproxy.rules.test.yml").read_text()
DOCS = (ROOT / "docs" / "metrics.md").read_text()
ALERTS = re.findall(r"- alert: (\w+)", RULES)

TOLD = {
    full + suffix
    for name, family in FAMILIES.items()
    for full in [family.full_name(name)]
    for suffix in (("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",))
}
"""Every name that /metrics has a sample of."""


def names(text: str) -> set[str]:
    """Our metrics in a text."""
    return set(re.findall(r"\bstratumproxy_[a-z_0-9]+", text))


def promtool(*arguments: str) -> None:
    path = shutil.which("promtool")
    if path is None:
        pytest.skip("promtool is not here; on Debian: apt install prometheus")
    ran = subprocess.run(
        [path, *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_promtool_takes_the_rules() -> None:
    promtool("check", "rules", "--lint-fatal", "stratumproxy.rules.yml")


def test_the_rules_fire_when_they_should() -> None:
    promtool("test", "rules", "stratumproxy.rules.test.yml")


def test_promtool_takes_the_scrape_configuration() -> None:
    promtool("check", "config", "scrape.yml")


def test_rules_ask_for_metrics_that_there_are() -> None:
    assert names(RULES) <= TOLD
    assert names(TESTS) <= TOLD


def test_rules_use_records_that_are_made() -> None:
    made = set(re.findall(r"- record: (\S+)", RULES))
    used = set(re.findall(r"\bstratumproxy:[a-z_0-9:]+", RULES + TESTS))
    assert used == made


def test_every_alert_has_a_test_and_is_documented() -> None:
    assert len(set(ALERTS)) == len(ALERTS) > 20
    for alert in ALERTS:
        assert alert in TESTS, f"no test has {alert} fire"
        assert f"`{alert.removeprefix('Stratumproxy')}`" in DOCS


def test_every_alert_says_what_and_why_and_what_to_do() -> None:
    rules = RULES.split("- alert: ")[1:]
    for rule in rules:
        for key in ("severity:", "summary:", "description:", "action:"):
            assert rule.count(key) == 1, rule
        assert re.search(r"severity: (critical|warning|info)\n", rule), rule
