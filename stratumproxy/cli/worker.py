"""``stratumproxy worker``: what the supervisor starts; not for people."""

import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import click
import orjson
import structlog
import trio

from stratumproxy.cli.logging import configure
from stratumproxy.config import Config
from stratumproxy.net.server import serve
from stratumproxy.telemetry.snapshot import Snapshot


@click.command(hidden=True)
@click.option("--number", type=int, required=True)
@click.argument("listeners", type=int, nargs=-1, required=True)
def worker(number: int, listeners: tuple[int, ...]) -> None:
    """Serve miners on listening sockets inherited from the supervisor.

    The configuration is the first line of standard input; its end, or SIGTERM, is the order to
    stop. A snapshot a second goes to standard output, one JSON object a line.
    """
    config = Config.model_validate_json(sys.stdin.buffer.readline())
    configure(config.log)
    # Nothing on a miner's way is circular, so reference counts free it all; the collector only
    # walks over every miner again and again while thousands of them connect.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    structlog.contextvars.bind_contextvars(worker=number)
    trio.run(_serve, config, [socket.socket(fileno=fd) for fd in listeners])


def _tell(snapshot: Snapshot) -> None:
    """Hand a snapshot to the supervisor; one that it has no room for is left out."""
    with suppress(BlockingIOError):
        os.write(sys.stdout.fileno(), orjson.dumps(snapshot) + b"\n")


async def _serve(config: Config, listeners: list[socket.socket]) -> None:
    os.set_blocking(sys.stdout.fileno(), False)
    stop = trio.Event()
    # Before the log says that it listens: whoever reads that may send a signal at once.
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_wait_for_signal, signals, stop)
            nursery.start_soon(_wait_for_end_of_input, stop)
            _tell(await serve(config, listeners=listeners, on_snapshot=_tell, stop=stop))
            nursery.cancel_scope.cancel()


async def _wait_for_signal(signals: AsyncIterator[int], stop: trio.Event) -> None:
    async for _ in signals:
        stop.set()


async def _wait_for_end_of_input(stop: trio.Event) -> None:
    async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as stream:
        async for _ in stream:
            pass
    stop.set()
