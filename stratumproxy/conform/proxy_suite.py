"""Running a proxy's cases: as its miners, as its pool, and as both at once."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import trio

from stratumproxy.conform.catalogue import Case
from stratumproxy.conform.miner_suite import run_miner_cases
from stratumproxy.conform.outcome import Book, Fault, Result, Skip, Terms
from stratumproxy.conform.pool_steps import Connect
from stratumproxy.conform.pool_suite import run_pool_cases
from stratumproxy.conform.program import program
from stratumproxy.conform.proxy_checks import ProxyChecks
from stratumproxy.conform.proxy_setup import ProxySetup, laid_out
from stratumproxy.conform.style_talk import talk
from stratumproxy.errors import PoolError
from stratumproxy.testing.fleet import run_miner
from stratumproxy.testing.miner import SimulatedMiner
from stratumproxy.testing.pool import SimulatedPool
from stratumproxy.testing.serve import make_jobs, serve_stream
from stratumproxy.testing.settings import PoolSettings

AGAIN = 0.3
"""Seconds between two tries, while it starts."""


async def run_proxy_cases(
    cases: tuple[Case, ...],
    setup: ProxySetup,
    terms: Terms,
    on_result: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Try a proxy from both sides.

    Its miners' side has to keep to the rules of a pool, its pool's side to those of a miner, and
    there is what only a proxy has to do.

    Args:
        cases: of any role, in the catalogue's order.
        setup: how the proxy is started.
        terms: how to go about it.
        on_result: told each result as it comes.

    Raises:
        PoolError: it does not start, or does not connect: nothing can be said.
        StratumProxyError: its command can't be run.
    """
    by_role = {
        role: tuple(case for case in cases if case.role == role)
        for role in ("proxy", "pool", "miner")
    }
    (listener, *_) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    host, port = listener.socket.getsockname()[:2]
    results = []
    async with listener:
        with laid_out(setup, (host, port)) as (folder, places):
            miners = places["miners_host"], int(places["miners_port"])
            start = partial(program, setup.command, places, folder=folder)

            async def connect() -> trio.abc.Stream:
                return await trio.open_tcp_stream(*miners)

            # Each side has it fresh: what one left behind is nothing that the other is to find.
            for role, run in (("proxy", _run_checks), ("pool", _run_pool_cases)):
                if not by_role[role]:
                    continue
                pool = SimulatedPool(PoolSettings(difficulty=setup.difficulty))
                async with start(), _serving(pool, listener, terms):
                    await _up(connect, terms, setup.start_seconds)
                    results += await run(by_role[role], pool, connect, terms, on_result)

            @asynccontextmanager
            async def mined_on() -> AsyncIterator[None]:
                """The proxy, and a miner in front of it that finds shares."""
                async with start(), trio.open_nursery() as nursery:
                    miner = SimulatedMiner("antminer", setup.user, setup.password)
                    nursery.start_soon(partial(run_miner, miner, miners, hashrate=50_000.0))
                    yield
                    nursery.cancel_scope.cancel()

            if by_role["miner"]:
                results += await run_miner_cases(
                    by_role["miner"], listener.accept, terms, on_result, mined_on
                )
    return results


@asynccontextmanager
async def _serving(
    pool: SimulatedPool, listener: trio.SocketListener, terms: Terms
) -> AsyncIterator[None]:
    """The pool behind the proxy."""

    async def serve() -> None:
        while True:
            stream = await listener.accept()
            nursery.start_soon(serve_stream, pool, stream, terms.now)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(make_jobs, pool, terms.now)
        nursery.start_soon(serve)
        yield
        nursery.cancel_scope.cancel()


async def _up(connect: Connect, terms: Terms, seconds: float) -> None:
    """Wait until a miner gets a job: a proxy may take connections before it has one to give."""
    with trio.move_on_after(seconds):
        while True:
            with suppress(OSError):
                if (await talk("cpuminer", connect, terms)).job:
                    return
            await trio.sleep(AGAIN)
    raise PoolError(f"no miner got a job of it in {seconds:g} s")


async def _run_checks(
    cases: tuple[Case, ...],
    pool: SimulatedPool,
    connect: Connect,
    terms: Terms,
    on_result: Callable[[Result], None] | None,
) -> list[Result]:
    book = Book(cases, on_result)
    for case in cases:
        if cause := next(filter(None, map(book.cause, case.after)), ""):
            book.hinder(case.id, cause)
            continue
        async with trio.open_nursery() as nursery:
            checks = ProxyChecks(pool, connect, terms, nursery)
            try:
                await checks.run(case)
                book.put(case.id, "passed")
            except Fault as fault:
                book.put(case.id, "failed", str(fault), checks.transcript)
            except Skip as skip:
                book.put(case.id, "skipped", str(skip))
            nursery.cancel_scope.cancel()
    return book.results()


async def _run_pool_cases(
    cases: tuple[Case, ...],
    pool: SimulatedPool,
    connect: Connect,
    terms: Terms,
    on_result: Callable[[Result], None] | None,
) -> list[Result]:
    return await run_pool_cases(cases, connect, terms, on_result)
