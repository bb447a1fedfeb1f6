"""The command as a whole: help, errors, laziness, pipes."""

import importlib
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from stratumproxy import __version__
from stratumproxy.cli import COMMANDS, cli, main
from stratumproxy.errors import ConfigError, PoolError


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_help_lists_every_command_with_examples() -> None:
    shown = CliRunner().invoke(cli, ["-h"])
    assert shown.exit_code == 0
    for name, line in COMMANDS.items():
        assert f"  {name} " in shown.output
        assert line in shown.output
    assert "Examples:\n    stratumproxy demo\n" in shown.output


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_the_line_that_the_list_gives_it_and_examples(name: str) -> None:
    command = getattr(importlib.import_module(f"stratumproxy.cli.{name}"), name)
    assert isinstance(command, click.Command)
    assert command.help is not None
    assert command.help.splitlines()[0] == COMMANDS[name]
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    assert "Examples:" in shown.output


def test_version() -> None:
    shown = python("-m", "stratumproxy", "--version")
    assert shown.stdout == f"stratumproxy {__version__}\n"


def test_unknown_command() -> None:
    shown = CliRunner().invoke(cli, ["chekc"])
    assert shown.exit_code == 2
    assert "No such command 'chekc'. Did you mean 'check'?" in shown.stderr
    assert "Did you mean" not in CliRunner().invoke(cli, ["zzz"]).stderr


@pytest.mark.parametrize(
    ("arguments", "not_imported"),
    [
        (["--help"], {"trio", "rich", "pydantic", "stratumproxy.shares"}),
        (["schema"], {"trio", "rich", "stratumproxy.shares"}),
        (["check", "--help"], {"trio", "rich"}),
        (["verify", "--help"], {"trio", "rich", "stratumproxy.net"}),
    ],
)
def test_imports_only_what_it_needs(arguments: list[str], not_imported: set[str]) -> None:
    program = (
        "import sys\n"
        "from stratumproxy.cli import cli\n"
        f"cli({arguments}, standalone_mode=False)\n"
        f"print('too much:', sorted({not_imported} & set(sys.modules)))"
    )
    assert python("-c", program).stdout.endswith("too much: []\n")


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (PoolError("gone"), 1, "stratumproxy: gone\n"),
        (
            ConfigError(["a:1: b"]),
            2,
            "stratumproxy: the configuration can't be used, 1 problem:\n  a:1: b\n",
        ),
        (
            ConfigError(["a:1: b", "a:2: c"]),
            2,
            "stratumproxy: the configuration can't be used, 2 problems:\n  a:1: b\n  a:2: c\n",
        ),
    ],
)
def test_errors_are_a_block_and_a_status(
    error: Exception, status: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("stratumproxy.cli.schema.json_schema", fail)
    shown = CliRunner().invoke(cli, ["schema"])
    assert (shown.exit_code, shown.stdout, shown.stderr) == (status, "", text)


def test_main_is_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["anything", "--version"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    assert capsys.readouterr().out == f"stratumproxy {__version__}\n"


@pytest.mark.parametrize("arguments", ["schema", "schema --markdown"])
def test_a_reader_that_leaves_is_no_error(arguments: str) -> None:
    piped = subprocess.run(
        f"'{sys.executable}' -m stratumproxy {arguments} | :",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert piped.stderr == ""
