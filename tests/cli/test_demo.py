"""`stratumproxy demo`, as a process."""

import errno
import json
import os
import pty
import re
import signal
import subprocess
import sys
import urllib.request

import pytest
from click.testing import CliRunner

from stratumproxy import shares
from stratumproxy.cli import cli
from stratumproxy.cli.demo_view import PLAIN_HEADER
from stratumproxy.cli.demo_world import World
from tests.waiting import PATIENCE

SECOND = re.compile(r" *\d+ s +[\d.]+ [kMG]?H/s +(\d+)  +\d+ +\d+ +\d+  +(\d+) ")
"""A plain line: how many miners mine, and the shares that the pool accepted."""

DEMO = [sys.executable, "-m", "stratumproxy", "demo"]
AGREE = "All counts agree"


def start(*options: str, stdout: int = subprocess.PIPE) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*DEMO, *options],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "80", "LINES": "24", "TERM": "xterm"},
    )


def nothing_wrong(err: str) -> bool:
    """Whether standard error holds nothing, or where there is no C extension that alone."""
    return all("shares are checked in Python" in line for line in err.splitlines()) and (
        not err or not shares.NATIVE
    )


def test_help_has_examples() -> None:
    text = CliRunner().invoke(cli, ["demo", "--help"]).output
    assert "stratumproxy demo --miners 200 --seconds 30" in text
    for option in ("--dashboard", "--miners", "--seconds", "--difficulty", "--plain"):
        assert option in text


def test_plain_lines_and_a_summary() -> None:
    with start("--seconds", "3") as demo:
        out, err = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0
    assert nothing_wrong(err)
    lines = out.splitlines()
    assert re.fullmatch(r"Dashboard: http://127\.0\.0\.1:\d+/", lines[0])
    assert lines[1] == PLAIN_HEADER
    assert SECOND.match(lines[2])
    assert AGREE in lines[-1]
    assert "\x1b" not in out
    assert accepted_by_the_pool(out) >= 0


def accepted_by_the_pool(out: str) -> int:
    """How many shares the pool accepted, by its own account and by the proxy's."""
    found = re.search(r"^ accepted by the pool +(\d+) +(\d+) *$", out, re.MULTILINE)
    assert found is not None
    assert found[1] == found[2]
    return int(found[1])


def test_sigterm_ends_it_with_the_summary() -> None:
    with start("--seconds", "600") as demo:
        assert demo.stdout is not None
        seen = [demo.stdout.readline() for _ in range(2)]
        assert seen[1].rstrip() == PLAIN_HEADER
        for line in demo.stdout:
            second = SECOND.match(line)
            assert second is not None
            if second[1] == "8" and int(second[2]) > 0:
                break
        demo.send_signal(signal.SIGTERM)
        out, err = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0
    assert nothing_wrong(err)
    assert AGREE in out
    assert accepted_by_the_pool(out) > 0


def read_all(terminal: int, until: re.Pattern[bytes] | None = None) -> str:
    """What came to the terminal, up to something or to the end."""
    data = b""
    while until is None or not until.search(data):
        try:
            piece = os.read(terminal, 65_536)
        except OSError as error:  # how Linux says that the other side is closed
            if error.errno != errno.EIO:
                raise
            break
        if not piece:
            break
        data += piece
    return data.decode()


@pytest.mark.parametrize("plain", [False, True])
def test_on_a_terminal(plain: bool) -> None:
    ours, theirs = pty.openpty()
    with start("--difficulty", "1e-7", *(["--plain"] if plain else []), stdout=theirs) as demo:
        os.close(theirs)
        seen = read_all(ours, until=re.compile(rb" [1-9]\d* s"))
        demo.send_signal(signal.SIGINT)
        seen += read_all(ours)
        assert demo.wait(timeout=PATIENCE) == 0
        assert demo.stderr is not None
        assert nothing_wrong(demo.stderr.read())
    os.close(ours)
    assert ("\x1b[?1049h" in seen) is not plain  # the live view has a screen of its own
    assert ("Hashrate" in seen) is not plain
    assert "http://127.0.0.1:" in seen
    assert AGREE in seen.split("\x1b[?1049l")[-1]


def test_a_reader_that_leaves_is_no_error() -> None:
    with start("--seconds", "600", "--dashboard", "") as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline().rstrip() == PLAIN_HEADER
        demo.stdout.close()
        assert demo.stderr is not None
        assert nothing_wrong(demo.stderr.read())
        assert demo.wait(timeout=PATIENCE) == 1


def test_disagreement_is_exit_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "problems", lambda world: ["the proxy lost one"])
    shown = CliRunner().invoke(cli, ["demo", "--seconds", "1.2", "--difficulty", "1e-7"])
    assert shown.exit_code == 1
    assert "the proxy lost one" in shown.output
    assert AGREE not in shown.output


@pytest.mark.parametrize(
    "options", [["--miners", "0"], ["--miners", "2001"], ["--seconds", "0"], ["--difficulty", "0"]]
)
def test_limits(options: list[str]) -> None:
    shown = CliRunner().invoke(cli, ["demo", *options])
    assert shown.exit_code == 2
    assert "is not in the range" in shown.output


def test_the_dashboard_shows_the_miners() -> None:
    with start("--seconds", "600", "--miners", "3", "--difficulty", "1e-7") as demo:
        assert demo.stdout is not None
        url = demo.stdout.readline().split()[-1]
        with urllib.request.urlopen(url, timeout=PATIENCE) as page:
            assert b"<title>" in page.read()
        for _ in demo.stdout:  # a line a second
            with urllib.request.urlopen(f"{url}api/summary", timeout=PATIENCE) as answer:
                if json.load(answer)["mining"] == 3:
                    break
        demo.send_signal(signal.SIGTERM)
        out, err = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0
    assert nothing_wrong(err)
    assert AGREE in out


@pytest.mark.parametrize("address", ["0.0.0.0:8080", ":8080", "localhost", "8080"])
def test_the_dashboard_is_for_this_machine(address: str) -> None:
    shown = CliRunner().invoke(cli, ["demo", "--dashboard", address])
    assert shown.exit_code == 2
    assert "Invalid value for '--dashboard'" in shown.output
