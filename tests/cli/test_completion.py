"""`stratumproxy completion`."""

import pytest
from click.testing import CliRunner

from stratumproxy.cli import COMMANDS, cli


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
