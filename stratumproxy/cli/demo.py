"""``stratumproxy demo``: a simulated pool, the proxy, and simulated miners, in one command."""

import io
import signal
from collections.abc import AsyncIterator
from ipaddress import ip_address

import click
import trio
from rich.console import Console
from rich.live import Live

from stratumproxy.cli.demo_view import PLAIN_HEADER, History, plain_line, summary, view
from stratumproxy.cli.demo_world import World
from stratumproxy.cli.logging import configure
from stratumproxy.cli.options import examples
from stratumproxy.config import Listen, Log
from stratumproxy.config.address import parse_listen
from stratumproxy.errors import StratumProxyError, first_of
from stratumproxy.net.listeners import open_listener
from stratumproxy.net.supervisor import url_of

SECONDS_WITHOUT_TERMINAL = 10.0
"""Where nobody is there to press Ctrl-C."""
FRAME_SECONDS = 0.25


def _loopback(context: click.Context, option: click.Parameter, address: str) -> str:
    """An address that nobody else can reach, since here everybody may do everything."""
    if address:
        try:
            host, _ = parse_listen(address)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        if host is None or not ip_address(host).is_loopback:
            raise click.BadParameter(f"{address} is no loopback address; try 127.0.0.1:8080")
    return address


@click.command(
    epilog=examples(
        "stratumproxy demo",
        "stratumproxy demo --miners 200 --seconds 30",
        "stratumproxy demo --dashboard 127.0.0.1:8080",
        "stratumproxy demo --plain --seconds 10 | tee demo.txt",
    )
)
@click.option(
    "--miners",
    type=click.IntRange(1, 2000),
    default=8,
    show_default=True,
    help="How many miners, of different firmware styles.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1),
    help="How long to run. Default: until Ctrl-C; 10 where the output is no terminal.",
)
@click.option(
    "--difficulty",
    type=click.FloatRange(1e-11, 1e9),
    help="What miners start at; the pool asks 4 times as much. Default: so little that each finds "
    "a share a second on this machine.",
)
@click.option(
    "--dashboard",
    "address",
    default="127.0.0.1:0",
    show_default=True,
    callback=_loopback,
    metavar="ADDRESS",
    help="Where a browser finds the dashboard: a loopback address and a port, 0 for any; '' for no "
    "dashboard.",
)
@click.option("--plain", is_flag=True, help="A line a second instead of the live view.")
def demo(
    miners: int, seconds: float | None, difficulty: float | None, address: str, plain: bool
) -> None:
    """Watch a simulated pool, the proxy and simulated miners at work.

    All of it runs in this one process, on loopback ports of its own choice, and takes about a
    quarter of a core. The first thing it says is where a browser finds the dashboard. The miners
    really hash, and the pool checks every share it gets itself; one of the miners is faulty and
    sends shares twice, which the proxy must reject.

    In the end the three of them must have counted the same: if not, or if a miner saw a rule of
    Stratum broken, the exit status is 1.
    """
    console = Console()
    live = console.is_terminal and not plain
    if seconds is None and not console.is_terminal:
        seconds = SECONDS_WITHOUT_TERMINAL
    log = io.StringIO()  # what the live view would overwrite
    configure(Log(level="warning", format="console"), log if live else None)
    api = open_listener(Listen(address=address)) if address else None
    url = url_of(api) if api is not None else ""
    world = World(miners, difficulty, api)
    failure: BaseException | None = None
    try:
        trio.run(_run, world, console if live else None, seconds, url)
    except* (StratumProxyError, BrokenPipeError) as group:
        failure = first_of(group)
    click.echo(log.getvalue(), nl=False, err=True)
    if failure is not None:
        raise failure
    console.print(summary(world), highlight=False)
    if world.problems():
        raise SystemExit(1)


async def _run(world: World, console: Console | None, seconds: float | None, url: str) -> None:
    """Run the world, showing it live on a console or else in plain lines."""
    stop = trio.Event()
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, signals, stop, nursery.cancel_scope)
            if console is None:
                nursery.start_soon(_show_lines, world, url)
            else:
                nursery.start_soon(_show_live, world, console, url)
            await world.run(seconds, stop)
            nursery.cancel_scope.cancel()


async def _stop_on_signal(
    signals: AsyncIterator[int], stop: trio.Event, everything: trio.CancelScope
) -> None:
    """The first signal ends the demo in order, the second at once."""
    async for _ in signals:
        if stop.is_set():
            everything.cancel()
        stop.set()


async def _show_live(world: World, console: Console, url: str) -> None:
    history = History()
    ascii_only = console.options.ascii_only
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            history.look(world)
            shown = view(world, history, *console.size, ascii_only=ascii_only, url=url)
            live.update(shown, refresh=True)
            with trio.move_on_after(FRAME_SECONDS):
                await world.news()


async def _show_lines(world: World, url: str) -> None:
    history = History()
    if url:
        click.echo(f"Dashboard: {url}")
    click.echo(PLAIN_HEADER)
    while True:
        await world.news()
        history.look(world)
        if world.moment is not None:
            click.echo(plain_line(world.moment, history))
