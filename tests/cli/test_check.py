"""`stratumproxy check`."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stratumproxy import shares
from stratumproxy.cli import cli
from stratumproxy.config import Difficulty, Failover, Jobs, Limits, Listen, Log, Pool
from stratumproxy.config.control import Api, Kafka, Ledger

TEXT = """\
[[listen]]
address = ":3333"
[[pool]]
url = "stratum+tcp://pool.example:3333"
user = "farm"
password = "hunter2"
miners_per_session = 100
[difficulty]
start = 1024
max = 1e15
vardiff = false
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "farm.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def check(path: Path) -> Result:
    return CliRunner().invoke(cli, ["check", "--config", str(path)])


def test_shows_what_would_run(path: Path) -> None:
    shown = check(path)
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[0] == f"{path} is good. It would run:"
    assert "Miners connect to every address, port 3333" in lines
    assert "Pool 1: pool.example:3333" in lines
    assert "    user                     farm" in lines
    assert "  * miners_per_session       100                          default: not set" in lines
    assert "  * start                    1024                         default: 8192" in lines
    assert "  * vardiff                  false                        default: true" in lines
    assert "    max                      1e15" in lines
    assert "    extranonce2_size         not set" in lines
    assert lines[lines.index("Kernel of the share check") + 1] == f"    {shares.kernel()}"
    assert "\x1b" not in shown.stdout


def test_shows_every_setting(path: Path) -> None:
    shown = check(path).stdout
    for model in (Listen, Pool, Difficulty, Jobs, Failover, Limits, Api, Ledger, Kafka, Log):
        for name in model.model_fields:
            assert f" {name} " in shown, name
    assert " verdict " in shown
    assert " processes " in shown


def test_hides_passwords(path: Path) -> None:
    shown = check(path).stdout
    assert "hunter2" not in shown
    assert "  * password                 (hidden)" in shown


def test_says_when_python_checks_the_shares(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "NATIVE", False)
    monkeypatch.setattr(shares, "why_not_native", "there is no compiler")
    assert "in Python, several times slower than C: there is no compiler" in check(path).stdout


def test_names_every_mistake(path: Path) -> None:
    path.write_text(TEXT.replace("user", "usr").replace("1024", "0"), encoding="utf-8")
    shown = check(path)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert shown.stderr.splitlines() == [
        "stratumproxy: the configuration can't be used, 3 problems:",
        f"  {path}:3: pool[0].user: is missing; expected a string of 1 to 512 characters, "
        'such as "farm"',
        f"  {path}:5: pool[0].usr: unknown key; did you mean 'user'?",
        f"  {path}:9: difficulty.start: expected a number from 1e-12 to 1e18, not 0",
    ]


def test_no_such_file(tmp_path: Path) -> None:
    shown = check(tmp_path / "absent.toml")
    assert shown.exit_code == 2
    assert "absent.toml: can't be read: No such file or directory" in shown.stderr
