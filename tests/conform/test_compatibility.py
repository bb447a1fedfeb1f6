"""docs/compatibility.md is what the results say."""

import json
from pathlib import Path

from stratumproxy.conform.compatibility import page
from stratumproxy.conform.report import FORMAT, as_json
from tests.conform.test_report import BROKEN_FIRMWARE, FAILED, PASSED, SKIPPED

DOCS = Path(__file__).parents[2] / "docs"


def test_it_is_up_to_date() -> None:
    runs = [
        json.loads(path.read_text()) for path in sorted((DOCS / "compatibility").glob("*.json"))
    ]
    assert {run["format"] for run in runs} == {FORMAT}
    assert (DOCS / "compatibility.md").read_text(encoding="utf-8") == page(runs)


def test_what_is_found_stands_with_its_rule() -> None:
    results = [PASSED, SKIPPED, FAILED, BROKEN_FIRMWARE]
    text = page([json.loads(as_json(results, "pool", "their | pool 1.0"))])
    assert "## Pools" in text
    assert "| 1 | 1 | 0 | 1 | 1 |" in text
    assert "| `SV1-JOB-SENT` | must | A miner that subscribed" in text
    assert "| no job in 10 s |" in text


def test_nothing_found() -> None:
    assert "Nothing was found." in page([json.loads(as_json([PASSED], "miner", "good 1.0"))])
