"""The suite against simulated peers in memory, on a clock that jumps: nothing is waited for."""

from typing import Any

import trio
import trio.testing

from stratumproxy.conform.catalogue import select
from stratumproxy.conform.outcome import Result, Terms
from stratumproxy.conform.pool_suite import run_pool_cases
from stratumproxy.testing import PoolSettings, SimulatedPool
from stratumproxy.testing.serve import make_jobs, serve_stream, trio_clock

Results = dict[str, Result]


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


def failed(results: Results) -> set[str]:
    """Ids of what failed."""
    return {case_id for case_id, result in results.items() if result.status == "failed"}
