"""`stratumproxy control` as the supervisor starts it."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.config.told import for_control
from stratumproxy.telemetry.outbox import Outbox
from stratumproxy.telemetry.records import WorkRecord
from tests.chaos.books import Books
from tests.control.process import AT, SNAPSHOT
from tests.short import short
from tests.waiting import PATIENCE


def line(more: str = "", level: str = "info", drain: float = 60) -> bytes:
    limits = f"[limits]\ndrain_seconds = {drain}\n"
    log = f'[log]\nformat = "json"\nlevel = "{level}"\n'
    return for_control(short(more=limits + log + more)) + b"\n"


class Running:
    """The process, and the mining process's end of its channel."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket, url: str) -> None:
        self.process = process
        self.channel = channel
        self.url = url
        self.outbox = Outbox("run", 0)

    def tell(self, count: int) -> None:
        for _ in range(count):
            self.outbox.add(AT, work=[tuple(WorkRecord("farm.1", "pool", 1, 2.0, {}, 0.0, 3.0))])
        self.outbox.show(SNAPSHOT)
        while data := self.outbox.take():
            self.channel.sendall(data)

    def until_kept(self) -> None:
        while self.outbox.unacknowledged:
            for order in self.outbox.receive(self.channel.recv(65536)):
                self.outbox.answer(order["do"], {"result": {}})
            while data := self.outbox.take():
                self.channel.sendall(data)

    def alive(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"alive\n"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=PATIENCE) as answer:
            return json.load(answer)

    def ended(self) -> list[dict[str, Any]]:
        """Wait for its end; what it logged."""
        _, log = self.process.communicate(timeout=PATIENCE)
        assert b"Traceback" not in log
        assert self.process.returncode == 0
        return [json.loads(entry) for entry in log.splitlines()]


@contextmanager
def running(told: bytes) -> Iterator[Running]:
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as listener:
        ours.settimeout(PATIENCE)
        theirs.setblocking(False)
        listener.setblocking(False)
        numbers = [listener.fileno(), theirs.fileno()]
        process = subprocess.Popen(
            [sys.executable, "-m", "stratumproxy", "control", "--listener", *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=numbers,
        )
        theirs.close()
        try:
            assert process.stdin is not None
            process.stdin.write(told)
            process.stdin.flush()
            host, port = listener.getsockname()
            yield Running(process, ours, f"http://{host}:{port}")
        finally:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("there", [False, True], ids=["none", "empty"])
def test_it_keeps_shows_and_says_that_it_is_there(tmp_path: Path, there: bool) -> None:
    """A ledger in which nothing is yet is being made at that moment, or was never written to."""
    path = tmp_path / "ledger"
    if there:
        path.touch()
    with running(line(f'[ledger]\npath = "{path}"')) as control:
        control.alive()
        control.tell(3)
        control.until_kept()
        assert control.get("/api/summary")["workers"] == 1
        control.alive()
        control.process.send_signal(signal.SIGTERM)
        assert control.ended() == []
    assert Books.read(path).accepted == 3


def test_at_the_end_of_its_input_it_hears_the_processes_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with running(line(f'[ledger]\npath = "{path}"')) as control:
        control.alive()
        assert control.process.stdin is not None
        control.process.stdin.close()
        control.process.stdin = None
        control.tell(3)
        control.channel.close()
        control.ended()
    assert Books.read(path).accepted == 3


def test_it_does_not_wait_for_processes_that_never_end() -> None:
    with running(line(drain=0)) as control:
        control.alive()
        control.ended()  # which ends its input, and no channel


def test_later_lines_change_the_level_of_the_log() -> None:
    with running(line()) as control:
        assert control.process.stdin is not None
        control.alive()
        of_no_use = b'{"log": 5}\n'
        control.process.stdin.write(of_no_use + line(level="error") + of_no_use)
        control.process.stdin.flush()
        assert control.process.stderr is not None
        for _ in range(2):  # once the last line is heeded, so are those before
            entry = json.loads(control.process.stderr.readline())
            assert entry["event"] == "the configuration can't be used, and nothing was changed"
            assert entry["process"] == "control"
        control.process.send_signal(signal.SIGTERM)
        assert control.ended() == []


def test_what_it_is_told_may_be_of_no_use_by_now(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    told = line(f'[api]\nlisten = "127.0.0.1:0"\ntoken_file = "{token}"')
    token.unlink()
    with running(told) as control:
        _, log = control.process.communicate(timeout=PATIENCE)
    assert control.process.returncode == 2
    assert b"token_file" in log
    assert b"Traceback" not in log


@pytest.mark.parametrize("name", ["control", "serve"])
def test_it_is_not_for_people(name: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "stratumproxy", "--help"], capture_output=True, check=True
    )
    assert f"  {name} ".encode() not in shown.stdout
