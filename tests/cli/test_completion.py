"""`stratumproxy completion`."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from stratumproxy.cli import COMMANDS, cli
from tests.waiting import PATIENCE

STUB = f"""#!/bin/sh
[ -z "$_STRATUMPROXY_COMPLETE" ] || exec {sys.executable} -m stratumproxy
printf 'typed<%s>\\n' "$*"
"""
"""A command that completes as ours does, and otherwise says what it was given."""

TYPED = {
    "simul": "simulate ",
    "simulate min": "simulate miners ",
    "run --requ": "run --require-native ",
    "run --log-format j": "run --log-format json ",
    "run --config fa": "run --config farm.toml ",
    "verify fa": "verify farm.toml ",
    "audit --config farm.toml --pool eu": "audit --config farm.toml --pool eu.example ",
    "manual do": "manual docs/",
}
"""What is typed before Tab, and what then stands there."""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_prints_a_script(shell: str) -> None:
    shown = CliRunner().invoke(cli, ["completion", shell])
    assert shown.exit_code == 0
    assert "_STRATUMPROXY_COMPLETE" in shown.stdout


def test_the_script_is_answered() -> None:
    environment = {
        "_STRATUMPROXY_COMPLETE": "bash_complete",
        "COMP_WORDS": "stratumproxy ",
        "COMP_CWORD": "1",
    }
    shown = CliRunner(env=environment).invoke(cli, prog_name="stratumproxy")
    assert [line.removeprefix("plain,") for line in shown.stdout.split()] == list(COMMANDS)


def test_another_shell() -> None:
    assert CliRunner().invoke(cli, ["completion", "tcsh"]).exit_code == 2


@pytest.fixture
def farm(tmp_path: Path) -> Path:
    """A folder with the command, a configuration, and a folder."""
    stub = tmp_path / "bin" / "stratumproxy"
    stub.parent.mkdir()
    stub.write_text(STUB)
    stub.chmod(0o755)
    (tmp_path / "docs").mkdir()
    (tmp_path / "farm.toml").write_text(
        '[[listen]]\naddress = ":3333"\n'
        '[[pool]]\nname = "eu.example"\nurl = "stratum+tcp://eu.example:1"\nuser = "farm"\n'
    )
    return tmp_path


def shell(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not here")
    return path


def surroundings(farm: Path) -> dict[str, str]:
    return {
        "PATH": f"{farm / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "HOME": str(farm),
        "PS1": "ready> ",
        "TERM": "dumb",
    }


class Terminal:
    """A terminal with somebody at it."""

    def __init__(self, end: int) -> None:
        self.end = end
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self.end, text.encode())

    def read_to(self, mark: str) -> str:
        """What is shown before a mark, which has to come; what comes after it is for later."""
        until = time.monotonic() + PATIENCE
        while mark not in self.shown:
            ready, _, _ = select.select([self.end], [], [], max(0, until - time.monotonic()))
            assert ready, f"{mark!r} does not come, but {self.shown!r}"
            self.shown += os.read(self.end, 4096).decode()
        before, _, self.shown = self.shown.partition(mark)
        return before


@contextmanager
def interactive(farm: Path, *command: str) -> Iterator[Terminal]:
    """A shell at a terminal; it ends when that is gone."""
    end, theirs = pty.openpty()
    with subprocess.Popen(
        command,
        cwd=farm,
        env=surroundings(farm),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(end)
        finally:
            os.close(end)
            process.kill()


@pytest.mark.parametrize(
    ("command", "loaded"),
    [
        (("bash", "--norc", "--noprofile", "-i"), 'eval "$(cat script)"'),
        (
            ("zsh", "-f", "-i"),
            'autoload -U compinit && compinit -D -u && eval "$(cat script)"',
        ),
    ],
    ids=["bash", "zsh"],
)
def test_tab(farm: Path, command: tuple[str, ...], loaded: str) -> None:
    path = shell(command[0])
    shown = CliRunner().invoke(cli, ["completion", command[0]])
    (farm / "script").write_text(shown.stdout)
    with interactive(farm, path, *command[1:]) as terminal:
        terminal.read_to("ready> ")
        terminal.type(f"{loaded} && printf 'typed<%s>\\n' loaded\n")
        terminal.read_to("typed<loaded>")
        for typed, completed in TYPED.items():
            terminal.read_to("ready> ")
            terminal.type(f"stratumproxy {typed}\t--end\n")
            terminal.read_to("typed<")
            assert terminal.read_to(">") == f"{completed}--end"


def test_tab_in_fish(farm: Path) -> None:
    path = shell("fish")
    shown = CliRunner().invoke(cli, ["completion", "fish"])
    (farm / "script").write_text(shown.stdout)
    asks = [f"complete -C 'stratumproxy {typed}'; echo" for typed in TYPED]
    done = subprocess.run(
        [path, "--no-config", "-c", "; ".join(["source script", *asks])],
        cwd=farm,
        env=surroundings(farm),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    answers = done.stdout.split("\n\n")
    for (typed, completed), answer in zip(TYPED.items(), answers, strict=False):
        words = {line.partition("\t")[0] for line in answer.splitlines()}
        assert words == {completed.split()[-1]}, typed
