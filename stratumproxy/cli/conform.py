"""``stratumproxy conform``: is a pool, a miner or a proxy understood by what is out there?"""

import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import IO, Any, TypeVar

import click
import trio

from stratumproxy.cli.endpoints import client_tls, listen_address, server_url
from stratumproxy.cli.options import examples
from stratumproxy.config.address import PoolUrl
from stratumproxy.conform import report
from stratumproxy.conform.catalogue import Case, Role, select
from stratumproxy.conform.miner_suite import by_itself, run_miner_cases
from stratumproxy.conform.outcome import Result, Terms
from stratumproxy.conform.pool_suite import run_pool_cases
from stratumproxy.conform.program import program
from stratumproxy.conform.proxy_setup import read_setup
from stratumproxy.conform.proxy_suite import run_proxy_cases
from stratumproxy.errors import StratumProxyError, first_of

NOT_MEASURED = 2
"""Exit status when nothing can be said."""
PUBLIC_PACE = 1.0
"""Seconds between two cases, where the peer is not on this machine."""

Command = TypeVar("Command", bound=Callable[..., Any])


def _shared(command: Command) -> Command:
    """The options that all of them have."""
    for option in reversed(
        (
            click.option(
                "--case", "wanted", multiple=True, metavar="ID", help="Only this; * is anything."
            ),
            click.option("--list", "listing", is_flag=True, help="Show the cases; try nothing."),
            click.option("--strict", is_flag=True, help="Fail over should and firmware too."),
            click.option("--slow", is_flag=True, help="Also what takes a minute or more."),
            click.option("--hostile", is_flag=True, help="Also what a public peer might ban for."),
            click.option("--name", help="What the results call it: its name and version."),
            click.option(
                "--json", "json_file", type=click.File("w"), help="Write it as JSON; - is stdout."
            ),
            click.option("--junit", type=click.File("w"), help="Write JUnit's XML; - is stdout."),
        )
    ):
        command = option(command)
    return command


def _timeout(seconds: float, what: str) -> Callable[[Command], Command]:
    return click.option(
        "--timeout", type=click.FloatRange(0.1), default=seconds, show_default=True, help=what
    )


def _hashes(what: str) -> Callable[[Command], Command]:
    return click.option(
        "--hashes", type=click.FloatRange(0), default=3e8, show_default=True, help=what
    )


@click.group(
    epilog=examples(
        "stratumproxy conform pool stratum+tcp://pool.example:3333 --user bc1q….test",
        "stratumproxy conform pool 127.0.0.1:3333 --hostile --slow --junit conform.xml",
        "stratumproxy conform miner -- minerd -a sha256d -t 1 -R 1 -o {url} -u farm.1",
        "stratumproxy conform pool --list",
    )
)
def conform() -> None:
    """Try a pool, a miner or a proxy against what others expect of it.

    Every case has an id that stays the same, a level (must, should, or the firmware that breaks
    otherwise), a rule and its source; a failed one shows the conversation. docs/conformance.md
    says more.

    The exit status is 0 if nothing that must hold failed (with --strict: nothing at all), 1 if
    something did, and 2 if nothing could be tried.
    """


@conform.command(
    epilog=examples(
        "stratumproxy conform pool 127.0.0.1:3333 --user farm.1",
        "stratumproxy conform pool stratum+ssl://pool.example:443 --user bc1q….test --strict",
        "stratumproxy conform pool 127.0.0.1:3333 --case 'SV1-SUBMIT-*' --hashes 1e10",
        "stratumproxy conform pool 127.0.0.1:3333 --json - | jq .results",
    )
)
@click.argument("url", callback=server_url, required=False)
@click.option("--user", default="conform.1", show_default=True, help="A name that the pool takes.")
@click.option("--password", default="x", show_default=True)
@click.option("--tls-ca", type=click.Path(path_type=Path), help="Trust this authority, PEM.")
@click.option("--tls-insecure", is_flag=True, help="Take any certificate.")
@click.option(
    "--pace",
    type=click.FloatRange(0),
    help="Seconds between two cases. Default: 1, and 0 on this machine.",
)
@_hashes("What finding one share may cost; cases that need more are not tried.")
@_timeout(10.0, "Seconds that an answer may take.")
@_shared
def pool(
    url: PoolUrl | None,
    user: str,
    password: str,
    tls_ca: Path | None,
    tls_insecure: bool,
    pace: float | None,
    hashes: float,
    timeout: float,
    wanted: Sequence[str],
    listing: bool,
    strict: bool,
    slow: bool,
    hostile: bool,
    name: str | None,
    json_file: IO[str] | None,
    junit: IO[str] | None,
) -> None:
    """Try the pool at URL, as its miners.

    URL is host:port, stratum+tcp://host:port or stratum+ssl://host:port. It needs a user name that
    the pool takes (--user). One case follows the other, on a connection of its own; what is not a
    good share is a few bad ones. A share that has to count is really searched for, if that costs
    no more than --hashes.
    """
    cases = _selected(["pool"], wanted, listing)
    if cases is None:
        return
    if url is None:
        raise click.UsageError("which pool? A URL is missing")
    local = url.host in ("localhost", "::1") or url.host.startswith("127.")
    terms = Terms(
        user=user,
        password=password,
        timeout=timeout,
        hashes=hashes,
        pace=pace if pace is not None else 0.0 if local else PUBLIC_PACE,
        slow=slow,
        hostile=hostile,
    )
    tls = client_tls(tls_ca, tls_insecure) if url.tls else None

    async def connect() -> trio.abc.Stream:
        return await _open(url, tls)

    async def work(on_result: Callable[[Result], None]) -> list[Result]:
        return await run_pool_cases(cases, connect, terms, on_result)

    _judge(work, "pool", name or f"{url.host}:{url.port}", strict, json_file, junit)


@conform.command(
    epilog=examples(
        "stratumproxy conform miner -- minerd -a sha256d -t 1 -R 1 -o {url} -u farm.1",
        "stratumproxy conform miner --listen 0.0.0.0:3333 --difficulty 2000",
        "stratumproxy conform miner --case 'SV1-MINER-ERROR-*' -- ./mine --pool {host}:{port}",
    )
)
@click.argument("command", nargs=-1)
@click.option(
    "--listen",
    callback=listen_address,
    metavar="ADDRESS",
    default="127.0.0.1:0",
    show_default=True,
    help="Where the miner connects; port 0 is any free one.",
)
@click.option(
    "--difficulty",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-3,
    show_default=True,
    help="So that the miner finds a share in a few seconds: hashes a second, by 2^32.",
)
@click.option("--log", type=click.Path(path_type=Path), help="Add what the command says to a file.")
@_timeout(60.0, "Seconds that a share, or the miner's coming back, may take.")
@_shared
def miner(
    command: Sequence[str],
    listen: tuple[str, int],
    difficulty: float,
    log: Path | None,
    timeout: float,
    wanted: Sequence[str],
    listing: bool,
    strict: bool,
    slow: bool,
    hostile: bool,
    name: str | None,
    json_file: IO[str] | None,
    junit: IO[str] | None,
) -> None:
    """Try a miner, as the pool that it mines on.

    COMMAND starts the miner, anew for each case; {host}, {port} and {url} in it are where it has to
    connect. Without a command a miner that runs somewhere is waited for: its connection ends after
    each case, and it has to come back by itself.
    """
    cases = _selected(["miner"], wanted, listing)
    if cases is None:
        return
    terms = Terms(timeout=timeout, difficulty=difficulty, slow=slow, hostile=hostile, now=time.time)

    async def work(on_result: Callable[[Result], None]) -> list[Result]:
        (listener, *_) = await trio.open_tcp_listeners(listen[1], host=listen[0])
        host, port = listener.socket.getsockname()[:2]
        places = {"host": host, "port": str(port), "url": f"stratum+tcp://{host}:{port}"}

        def running() -> AbstractAsyncContextManager[Any]:
            return program(command, places, log=log) if command else by_itself()

        if not command:
            click.echo(f"waiting for a miner on {host}:{port}", err=True)
        async with listener:
            return await run_miner_cases(cases, listener.accept, terms, on_result, running)

    peer = name or (command[0] if command else "the miner")
    _judge(work, "miner", peer, strict, json_file, junit)


@conform.command(
    epilog=examples(
        "stratumproxy conform proxy --config theirs.toml",
        "stratumproxy conform proxy --config theirs.toml --case 'SV1-PROXY-*'",
    )
)
@click.option(
    "-c",
    "--config",
    "path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="How the proxy is started: docs/conformance.md.",
)
@_hashes("What finding one share may cost.")
@_timeout(20.0, "Seconds that an answer, a share or coming back may take.")
@_shared
def proxy(
    path: Path | None,
    hashes: float,
    timeout: float,
    wanted: Sequence[str],
    listing: bool,
    strict: bool,
    slow: bool,
    hostile: bool,
    name: str | None,
    json_file: IO[str] | None,
    junit: IO[str] | None,
) -> None:
    """Try a proxy, as its miners and as its pool.

    Its miners' side is tried with the pools' cases, its pool's side with the miners', and then
    there is what only a proxy has to do. The file says how it is started; ports are the suite's
    choice.
    """
    cases = _selected(["proxy", "pool", "miner"], wanted, listing)
    if cases is None:
        return
    if path is None:
        raise click.UsageError("which proxy? --config is missing")
    setup = read_setup(path)
    terms = Terms(
        user=setup.user,
        password=setup.password,
        timeout=timeout,
        hashes=hashes,
        slow=slow,
        hostile=hostile,
        difficulty=setup.difficulty,
    )

    async def work(on_result: Callable[[Result], None]) -> list[Result]:
        return await run_proxy_cases(cases, setup, terms, on_result)

    _judge(work, "proxy", name or setup.name, strict, json_file, junit)


async def _open(url: PoolUrl, tls: ssl.SSLContext | None) -> trio.abc.Stream:
    plain = await trio.open_tcp_stream(url.host, url.port)
    if tls is None:
        return plain
    stream = trio.SSLStream(plain, tls, server_hostname=url.host, https_compatible=True)
    await stream.do_handshake()
    return stream


def _selected(roles: list[Role], wanted: Sequence[str], listing: bool) -> tuple[Case, ...] | None:
    """The cases that are asked for; None if they were only to be shown."""
    cases = select(roles, wanted)
    if not listing:
        return cases
    for case in cases:
        needs = f"  [{', '.join(case.needs)}]" if case.needs else ""
        click.echo(f"{case.id:<32} {case.severity}{needs}\n    {case.rule}\n    {case.source}")
    return None


def _judge(
    work: Callable[[Callable[[Result], None]], Awaitable[list[Result]]],
    role: str,
    peer: str,
    strict: bool,
    json_file: IO[str] | None,
    junit: IO[str] | None,
) -> None:
    """Run it, tell what came of it, and exit."""
    # What is written to standard output for a program stands there alone.
    aside = any(file is not None and file.name == "<stdout>" for file in (json_file, junit))

    def say(text: str) -> None:
        click.echo(text, err=aside)

    try:
        results = trio.run(work, lambda result: say(report.line(result)))
    except* (StratumProxyError, OSError) as group:
        click.echo(f"stratumproxy: {peer} can't be tried: {first_of(group)}", err=True)
        raise SystemExit(NOT_MEASURED) from None
    for result in results:
        if result.status == "failed":
            say("\n" + "\n".join(report.explained(result)))
    say(f"\n{report.counted(results)}")
    if json_file is not None:
        json_file.write(report.as_json(results, role, peer))
    if junit is not None:
        junit.write(report.as_junit(results, role, peer))
    raise SystemExit(report.exit_status(results, strict=strict))
