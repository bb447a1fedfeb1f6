"""Simulated miners on real sockets, against the simulated pool."""

from collections.abc import AsyncIterator
from functools import partial

import pytest
import trio
import trio.testing

from stratumproxy.errors import PoolError, ProtocolError, StratumProxyError
from stratumproxy.testing import (
    STYLES,
    Fleet,
    PoolSettings,
    SimulatedMiner,
    SimulatedPool,
    run_fleet,
    run_miner,
    serve_pool,
    wait_until,
)
from tests.ports import KeptPort
from tests.waiting import PATIENCE

RATE = (20_000.0,)


@pytest.fixture
def pool() -> SimulatedPool:
    return SimulatedPool(PoolSettings(difficulty=1e-7, job_interval=0))


@pytest.fixture(autouse=True)
async def patience() -> AsyncIterator[None]:
    with trio.fail_after(PATIENCE):
        yield


async def accepted(pool: SimulatedPool, count: int) -> None:
    """Wait until the pool accepted so many shares more."""
    wanted = pool.total.accepted + count
    await wait_until(pool, lambda: pool.total.accepted >= wanted)


async def test_everybody_counts_the_same(pool: SimulatedPool, nursery: trio.Nursery) -> None:
    address = await nursery.start(serve_pool, pool)
    stop = trio.Event()
    async with trio.open_nursery() as mining:
        fleet: Fleet = await mining.start(
            partial(
                run_fleet,
                address,
                40,
                stop=stop,
                hashrates=RATE,
                worker="farm",
                seed=3,
                drain=PATIENCE,
            )
        )
        await fleet.wait_mining()
        assert fleet.mining == 40
        await accepted(pool, 100)
        pool.new_job(1_700_000_000, clean=False)
        await accepted(pool, 100)
        stop.set()
    total = fleet.total()
    assert total.accepted == pool.total.accepted
    assert total.rejected.total() == pool.total.rejected.total()
    assert (total.pending, total.lost, fleet.reconnects, fleet.violations) == (0, 0, 0, [])
    assert total.work == pytest.approx(pool.total.work)
    assert {miner.style.name for miner in fleet.miners} == set(STYLES)
    assert set(pool.workers) <= {f"farm.{number}" for number in range(40)}
    assert fleet.hashes > 0
    hashes = {share.hash for m in fleet.miners for share in m.shares if share.verdict == "accepted"}
    assert hashes == set(pool.hashes)
    assert not pool.violations
    with pytest.raises(StratumProxyError, match="stopped before"):
        await fleet.wait_mining()


async def test_seconds(
    pool: SimulatedPool, nursery: trio.Nursery, mock_clock: trio.testing.MockClock
) -> None:
    """This clock stands still until it is told to go on."""
    address = await nursery.start(serve_pool, pool)
    async with trio.open_nursery() as mining:
        fleet: Fleet = await mining.start(partial(run_fleet, address, 3, seconds=30))
        await fleet.wait_mining()
        mock_clock.jump(30)
    assert fleet.total().jobs == 3


async def test_miners_come_back(pool: SimulatedPool, nursery: trio.Nursery) -> None:
    address = await nursery.start(serve_pool, pool)
    stop = trio.Event()
    async with trio.open_nursery() as mining:
        fleet: Fleet = await mining.start(
            partial(run_fleet, address, 10, stop=stop, hashrates=RATE)
        )
        await fleet.wait_mining()
        pool.restart(PoolSettings(difficulty=1e-7, job_interval=0, extranonce2_size=4))
        await wait_until(pool, lambda: fleet.reconnects == fleet.mining == 10)
        await accepted(pool, 10)
        stop.set()
    assert fleet.reconnects == 10
    total = fleet.total()
    assert total.accepted <= pool.total.accepted <= total.accepted + total.lost
    assert {miner.violations == [] for miner in fleet.miners} == {True}


async def test_client_reconnect_is_followed(pool: SimulatedPool, nursery: trio.Nursery) -> None:
    other = SimulatedPool(PoolSettings(difficulty=1e-7, job_interval=0))
    address = await nursery.start(serve_pool, pool)
    host, port = await nursery.start(serve_pool, other)
    miner = SimulatedMiner("cgminer", "farm.1")
    async with trio.open_nursery() as mining:
        await mining.start(partial(run_miner, miner, address, hashrate=RATE[0]))
        pool.reconnect(host, str(port))
        await accepted(other, 1)
        other.reconnect()
        await accepted(other, 1)
        await wait_until(other, lambda: other.connected == 2)
        mining.cancel_scope.cancel()
    assert miner.connects >= 2
    assert pool.connections == []


async def test_run_miner(pool: SimulatedPool, nursery: trio.Nursery) -> None:
    address = await nursery.start(serve_pool, pool)
    miner = SimulatedMiner("bitaxe", "farm.1", strict=True)
    stop = trio.Event()
    async with trio.open_nursery() as mining:
        start = partial(run_miner, miner, address, stop=stop, drain=PATIENCE)
        assert await mining.start(start) is miner
        assert miner.ready
        await accepted(pool, 5)
        stop.set()
    assert miner.counts.accepted == pool.total.accepted
    assert not miner.ready


async def test_a_strict_miner_raises(nursery: trio.Nursery) -> None:
    pool = SimulatedPool(PoolSettings(extranonce2_size=12, job_interval=0))
    address = await nursery.start(serve_pool, pool)
    with pytest.RaisesGroup(ProtocolError, flatten_subgroups=True, allow_unwrapped=True):
        await run_miner(SimulatedMiner(strict=True), address, seconds=30)


async def test_a_miner_without_a_pool_tries_on_until_its_time_is_over() -> None:
    with KeptPort() as nobody:
        miner = SimulatedMiner()
        with pytest.raises(PoolError, match=r"no connection to 127\.0\.0\.1:\d+: .*refused"):
            await run_miner(miner, nobody.address, seconds=0.5)
        with pytest.raises(PoolError, match="refused"):
            await run_fleet(nobody.address, 2, seconds=0.1)
    assert (miner.connects, miner.counts.jobs) == (0, 0)


async def test_a_refused_miner_tries_again(nursery: trio.Nursery) -> None:
    pool = SimulatedPool(PoolSettings(difficulty=1e-7, job_interval=0, refuse_authorize=True))
    address = await nursery.start(serve_pool, pool)
    miner = SimulatedMiner("cgminer", "farm.1")
    nursery.start_soon(partial(run_miner, miner, address, hashrate=RATE[0]))
    await wait_until(pool, lambda: pool.connected == 2)
    pool.settings.refuse_authorize = False
    await accepted(pool, 1)


async def test_lost_replies_do_not_hold_up_the_end(
    nursery: trio.Nursery, mock_clock: trio.testing.MockClock
) -> None:
    mock_clock.rate = 1
    pool = SimulatedPool(PoolSettings(difficulty=1e-7, job_interval=0, drop_every=2))
    address = await nursery.start(serve_pool, pool)
    stop = trio.Event()
    async with trio.open_nursery() as mining:
        fleet: Fleet = await mining.start(
            partial(run_fleet, address, 3, stop=stop, hashrates=RATE, drain=0.1)
        )
        await wait_until(pool, lambda: pool.unanswered > 2)
        stop.set()
        mock_clock.rate = 0  # until all the other replies are there
        await trio.testing.wait_all_tasks_blocked()
        while fleet.total().pending != pool.unanswered:
            await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(0.1)
    total = fleet.total()
    assert total.accepted + total.lost == pool.total.accepted
    assert total.lost == pool.unanswered


async def test_the_miners_can_be_ones_own(pool: SimulatedPool, nursery: trio.Nursery) -> None:
    address = await nursery.start(serve_pool, pool)
    mine = [SimulatedMiner("cgminer", "mine")]
    fleet = await run_fleet(address, mine, seconds=0.3, hashrates=RATE)
    assert fleet.miners == tuple(mine)
    assert set(pool.workers) <= {"mine"}


async def test_localhost_has_two_addresses_and_one_may_not_listen(
    pool: SimulatedPool, nursery: trio.Nursery
) -> None:
    _, port = await nursery.start(serve_pool, pool)
    miner = SimulatedMiner()
    await nursery.start(partial(run_miner, miner, ("localhost", port)))
    assert miner.ready
