"""`stratumproxy top` as a command: one page, JSON, errors, completion."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stratumproxy.cli import cli
from tests.top.stand_in import StandIn, stand_in


@pytest.fixture
def api() -> Iterator[StandIn]:
    with stand_in() as started:
        yield started


def top(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["top", *arguments])


def test_one_page(api: StandIn) -> None:
    shown = top("--url", api.url, "--once", "--rows", "3", "--sort", "name", "--search", "1")
    assert (shown.exit_code, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert api.url in lines[0]
    assert [line.split()[0] for line in lines[-3:]] == ["farm.01", "farm.10", "farm.11"]
    assert "\x1b" not in shown.stdout
    assert "search=1" in "".join(api.asked)


def test_without_a_terminal_it_is_one_page(api: StandIn) -> None:
    shown = top("--url", api.url)
    assert shown.exit_code == 0
    assert len(shown.stdout.splitlines()) == 4 + 1 + 2 + 1 + 20


def test_json(api: StandIn) -> None:
    shown = top("--url", api.url, "--once", "--json", "--rows", "2")
    told = json.loads(shown.stdout)
    assert told["summary"] == api.summary
    assert [worker["name"] for worker in told["workers"]] == ["farm.00", "farm.01"]


def test_json_goes_on_until_the_reader_leaves(api: StandIn) -> None:
    ran = subprocess.run(
        f"'{sys.executable}' -m stratumproxy top --url {api.url} --json | head -n 2",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stderr == ""
    assert [json.loads(line)["summary"]["workers"] for line in ran.stdout.splitlines()] == [41, 41]


def test_another_encoding(api: StandIn) -> None:
    api.workers[0]["name"] = "ü中"
    ran = subprocess.run(
        [sys.executable, "-m", "stratumproxy", "top", "--url", api.url, "--once"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"+-10%" in ran.stdout
    assert b"\n?? " in ran.stdout


def test_a_token(api: StandIn, tmp_path: Path) -> None:
    api.token = "a-token-of-20-letters"
    file = tmp_path / "token"
    file.write_text(api.token + "\n")
    assert top("--url", api.url, "--once", "--token-file", str(file)).exit_code == 0
    shown = top("--url", api.url, "--once")
    assert shown.exit_code == 1
    assert shown.stderr == (
        f"stratumproxy: {api.url} wants a token: --token-file FILE, the file that token_file names "
        "in the proxy's configuration\n"
    )


def test_the_proxys_configuration_says_where_it_is(api: StandIn, tmp_path: Path) -> None:
    api.token = "a-token-of-20-letters"
    (tmp_path / "token").write_text(api.token + "\n")
    config = tmp_path / "farm.toml"
    port = api.url.rpartition(":")[2]
    for listen in (f"127.0.0.1:{port}", f":{port}", f"0.0.0.0:{port}"):
        config.write_text(
            f"limits = 3\n[api]\nlisten = '{listen}'\ntoken_file = '{tmp_path}/token'\n"
        )
        assert top("--config", str(config), "--once").exit_code == 0, listen


def test_what_is_given_beside_a_configuration_comes_first(api: StandIn, tmp_path: Path) -> None:
    config = tmp_path / "farm.toml"
    config.write_text("[api]\nlisten = '127.0.0.1:1'\ntoken_file = '/nowhere'\n")
    assert top("--config", str(config), "--url", api.url, "--once").exit_code == 0
    shown = top("--config", str(config), "--once")
    assert shown.stderr.startswith("stratumproxy: http://127.0.0.1:1 can't be reached: ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "api.listen: names no port; give --url, or name one there"),
        ("[api]\nlisten = '127.0.0.1:0'", "api.listen: names no port"),
        ("[api]\nlisten = 'localhost:8080'", "api.listen: 'localhost' is not an IP address"),
    ],
)
def test_a_configuration_that_does_not_say_where(text: str, says: str, tmp_path: Path) -> None:
    config = tmp_path / "farm.toml"
    good = '[[listen]]\naddress = ":3333"\n[[pool]]\nurl = "stratum+tcp://x:1"\nuser = "a"\n'
    config.write_text(good + text)
    shown = top("--config", str(config))
    assert shown.exit_code == 2
    assert says in shown.stderr


@pytest.mark.parametrize(
    ("token", "text"),
    [("short", "a token needs 16"), ("", "a token needs 16"), ("é" * 20, "is not ASCII")],
)
def test_a_token_that_can_not_be(token: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(token, encoding="utf-8")
    shown = top("--token-file", str(file))
    assert shown.exit_code == 2
    assert text in " ".join(shown.stderr.split())
    assert token not in shown.stderr or not token


@pytest.mark.parametrize(
    "arguments",
    [("--url", "ftp://x"), ("--token-file", "/nowhere"), ("--sort", "luck"), ("--rows", "0")],
)
def test_options_that_can_not_be(arguments: tuple[str, ...]) -> None:
    shown = top(*arguments)
    assert shown.exit_code == 2
    assert arguments[0] in shown.stderr


def test_nobody_listens() -> None:
    shown = top("--url", "http://127.0.0.1:1", "--once")
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr.startswith("stratumproxy: http://127.0.0.1:1 can't be reached: ")
    assert shown.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [("stratumproxy top --s", "--sort"), ("stratumproxy top --sort n", "name")],
)
def test_completion(words: str, expected: str) -> None:
    environment = {
        "_STRATUMPROXY_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    shown = CliRunner(env=environment).invoke(cli, prog_name="stratumproxy")
    assert expected in [line.removeprefix("plain,") for line in shown.stdout.split()]
