"""``stratumproxy run``: the proxy as a service, from configuration to the last line."""

import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import click
import structlog
import trio

from stratumproxy import __version__, shares
from stratumproxy.cli.logging import configure
from stratumproxy.cli.options import config_option, examples
from stratumproxy.cli.summary import summary, summary_values
from stratumproxy.config import Config, load
from stratumproxy.errors import StratumProxyError
from stratumproxy.net.supervisor import supervise
from stratumproxy.telemetry.snapshot import Snapshot

SPARE_FILES = 100
"""Descriptors beside the miners': listeners, pool sessions, epoll, logs."""


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
def run(
    path: Path,
    require_native: bool,
    log_format: Literal["auto", "console", "json"] | None,
    log_level: Literal["debug", "info", "warning", "error"] | None,
) -> None:
    """Serve miners and mine on the pools of a configuration.

    Logs go to standard error. SIGTERM or Ctrl-C stops: no new miners, what is owed to the pools
    is sent, and a summary is printed; a second one stops at once. The exit status is 0 after a
    stop, 2 for a configuration that can't be used, 1 for anything else.
    """
    config = load(path)
    given = {"format": log_format, "level": log_level}
    log = config.log.model_copy(update={key: value for key, value in given.items() if value})
    json = configure(log)
    log = log.model_copy(update={"format": "json" if json else "console"})
    config = config.model_copy(update={"log": log})  # the workers' output is no terminal
    if require_native:
        shares.require_native()
    structlog.get_logger().info(
        "stratumproxy starts",
        version=__version__,
        config=str(path),
        pools=[pool.name for pool in config.pool],
    )
    _raise_file_limit(config.limits.connections + SPARE_FILES)
    snapshot = _serve(config)
    if json:
        values = summary_values(snapshot) if snapshot else {}
        structlog.get_logger().info("stopped", **values)
    else:
        click.echo(summary(snapshot) if snapshot else "stopped before the first report")


def _raise_file_limit(needed: int) -> None:
    """Every miner takes a file descriptor; the usual soft limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= needed:
        return
    wanted = needed if hard == unlimited else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS has a lower bound of its own, whatever hard says
        wanted = soft
    if wanted < needed:
        structlog.get_logger().warning(
            "too few file descriptors for limits.connections: miners past the limit will be "
            "refused; raise it (ulimit -n, LimitNOFILE= in systemd) or lower limits.connections",
            open_files=wanted,
            needed=needed,
        )


def _serve(config: Config) -> Snapshot | None:
    """Run until stopped; the last state of things, or None when it was stopped before any.

    Raises:
        StratumProxyError: it could not go on.
    """
    snapshot: Snapshot | None = None
    failures: list[StratumProxyError] = []
    try:
        snapshot = trio.run(_serve_until_signalled, config)
    except* StratumProxyError as group:
        failures = _leaves(group)
    if failures:
        raise failures[0]
    return snapshot


async def _serve_until_signalled(config: Config) -> Snapshot | None:
    last: Snapshot | None = None

    def remember(snapshot: Snapshot) -> None:
        nonlocal last
        last = snapshot

    stop = trio.Event()
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch, signals, stop, nursery.cancel_scope)
            last = await supervise(config, on_snapshot=remember, stop=stop) or last
            nursery.cancel_scope.cancel()
    return last


async def _watch(
    signals: AsyncIterator[int], stop: trio.Event, everything: trio.CancelScope
) -> None:
    """The first signal asks for a stop, the second insists."""
    async for number in signals:
        name = signal.Signals(number).name
        if stop.is_set():
            structlog.get_logger().warning("stopping at once", signal=name)
            everything.cancel()
            return
        structlog.get_logger().info("stopping; once more to stop at once", signal=name)
        stop.set()


def _leaves(group: BaseExceptionGroup[StratumProxyError]) -> list[StratumProxyError]:
    """The errors in a group and in the groups within it."""
    found: list[StratumProxyError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
