"""What the supervisor tells the processes that it starts: what to serve, and when to stop."""

import os
import sys
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

import structlog
import trio

from stratumproxy.cli.logging import configure
from stratumproxy.config import Config
from stratumproxy.config.told import Runs, decode_log, decode_runs, decode_told
from stratumproxy.errors import ConfigError
from stratumproxy.protocol.v1.framing import split_lines

CONFIG_LIMIT = 1 << 24
"""Bytes of a configuration as JSON; the file it comes from has a megabyte at most."""

MOST_WAITING = 16
"""Configurations that wait until one before is read."""


def first_told() -> tuple[Config, Runs]:
    """The configuration to begin with, and which runs there are; what follows is left there.

    The log is set up as it says, so that also what is wrong with it is told in the log's form.

    Raises:
        ConfigError: as `decode_told`.
    """
    with open(0, "rb", buffering=0, closefd=False) as first:
        line = first.readline()
    if (log := decode_log(line)) is not None:
        configure(log)
    return decode_told(line), decode_runs(line)


def _nobody(runs: Runs) -> None:
    """Has no use for it."""


async def hear_told(
    heed: Callable[[Config], Awaitable[None]], runs: Callable[[Runs], None] = _nobody
) -> None:
    """Have each new configuration heeded, until the end of standard input.

    One that can't be used is logged, and nothing is changed for it. What it names is read in a
    thread, so neither this process nor its end waits for a disk.
    """
    tail = b""
    async with (
        trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as stream,
        trio.open_nursery() as nursery,
    ):
        told, waiting = trio.open_memory_channel[bytes](MOST_WAITING)
        nursery.start_soon(_heed_each, waiting, heed, runs)
        async for data in stream:
            lines, tail = split_lines(tail, bytes(data), CONFIG_LIMIT)
            for line in lines:
                await told.send(line)
        nursery.cancel_scope.cancel()


async def _heed_each(
    lines: AsyncIterable[bytes],
    heed: Callable[[Config], Awaitable[None]],
    runs: Callable[[Runs], None],
) -> None:
    async for line in lines:
        try:
            config = await trio.to_thread.run_sync(decode_told, line, abandon_on_cancel=True)
        except ConfigError as error:
            structlog.get_logger().error(
                "the configuration can't be used, and nothing was changed", problems=error.problems
            )
        else:
            runs(decode_runs(line))
            await heed(config)


async def stop_when_signalled(signals: AsyncIterator[int], stop: trio.Event) -> None:
    """Pass on each signal as the order to stop."""
    async for _ in signals:
        stop.set()
