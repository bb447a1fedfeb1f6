"""``stratumproxy simulate``: the simulated peers of `stratumproxy.testing`, for any language."""

import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import IO

import click
import orjson
import trio

from stratumproxy.cli.endpoints import client_tls, listen_address, server_tls, server_url
from stratumproxy.cli.options import examples
from stratumproxy.config.address import PoolUrl
from stratumproxy.errors import StratumProxyError, first_of
from stratumproxy.testing import STYLES, PoolSettings, SimulatedMiner, SimulatedPool
from stratumproxy.testing.faults import Faults
from stratumproxy.testing.given import with_settings
from stratumproxy.testing.link import Transport
from stratumproxy.testing.relay import serve_relay
from stratumproxy.testing.rules import Violation
from stratumproxy.testing.simulate import (
    Ending,
    Tell,
    replay_to,
    simulate_miners,
    simulate_pool,
)
from stratumproxy.testing.transcript import Recorder, Replayed, read_transcript

NOT_DONE = 2
"""Exit status when nothing can be said about the other side: it was not there."""


listen_option = click.option(
    "--listen",
    callback=listen_address,
    metavar="ADDRESS",
    default="127.0.0.1:0",
    show_default=True,
    help="Where to listen; port 0 is any free one, and the first event says which.",
)
seconds_option = click.option(
    "--seconds", type=click.FloatRange(0.1), help="End after so long. Default: at Ctrl-C."
)
quiet_option = click.option("--quiet", is_flag=True, help="Print the summary only.")


@click.group(
    epilog=examples(
        "stratumproxy simulate pool --listen 127.0.0.1:3333 --set difficulty=1e-7",
        "stratumproxy simulate miners 127.0.0.1:3333 --count 20 --shares 100",
        "stratumproxy simulate link 127.0.0.1:3333 --set latency=0.2 --record said.jsonl",
        "stratumproxy simulate replay said.jsonl --as miner 127.0.0.1:3333",
    )
)
def simulate() -> None:
    """Be a simulated pool, miners, a bad link, or a recording.

    For tests in any language: each prints what happens as JSON, one event a line with its name in
    "event" and Unix seconds in "time", and ends on SIGINT, on SIGTERM, or when it was told to. The
    exit status is 0 if the other side kept to the rules, 1 if it broke one (each is an event
    "violation" with a code), and 2 if it was not there. docs/testing.md has the settings
    and styles.
    """


@simulate.command(
    epilog=examples(
        "stratumproxy simulate pool",
        "stratumproxy simulate pool --listen :3333 --set difficulty=1e-7 --set reject_every=10",
        "stratumproxy simulate pool --set version_mask=none --set reject_shape=string --shares 50",
        "stratumproxy simulate pool --tls-certificate chain.pem --tls-key key.pem --proxy-header",
    )
)
@listen_option
@click.option(
    "--set", "given", multiple=True, metavar="NAME=VALUE", help="A setting of PoolSettings."
)
@click.option("--tls-certificate", type=click.Path(path_type=Path), help="Speak TLS: PEM, chain.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its key, PEM.")
@click.option("--proxy-header", is_flag=True, help="Expect a PROXY header, version 1 or 2.")
@seconds_option
@click.option("--shares", type=click.IntRange(1), help="End after so many accepted shares.")
@quiet_option
def pool(
    listen: tuple[str, int],
    given: Sequence[str],
    tls_certificate: Path | None,
    tls_key: Path | None,
    proxy_header: bool,
    seconds: float | None,
    shares: int | None,
    quiet: bool,
) -> None:
    """Be a pool that checks every share itself.

    Events: listening, connected, subscribed, authorized, job, share, violation, disconnected, and
    in the end summary.
    """
    simulated = SimulatedPool(with_settings(PoolSettings(), given))
    tls = server_tls(tls_certificate, tls_key)
    ending = Ending(seconds, shares)

    async def work(tell: Tell, stop: trio.Event) -> list[Violation]:
        return await simulate_pool(
            simulated, *listen, ending, tell, stop, tls=tls, behind_balancer=proxy_header
        )

    _end(_run(work, quiet))


@simulate.command(
    epilog=examples(
        "stratumproxy simulate miners 127.0.0.1:3333 --seconds 10",
        "stratumproxy simulate miners 127.0.0.1:3333 --count 100 --style bitaxe --style cgminer",
        "stratumproxy simulate miners stratum+ssl://pool.example:443 --tls-ca ca.pem --user farm",
        "stratumproxy simulate miners 127.0.0.1:3333 --style bitaxe --set suggests=0.5",
        "stratumproxy simulate miners [::1]:3333 --proxy-version 2 --proxy-from 203.0.113.0/24",
    )
)
@click.argument("url", callback=server_url)
@click.option("--count", type=click.IntRange(1, 50_000), default=1, show_default=True)
@click.option(
    "--style",
    "styles",
    multiple=True,
    type=click.Choice(sorted(STYLES)),
    help="How they speak, taken in turn. Default: every style.",
)
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A field of the styles.")
@click.option(
    "--user", default="simulated", show_default=True, help="Names: this, a dot, a number."
)
@click.option("--one-user", is_flag=True, help="All have the name --user says, with no number.")
@click.option("--password", default="x", show_default=True)
@click.option(
    "--hashrate",
    "hashrates",
    multiple=True,
    type=click.FloatRange(1),
    default=(20_000.0,),
    show_default=True,
    help="Hashes a second of each, taken in turn; a share costs 2^32 times its difficulty.",
)
@click.option(
    "--cpu",
    type=click.FloatRange(0.01, 1),
    default=0.5,
    show_default=True,
    help="The part of a core's time that hashing may take.",
)
@click.option("--tls-ca", type=click.Path(path_type=Path), help="Trust this authority, PEM.")
@click.option("--tls-insecure", is_flag=True, help="Take any certificate.")
@click.option("--proxy-version", type=click.IntRange(1, 2), help="Send a PROXY header first.")
@click.option("--proxy-from", metavar="NETWORK", help="It speaks for this network's addresses.")
@seconds_option
@click.option("--shares", type=click.IntRange(1), help="End after so many accepted shares.")
@quiet_option
def miners(
    url: PoolUrl,
    count: int,
    styles: Sequence[str],
    given: Sequence[str],
    user: str,
    one_user: bool,
    password: str,
    hashrates: Sequence[float],
    cpu: float,
    tls_ca: Path | None,
    tls_insecure: bool,
    proxy_version: int | None,
    proxy_from: str | None,
    seconds: float | None,
    shares: int | None,
    quiet: bool,
) -> None:
    """Be miners that really hash, and note what the server at URL does wrong.

    URL is host:port, stratum+tcp://host:port, or stratum+ssl://host:port. Events: connected, job,
    share, violation, disconnected, and in the end summary.
    """
    kinds = [with_settings(STYLES[name], given) for name in styles or STYLES]
    fleet = [
        SimulatedMiner(
            kinds[number % len(kinds)],
            user if one_user else f"{user}.{number}",
            password,
            seed=number,
        )
        for number in range(count)
    ]
    tls = client_tls(tls_ca, tls_insecure) if url.tls else None
    sources = _sources(proxy_from, count) if proxy_from else [None]
    transports = [Transport(tls, url.host, proxy_version, source) for source in sources]
    ending = Ending(seconds, shares)

    async def work(tell: Tell, stop: trio.Event) -> list[Violation]:
        return await simulate_miners(
            fleet,
            (url.host, url.port),
            ending,
            tell,
            stop,
            hashrates=hashrates,
            cpu=cpu,
            transports=transports,
        )

    _end(_run(work, quiet))


@simulate.command(
    epilog=examples(
        "stratumproxy simulate link pool.example:3333 --listen 127.0.0.1:4444",
        "stratumproxy simulate link 127.0.0.1:3333 --set latency=0.3 --set jitter=0.1",
        "stratumproxy simulate link 127.0.0.1:3333 --set piece_bytes=1 --set piece_seconds=0.01",
        "stratumproxy simulate link 127.0.0.1:3333 --record said.jsonl",
    )
)
@click.argument("url", callback=server_url)
@listen_option
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="A fault: latency, jitter, piece_bytes, piece_seconds, swap_every, cut_after, "
    "half_open_after.",
)
@click.option(
    "--record", type=click.File("wb"), metavar="FILE", help="Write down what is said: JSON lines."
)
@seconds_option
@quiet_option
def link(
    url: PoolUrl,
    listen: tuple[str, int],
    given: Sequence[str],
    record: IO[bytes] | None,
    seconds: float | None,
    quiet: bool,
) -> None:
    """Stand between miners and the server at URL, as a bad network does, or as a tap.

    Events: listening, connected, unreachable, cut, half_open, disconnected.
    """
    faults = with_settings(Faults(), given)

    async def work(tell: Tell, stop: trio.Event) -> list[Violation]:
        recorder = Recorder(record, trio.current_time()) if record is not None else None
        serve = partial(
            serve_relay,
            (url.host, url.port),
            *listen,
            faults=faults,
            recorder=recorder,
            on_event=tell,
        )
        async with trio.open_nursery() as nursery:
            where = await nursery.start(serve)
            tell("listening", {"host": where[0], "port": where[1]})
            with trio.move_on_after(float("inf") if seconds is None else seconds):
                await stop.wait()
            nursery.cancel_scope.cancel()
        return []

    _end(_run(work, quiet))


@simulate.command(
    epilog=examples(
        "stratumproxy simulate replay said.jsonl --as miner 127.0.0.1:3333",
        "stratumproxy simulate replay said.jsonl --as server --listen 127.0.0.1:3333",
        "stratumproxy simulate replay said.jsonl --as miner 127.0.0.1:3333 --connection 2",
    )
)
@click.argument("file", type=click.File("rb"))
@click.argument("url", callback=server_url, required=False)
@click.option("--as", "side", type=click.Choice(["miner", "server"]), required=True)
@click.option("--connection", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1),
    default=60.0,
    show_default=True,
    help="Seconds of silence that are too long.",
)
@listen_option
@quiet_option
def replay(
    file: IO[bytes],
    url: PoolUrl | None,
    side: str,
    connection: int,
    timeout: float,
    listen: tuple[str, int],
    quiet: bool,
) -> None:
    """Say again what one side said in a recording of `simulate link --record`.

    As a miner it connects to URL, as a server it takes one connection. It says its next line when
    the other side has said as many as it had then, whatever they are; an event "heard" has each.
    The exit status is 0 when all was said and heard.
    """
    said = [each for each in read_transcript(file) if each.connection == connection]
    if not said:
        raise StratumProxyError(f"the recording has no connection {connection}")
    part = Replayed(said, "miner" if side == "miner" else "server")
    if side == "miner" and url is None:
        raise click.UsageError("a miner needs a URL to connect to")

    async def work(tell: Tell, stop: trio.Event) -> list[Violation]:
        if url is not None:
            stream = await trio.open_tcp_stream(url.host, url.port)
        else:
            (listener, *_) = await trio.open_tcp_listeners(listen[1], host=listen[0])
            name = listener.socket.getsockname()
            tell("listening", {"host": name[0], "port": name[1]})
            async with listener:
                stream = await listener.accept()
        async with stream:
            try:
                await replay_to(part, stream, timeout)
            finally:
                for line in part.heard:
                    tell("heard", {"line": line.decode(errors="backslashreplace")})
        return []

    _end(_run(work, quiet))


def _run(
    work: Callable[[Tell, trio.Event], Awaitable[list[Violation]]], quiet: bool
) -> list[Violation]:
    """Run something that tells events, until it ends or a signal ends it.

    Raises:
        SystemExit: status 2: there was nobody.
    """

    def tell(event: str, facts: dict[str, object]) -> None:
        if not quiet or event == "summary":
            line = orjson.dumps({"time": round(time.time(), 6), "event": event, **facts})
            click.echo(line.decode())

    async def main() -> list[Violation]:
        stop = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, stop)
            violations = await work(tell, stop)
            nursery.cancel_scope.cancel()
        return violations

    try:
        return trio.run(main)
    except* BrokenPipeError:
        raise SystemExit(NOT_DONE) from None
    except* (StratumProxyError, OSError) as group:
        click.echo(f"stratumproxy: {first_of(group)}", err=True)
        raise SystemExit(NOT_DONE) from None


async def _stop_on_signal(stop: trio.Event) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            stop.set()


def _end(violations: list[Violation]) -> None:
    if violations:
        raise SystemExit(1)


def _sources(network: str, count: int) -> list[tuple[str, int] | None]:
    """Addresses for PROXY headers, taken from a network in turn."""
    try:
        addresses = ip_network(network)
    except ValueError as error:
        raise StratumProxyError(f"--proxy-from: {error}") from None
    size = min(addresses.num_addresses, count)
    return [(str(addresses[number]), 40_000 + number % 20_000) for number in range(size)]
