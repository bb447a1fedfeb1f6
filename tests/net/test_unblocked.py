"""Standard error and standard output without waiting: on pipes that nobody reads."""

import fcntl
import os
import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stratumproxy.net.unblocked import Unblocked, lines_lost
from tests.waiting import PATIENCE


class Pipe:
    """A pipe that is full as soon as anything is written to it, and then read from."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.writing, False)
        self.stuffing = 0
        try:
            while True:
                self.stuffing += os.write(self.writing, bytes(65536))
        except BlockingIOError:
            os.set_blocking(self.writing, True)

    def unplug(self) -> None:
        """Read what was in it before."""
        while self.stuffing:
            self.stuffing -= len(os.read(self.reading, self.stuffing))

    def lines(self, count: int) -> list[str]:
        data = b""
        while data.count(b"\n") < count:
            data += os.read(self.reading, 65536)
        return data.decode().splitlines()

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


def notice(lines: int) -> str:
    return f"{lines} lost\n"


def unblocked(pipe: Pipe, room: int) -> Unblocked:
    stream = Unblocked(pipe.writing, notice)
    stream.room = room
    return stream


def test_nobody_waits_for_a_reader_that_stalls_and_what_is_missing_is_said_at_its_place(
    pipe: Pipe,
) -> None:
    stream = unblocked(pipe, room=30)
    for number in range(10):
        stream.write(f"line {number:4}\n")
    assert stream.lost == 7
    pipe.unplug()
    assert pipe.lines(4) == ["line    0", "line    1", "line    2", "7 lost"]
    stream.drain(PATIENCE)
    stream.write("line 10\n")
    assert pipe.lines(1) == ["line 10"]
    assert stream.lost == 7


def test_lines_that_come_after_the_missing_ones_follow_the_notice(pipe: Pipe) -> None:
    stream = unblocked(pipe, room=20)
    stream.write("first\n")
    stream.write("too long for the room\n")
    stream.write("then\n")
    stream.write("again too long for the room\n")
    pipe.unplug()
    assert pipe.lines(4) == ["first", "1 lost", "then", "1 lost"]
    stream.drain(PATIENCE)


def test_the_end_waits_for_a_while_and_no_longer(pipe: Pipe) -> None:
    stream = unblocked(pipe, room=100)
    stream.write("last words\n")
    stream.drain(0.01)
    pipe.unplug()
    stream.drain(PATIENCE)
    assert pipe.lines(1) == ["last words"]


def test_a_descriptor_that_somebody_made_non_blocking_loses_nothing(pipe: Pipe) -> None:
    os.set_blocking(pipe.writing, False)
    stream = unblocked(pipe, room=100)
    stream.write("a line\n")
    pipe.unplug()
    assert pipe.lines(1) == ["a line"]
    stream.drain(PATIENCE)
    assert stream.lost == 0


def test_what_can_not_be_written_is_lost_and_said_once_it_can_be(pipe: Pipe) -> None:
    pipe.unplug()
    good = os.dup(pipe.writing)
    with open("/dev/full", "wb") as full:  # noqa: PTH123 a device
        os.dup2(full.fileno(), pipe.writing)
    stream = unblocked(pipe, room=100)
    for _ in range(3):
        stream.write("the disk is full\n")
        stream.drain(PATIENCE)
    assert stream.lost == 3
    os.dup2(good, pipe.writing)
    os.close(good)
    stream.write("there is room\n")
    assert pipe.lines(2) == ["3 lost", "there is room"]


def test_half_a_line_on_a_full_disk_takes_no_other_with_it(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with (tmp_path / "log").open("wb") as file:
        stream = Unblocked(file.fileno(), notice)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
        try:
            for line in ("first\n", "second\n", "third\n"):
                stream.write(line)
                stream.drain(PATIENCE)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        stream.write("fourth\n")
        stream.drain(PATIENCE)
    assert (tmp_path / "log").read_text() == "first\nseco\n2 lost\nfourth\n"


def test_a_line_is_written_by_one_call_so_that_those_of_several_processes_stay_whole() -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    streams = [Unblocked(writing) for _ in range(3)]
    for _ in range(50):
        for letter, stream in zip("abc", streams, strict=True):
            stream.write(letter * 2999 + "\n")
    data = b""
    while len(data) < 3 * 50 * 3000:
        data += os.read(reading, 65536)
    assert {line[:1] * 2999 for line in data.splitlines()} == set(data.splitlines())
    for stream in streams:
        stream.drain(PATIENCE)
    os.close(reading)
    os.close(writing)


def test_it_is_a_text_stream(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines_lost() == 0
    stream = unblocked(pipe, room=10)
    assert (stream.fileno(), stream.isatty(), stream.writable()) == (pipe.writing, False, True)
    monkeypatch.setattr(sys, "stderr", stream)
    print("more than there is room for", file=sys.stderr)
    assert lines_lost() == 1
    assert any(each.daemon and each.name == "unblocked" for each in threading.enumerate())
