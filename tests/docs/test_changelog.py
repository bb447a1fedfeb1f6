"""CHANGELOG.md: whoever upgrades finds the version that is installed, and what it asks of one."""

import datetime
import re
import tomllib

from tests.docs.pages import ROOT, read

VERSIONS = re.findall(
    r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", read("CHANGELOG.md"), re.MULTILINE
)


def test_the_newest_is_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert VERSIONS[0][0] == project["version"]


def test_the_newest_is_first() -> None:
    numbers = [tuple(map(int, number.split("."))) for number, _ in VERSIONS]
    dates = [datetime.date.fromisoformat(date) for _, date in VERSIONS]
    assert numbers == sorted(numbers, reverse=True)
    assert dates == sorted(dates, reverse=True)


def test_every_part_has_a_name_that_is_known() -> None:
    """Those of Keep a Changelog, and one of ours."""
    known = {"What to do", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    parts = re.split(r"^## .*\n", read("CHANGELOG.md"), flags=re.MULTILINE)[1:]
    coming = len(re.findall(r"^## \[Unreleased\]$", read("CHANGELOG.md"), re.MULTILINE))
    assert len(parts) == len(VERSIONS) + coming, "a version without a number and a date"
    for part in parts:
        names = re.findall(r"^### (.*)$", part, re.MULTILINE)
        assert set(names) <= known
        assert len(names) == len(set(names))
