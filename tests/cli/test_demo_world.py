"""What the demo runs, without its view."""

import pytest
import trio

from stratumproxy.cli.demo_world import FAULTY, POOL_FACTOR, World
from stratumproxy.testing import wait_until
from stratumproxy.testing.rules import METHOD_KNOWN, Violation
from tests.waiting import PATIENCE


async def run(world: World, shares: int, rejects: int = 0) -> None:
    """Run until the pool accepted so many shares, and miners had so many rejected."""

    def enough() -> bool:
        rejected = world.fleet.total().rejected.total()
        return world.pool.total.accepted >= shares and rejected >= rejects

    stop = trio.Event()
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.run, None, stop)
            await wait_until(world.pool, enough)
            stop.set()


async def test_all_count_the_same() -> None:
    world = World(12, 1e-8)
    await run(world, 50, rejects=3)
    assert world.problems() == []
    assert world.moment is not None
    assert world.moment.proxy.forwarded == world.pool.total.submitted >= 50
    assert world.moment.accepted == world.pool.total.accepted
    assert len({miner.style.name for miner in world.fleet.miners}) == 10
    faulty = world.fleet.miners[-1]
    assert faulty.worker == FAULTY
    assert faulty.counts.rejected[22] > 0
    assert world.moment.proxy.rejected["duplicate"] == faulty.counts.rejected[22]


async def test_problems_are_found() -> None:
    world = World(1, 1e-8)
    await run(world, 5)
    (miner,) = world.fleet.miners
    assert miner.worker == "demo.1"
    assert world.problems() == []
    miner.counts.accepted += 1
    world.pool.total.rejected["stale"] += 1
    world.pool.violations.append(Violation(METHOD_KNOWN, "client", "did this"))
    miner.violations.append(Violation(METHOD_KNOWN, "demo.1", "saw that"))
    assert world.moment is not None
    accepted, forwarded = world.moment.proxy.accepted, world.moment.proxy.forwarded
    assert world.problems() == [
        f"shares accepted: miners {accepted + 1}, proxy {accepted}",
        f"shares sent on: proxy {forwarded}, pool {forwarded + 1}",
        "rejected by the pool: proxy 0, pool 1",
        "demo.1: saw that [SV1-CONTROL-METHOD]",
        "pool: client: did this [SV1-CONTROL-METHOD]",
    ]


async def test_answers_that_never_come_are_a_problem() -> None:
    world = World(1, 1e-8)
    await run(world, 5)
    world.fleet.miners[0].counts.lost = 2
    assert "shares without an answer: 2 of miners, 0 of the proxy" in world.problems()


def test_nothing_counted_is_a_problem() -> None:
    assert World(1).problems() == ["it was stopped before anything could be counted"]


@pytest.mark.parametrize("miners", [1, 8, 2000])
def test_difficulty_suits_the_machine(miners: int) -> None:
    world = World(miners)
    assert 1e-11 <= world.difficulty < 1
    assert world.pool.settings.difficulty == world.difficulty * POOL_FACTOR
