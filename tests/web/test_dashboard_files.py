"""What the dashboard is made of, without a browser."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

STATIC = Path(str(files("stratumproxy.web"))) / "static"
VENDOR = STATIC / "vendor"
OURS = sorted(path for path in STATIC.iterdir() if path.suffix in (".js", ".css", ".html", ".svg"))
SCRIPTS = [path for path in OURS if path.suffix == ".js"]
ours = pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
scripts = pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)


@ours
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"\b(https?|wss?):|[\"'(]//", text)


@ours
def test_files_are_small_and_readable(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 500


def test_the_page_has_nothing_that_its_policy_forbids() -> None:
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    for script in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
        assert "src=" in script[0]
        assert script[1] == ""


def test_what_the_page_names_is_there() -> None:
    named = re.findall(r'(?:src|href)="/static/([^"]+)"', (STATIC / "index.html").read_text())
    assert len(named) >= 5
    for name in named:
        assert (STATIC / name).is_file(), name


@scripts
def test_no_script_parses_html_or_code(path: Path) -> None:
    """Names and agents are others' text: there is no way from them into markup or code."""
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
    assert not re.search(ways, path.read_text())


@scripts
def test_imports_are_there(path: Path) -> None:
    for name in re.findall(r'from "\./([^"]+)"', path.read_text()):
        assert (STATIC / name).is_file(), name


def test_the_one_library_has_its_licence_and_version() -> None:
    assert [path.name for path in VENDOR.iterdir()] == ["uplot"]
    uplot = VENDOR / "uplot"
    version = (uplot / "VERSION").read_text().strip()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert f"(v{version})" in (uplot / "uPlot.esm.js").read_text()[:400]
    assert "The MIT License" in (uplot / "LICENSE").read_text()
