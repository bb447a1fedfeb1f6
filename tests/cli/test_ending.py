"""A process whose main thread heeds no signal, as one that hangs, ends in time all the same."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from stratumproxy.cli.ending import in_time
from tests.waiting import PATIENCE, until

HANGS = """
import os, signal
from stratumproxy.cli import ending
from stratumproxy.cli.logging import configure, unblock
from stratumproxy.config import Log

def heed(number, frame):
    os.write(1, b"heeded\\n")

unblock()
configure(Log())
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, heed)
ending.INSIST_SECONDS = 0.01
with ending.in_time(lambda: {seconds}):
    os.write(1, b"hangs\\n")
    reading, _ = os.pipe()
    while True:
        os.read(reading, 1)
"""


@contextmanager
def hanging(seconds: float) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HANGS.format(seconds=seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "hangs\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_is_ended_by_force_when_its_time_is_over(number: signal.Signals) -> None:
    with hanging(0.01) as process:
        process.send_signal(number)
        _, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "ended by force" in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_leaves_less_time(number: signal.Signals) -> None:
    with hanging(10 * PATIENCE) as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "heeded\n"
        process.send_signal(number)
        _, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "ended by force" in log


async def test_whoever_ends_in_time_is_left_alone() -> None:
    heeded: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heeded.append(number))
    try:
        with in_time(lambda: 10 * PATIENCE):
            os.kill(os.getpid(), signal.SIGTERM)
            await until(lambda: heeded)
        await until(lambda: all(each.name != "ending" for each in threading.enumerate()))
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: len(heeded) == 2)
    finally:
        signal.signal(signal.SIGTERM, before)
