"""What the supervisor starts, as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stratumproxy import __version__
from stratumproxy.cli.serve import give_large_blocks_back
from stratumproxy.config import Config
from stratumproxy.config.told import encode_told
from stratumproxy.telemetry.channel import Lines, encode_ack
from stratumproxy.telemetry.records import MinerRecord
from tests.net.tls_files import AUTHORITY, write_certificate
from tests.waiting import PATIENCE


def config(**settings: Any) -> Config:
    return Config.model_validate(
        {
            "listen": [{"address": "127.0.0.1:0", **settings}],
            "pool": [{"url": "stratum+tcp://127.0.0.1:9", "user": "farm", "name": "main"}],
        }
    )


def start(line: str, *options: str, descriptors: tuple[int, ...] = ()) -> subprocess.Popen[str]:
    """A process that was told its configuration."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stratumproxy", "serve", "--number", "3", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=descriptors,
    )
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return process


@pytest.fixture
def listener() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.setblocking(False)
        yield sock


def hear(channel: socket.socket, lines: Lines, key: str) -> dict[str, Any]:
    """The next message that has a key."""
    while True:
        data = channel.recv(1 << 16)
        assert data, "the channel was closed"
        for message in lines.cut(data):
            if key in message:
                return message


def test_it_tells_on_its_channel_to_the_very_end(listener: socket.socket) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(PATIENCE)
        descriptors = (listener.fileno(), theirs.fileno())
        process = start(
            encode_told(config()).decode(),
            "--channel",
            str(theirs.fileno()),
            str(listener.fileno()),
            descriptors=descriptors,
        )
        theirs.close()
        lines = Lines()
        try:
            message = hear(ours, lines, "snapshot")
            assert message["process"] == 3
            assert message["snapshot"]["cpu_seconds"] > 0
            with socket.create_connection(listener.getsockname()):
                while not (batch := hear(ours, lines, "miners"))["miners"]:
                    pass
            ours.sendall(encode_ack(batch["run"], batch["seq"]))
            process.send_signal(signal.SIGTERM)
            while True:
                last = hear(ours, lines, "miners")
                ours.sendall(encode_ack(last["run"], last["seq"]))
                if last["miners"] and not MinerRecord(*last["miners"][0]).open:
                    break
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            out, errors = process.communicate()
    assert "Traceback" not in errors
    assert json.loads(out.splitlines()[0])["connected"] == 0, "the supervisor hears as well"


def test_a_certificate_that_was_broken_meanwhile(tmp_path: Path, listener: socket.socket) -> None:
    chain, key = write_certificate(tmp_path, AUTHORITY.issue_cert("localhost"))
    line = encode_told(config(tls_certificate=chain, tls_key=key)).decode()
    Path(chain).write_text("nonsense")
    number = listener.fileno()
    process = start(line, str(number), descriptors=(number,))
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "Traceback" not in errors
    said = json.loads(errors)
    assert (said["event"], said["level"]) == ("the configuration can't be used", "critical")
    assert said["process"] == 3
    [problem] = said["problems"]
    assert problem.startswith("listen[0].tls_key: ")
    assert chain in problem


def test_one_of_another_release_says_so_and_serves_nobody(listener: socket.socket) -> None:
    """The package was upgraded under a running proxy, whose supervisor starts a process again."""
    told = json.loads(encode_told(config()))
    told["release"] = "0.0.9"
    process = start(json.dumps(told), str(listener.fileno()), descriptors=(listener.fileno(),))
    _, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert f"this is stratumproxy {__version__}, and what started it is 0.0.9" in log
    assert "systemctl restart stratumproxy" in log


def test_a_configuration_that_can_not_be_used_any_more_changes_nothing(
    tmp_path: Path, listener: socket.socket
) -> None:
    chain, key = write_certificate(tmp_path, AUTHORITY.issue_cert("localhost"))
    line = encode_told(config(tls_certificate=chain, tls_key=key)).decode()
    number = listener.fileno()
    process = start(encode_told(config()).decode(), str(number), descriptors=(number,))
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["connected"] == 0
        os.remove(chain)  # noqa: PTH107
        process.stdin.write(line + "\n")
        process.stdin.flush()
        assert process.stderr is not None
        assert any("nothing was changed" in line for line in process.stderr)
        process.stdin.close()
        process.stdin = None
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        _, errors = process.communicate()
    assert "Traceback" not in errors


def test_large_blocks_are_asked_back_where_the_c_library_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, int]] = []

    class Glibc:
        def __init__(self, _name: None) -> None:
            self.mallopt = lambda *values: asked.append(values)

    monkeypatch.setattr("ctypes.CDLL", Glibc)
    give_large_blocks_back()
    assert asked == [(-3, 1 << 20)]
    monkeypatch.setattr("ctypes.CDLL", lambda _name: object())
    give_large_blocks_back()  # musl has no such thing, nor has macOS
