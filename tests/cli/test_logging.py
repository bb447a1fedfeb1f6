"""Logs."""

import io
import json
import os
import re
import subprocess
import sys

import pytest
import structlog

from stratumproxy.cli.logging import configure
from stratumproxy.config import Log
from stratumproxy.errors import PoolError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("format", "stream", "json_lines"),
    [
        ("auto", Terminal(), False),
        ("auto", io.StringIO(), True),
        ("json", Terminal(), True),
        ("console", io.StringIO(), False),
    ],
)
def test_format(format: str, stream: io.StringIO, json_lines: bool) -> None:
    assert configure(Log.model_validate({"format": format}), stream) is json_lines
    structlog.get_logger().info("hello", miner="a")
    line = stream.getvalue()
    assert line.startswith("{") is json_lines
    assert ("\x1b" in line) is (stream.isatty() and not json_lines)


def test_json_lines() -> None:
    stream = io.StringIO()
    configure(Log(format="json"), stream)
    structlog.get_logger().warning("odd", miner="a\x1b\n", huge=2**70, thing={1: b"\xff"})
    (line,) = stream.getvalue().splitlines()
    event = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event.pop("timestamp"))
    assert event == {
        "event": "odd",
        "level": "warning",
        "miner": "a\x1b\n",
        "huge": 2**70,
        "thing": {"1": "b'\\xff'"},
    }


def test_what_miners_send_can_not_drive_the_terminal() -> None:
    stream = io.StringIO()
    configure(Log(format="console"), stream)
    structlog.get_logger().info("miner \x1b[2J", agent="a\x1b]0;x\x07\r\nb", list=["\x9b2J"])
    (line,) = stream.getvalue().splitlines()
    assert line.isprintable()


def test_what_is_bound_for_the_whole_process_is_told() -> None:
    stream = io.StringIO()
    configure(Log(format="json"), stream)
    with structlog.contextvars.bound_contextvars(process=3):
        structlog.get_logger().info("hello")
    assert json.loads(stream.getvalue())["process"] == 3


def test_level() -> None:
    stream = io.StringIO()
    configure(Log(format="json", level="warning"), stream)
    structlog.get_logger().info("not this")
    structlog.get_logger().error("this")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["this"]


@pytest.mark.parametrize("format", ["json", "console"])
def test_only_surprises_have_a_traceback(format: str) -> None:
    stream = io.StringIO()
    configure(Log.model_validate({"format": format}), stream)
    logger = structlog.get_logger()
    for error in (PoolError("refused"), ConnectionResetError(104, "reset by peer")):
        try:
            raise error
        except (PoolError, OSError) as caught:
            logger.warning("expected", exc_info=True)
            logger.warning("expected", exc_info=caught)
    assert "Traceback" not in stream.getvalue()
    assert stream.getvalue().count("refused") == 2
    assert stream.getvalue().count("reset by peer") == 2
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logger.exception("surprise")
    assert "Traceback" in stream.getvalue()


def test_a_reader_that_leaves_stops_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", encoding="utf-8")
    configure(Log(format="json"), stream)
    structlog.get_logger().info("into the void")
    structlog.get_logger().info("and again")
    with pytest.raises(BrokenPipeError):
        stream.close()
    structlog.get_logger().info("closed by now")


IN_THE_BACKGROUND = """
import fcntl, os, subprocess, sys, termios
terminal = os.open(sys.argv[1], os.O_RDWR)
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
modes = termios.tcgetattr(terminal)
modes[3] |= termios.TOSTOP
termios.tcsetattr(terminal, termios.TCSANOW, modes)
command = "from stratumproxy.cli.logging import unblock; unblock(); print('hello')"
child = subprocess.Popen([sys.executable, "-c", command.replace("()", "(output=True)", 1)],
                         stdout=terminal, stderr=terminal, process_group=0)
_, status = os.waitpid(child.pid, os.WUNTRACED)
child.kill()
sys.exit("stopped" if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status))
"""


def test_a_terminal_stops_nobody_who_logs_in_its_background() -> None:
    reading, terminal = os.openpty()
    try:
        ended = subprocess.run(
            [sys.executable, "-c", IN_THE_BACKGROUND, os.ttyname(terminal)],
            start_new_session=True,
            capture_output=True,
            check=False,
            text=True,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert os.read(reading, 100) == b"hello\r\n"
    finally:
        os.close(reading)
        os.close(terminal)
