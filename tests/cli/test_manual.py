"""`stratumproxy manual`: a page for each command and for the configuration, that man can show."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from stratumproxy.cli import COMMANDS, HIDDEN, cli
from stratumproxy.cli.pages import pages
from stratumproxy.config.reference import markdown

DATE = "2026-11-29"
PAGES = pages(cli, DATE)


def named(name: str) -> str:
    """A page's text, without what marks words in it."""
    text = PAGES[f"man{name[-1]}/{name}"]
    return re.sub(r"\\f[BIR]|\\%|\\&", "", text).replace("\\-", "-").replace("\\(dq", '"')


def ran(program: str, *arguments: str | Path, **environment: str) -> str:
    """What a program says of a page."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not here; on Debian: apt install {program}")
    result = subprocess.run(
        [path, *arguments],
        env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return result.stderr + (result.stdout if program == "mandoc" else "")


def test_each_command_has_a_page_and_hidden_ones_have_none() -> None:
    names = {Path(path).name for path in PAGES}
    assert {f"stratumproxy-{command}.1" for command in COMMANDS} <= names
    assert {"stratumproxy.1", "stratumproxy-simulate-pool.1", "stratumproxy.toml.5"} <= names
    assert not any(f"-{command}." in name for command in HIDDEN for name in names)


def test_pages_refer_to_pages_that_there_are() -> None:
    found = {
        reference
        for text in PAGES.values()
        for reference in re.findall(r"\\%(\S+)\\fR\((\d)\)", text)
    }
    assert len(found) == len(PAGES)
    for name, section in found:
        assert f"man{section}/{name}.{section}".replace("\\-", "-") in PAGES


def test_a_page_has_every_option_with_its_default() -> None:
    page = named("stratumproxy-audit.1")
    command = cli.get_command(click.Context(cli), "audit")
    for parameter in command.params:
        assert parameter.opts[-1] in page
    assert "\n-c, --config FILE\n" in page
    assert "[default: 24h]" in page
    assert "\n-h, --help\n" in page


def test_the_configurations_page_has_every_setting() -> None:
    page = named("stratumproxy.toml.5")
    settings = re.findall(r"^### (\w+)$", markdown(), re.MULTILINE)
    assert re.findall(r'^\.SS "(\w+)"$', page, re.MULTILINE) == settings
    assert '.SH "[[pool]]"' in page


@pytest.mark.parametrize("path", PAGES)
def test_neither_mandoc_nor_man_has_anything_to_say(path: str, tmp_path: Path) -> None:
    page = tmp_path / Path(path).name
    page.write_text(PAGES[path], encoding="ascii")
    assert ran("mandoc", "-T", "lint", "-W", "warning", page) == ""
    assert ran("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page, MANWIDTH="80") == ""


def test_it_writes_them_with_the_date_that_is_asked_for(tmp_path: Path) -> None:
    runner = CliRunner(env={"SOURCE_DATE_EPOCH": "1795910400"})
    for _ in range(2):
        done = runner.invoke(cli, ["manual", str(tmp_path / "new" / "man")])
        assert done.exit_code == 0
    written = {Path(line).relative_to(tmp_path / "new" / "man") for line in done.stdout.split()}
    assert written == {Path(path) for path in PAGES}
    for path in written:
        assert (tmp_path / "new" / "man" / path).read_text() == PAGES[str(path)]


def test_a_date_that_is_none(tmp_path: Path) -> None:
    runner = CliRunner(env={"SOURCE_DATE_EPOCH": "today"})
    done = runner.invoke(cli, ["manual", str(tmp_path)])
    assert done.exit_code == 2
    assert "SOURCE_DATE_EPOCH is 'today'; expected Unix seconds" in done.stderr
