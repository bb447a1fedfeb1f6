"""The live form, on a pseudo-terminal: keys, sizes, and what is left of the terminal afterwards."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.top.stand_in import StandIn, stand_in

PATIENCE = 60
"""Seconds that anything may take; nothing is said about how long it does."""


@pytest.fixture
def api() -> Iterator[StandIn]:
    with stand_in() as started:
        yield started


RECENT = 30_000
"""Characters of output that hold a whole page, control sequences and all."""


class Terminal:
    """A terminal with `top` in it."""

    def __init__(self, url: str, *arguments: str, **environment: str) -> None:
        self.ours, theirs = pty.openpty()
        self.resize(24, 80)
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        self.output = ""
        self._read = 0
        kept = {key: value for key, value in os.environ.items() if key not in ("LINES", "COLUMNS")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stratumproxy", "top", "--url", url, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**kept, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **environment},
        )

    def resize(self, lines: int, columns: int) -> None:
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: str) -> None:
        """Press keys; what is shown from then on is looked at anew."""
        self.receive(0)
        self._read = len(self.output)
        os.write(self.ours, keys.encode())

    def receive(self, seconds: float) -> bool:
        """Take in what comes within so many seconds."""
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        self.output += os.read(self.ours, 65536).decode(errors="replace")
        return True

    def shows(self, text: str) -> None:
        """Wait until a text is shown."""
        until = time.monotonic() + PATIENCE
        while text not in plain(self.output[self._read :]):
            # It is drawn anew many times a second: what matters has come, or is not coming.
            self._read = max(self._read, len(self.output) - RECENT)
            assert time.monotonic() < until, f"no {text!r} in {plain(self.output)[-3000:]!r}"
            self.receive(1)

    def left(self) -> int:
        """Wait for the end, and see that the terminal is as it was."""
        with contextlib.suppress(OSError):
            until = time.monotonic() + PATIENCE
            while self.process.poll() is None and time.monotonic() < until:
                self.receive(0.1)
            while self.receive(0.1):
                pass
        assert termios.tcgetattr(self.theirs) == self.before
        if "\x1b[?1049h" in self.output:
            assert self.output.rindex("\x1b[?1049l") > self.output.rindex("\x1b[?1049h")
            assert self.output.rindex("\x1b[?25h") > self.output.rindex("\x1b[?25l")
        return self.process.wait(0)


def plain(output: str) -> str:
    """Without control sequences."""
    return re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", output)


@pytest.fixture
def run(api: StandIn) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*arguments: str, **environment: Any) -> Terminal:
        opened.append(Terminal(api.url, *arguments, **environment))
        return opened[-1]

    yield start
    for terminal in opened:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()
        os.close(terminal.ours)
        os.close(terminal.theirs)


Run = Callable[..., Terminal]


def test_keys(run: Run) -> None:
    terminal = run()
    terminal.shows("of 41 by -hashrate")
    terminal.shows("farm.00")
    terminal.press("\x1b[6~")  # PgDn
    terminal.shows("farm.15")
    terminal.press("s")
    terminal.shows("of 41 by name")
    terminal.press("/")
    terminal.shows("/_")
    terminal.press("3")
    terminal.shows("/3_")
    terminal.shows("farm.33")
    terminal.press("\r")
    terminal.shows("1-13 of 13 by name  /3")
    terminal.press("\x1b")
    terminal.shows("of 41 by name")
    terminal.press("a")
    terminal.shows("1-3 of 3 by name  only those that need a person")
    terminal.press("a")
    terminal.shows("1-2 of 2 by name  only gone")
    terminal.press("\x1b[B\r")
    terminal.shows("10.0.0.1:5000")
    terminal.shows("farm.09  on eu")
    terminal.press("\x1b")
    terminal.shows("only gone")
    terminal.press("q")
    assert terminal.left() == 0


def test_what_is_new_is_shown(run: Run, api: StandIn) -> None:
    terminal = run()
    terminal.shows("39 mining of 40")
    api.summary = {**api.summary, "mining": 12345}
    terminal.shows("12,345 mining of 40")
    terminal.press("q")
    assert terminal.left() == 0


def test_another_size(run: Run) -> None:
    terminal = run()
    terminal.shows("1-15 of 41")
    terminal.resize(40, 160)
    os.kill(terminal.process.pid, signal.SIGWINCH)
    terminal.shows("1-31 of 41")
    terminal.shows("farm.30")
    terminal.shows("cgminer/4.12")
    terminal.press("q")
    assert terminal.left() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals(run: Run, number: signal.Signals) -> None:
    terminal = run()
    terminal.shows("of 41")
    os.kill(terminal.process.pid, number)
    assert terminal.left() == 0


def test_the_api_goes_away_and_comes_back(run: Run, api: StandIn) -> None:
    terminal = run()
    terminal.shows("39 mining")
    api.answers["/api/workers"] = (503, b'{"error": "not now"}')
    terminal.shows("answered 503: not now")
    del api.answers["/api/workers"]
    api.workers[0]["name"] = "farm.back"
    terminal.shows("farm.back")
    terminal.press("q")
    assert terminal.left() == 0


def test_the_stream_is_asked_for_again(run: Run, api: StandIn) -> None:
    api.answers["/api/events"] = (503, b'{"error": "as many as there may be"}')
    terminal = run()
    terminal.shows("as many as there")
    del api.answers["/api/events"]
    api.summary = {**api.summary, "mining": 777}
    terminal.shows("777 mining")
    terminal.press("q")
    assert terminal.left() == 0


def test_a_token_that_is_asked_for_under_way(run: Run, api: StandIn) -> None:
    terminal = run()
    terminal.shows("39 mining")
    api.token = "x"
    assert terminal.left() == 1
    assert "wants a token: --token-file FILE" in plain(terminal.output).rsplit("\n", 3)[-2]
    assert "Traceback" not in terminal.output


def test_nothing_listens_and_the_terminal_is_left_alone(run: Run, api: StandIn) -> None:
    api.answers["/api/summary"] = (404, b"")
    terminal = run()
    assert terminal.left() == 1
    assert "\x1b[?1049h" not in terminal.output
    assert "answered 404" in terminal.output


def test_no_colour(run: Run) -> None:
    colours = re.compile(r"\x1b\[(?:\d+;)*(?:3\d|4\d)(?:;\d+)*m")
    terminal = run()
    terminal.shows("of 41")
    assert colours.search(terminal.output)
    terminal.press("q")
    terminal.left()
    terminal = run(NO_COLOR="1")
    terminal.shows("of 41")
    assert not colours.search(terminal.output)
    terminal.press("q")
    terminal.left()


def test_a_dumb_terminal_gets_one_page(run: Run) -> None:
    terminal = run(TERM="dumb")
    assert terminal.left() == 0
    assert "\x1b" not in terminal.output
    assert "farm.19" in terminal.output
