"""The supervisor: holds the sockets, and keeps the other processes on them.

One process serves miners on one core. With `processes = N` there are N of them, each with sessions
of its own upstream, and the kernel spreads the miners over them (SO_REUSEPORT). One more, the
control process, keeps what they tell and shows it. The supervisor opens every listening socket and
never closes it before the end: while a process is started again, whoever connects to it waits in
its backlog, and nobody is refused.

What mining processes tell the control process goes through a pair of sockets for each of them. The
supervisor holds both ends of it, so either process may die without the other noticing more than
silence.

Every process is told its configuration on standard input, and each new one on another line of it
(`net/child.py`). A mining process says a snapshot a line, the control process that it is there.
"""

import itertools
import math
import secrets
import socket
import sys
from collections import deque
from collections.abc import AsyncIterable, Callable, Sequence
from contextlib import ExitStack
from functools import partial

import orjson
import structlog
import trio

from stratumproxy.config import Config, Listen
from stratumproxy.config.reload import ControlTables, controlled
from stratumproxy.config.told import Runs, for_control, for_processes
from stratumproxy.net.child import KILL_SECONDS, Child
from stratumproxy.net.listeners import open_listener, open_listeners
from stratumproxy.net.systemd import Service, match_listeners, status_line
from stratumproxy.telemetry.snapshot import Snapshot, merge

COMMAND = (sys.executable, "-P", "-m", "stratumproxy")

GRACE = 2.0
"""Seconds beyond `drain_seconds` that a mining process has to stop in before it is killed."""

CONTROL_GRACE = 8.0
"""Seconds at the stop that the control process has to be there in, if it has just been started
again; and to keep the last of it in, once the others are gone: it, or another if it hangs."""

MOST_OVER = 64
"""Runs that are over of which the control process is told, the newest."""

BACKLOG = 128
"""Browsers and scripts that may wait while the control process is started again."""


class Supervisor:
    """Processes on shared sockets. Made by `supervise`.

    Args:
        config: what they serve.
        command: what ``serve`` or ``control`` and their arguments are appended to.
        sets: each mining process's listening sockets.
        api: the listening socket of the API, if there is one.
    """

    def __init__(
        self,
        config: Config,
        command: Sequence[str],
        sets: Sequence[Sequence[socket.socket]],
        api: socket.socket | None,
    ) -> None:
        self._config = config
        self._tables = ControlTables.of(config)
        self._sets = sets
        self._heard: dict[int, float] = {}
        """When each mining process, by number, sent its newest snapshot."""
        self._current: dict[int, Snapshot] = {}
        self._past: list[Snapshot] = []
        self._runs: dict[int, str] = {}
        """Of those that run, by number."""
        self._over: deque[str] = deque(maxlen=MOST_OVER)
        self._channels = [socket.socketpair() for _ in sets] if controlled(config) else []
        for sock in itertools.chain(*self._channels):
            sock.setblocking(False)
        self._processes = [
            self._mining_process(number, listeners, command)
            for number, listeners in enumerate(sets)
        ]
        self._control = self._control_process(command, api) if controlled(config) else None

    def _mining_process(
        self, number: int, listeners: Sequence[socket.socket], command: Sequence[str]
    ) -> Child:
        descriptors = [sock.fileno() for sock in listeners]
        options = ["--number", str(number)]
        if self._channels:
            channel = self._channels[number][0].fileno()
            options += ["--channel", str(channel)]
            descriptors.append(channel)
        return Child(
            "a mining process",
            [*command, "serve", *options, *(str(sock.fileno()) for sock in listeners)],
            descriptors,
            for_processes(self._config),
            hear=partial(self._hear, number),
            ended=partial(self._ended, number),
            starting=partial(self._starting, number),
            process=number,
        )

    def _control_process(self, command: Sequence[str], api: socket.socket | None) -> Child:
        descriptors = [end.fileno() for _, end in self._channels]
        arguments = [str(descriptor) for descriptor in descriptors]
        if api is not None:
            arguments = ["--listener", str(api.fileno()), *arguments]
            descriptors.append(api.fileno())
        return Child(
            "the control process",
            [*command, "control", *arguments],
            descriptors,
            self._for_control(),
            hear=lambda line: True,
            finishes=True,
        )

    def snapshot(self) -> Snapshot | None:
        """All mining processes together, those that are gone included; None before the first."""
        known = [*self._current.values(), *self._past]
        return merge(known) if known else None

    def well(self, within: float) -> bool:
        """Whether every mining process has sent a snapshot in the last `within` seconds."""
        since = trio.current_time() - within
        heard = self._heard.values()
        return len(heard) == self._config.processes and min(heard) >= since

    async def reconfigure(self, config: Config) -> None:
        """Serve something else from now on; sockets and number of processes are as they were."""
        self._config = config
        for each in self._processes:
            each.tell(for_processes(config))
        if self._control is not None:
            # The token is read from its file, and no disk is waited for here.
            tables = await trio.to_thread.run_sync(ControlTables.of, config, abandon_on_cancel=True)
            before, self._tables = self._tables, tables
            if self._tables == before:
                self._control.tell(self._for_control())
            else:
                self._control.restart(self._for_control())

    async def run(self, stop: trio.Event) -> None:
        """Keep all of them running until `stop`; the control process until the others are gone."""
        async with trio.open_nursery() as nursery:
            if self._control is not None:
                nursery.start_soon(self._control.keep)
            async with trio.open_nursery() as serving:
                for each in self._processes:
                    serving.start_soon(each.keep)
                await stop.wait()
                if self._control is not None:
                    # Whatever one that was killed had taken and not kept, the others tell again.
                    with trio.move_on_after(CONTROL_GRACE):
                        await self._control.up()
                for each in self._processes:
                    each.stop()
                # None is about to be given them.
                if all(each.process for each in self._processes):
                    for listener in itertools.chain(*self._sets):
                        listener.close()
                drain = self._config.limits.drain_seconds + GRACE
                serving.cancel_scope.deadline = trio.current_time() + drain
            if self._control is not None:
                for end, _ in self._channels:
                    end.close()  # so that it comes to the end of what the others told
                self._control.stop()
                nursery.cancel_scope.deadline = trio.current_time() + CONTROL_GRACE

    def close(self) -> None:
        """Let go of the channels."""
        for sock in itertools.chain(*self._channels):
            sock.close()

    def _hear(self, number: int, line: bytes) -> bool:
        if (snapshot := _parse(line)) is None:
            return False
        self._heard[number] = trio.current_time()
        self._current[number] = snapshot
        return True

    def _for_control(self) -> bytes:
        runs = Runs(tuple(self._runs.values()), tuple(self._over))
        return for_control(self._config, runs)

    def _tell_runs(self) -> None:
        if self._control is not None:
            self._control.tell(self._for_control())

    def _starting(self, number: int) -> list[str]:
        """A run begins, and has a name that no other ever had, if there is whom to tell."""
        if self._control is None:
            return []
        run = self._runs[number] = secrets.token_hex(8)
        self._tell_runs()
        return ["--run", run]

    def _ended(self, number: int) -> None:
        if (run := self._runs.pop(number, None)) is not None:
            self._over.append(run)
            self._tell_runs()
        gone = self._current.pop(number, None)
        if gone is not None:
            self._past = [merge([*self._past, gone.past()])]


def stop_seconds(config: Config) -> float:
    """How long a stop takes at most, if every process hangs, and a second."""
    serving = config.limits.drain_seconds + GRACE + KILL_SECONDS
    return CONTROL_GRACE + serving + CONTROL_GRACE + KILL_SECONDS + 1


def open_api(config: Config) -> socket.socket | None:
    """The API's listening socket, if there is to be one; the log says where to look.

    Raises:
        StratumProxyError: the address can't be listened on.
    """
    if not config.api.listen:
        return None
    sock = open_listener(Listen(address=config.api.listen, backlog=BACKLOG))
    structlog.get_logger().info("dashboard, API and metrics", url=url_of(sock))
    return sock


def url_of(sock: socket.socket) -> str:
    """Where a browser on this machine finds what listens there."""
    host, port = sock.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _parse(line: bytes) -> Snapshot | None:
    """A process's line as a snapshot; None if it was cut short, by a full pipe or by its end."""
    try:
        return Snapshot.parse(orjson.loads(line))
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


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
    """Serve miners with `config.processes` processes. Otherwise as `server.serve`.

    Args:
        config: what to serve.
        command: how processes are started; see `Supervisor`.
        on_snapshot: called once a second, once there is a snapshot.
        stop: when set, stop in good order.
        configs: what to serve from then on, whenever there is another; see `Supervisor`.
        inherited: listening sockets to use instead of opening any; all processes share them.
        service: what systemd is told.
        task_status: started with the (host, port) of each listener, once it listens.

    Returns:
        How things stood at the end, all processes together; None if there was no time for that.

    Raises:
        StratumProxyError: a listener can't be opened, or the inherited ones are not those of the
            configuration.
    """
    stop = trio.Event() if stop is None else stop
    service = service or Service()

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
                await supervisor.reconfigure(each)

    async def say_stopping() -> None:
        await stop.wait()
        service.stopping()

    with ExitStack() as stack:
        if inherited:
            for sock in inherited:
                stack.enter_context(sock)
            sets = [match_listeners(config, inherited)] * config.processes
        else:
            sets = stack.enter_context(open_listeners(config, config.processes))
        if (api := open_api(config)) is not None:
            stack.enter_context(api)
        supervisor = Supervisor(config, command, sets, api)
        stack.callback(supervisor.close)
        task_status.started([sock.getsockname()[:2] for sock in sets[0]])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(report)
            nursery.start_soon(reconfigure)
            nursery.start_soon(say_stopping)
            await supervisor.run(stop)
            nursery.cancel_scope.cancel()
    return supervisor.snapshot()
