"""Shares as cases want them, judged by the simulated pool."""

from typing import Any

import pytest
import trio
import trio.testing

from stratumproxy.conform.catalogue import Case
from stratumproxy.conform.mining import Digger
from stratumproxy.conform.outcome import Fault, Skip, Terms
from stratumproxy.conform.pool_steps import PoolSteps
from stratumproxy.testing import PoolSettings, SimulatedPool
from stratumproxy.testing.serve import serve_stream

HANDSHAKE = {"handshake": ["configure", "subscribe", "authorize"]}


async def talking(
    nursery: trio.Nursery, pool: SimulatedPool, *, hashes: float = 3e8
) -> tuple[PoolSteps, Terms]:
    async def connect() -> trio.abc.Stream:
        ours, theirs = trio.testing.memory_stream_pair()
        nursery.start_soon(serve_stream, pool, theirs)
        return ours

    terms = Terms(hashes=hashes)
    case = Case("", "pool", "", "must", "", "", steps=(HANDSHAKE,))
    steps = PoolSteps(case, connect, terms, nursery)
    await steps.run()
    return steps, terms


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({}, None),
        ({"easy": True}, "low-difficulty"),
        ({"change": {"ntime": -3600}}, "bad-ntime"),
        ({"change": {"ntime": 10800}}, "bad-ntime"),
        ({"change": {"ntime": 7}}, None),
        ({"change": {"extranonce2": "short"}}, "malformed"),
        ({"change": {"nonce": "unpadded"}}, None),
        ({"change": {"case": "upper"}}, None),
        ({"change": {"bits": "all"}}, None),
        ({"change": {"bits": "none"}}, None),
        ({"change": {"bits": "outside"}}, "bad-version"),
        ({"change": {"job": "ffffffff"}}, "unknown-job"),
        ({"change": {"worker": "nobody"}}, "unauthorized"),
        ({"difficulty": 1e-7}, None),
    ],
    ids=str,
)
async def test_only_that_is_wrong(
    nursery: trio.Nursery, wanted: dict[str, Any], reason: str | None
) -> None:
    pool = SimulatedPool(PoolSettings(difficulty=1e-8))
    steps, _ = await talking(nursery, pool)
    await steps.submitted(wanted)
    assert dict(pool.total.rejected) == ({} if reason is None else {reason: 1})
    assert pool.total.accepted == (reason is None)


async def test_what_costs_too_much_is_left(nursery: trio.Nursery) -> None:
    steps, terms = await talking(nursery, SimulatedPool(PoolSettings(difficulty=1.0)))
    with pytest.raises(Skip, match=r"costs 4.3e\+09 hashes at difficulty 1, and 3.0e\+08"):
        await Digger(steps.at, terms).find({})


async def test_without_a_job_there_is_none(nursery: trio.Nursery) -> None:
    steps, terms = await talking(nursery, SimulatedPool(PoolSettings(difficulty=1e-8)))
    steps.at.job = None
    with pytest.raises(Fault, match="there is no job"):
        await Digger(steps.at, terms).find({})


async def test_a_connection_that_ends_meanwhile(nursery: trio.Nursery) -> None:
    pool = SimulatedPool(PoolSettings(difficulty=1e-8))
    steps, terms = await talking(nursery, pool)
    pool.drop_connections()
    await steps.at.until(lambda: steps.at.closed or None, 60.0)
    with pytest.raises(Fault, match="ended while a share was searched for"):
        await Digger(steps.at, terms).find({})
