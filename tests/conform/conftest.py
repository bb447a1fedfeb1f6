"""The suite against simulated peers in memory, on a clock that jumps: nothing is waited for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import trio
import trio.testing

from stratumproxy.conform.catalogue import select
from stratumproxy.conform.miner_suite import run_miner_cases
from stratumproxy.conform.outcome import Result, Terms
from stratumproxy.conform.pool_suite import run_pool_cases
from stratumproxy.testing import STYLES, PoolSettings, SimulatedMiner, SimulatedPool
from stratumproxy.testing.serve import make_jobs, serve_stream, trio_clock

Results = dict[str, Result]

HASHES = 50
"""That a miner tries at a time, every so many seconds."""
TURN = 0.1
BACK = 1.0
"""Seconds until it connects again."""


def try_pool(*wanted: str, **settings: Any) -> Results:
    """Run the pool's cases against a simulated pool with these settings."""

    async def run() -> Results:
        pool = SimulatedPool(PoolSettings(**{"difficulty": 1e-8, **settings}))
        clock = trio_clock()

        async def connect() -> trio.abc.Stream:
            ours, theirs = trio.testing.memory_stream_pair()
            serving.start_soon(serve_stream, pool, theirs, clock)
            return ours

        async with trio.open_nursery() as serving:
            serving.start_soon(make_jobs, pool, clock)
            terms = Terms(slow=True, hostile=True, now=clock)
            results = await run_pool_cases(select(["pool"], wanted), connect, terms)
            serving.cancel_scope.cancel()
        return {result.case.id: result for result in results}

    return trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


def try_miner(style: str, *wanted: str, **changes: Any) -> Results:
    """Run the miner's cases against a simulated miner of this style, changed so."""

    async def run() -> Results:
        arriving, arrived = trio.open_memory_channel[trio.abc.Stream](0)

        @asynccontextmanager
        async def running() -> AsyncIterator[None]:
            miner = SimulatedMiner(replace(STYLES[style], **changes), "farm.1")
            async with trio.open_nursery() as mining:
                mining.start_soon(_mine, miner, arriving)
                yield
                mining.cancel_scope.cancel()

        terms = Terms(hostile=True, timeout=60.0, difficulty=1e-7, now=trio_clock())
        cases = select(["miner"], wanted)
        results = await run_miner_cases(cases, arrived.receive, terms, running=running)
        return {result.case.id: result for result in results}

    return trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


async def _mine(miner: SimulatedMiner, arriving: trio.MemorySendChannel[trio.abc.Stream]) -> None:
    """Connect, mine, and come back when it is over."""
    while True:
        ours, theirs = trio.testing.memory_stream_pair()
        await arriving.send(theirs)
        async with ours:
            await _session(miner, ours)
        if miner.style.fault == "stays-away":
            await trio.sleep_forever()
        await trio.sleep(BACK)


async def _session(miner: SimulatedMiner, stream: trio.abc.Stream) -> None:
    try:
        await stream.send_all(miner.connect())
        while not miner.session.refused and miner.session.reconnect_to is None:
            data: bytes | None = None
            with trio.move_on_after(TURN):
                data = bytes(await stream.receive_some())
                if not data:
                    return
            said = miner.receive(data or b"", trio.current_time())
            await stream.send_all(said + miner.mine(HASHES, trio.current_time()))
    except trio.BrokenResourceError:
        pass


def failed(results: Results) -> set[str]:
    """Ids of what failed."""
    return {case_id for case_id, result in results.items() if result.status == "failed"}
