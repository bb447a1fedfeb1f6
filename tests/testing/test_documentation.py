"""docs/testing.md: its examples run, and it leaves nothing out."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

import stratumproxy.testing
from stratumproxy.testing import STYLES, PoolSettings
from stratumproxy.testing.faults import Faults

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")


def test_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 8
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"docs/testing.md, block {number}", "exec"), names)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(PoolSettings)])
def test_every_setting_is_there(field: str) -> None:
    assert re.search(rf"^\| .*`{field}`.* \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("fault", [field.name for field in dataclasses.fields(Faults)])
def test_every_fault_is_there(fault: str) -> None:
    assert re.search(rf"^\| .*`{fault}`.* \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_there(style: str) -> None:
    assert f"\n| `{style}` | " in PAGE


@pytest.mark.parametrize("name", ["converse", "run_fleet", "run_miner", "serve_pool", "wait_until"])
def test_every_function_is_there(name: str) -> None:
    assert name in stratumproxy.testing.__all__
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", ["pytest_plain.py", "asyncio_plain.py"])
def test_what_a_stranger_is_shown_is_what_is_run(name: str) -> None:
    shown = re.search(rf"<!-- tests/strangers/{name} -->\n```py\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    assert shown[1] in (Path(__file__).parents[1] / "strangers" / name).read_text(encoding="utf-8")
