"""``stratumproxy control``: what the supervisor starts to keep and show; not for people."""

import os
import secrets
import signal
import socket
import sys
import time
from contextlib import suppress

import click
import trio

from stratumproxy.cli.logging import configure, ends_in_log, unblock
from stratumproxy.cli.plane import Plane
from stratumproxy.cli.told import first_told, hear_told, stop_when_signalled
from stratumproxy.config import Config
from stratumproxy.config.told import Runs
from stratumproxy.telemetry.clock import Clock

ALIVE_EVERY = 1.0
END_GRACE = 3.0
"""Seconds beyond `drain_seconds` that processes may take to their end."""


@click.command(hidden=True)
@click.option("--listener", type=int, help="The API's listening socket.")
@click.argument("channels", type=int, nargs=-1, required=True)
@ends_in_log()
def control(listener: int | None, channels: tuple[int, ...]) -> None:
    """Keep what mining processes tell on channels inherited from the supervisor, and show it.

    The configuration is the first line of standard input; of each later line only the level of the
    log is heeded, and what statements go by. SIGTERM is the order to stop; the end of the input is
    the order to stop when the processes have. A line a second on standard output says that all is
    well.
    """
    unblock(process="control")
    config, runs = first_told()
    trio.run(_run, config, runs, listener, channels)


async def _run(config: Config, runs: Runs, listener: int | None, numbers: tuple[int, ...]) -> None:
    stop = trio.Event()
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_when_signalled, signals, stop)
            sockets = [socket.socket(fileno=number) for number in numbers]
            plane = Plane(
                config,
                sockets,
                run=f"control-{secrets.token_hex(4)}",
                clock=Clock(time.time, time.monotonic),
                supervisor=os.getppid(),
                live=runs.live,
            )
            plane.control.ended(runs.ended)
            nursery.start_soon(_hear_configs, config, plane, stop)
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


async def _hear_configs(config: Config, plane: Plane, stop: trio.Event) -> None:
    """Heed each configuration, and which runs are over; then give the processes time to end."""
    drain = config.limits.drain_seconds

    async def heed(newer: Config) -> None:
        nonlocal drain
        drain = newer.limits.drain_seconds
        configure(newer.log)
        plane.heed(newer)

    await hear_told(heed, lambda runs: plane.control.ended(runs.ended))
    await trio.sleep(drain + END_GRACE)
    stop.set()
