"""The supervisor and its control process, both kinds of process a few lines of Python."""

import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import orjson
import pytest
import trio
from structlog.testing import capture_logs

from stratumproxy.config import Config
from stratumproxy.config.told import Runs, decode_runs, decode_told, for_control, for_processes
from stratumproxy.errors import StratumProxyError
from stratumproxy.net import child, supervisor
from stratumproxy.net.supervisor import supervise
from stratumproxy.telemetry.snapshot import Snapshot
from tests.ports import KeptPort
from tests.short import short
from tests.waiting import PATIENCE, alive, stand_still, until

SNAPSHOT = Snapshot(5.0, 2, 2, 1.0, 3, 3.0, 4)

MINING = f"""
channel = socket.socket(fileno=int(sys.argv[5]))
channel.setblocking(True)
config = sys.stdin.buffer.readline()
note("serve", os.getpid(), config)
def end(*_):
    channel.sendall(b"process %d ends" % os.getpid() + b"\\n")
    os._exit(0)
signal.signal(signal.SIGTERM, end)  # whoever hears that it begins may stop it at once
channel.sendall(b"process %d begins" % os.getpid() + b"\\n")
while True:
    os.write(1, {orjson.dumps(SNAPSHOT)!r} + b"\\n")
    time.sleep(0.05)
"""

CONTROL = """
numbers = sys.argv[2:]
if numbers[0] == "--listener":
    listener, numbers = socket.socket(fileno=int(numbers[1])), numbers[2:]
channels = [socket.socket(fileno=int(fd)) for fd in numbers]
def live():
    while True:
        os.write(1, b"alive\\n")
        time.sleep(0.05)
config = sys.stdin.buffer.readline()
note("control", os.getpid(), config)
"""

HEARS = """
threading.Thread(target=live, daemon=True).start()
def hear(channel):
    channel.setblocking(True)
    while data := channel.recv(4096):
        note("heard", os.getpid(), data)
    note("end", os.getpid(), b"")
ears = [threading.Thread(target=hear, args=[channel], daemon=True) for channel in channels]
for ear in ears:
    ear.start()
for line in sys.stdin.buffer:
    note("told", os.getpid(), line)
for ear in ears:
    ear.join()
"""


def config(
    processes: int = 1, api: str = "127.0.0.1:0", level: str = "info", more: str = ""
) -> Config:
    tables = f'[limits]\ndrain_seconds = 0\n[log]\nlevel = "{level}"\n'
    if api:
        tables += f'[api]\nlisten = "{api}"\n'
    return short(more=tables + more, top=f"processes = {processes}")


class Run:
    """A supervisor at work, and what its processes note."""

    def __init__(self, path: Path, control: str) -> None:
        self._path = path
        note = (
            "import os, signal, socket, sys, threading, time\n"
            "def note(kind, process, data):\n"
            f"    with open({str(path)!r}, 'ab') as file:\n"
            "        file.write(repr((kind, process, data)).encode() + b'\\n')\n"
        )
        script = f"exec(({(note + CONTROL + control)!r}) if sys.argv[1] == 'control' else "
        script = f"import sys\n{script}{(note + MINING)!r})"
        self.command = (sys.executable, "-I", "-S", "-c", script)
        self.stop = trio.Event()
        self.ended = trio.Event()
        self.configure, self.configs = trio.open_memory_channel[Config](1)

    async def start(self, config: Config) -> None:
        await supervise(config, command=self.command, stop=self.stop, configs=self.configs)
        self.ended.set()

    def noted(self, kind: str) -> list[tuple[int, bytes]]:
        """What was noted under that name: process and data."""
        if not self._path.exists():
            return []
        *lines, _ = self._path.read_bytes().split(b"\n")  # the last may be half written
        notes = [eval(line) for line in lines]
        return [(process, data) for each, process, data in notes if each == kind]

    async def until(self, kind: str, count: int = 1) -> list[tuple[int, bytes]]:
        """Wait until so many were noted."""
        await until(lambda: len(self.noted(kind)) >= count)
        return self.noted(kind)

    async def stopped(self) -> None:
        self.stop.set()
        with trio.fail_after(PATIENCE):
            await self.ended.wait()


@asynccontextmanager
async def running(
    path: Path, settings: Config | None = None, control: str = HEARS
) -> AsyncIterator[Run]:
    run = Run(path / "noted", control)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run.start, settings or config())
        yield run
        nursery.cancel_scope.cancel()


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes may take their time at the stop, unless a test says otherwise."""
    monkeypatch.setattr(supervisor, "GRACE", 10 * PATIENCE)
    monkeypatch.setattr(supervisor, "CONTROL_GRACE", 10 * PATIENCE)


async def killed(process: int) -> None:
    """Kill a process, and wait until the supervisor has asked after it."""
    os.kill(process, signal.SIGKILL)
    await until(lambda: not alive(process))


async def test_it_hears_every_process_and_is_told_the_configuration(tmp_path):
    async with running(tmp_path, config(2)) as run:
        [(process, told)] = await run.until("control")
        assert decode_told(told) == decode_told(for_control(config(2)))
        heard = b"".join(data for _, data in await run.until("heard", 2))
        processes = [process for process, _ in run.noted("serve")]
        assert all(b"process %d begins\n" % process in heard for process in processes)
        await run.stopped()
        assert not alive(process)


async def test_it_is_told_which_runs_there_are_and_which_are_over(tmp_path):
    async with running(tmp_path) as run:

        def newest() -> Runs:
            (*_, (_, line)) = run.noted("control") + run.noted("told")
            return decode_runs(line)

        await run.until("control")
        [(process, _)] = await run.until("serve")
        await until(lambda: newest().live)
        (first,) = newest().live
        await killed(process)
        await until(lambda: first in newest().ended and newest().live)
        assert first not in newest().live
        await run.stopped()


async def test_the_last_words_of_the_processes_are_heard(tmp_path):
    async with running(tmp_path, config(2)) as run:
        await run.until("heard", 2)
        await run.stopped()
        heard = b"".join(data for _, data in run.noted("heard"))
        for process, _ in run.noted("serve"):
            assert b"process %d ends\n" % process in heard
        assert len(run.noted("end")) == 2


async def test_it_is_killed_and_another_hears_the_same_processes(tmp_path):
    async with running(tmp_path) as run:
        [(first, _)] = await run.until("control")
        await run.until("heard")
        os.kill(first, signal.SIGKILL)
        _, (second, _) = await run.until("control", 2)
        assert second != first
        assert len(run.noted("serve")) == 1, "the process was left alone"
        await run.stopped()
        assert run.noted("heard")[-1][0] == second


async def test_a_process_is_killed_and_another_is_heard_by_the_same_process(tmp_path):
    async with running(tmp_path) as run:
        [(process, _)] = await run.until("serve")
        await run.until("heard")
        os.kill(process, signal.SIGKILL)
        await run.until("heard", 2)
        assert len(run.noted("control")) == 1
        await run.stopped()


async def test_one_that_hangs_is_killed_and_mining_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(child, "LOOK_EVERY", 0.1)
    once = f"""
if not os.path.exists({str(tmp_path / "once")!r}):
    os.mkdir({str(tmp_path / "once")!r})
    time.sleep(1000)
"""
    with capture_logs() as logs:
        async with running(tmp_path, control=once + HEARS) as run:
            (first, _), (second, _) = await run.until("control", 2)
            assert first != second
            await run.until("serve")
            assert len(run.noted("serve")) == 1
            await run.stopped()
    events = [entry["event"] for entry in logs if "event" in entry]
    assert "the control process hangs and is killed; please report it" in events
    assert "the control process ended and is started again" in events


async def test_one_that_does_not_stop_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "CONTROL_GRACE", 0.1)
    deaf = HEARS.replace("for ear in ears:\n    ear.join()", "time.sleep(1000)")
    async with running(tmp_path, control=deaf) as run:
        [(process, _)] = await run.until("control")
        await run.stopped()
        assert not alive(process)


async def test_one_that_is_not_there_at_the_stop_is_started_to_hear_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr(child, "RESTART_PAUSE", 10 * PATIENCE)
    monkeypatch.setattr(supervisor, "CONTROL_GRACE", 5)
    async with running(tmp_path) as run:
        [(first, _)] = await run.until("control")
        await run.until("heard")
        await killed(first)
        await run.stopped()
        last = run.noted("heard")[-1]
        assert last[0] != first
        assert b"ends" in last[1]


async def test_one_that_hangs_at_the_stop_gives_way_to_another(tmp_path, monkeypatch):
    monkeypatch.setattr(child, "LOOKS", 10 * PATIENCE)
    async with running(tmp_path) as run:
        [(first, _)] = await run.until("control")
        await run.until("heard")
        await stand_still(first)
        await run.stopped()
        assert not alive(first)
        last = run.noted("heard")[-1]
        assert last[0] != first
        assert b"ends" in last[1]


async def test_who_connects_while_it_is_started_again_waits(tmp_path):
    serve = """
def serve():
    listener.setblocking(True)
    while True:
        caller, _ = listener.accept()
        caller.sendall(b"%d" % os.getpid())
        caller.close()
threading.Thread(target=serve, daemon=True).start()
"""
    with KeptPort() as port, capture_logs() as logs:
        settings = config(api=f"127.0.0.1:{port.number}")
        async with running(tmp_path, settings, control=serve + HEARS) as run:
            [(first, _)] = await run.until("control")
            assert f"http://127.0.0.1:{port.number}/" in [entry.get("url") for entry in logs]
            await killed(first)
            with trio.fail_after(PATIENCE):
                async with await trio.open_tcp_stream(*port.address) as stream:
                    said = b"".join([bytes(data) async for data in stream])
            _, (second, _) = await run.until("control", 2)
            assert said == b"%d" % second
            await run.stopped()
        with pytest.raises(ConnectionRefusedError), socket.create_connection(port.address):
            pass


async def test_a_change_of_its_own_tables_starts_it_again_and_no_process(tmp_path):
    async with running(tmp_path) as run:
        [(first, _)] = await run.until("control")
        await run.until("serve")
        changed = config(more=f'[ledger]\npath = "{tmp_path}/ledger"')
        await run.configure.send(changed)
        _, (second, told) = await run.until("control", 2)
        assert second != first
        assert json.loads(told)["config"]["ledger"]["path"] == f"{tmp_path}/ledger"
        assert len(run.noted("serve")) == 1
        await run.stopped()


async def test_another_token_in_the_same_file_starts_it_again(tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    settings = config(more=f'[api]\nlisten = "127.0.0.1:0"\ntoken_file = "{token}"', api="")
    async with running(tmp_path, settings) as run:
        await run.until("control")
        token.write_text("fedcba9876543210")
        await run.configure.send(settings)
        await run.until("control", 2)
        await run.stopped()


async def test_any_other_change_it_is_only_told(tmp_path):
    async with running(tmp_path) as run:
        await run.until("control")
        await run.configure.send(config(level="debug"))
        [(_, told)] = await run.until("told")
        assert json.loads(told)["config"]["log"]["level"] == "debug"
        assert len(run.noted("control")) == 1
        await run.stopped()


async def test_there_is_none_if_it_had_nothing_to_do(tmp_path):
    script = "import sys; sys.argv[1] == 'control' and open(sys.argv[0])\n" + (
        f"import os, signal, time\nopen({str(tmp_path / 'args')!r}, 'w').write(repr(sys.argv))\n"
        "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))\ntime.sleep(1000)"
    )
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        command = (sys.executable, "-I", "-S", "-c", script)
        nursery.start_soon(partial(supervise, config(api=""), command=command, stop=stop))
        await until((tmp_path / "args").exists)
        stop.set()
    assert "--channel" not in (tmp_path / "args").read_text()


async def test_an_address_that_is_taken_stops_the_start(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StratumProxyError, match=f"can't listen on {address}"):
            await supervise(config(api=address), command=("false",), stop=trio.Event())


def test_a_process_is_not_told_what_could_keep_it_from_mining(tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    more = f'[ledger]\npath = "/x"\n[api]\nlisten = "127.0.0.1:0"\ntoken_file = "{token}"'
    settings = config(api="", more=more)
    token.unlink()
    told = decode_told(for_processes(settings))
    assert (told.api.token_file, told.ledger.path) == ("", "")


@pytest.mark.parametrize("how", ["stop", "cancel"])
async def test_it_leaves_nothing_behind(how, descriptors, tmp_path):
    before = descriptors()
    async with running(tmp_path, config(2)) as run:
        await run.until("heard", 2)
        if how == "stop":
            await run.stopped()
    processes = [process for kind in ("control", "serve") for process, _ in run.noted(kind)]
    assert not any(map(alive, processes))
    assert descriptors() == before


async def test_processes_are_stopped_only_when_it_is_there_to_hear_them(tmp_path):
    """It was killed a moment before: what it had taken and not kept must be told again."""
    slow = f"""
if os.path.exists({str(tmp_path / "once")!r}):
    time.sleep(0.5)
else:
    os.mkdir({str(tmp_path / "once")!r})
"""
    async with running(tmp_path, control=slow + HEARS) as run:
        [(first, _)] = await run.until("control")
        await run.until("heard")
        await killed(first)
        await run.stopped()
        second = run.noted("control")[-1][0]
        assert second != first
        words = [data for process, data in run.noted("heard") if process == second]
        assert b"ends" in words[-1]


async def test_but_not_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "CONTROL_GRACE", 0.2)
    async with running(tmp_path, control="time.sleep(1000)") as run:
        [(process, _)] = await run.until("control")
        await run.stopped()
        assert not alive(process)
