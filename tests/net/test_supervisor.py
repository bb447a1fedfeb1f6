"""The supervisor with processes of a few lines of Python: what it does when they misbehave."""

import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import orjson
import pytest
import trio
from structlog.testing import capture_logs

from stratumproxy.config import Config
from stratumproxy.config.told import encode_told
from stratumproxy.net import child, supervisor
from stratumproxy.net.supervisor import supervise
from stratumproxy.net.systemd import Service
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot
from tests.short import short
from tests.waiting import PATIENCE, alive, stand_still, until

POOL = PoolSnapshot("pool", "", "ready", 1, 2, 1.0, 8, 0, 3, 0, 1, 0)
SNAPSHOT = Snapshot(5.0, 2, 2, 1.0, 3, 3.0, 4, pools=(POOL,))

BEGIN = f"""
import os, signal, socket, sys, time
role, number, *numbers = sys.argv[1], *sys.argv[3:]
if numbers[0] == "--channel":
    channel, numbers = socket.socket(fileno=int(numbers[1])), numbers[2:]
listeners = [socket.socket(fileno=int(fd)) for fd in numbers]
def tell():
    os.write(1, {orjson.dumps(SNAPSHOT)!r} + b"\\n")
def serve():
    # Say over and over who one is, to whoever connects.
    while True:
        caller, _ = listeners[0].accept()
        caller.sendall(number.encode() + b" " + str(os.getpid()).encode() + b" " + config)
        caller.close()
listeners[0].setblocking(True)
config = sys.stdin.buffer.readline()
"""
STOPS = "signal.signal(signal.SIGTERM, lambda *_: (tell(), os._exit(0)))\n"


CHATTER = """
import threading
def chat():
    while True:
        tell()
        time.sleep(0.05)
threading.Thread(target=chat, daemon=True).start()
"""


def config(processes: int = 1, drain: float = 0) -> Config:
    return short(more=f"[limits]\ndrain_seconds = {drain}", top=f"processes = {processes}")


class Told(Service):
    """What systemd was told."""

    def __init__(self) -> None:
        super().__init__(watchdog=60)
        self.words: list[str] = []

    def _tell(self, text: str) -> None:
        self.words.append(text)


class Run:
    """A supervisor at work."""

    def __init__(self) -> None:
        self.address = "127.0.0.1", 0
        self.snapshots: list[Snapshot] = []
        self.result: Snapshot | None = None
        self.ended = trio.Event()
        self._stop = trio.Event()
        self.configure, self._configs = trio.open_memory_channel(1)
        self.service = Told()
        self.inherited: list[socket.socket] = []

    async def start(self, config, script: str, task_status) -> None:
        command = (sys.executable, "-I", "-S", "-c", BEGIN + script)
        self.result = await supervise(
            config,
            command=command,
            stop=self._stop,
            on_snapshot=self.snapshots.append,
            configs=self._configs,
            service=self.service,
            inherited=self.inherited,
            task_status=task_status,
        )
        self.ended.set()

    async def call(self) -> tuple[int, int, bytes]:
        """Who serves: its number, its process, and the configuration it was given."""
        with trio.fail_after(PATIENCE):
            while True:
                # The kernel may give the connection to a process that never takes it: try again.
                with suppress(trio.BrokenResourceError), trio.move_on_after(1):
                    async with await trio.open_tcp_stream(*self.address) as stream:
                        heard = b"".join([bytes(data) async for data in stream])
                    if heard:
                        number, process, config = heard.split(b" ", 2)
                        return int(number), int(process), config

    async def stop(self) -> Snapshot | None:
        self._stop.set()
        with trio.fail_after(PATIENCE):
            await self.ended.wait()
        return self.result


@asynccontextmanager
async def running(script: str, processes: int = 1, drain: float = 0) -> AsyncIterator[Run]:
    async with trio.open_nursery() as nursery:
        run = Run()
        [run.address] = await nursery.start(run.start, config(processes, drain), script)
        yield run
        nursery.cancel_scope.cancel()


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is told to stop may take its time, unless a test says otherwise."""
    monkeypatch.setattr(supervisor, "GRACE", 10 * PATIENCE)


async def test_a_process_is_given_its_number_its_listeners_and_the_configuration():
    async with running(STOPS + "serve()") as run:
        number, process, told = await run.call()
        assert (number, process != os.getpid()) == (0, True)
        assert json.loads(told) == json.loads(encode_told(config()))
        await run.stop()
        assert not alive(process)


async def test_several_processes_share_the_port():
    async with running(STOPS + "serve()", processes=3) as run:
        met = {}
        while len(met) < 3:
            number, process, _ = await run.call()
            assert met.setdefault(number, process) == process
        assert set(met) == {0, 1, 2}
        result = await run.stop()
    assert result.accepted == 3 * SNAPSHOT.accepted
    assert not any(map(alive, met.values()))


async def test_snapshots_are_added_up():
    async with running("tell()\nserve()", processes=2) as run:
        await until(lambda: run.snapshots and run.snapshots[-1].accepted == 6)
        assert run.snapshots[-1].connected == 4
        assert run.snapshots[-1].pools[0].sessions == 2


async def test_a_process_that_ends_is_started_again_and_its_counts_stay():
    async with running(STOPS + "tell()\nserve()") as run:
        _, first, _ = await run.call()
        os.kill(first, signal.SIGKILL)
        number, second, _ = await run.call()
        assert (number, second != first) == (0, True)
        result = await run.stop()
    assert result.accepted == 2 * SNAPSHOT.accepted
    assert (result.connected, result.pools[0].sessions) == (0, 0)
    assert (result.pools[0].lost, result.pools[0].pending) == (2 * POOL.pending, 0)
    assert not alive(first)


async def test_miners_that_come_while_a_process_starts_again_are_not_refused():
    async with running(STOPS + "serve()") as run:
        _, first, _ = await run.call()
        os.kill(first, signal.SIGKILL)
        with socket.create_connection(run.address):  # refused if nobody listened
            _, second, _ = await run.call()
        assert second != first
        await run.stop()


async def test_a_process_that_does_not_stop_is_killed(monkeypatch):
    monkeypatch.setattr(supervisor, "GRACE", 0.1)
    async with running("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nserve()") as run:
        _, process, _ = await run.call()
        assert alive(process)
        await run.stop()
        assert not alive(process)


async def test_a_stop_does_not_wait_longer_than_the_processes_take():
    async with running(STOPS + "serve()", processes=2, drain=60) as run:
        await run.call()
        await run.stop()


async def test_a_stop_at_the_very_start():
    """Some processes exist by then, some are on their way."""
    for turns in (0, 1, 3, 10, 30):
        async with running(STOPS + "serve()", processes=2) as run:
            for _ in range(turns):
                await trio.lowlevel.checkpoint()
            await run.stop()


async def test_a_stop_while_a_process_is_about_to_be_started_again(monkeypatch):
    monkeypatch.setattr(child, "RESTART_PAUSE", 10 * PATIENCE)
    async with running(STOPS + "serve()") as run:
        _, process, _ = await run.call()
        os.kill(process, signal.SIGKILL)
        await until(lambda: not alive(process))
        await run.stop()


@pytest.mark.parametrize(
    "noise", ["not JSON", "[]", "{}", '{"pools": 4}', '{"pools": [], "more": 1}', "\xff", ""]
)
async def test_whatever_a_process_writes_the_others_go_on(noise):
    """A snapshot may be cut short by a full pipe, or by the process's end."""
    say = f"if number == '0': os.write(1, {noise.encode('latin-1')!r} + b'\\n')\n"
    async with running(STOPS + say + "tell()\nserve()", processes=2) as run:
        met = set()
        while met != {0, 1}:
            number, _, _ = await run.call()
            met.add(number)
        result = await run.stop()
    assert result.accepted == 2 * SNAPSHOT.accepted


async def test_a_process_whose_line_has_no_end_is_started_again(tmp_path):
    once = f"""
if not os.path.exists({str(tmp_path / "once")!r}):
    os.mkdir({str(tmp_path / "once")!r})
    while True:
        os.write(1, b"x" * 65536)
"""
    async with running(STOPS + once + "tell()\nserve()") as run:
        await run.call()
        result = await run.stop()
    assert result.accepted == SNAPSHOT.accepted


async def test_a_process_that_can_not_be_started_is_tried_again(monkeypatch):
    """As when there is no memory, or no process left, for a moment."""
    open_process = trio.lowlevel.open_process
    failures = [OSError(12, "Cannot allocate memory")] * 2

    async def fail_at_first(*args, **kwargs):
        if failures:
            raise failures.pop()
        return await open_process(*args, **kwargs)

    monkeypatch.setattr(trio.lowlevel, "open_process", fail_at_first)
    monkeypatch.setattr(child, "RESTART_PAUSE", 0.01)
    async with running(STOPS + "serve()", processes=2) as run:
        met = set()
        while met != {0, 1}:
            number, _, _ = await run.call()
            met.add(number)
        await run.stop()


async def test_a_new_configuration_reaches_every_process():
    listen = """
import threading
def listen():
    global config
    for line in sys.stdin.buffer:
        config = line
threading.Thread(target=listen, daemon=True).start()
"""
    async with running(STOPS + listen + "serve()", processes=2) as run:
        await run.call()
        await run.configure.send(config(processes=2, drain=7))
        met = set()
        with trio.fail_after(PATIENCE):
            while met != {0, 1}:
                number, _, told = await run.call()
                if json.loads(told)["config"]["limits"]["drain_seconds"] == 7:
                    met.add(number)
        await run.stop()


async def test_a_process_that_is_started_later_has_the_new_one():
    async with running(STOPS + "serve()") as run:
        _, first, _ = await run.call()
        await run.configure.send(config(drain=7))
        os.kill(first, signal.SIGKILL)
        _, _, told = await run.call()
        assert json.loads(told)["config"]["limits"]["drain_seconds"] == 7
        await run.stop()


async def test_a_process_that_hangs_is_killed_and_started_again(monkeypatch):
    monkeypatch.setattr(child, "LOOK_EVERY", 0.1)
    hang = "tell()\nif number == '0': time.sleep(1000)\n"
    with capture_logs() as logs:
        async with running(STOPS + hang + CHATTER + "serve()", processes=2) as run:
            number, process, _ = await run.call()
            assert number == 1
            for event in ("hangs", "started again"):
                await until(lambda event=event: any(event in entry["event"] for entry in logs))
            assert alive(process), "the other goes on"
            await run.stop()
    assert {entry["process"] for entry in logs if "process" in entry} == {0}
    [entry, *_] = [entry for entry in logs if "started again" in entry["event"]]
    assert entry["status"] == "killed by SIGKILL"


async def test_a_process_that_is_stopped_hangs_like_any_other(monkeypatch):
    """By SIGSTOP, or in a system call: nothing comes from it, and it heeds no signal but one."""
    monkeypatch.setattr(child, "LOOK_EVERY", 0.1)
    async with running(STOPS + CHATTER + "serve()") as run:
        _, first, _ = await run.call()
        await stand_still(first)
        await until(lambda: not alive(first))
        _, second, _ = await run.call()
        assert second != first
        await run.stop()


async def test_a_stop_does_not_wait_for_a_process_that_is_stopped(monkeypatch):
    monkeypatch.setattr(supervisor, "GRACE", 0.1)
    async with running(STOPS + "tell()\nserve()") as run:
        _, process, _ = await run.call()
        await stand_still(process)
        await run.stop()
        assert not alive(process)


@pytest.fixture
async def immortal(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Processes that SIGKILL does not end, for they are in a system call that lasts for ever."""
    spared: set[trio.Process] = set()
    kill = trio.Process.kill
    monkeypatch.setattr(trio.Process, "kill", lambda process: spared.add(process))
    monkeypatch.setattr(child, "KILL_SECONDS", 0.1)
    yield
    for process in spared:
        kill(process)
        await process.wait()


async def test_one_that_can_not_be_killed_is_left_to_its_fate(monkeypatch, immortal):
    monkeypatch.setattr(child, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(supervisor, "GRACE", 0.1)
    hang = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nserve()"
    with capture_logs() as logs:
        async with running(hang) as run:
            _, first, _ = await run.call()
            await until(lambda: any("started again" in entry["event"] for entry in logs))
            assert alive(first)
            await run.stop()
    [entry, *_] = [entry for entry in logs if "started again" in entry["event"]]
    assert entry["status"] == child.UNENDED


async def test_systemd_is_told_when_all_are_up_and_in_the_end():
    async with running(STOPS + "tell()\nserve()", processes=2) as run:
        await until(lambda: "READY=1" in run.service.words)
        await until(lambda: "WATCHDOG=1" in run.service.words)
        assert "STATUS=4 miners, 2 H/s, mining on pool" in run.service.words
        await run.stop()
    assert run.service.words.count("READY=1") == 1
    assert run.service.words[-1] == "STOPPING=1"


async def test_systemd_is_not_told_that_all_is_well_while_a_process_says_nothing():
    async with running(STOPS + "if number == '0': tell()\nserve()", processes=2) as run:
        await until(lambda: len(run.snapshots) >= 2)
        assert not {"READY=1", "WATCHDOG=1"} & set(run.service.words)
        await run.stop()


async def test_inherited_sockets_are_shared_by_all_processes():
    async with trio.open_nursery() as nursery:
        run = Run()
        with socket.create_server(("127.0.0.1", 0)) as ours:
            run.inherited = [ours.dup()]
            [run.address] = await nursery.start(run.start, config(2), STOPS + "serve()")
            assert run.address == ours.getsockname()
            await run.call()
            await run.stop()
            with socket.create_connection(run.address):
                pass  # whoever opened it still listens
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("how", ["stop", "cancel", "killed"])
async def test_it_leaves_nothing_behind(how, descriptors: Callable[[], set[str]], monkeypatch):
    monkeypatch.setattr(supervisor, "GRACE", 0.1)
    before = descriptors()
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nserve()"
    async with running(stubborn if how == "killed" else STOPS + "serve()", processes=2) as run:
        met = {}
        while len(met) < 2:
            number, process, _ = await run.call()
            met[number] = process
        if how != "cancel":
            await run.stop()
    assert not any(map(alive, met.values()))
    assert descriptors() == before
