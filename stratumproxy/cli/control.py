"""``stratumproxy control``: what the supervisor starts to keep and show; not for people."""

import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import click
import structlog
import trio

from stratumproxy.cli.logging import configure
from stratumproxy.cli.plane import Plane
from stratumproxy.cli.told import read_told
from stratumproxy.config import Config
from stratumproxy.errors import ConfigError
from stratumproxy.stratum.framing import split_lines

CONFIG_LIMIT = 1 << 24
"""Bytes of a configuration as JSON; the file it comes from has a megabyte at most."""

ALIVE_EVERY = 1.0
END_GRACE = 3.0
"""Seconds beyond `drain_seconds` that workers may take to their end."""


@click.command(hidden=True)
@click.option("--listener", type=int, help="The API's listening socket.")
@click.argument("channels", type=int, nargs=-1, required=True)
def control(listener: int | None, channels: tuple[int, ...]) -> None:
    """Keep what workers tell on channels inherited from the supervisor, and show it.

    The configuration is the first line of standard input; of each later line only the level of the
    log is heeded. SIGTERM is the order to stop; the end of the input is the order to stop when the
    workers have. A line a second on standard output says that all is well.
    """
    with open(0, "rb", buffering=0, closefd=False) as first:  # which leaves the next line there
        config = read_told(first.readline())
    configure(config.log)
    structlog.contextvars.bind_contextvars(process="control")
    trio.run(_run, config, listener, channels)


async def _run(config: Config, listener: int | None, numbers: tuple[int, ...]) -> None:
    stop = trio.Event()
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_wait_for_signal, signals, stop)
            nursery.start_soon(_read_configs, config, stop)
            sockets = [socket.socket(fileno=number) for number in numbers]
            plane = Plane(
                config,
                sockets,
                run=f"control-{secrets.token_hex(4)}",
                clock=time.time,
                supervisor=os.getppid(),
            )
            nursery.start_soon(_say_alive)
            api = None if listener is None else socket.socket(fileno=listener)
            await plane.run(stop, api)
            nursery.cancel_scope.cancel()


async def _say_alive() -> None:
    """Say so for as long as this loop turns; a supervisor that is gone has no ears."""
    os.set_blocking(sys.stdout.fileno(), False)
    while True:
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(sys.stdout.fileno(), b"alive\n")
        await trio.sleep(ALIVE_EVERY)


async def _wait_for_signal(signals: AsyncIterator[int], stop: trio.Event) -> None:
    async for _ in signals:
        stop.set()


async def _read_configs(config: Config, stop: trio.Event) -> None:
    """Heed each new configuration; at the end of them, give the workers time to end."""
    tail = b""
    async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as stream:
        async for data in stream:
            lines, tail = split_lines(tail, bytes(data), CONFIG_LIMIT)
            for line in lines:
                try:
                    config = read_told(line)
                except ConfigError as error:
                    structlog.get_logger().error(
                        "the configuration can't be used, and nothing was changed",
                        problems=error.problems,
                    )
                    continue
                configure(config.log)
    await trio.sleep(config.limits.drain_seconds + END_GRACE)
    stop.set()
