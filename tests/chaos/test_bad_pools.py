"""Pools that do everything wrong but hang up: nothing is lost unseen, and no miner notices."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from stratumproxy.testing import PoolSettings, RejectShape
from tests.chaos.conftest import LONG, RETURN_SOON, TELLING, accounted, late_pool, standby

MINERS = 100 if LONG else 20

FEW = 3
"""So few that moments come, on a busy machine too, in which nothing of theirs is under way: a
session that is to be left waits two seconds for one, and what it has then is told as lost."""

MORE = 300 if LONG else 30
"""Shares at a pool until something is believed to go on."""
QUIET: dict[str, Any] = {"job_interval": 0, "clean_every": 0}
"""One job: no share can cross a clean one on its way."""


async def more(site: Any, *pools: Any) -> None:
    """Each of them gets shares."""
    before = [pool.pool.total.submitted for pool in pools]
    await site.until(
        lambda: all(
            pool.pool.total.submitted > count + MORE
            for pool, count in zip(pools, before, strict=True)
        )
    )


# -- it restarts -------------------------------------------------------------------------------


async def restarted(site: Any, miners: Any, proxy: Any, pool: Any, **settings: Any) -> None:
    """Cut and restart a pool; then no share on the old work may reach it."""
    await pool.cut()
    await proxy.next_snapshot(lambda now: now.pools[0].sessions == 0)
    pool.pool.restart(replace(pool.pool.settings, **settings))
    await pool.open()
    await more(site, pool)
    assert pool.pool.total.rejected == {}, "old work reached the pool"
    await accounted(site, miners, proxy, [pool], exact=False)


@pytest.mark.parametrize(
    "settings",
    [{}, {"extranonce1_size": 8, "extranonce2_size": 12}],
    ids=["another extranonce1", "another size"],
)
async def test_with_the_job_in_the_same_segment(site: Any, settings: dict[str, Any]) -> None:
    pool = await site.pool(**QUIET)
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, MINERS, styles=TELLING)
    await more(site, pool)
    await restarted(site, miners, proxy, pool, **settings)


async def test_with_the_job_50_ms_after_the_reply_to_authorize(site: Any) -> None:
    pool = await late_pool(site, PoolSettings(difficulty=site.pool_difficulty, **QUIET))
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, MINERS, styles=TELLING)
    await more(site, pool)
    await restarted(site, miners, proxy, pool, extranonce2_size=9)


async def test_before_a_job_that_is_late_with_a_standby(site: Any) -> None:
    """Back to it only once there is work: the reply to authorize alone is none."""
    first = await late_pool(site, PoolSettings(difficulty=site.pool_difficulty, **QUIET))
    second = await standby(site, **QUIET)
    proxy = await site.proxy(first, second, failover=RETURN_SOON)
    miners = await site.miners(proxy, MINERS, styles=TELLING)
    await more(site, first)
    await first.cut()
    await more(site, second)
    first.pool.restart()
    await first.open()
    await more(site, first)
    assert first.pool.total.rejected == second.pool.total.rejected == {}
    await accounted(site, miners, proxy, [first, second], exact=False)


# -- it is silent, or slow ---------------------------------------------------------------------


async def test_silence_without_a_close(site: Any) -> None:
    """Taken for lost; when it speaks again it knows the session, so no verdict is missing."""
    first = await site.pool(**QUIET)
    second = await standby(site, **QUIET | {"job_interval": 0.5})
    proxy = await site.proxy(first, second, pool="silence_seconds = 1", failover=RETURN_SOON)
    miners = await site.miners(proxy, MINERS, styles=TELLING)
    await more(site, first)
    first.pool.settings.silent = True
    await more(site, second)
    assert first.pool.unanswered > 0
    first.pool.settings.silent = False
    await more(site, first)
    assert second.pool.total.rejected == {}
    await accounted(site, miners, proxy, [first, second], exact=True)


async def test_replies_that_are_200_ms_late(site: Any) -> None:
    pool = await site.pool(reply_delay=0.2, **QUIET)
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, MINERS, styles=TELLING)
    await more(site, pool)
    assert pool.pool.total.rejected == {}
    await accounted(site, miners, proxy, [pool], exact=True)


async def test_no_reply_to_any_share(site: Any) -> None:
    """It has jobs, so it is not silent: each share is timed out, and its miner told so."""
    pool = await site.pool(drop_every=1, clean_every=0)
    proxy = await site.proxy(pool, pool="reply_timeout_seconds = 0.2")
    miners = await site.miners(proxy, MINERS, styles=TELLING)
    await more(site, pool)
    await proxy.next_snapshot(lambda now: now.pools[0].lost > MORE)
    await accounted(site, miners, proxy, [pool], exact=False)
    assert proxy.now is not None
    assert proxy.now.pools[0].lost == proxy.now.forwarded == pool.pool.unanswered
    assert proxy.now.rejected == {"timed-out": proxy.now.forwarded}


# -- it says no --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", get_args(RejectShape) if LONG else ("object", "false"))
async def test_rejects(site: Any, shape: RejectShape) -> None:
    """All of them: the next pool is mined on, whatever the no looks like."""
    first = await site.pool(**QUIET)
    second = await standby(site, **QUIET)
    proxy = await site.proxy(first, second, failover="reject_pause_seconds = 60")
    miners = await site.miners(proxy, MINERS, styles=TELLING)
    await more(site, first)
    first.pool.settings.reject_shape = shape
    first.pool.settings.reject_every = 1
    await more(site, second)
    no = first.pool.total.rejected["pool"]
    assert no >= 20
    await accounted(site, miners, proxy, [first, second], exact=True)
    assert proxy.now is not None
    assert proxy.now.pools[0].rejected == no
    assert proxy.now.rejected["pool"] == no
    assert set(proxy.now.rejected) <= {"pool", "stale"}  # some crossed the clean job of the switch


async def test_it_refuses_us_after_a_restart(site: Any) -> None:
    first = await site.pool(**QUIET)
    second = await standby(site, **QUIET)
    proxy = await site.proxy(first, second, failover=RETURN_SOON)
    miners = await site.miners(proxy, MINERS, styles=TELLING)
    await more(site, first)
    await first.cut()
    first.pool.settings.refuse_authorize = True
    await first.open()
    await more(site, second)
    first.pool.settings.refuse_authorize = False
    await more(site, first)
    # A session that was refused is not asked for again: what was on its way at the cut is lost.
    await accounted(site, miners, proxy, [first, second], exact=False)


# -- it asks for things ------------------------------------------------------------------------


async def test_a_reconnect_to_itself(site: Any) -> None:
    pool = await site.pool(**QUIET)
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, FEW, styles=TELLING)
    for times in range(1, 10 if LONG else 4):
        await more(site, pool)
        pool.pool.reconnect()
        await site.until(lambda times=times: pool.pool.connected > times)
        await site.until(lambda: len(pool.pool.connections) == 1)
    await more(site, pool)
    assert set(pool.pool.total.rejected) <= {"duplicate"}  # sent again: see `Limbo`
    await accounted(site, miners, proxy, [pool], exact=True)


async def test_a_reconnect_to_another_port(site: Any) -> None:
    pool, other = await site.pool(**QUIET), await site.pool(**QUIET)
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, MINERS, styles=TELLING)
    await more(site, pool)
    pool.pool.reconnect(*other.address)
    await more(site, other)
    assert other.pool.total.rejected == {}, "old work reached the other"
    await site.until(lambda: not pool.pool.connections)
    await accounted(site, miners, proxy, [pool, other], exact=False)


@pytest.mark.parametrize("size", [None, 12], ids=["the same size", "another size"])
async def test_set_extranonce_in_mid_job(site: Any, size: int | None) -> None:
    """It binds from the next job, which is a clean one."""
    pool = await site.pool(**QUIET)
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, MINERS, styles=TELLING)
    await more(site, pool)
    pool.pool.set_extranonce(size, unasked=True)
    before = pool.pool.total.accepted
    await site.until(lambda: pool.pool.total.accepted > before + MORE)  # still on the old job
    assert pool.pool.total.rejected == {}
    jobs = {miner: miner.job for miner in miners}
    pool.pool.new_job(0x70000000, clean=True)
    await site.until(lambda: all(miner.job is not jobs[miner] for miner in miners))
    crossed = pool.pool.total.rejected.copy()
    assert set(crossed) <= {"stale"}
    await more(site, pool)
    assert pool.pool.total.rejected == crossed, "old work reached the pool after the switch"
    await accounted(site, miners, proxy, [pool], exact=True)
