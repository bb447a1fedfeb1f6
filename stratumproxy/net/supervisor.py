"""The supervisor: holds the listening sockets, and keeps worker processes on them.

One process serves miners on one core. With `workers = N` there are N of them, each with sessions of
its own upstream, and the kernel spreads the miners over them (SO_REUSEPORT). The supervisor opens
every listening socket and never closes it before the end: while a worker is started again, miners
that connect to it wait in its backlog, and none is refused.

A worker is told its configuration on standard input, and each new one on another line of it. It is
told to stop by SIGTERM or by the end of that input, so none outlives its supervisor. Its standard
output is the telemetry channel: a snapshot a line. One that says nothing for too long is killed.
"""

import itertools
import math
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterable, Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import orjson
import structlog
import trio

from stratumproxy.config import Config
from stratumproxy.errors import ProtocolError
from stratumproxy.net.listeners import open_listeners
from stratumproxy.net.systemd import Service, match_listeners, status_line
from stratumproxy.stratum.framing import split_lines
from stratumproxy.telemetry.snapshot import Snapshot, merge

COMMAND = (sys.executable, "-P", "-m", "stratumproxy", "worker")

SNAPSHOT_LIMIT = 1 << 20
"""Bytes of one snapshot; some 500 a pool."""

RESTART_PAUSE = 0.2
"""Seconds before a worker that ended is started again; doubled each time it ends soon."""

LONGEST_PAUSE = 5.0
LIVED = 10.0
"""Seconds after which a worker counts as having run well."""

GRACE = 2.0
"""Seconds beyond `drain_seconds` that a worker has to stop in before it is killed."""

LOOK_EVERY = 1.0
LOOKS = 30
"""Looks without a snapshot, which comes once a second, after which a worker is taken to hang. Looks
are counted and not seconds: a supervisor that was itself frozen for a while looks only once."""


class Supervisor:
    """Worker processes on shared ports. Made by `supervise`.

    Args:
        config: what they serve.
        command: how a worker is started; the numbers of its listening sockets follow.
    """

    def __init__(self, config: Config, command: Sequence[str]) -> None:
        self._config = config
        self._command = command
        self._log = structlog.get_logger()
        self._changed = trio.Event()
        self._heard: dict[int, float] = {}
        """When each worker, by number, sent its newest snapshot."""
        self._current: dict[int, Snapshot] = {}
        self._past: list[Snapshot] = []
        self._stopping = False
        self._processes: dict[int, trio.Process] = {}
        self._ended = trio.lowlevel.ParkingLot()

    def snapshot(self) -> Snapshot | None:
        """All workers together, those that are gone included; None before the first."""
        known = [*self._current.values(), *self._past]
        return merge(known) if known else None

    def well(self, within: float) -> bool:
        """Whether every worker has sent a snapshot in the last `within` seconds."""
        since = trio.current_time() - within
        heard = self._heard.values()
        return len(heard) == self._config.workers and min(heard) >= since

    def reconfigure(self, config: Config) -> None:
        """Serve something else from now on; `listen` and `workers` are as they were."""
        self._config = config
        self._changed.set()
        self._changed = trio.Event()

    async def run(self, sets: Sequence[Sequence[socket.socket]], stop: trio.Event) -> None:
        """Keep a worker on each set of listeners until `stop`."""
        async with trio.open_nursery() as nursery:
            for number, listeners in enumerate(sets):
                nursery.start_soon(self._keep, number, listeners)
            await stop.wait()
            self._stopping = True
            for process in self._processes.values():
                process.send_signal(signal.SIGTERM)
            if len(self._processes) == len(sets):  # none is about to be given them
                for listener in itertools.chain(*sets):
                    listener.close()
            with trio.move_on_after(self._config.limits.drain_seconds + GRACE):
                while self._processes:
                    await self._ended.park()
            nursery.cancel_scope.cancel()

    async def _keep(self, number: int, listeners: Sequence[socket.socket]) -> None:
        """Run a worker, and another when it ends, until the supervisor stops."""
        pause = RESTART_PAUSE
        while not self._stopping:
            started = trio.current_time()
            status = await self._run_worker(number, listeners)
            if self._stopping:
                break
            pause = RESTART_PAUSE if trio.current_time() - started > LIVED else pause
            self._log.error(
                "a worker ended and is started again",
                worker=number,
                status=status,
                again_in_seconds=pause,
            )
            await trio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run_worker(self, number: int, listeners: Sequence[socket.socket]) -> str:
        """Run one worker from its start to its end, and take its snapshots.

        Returns:
            How it ended, in words.
        """
        numbers = [str(sock.fileno()) for sock in listeners]
        try:
            process = await trio.lowlevel.open_process(
                [*self._command, "--number", str(number), *numbers],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[sock.fileno() for sock in listeners],
                start_new_session=True,  # Ctrl-C is for the supervisor, who passes it on
            )
        except OSError as error:
            return f"it could not be started: {error.strerror}"
        self._processes[number] = process
        if self._stopping:
            process.send_signal(signal.SIGTERM)  # the others were sent it meanwhile
        try:
            await self._attend(number, process)
            return _status(await process.wait())
        finally:
            with trio.CancelScope(shield=True):
                process.kill()
                await process.wait()
            del self._processes[number]
            self._ended.unpark_all()
            gone = self._current.pop(number, None)
            if gone is not None:
                self._past = [merge([*self._past, gone.past()])]

    async def _attend(self, number: int, process: trio.Process) -> None:
        """Tell a worker what to serve, and take its snapshots as long as there are any."""
        assert process.stdin is not None
        assert process.stdout is not None
        silence = Silence()
        async with process.stdin, process.stdout, trio.open_nursery() as nursery:
            nursery.start_soon(self._tell, process.stdin)
            nursery.start_soon(self._watch, number, process, silence)
            await self._listen(number, process, process.stdout, silence)
            nursery.cancel_scope.cancel()

    async def _tell(self, stdin: trio.abc.SendStream) -> None:
        """Say what to serve, and say it anew whenever that changes."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # it ends
            while True:
                changed = self._changed
                await stdin.send_all(self._config.model_dump_json().encode() + b"\n")
                await changed.wait()

    async def _listen(
        self,
        number: int,
        process: trio.Process,
        stdout: trio.abc.ReceiveStream,
        silence: "Silence",
    ) -> None:
        tail = b""
        try:
            async for data in stdout:
                lines, tail = split_lines(tail, bytes(data), SNAPSHOT_LIMIT)
                for line in lines:
                    if (snapshot := _parse(line)) is not None:
                        silence.looks = 0
                        self._heard[number] = trio.current_time()
                        self._current[number] = snapshot
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return
        except ProtocolError:
            process.kill()

    async def _watch(self, number: int, process: trio.Process, silence: "Silence") -> None:
        """Kill a worker that hangs: its miners come back to the one that is started instead."""
        while silence.looks < LOOKS:
            await trio.sleep(LOOK_EVERY)
            silence.looks += 1
        self._log.error(
            "a worker hangs and is killed; please report it",
            worker=number,
            process=process.pid,
            silent_for_seconds=LOOKS * LOOK_EVERY,
        )
        process.kill()


@dataclass(slots=True)
class Silence:
    """How long a worker has said nothing."""

    looks: int = 0


def _parse(line: bytes) -> Snapshot | None:
    """A worker's line as a snapshot; None if it was cut short, by a full pipe or by its end."""
    try:
        return Snapshot.parse(orjson.loads(line))
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


def _status(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


async def supervise(
    config: Config,
    *,
    command: Sequence[str] = COMMAND,
    on_snapshot: Callable[[Snapshot], None] | None = None,
    stop: trio.Event | None = None,
    configs: AsyncIterable[Config] | None = None,
    inherited: Sequence[socket.socket] = (),
    service: Service | None = None,
    task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED,
) -> Snapshot | None:
    """Serve miners with `config.workers` processes. Otherwise as `server.serve`.

    Args:
        config: what to serve.
        command: how a worker is started.
        on_snapshot: called once a second, once there is a snapshot.
        stop: when set, stop in good order.
        configs: what to serve from then on, whenever there is another; see `Supervisor`.
        inherited: listening sockets to use instead of opening any; all workers share them.
        service: what systemd is told.
        task_status: started with the (host, port) of each listener, once it listens.

    Returns:
        How things stood at the end, all workers together; None if there was no time for that.

    Raises:
        StratumProxyError: a listener can't be opened, or the inherited ones are not those of the
            configuration.
    """
    stop = trio.Event() if stop is None else stop
    service = service or Service()
    supervisor = Supervisor(config, command)

    async def report() -> None:
        ready = False
        while True:
            await trio.sleep(1)
            if not ready and supervisor.well(math.inf):
                ready = True
                service.ready()
            if supervisor.well(service.watchdog / 2):
                service.alive()
            if (snapshot := supervisor.snapshot()) is not None:
                service.status(status_line(snapshot))
                if on_snapshot is not None:
                    on_snapshot(snapshot)

    async def reconfigure() -> None:
        if configs is not None:
            async for each in configs:
                supervisor.reconfigure(each)

    async def say_stopping() -> None:
        await stop.wait()
        service.stopping()

    with ExitStack() as stack:
        if inherited:
            for sock in inherited:
                stack.enter_context(sock)
            sets = [match_listeners(config, inherited)] * config.workers
        else:
            sets = stack.enter_context(open_listeners(config, config.workers))
        task_status.started([sock.getsockname()[:2] for sock in sets[0]])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(report)
            nursery.start_soon(reconfigure)
            nursery.start_soon(say_stopping)
            await supervisor.run(sets, stop)
            nursery.cancel_scope.cancel()
    return supervisor.snapshot()
