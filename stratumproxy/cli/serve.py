"""``stratumproxy serve``: what the supervisor starts; not for people."""

import ctypes
import gc
import os
import signal
import socket
import sys
from contextlib import suppress

import click
import orjson
import trio

from stratumproxy.cli.files import grow_descriptor_table, raise_file_limit
from stratumproxy.cli.logging import configure, ends_in_log, unblock
from stratumproxy.cli.told import first_told, hear_told, stop_when_signalled
from stratumproxy.config import Config
from stratumproxy.net import server
from stratumproxy.net.telemetry import Telemetry
from stratumproxy.telemetry.snapshot import Snapshot

M_MMAP_THRESHOLD = -3
"""From glibc's malloc.h."""
LARGE_BLOCK = 1 << 20


@click.command(hidden=True)
@click.option("--number", type=int, required=True)
@click.option("--channel", type=int)
@click.option("--run", default="")
@click.argument("listeners", type=int, nargs=-1, required=True)
@ends_in_log()
def serve(number: int, channel: int | None, run: str, listeners: tuple[int, ...]) -> None:
    """Serve miners on listening sockets inherited from the supervisor.

    The configuration is the first line of standard input, and each later line is one to serve from
    then on; the end of it all, or SIGTERM, is the order to stop. A snapshot a second goes to
    standard output, one JSON object a line. The channel is a socket: what is said on it is in
    `stratumproxy.telemetry.channel`.
    """
    grow_descriptor_table()  # before there is a second thread
    unblock(process=number)
    config, _ = first_told()
    # Nothing on a miner's way is circular, so reference counts free it all; the collector only
    # walks over every miner again and again while thousands of them connect.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    give_large_blocks_back()
    to_control = socket.socket(fileno=channel) if channel is not None else None
    sockets = [socket.socket(fileno=fd) for fd in listeners]
    trio.run(_serve, config, sockets, number, run, to_control)


def give_large_blocks_back() -> None:
    """Have the C library give large blocks back to the system as soon as they are freed.

    The tables of seen hashes, megabytes each, come and go with every block. glibc takes larger and
    larger ones out of its heap, once such have been freed (mallopt(3), M_MMAP_THRESHOLD), and they
    leave holes: ten minutes of 17,595 miners grew by 9 MiB, and don't with this. Where there is no
    mallopt, nothing happens.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)


def _tell(snapshot: Snapshot) -> None:
    """Hand a snapshot to the supervisor; one that it has no room for is left out.

    One that is killed has no ears either; the end of standard input says so, soon.
    """
    with suppress(BlockingIOError, BrokenPipeError):
        os.write(sys.stdout.fileno(), orjson.dumps(snapshot) + b"\n")


async def _serve(
    config: Config,
    listeners: list[socket.socket],
    number: int,
    run: str,
    to_control: socket.socket | None,
) -> None:
    os.set_blocking(sys.stdout.fileno(), False)
    stop = trio.Event()
    telemetry = None
    if to_control is not None:
        telemetry = Telemetry(to_control, number, trio.current_time, config.place, run)
    # Before the log says that it listens: whoever reads that may send a signal at once.
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_when_signalled, signals, stop)
            to_server, configs = trio.open_memory_channel[Config](0)
            nursery.start_soon(_hear_configs, to_server, stop)
            last = await server.serve(
                config,
                listeners=listeners,
                on_snapshot=_tell,
                stop=stop,
                configs=configs,
                telemetry=telemetry,
            )
            _tell(last)
            nursery.cancel_scope.cancel()


async def _hear_configs(to_server: trio.MemorySendChannel[Config], stop: trio.Event) -> None:
    """Pass on each new configuration; the end of them is the order to stop."""

    async def heed(config: Config) -> None:
        configure(config.log)
        raise_file_limit(config, say=False)  # the supervisor does
        await to_server.send(config)

    await hear_told(heed)
    stop.set()
