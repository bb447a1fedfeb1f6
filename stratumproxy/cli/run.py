"""``stratumproxy run``: the proxy as a service, from configuration to the last line."""

import os
import signal
import socket
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import structlog
import trio

from stratumproxy import __version__, shares
from stratumproxy.cli.ending import in_time
from stratumproxy.cli.files import raise_file_limit
from stratumproxy.cli.heartbeat import Heartbeat
from stratumproxy.cli.logging import configure, ends_in_log, unblock
from stratumproxy.cli.options import config_option, examples
from stratumproxy.cli.summary import summary, summary_values
from stratumproxy.config import Config, Log, read
from stratumproxy.config.document import Document
from stratumproxy.config.reload import reloaded
from stratumproxy.errors import ConfigError, StratumProxyError
from stratumproxy.net.supervisor import stop_seconds, supervise
from stratumproxy.net.systemd import Service, inherited_sockets
from stratumproxy.telemetry.snapshot import Snapshot
from stratumproxy.top import words


@click.command(
    epilog=examples(
        "stratumproxy run --config farm.toml",
        "stratumproxy run --config farm.toml --require-native --log-format json",
    )
)
@config_option
@click.option(
    "--require-native",
    is_flag=True,
    help="Refuse to start when shares would be checked in Python instead of C.",
)
@click.option(
    "--log-format",
    type=click.Choice(["auto", "console", "json"]),
    help="Instead of the configuration's log.format.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="Instead of the configuration's log.level.",
)
@ends_in_log()
def run(
    path: Path,
    require_native: bool,
    log_format: Literal["auto", "console", "json"] | None,
    log_level: Literal["debug", "info", "warning", "error"] | None,
) -> None:
    """Serve miners and mine on the pools of a configuration.

    Logs go to standard error. SIGTERM or Ctrl-C stops: no new miners, what is owed to the pools
    is sent, and a summary is printed; a second one stops at once. SIGHUP reads the configuration
    again. The exit status is 0 after a stop, 2 for a configuration that can't be used, 1 for
    anything else.
    """
    unblock(output=True)

    def log_as_told(log: Log) -> Log:
        """What the command line says of the log, over what the file does."""
        given = {"format": log_format, "level": log_level}
        return log.model_copy(update={key: value for key, value in given.items() if value})

    def as_told(document: Document) -> Config:
        """The configuration that a file has, under the command line."""
        config = document.config()
        return config.model_copy(update={"log": log_as_told(config.log)})

    # In the form that is wished for, as far as it can be known: also what is wrong with the file.
    configure(log_as_told(Log()))
    process = os.getpid()
    service = Service.from_environment(os.environ, process)
    inherited = inherited_sockets(os.environ, process)
    document = read(path)
    configure(log_as_told(Log(format=document.value("log", "format"))))
    config = as_told(document)
    json = configure(config.log)
    if require_native:
        shares.require_native()
    structlog.get_logger().info(
        "stratumproxy starts",
        version=__version__,
        config=str(path),
        pools=[pool.name for pool in config.pool],
    )
    raise_file_limit(config)
    snapshot = _serve(Running(config, lambda: as_told(read(path)), service, inherited, json))
    if json:
        values = summary_values(snapshot) if snapshot else {}
        structlog.get_logger().info("stopped", **values)
    else:
        click.echo(summary(snapshot) if snapshot else "stopped before the first report")


@dataclass
class Running:
    """What runs, and how to read it again."""

    config: Config
    """As the file has it, for the parts that do not wait for a restart."""
    read: Callable[[], Config]
    service: Service
    inherited: Sequence[socket.socket] = ()
    json: bool = True
    """Whether the log is JSON. The processes' output is no terminal, so they are told."""

    def for_processes(self) -> Config:
        """The configuration with everything decided that a process can't see."""
        log = self.config.log.model_copy(update={"format": "json" if self.json else "console"})
        return self.config.model_copy(update={"log": log})

    async def reload(self) -> bool:
        """Read the file again; whether it could be used. One that can't be changes nothing."""
        log = structlog.get_logger()
        try:  # in a thread: neither this process nor its end waits for a disk
            wanted = await trio.to_thread.run_sync(self.read, abandon_on_cancel=True)
        except ConfigError as error:
            log.error(
                "the configuration can't be used, and nothing was changed", problems=error.problems
            )
            return False
        self.config, changes, waiting = reloaded(self.config, wanted)
        configure(self.config.log)
        raise_file_limit(self.config)
        log.info("the configuration was read again", changed=changes)
        if waiting:
            log.warning("this change needs a restart; the rest is applied", settings=waiting)
        return True


def _serve(running: Running) -> Snapshot | None:
    """Run until stopped; the last state of things, or None when it was stopped before any.

    Raises:
        StratumProxyError: it could not go on.
    """
    snapshot: Snapshot | None = None
    failures: list[StratumProxyError] = []
    try:
        snapshot = trio.run(_serve_until_signalled, running)
    except* StratumProxyError as group:
        failures = _leaves(group)
    if failures:
        raise failures[0]
    return snapshot


async def _serve_until_signalled(running: Running) -> Snapshot | None:
    last: Snapshot | None = None
    heartbeat = Heartbeat(trio.current_time())

    def heed(snapshot: Snapshot) -> None:
        nonlocal last
        last = snapshot
        every = running.config.log.summary_seconds
        beat = heartbeat.beat(snapshot, trio.current_time(), every)
        if beat is not None:
            if not running.json:
                beat["hashrate"] = words.rate(beat["hashrate"])
            structlog.get_logger().info("summary", **beat)

    stop = trio.Event()
    with (
        trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals,
        in_time(lambda: stop_seconds(running.config)),
    ):
        async with trio.open_nursery() as nursery:
            to_processes, configs = trio.open_memory_channel[Config](1)
            ask, asked = trio.open_memory_channel[None](1)
            nursery.start_soon(_reload, asked, running, to_processes, stop)
            nursery.start_soon(_watch, signals, ask, stop, nursery.cancel_scope)
            last = (
                await supervise(
                    running.for_processes(),
                    on_snapshot=heed,
                    stop=stop,
                    configs=configs,
                    inherited=running.inherited,
                    service=running.service,
                )
                or last
            )
            nursery.cancel_scope.cancel()
    return last


async def _watch(
    signals: AsyncIterator[int],
    ask: trio.MemorySendChannel[None],
    stop: trio.Event,
    everything: trio.CancelScope,
) -> None:
    """SIGHUP reads the file again; another signal asks for a stop, and a second one insists."""
    async for number in signals:
        name = signal.Signals(number).name
        if number == signal.SIGHUP:
            with suppress(trio.WouldBlock):  # it will be read as it is then
                ask.send_nowait(None)
        elif stop.is_set():
            structlog.get_logger().warning("stopping at once", signal=name)
            everything.cancel()
            return
        else:
            structlog.get_logger().info("stopping; once more to stop at once", signal=name)
            stop.set()


async def _reload(
    asked: AsyncIterable[None],
    running: Running,
    to_processes: trio.MemorySendChannel[Config],
    stop: trio.Event,
) -> None:
    """Read the configuration again each time that is asked for, and tell the processes."""
    async for _ in asked:
        if stop.is_set():
            return
        running.service.reloading()
        if await running.reload() and not stop.is_set():
            await to_processes.send(running.for_processes())
        running.service.reloaded()


def _leaves(group: BaseExceptionGroup[StratumProxyError]) -> list[StratumProxyError]:
    """The errors in a group and in the groups within it."""
    found: list[StratumProxyError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
