"""The pool is cut, and comes back on the same port with another extranonce1, and another size."""

from dataclasses import replace

import pytest

from stratumproxy.testing import STYLES

TAKE_EXTRANONCE = [
    name
    for name, style in STYLES.items()
    if any("extranonce.subscribe" in group for group in style.steps)
]


class Switch:
    """What stood before the pool was cut, to compare with what came after."""

    def __init__(self, miners, pool) -> None:
        self.miners = miners
        self.pool = pool.pool
        self.jobs = {job_id for miner in miners for job_id in miner.session.jobs}
        self.jobs |= {share.job_id for share in miners.shares()}
        self.extranonce1 = self.pool.connections[0].extranonce1 if self.pool.connections else b""

    def noticed(self) -> None:
        """From here on, no share on the old work may count."""
        self.shares = {miner: len(miner.shares) for miner in self.miners}
        self.accepted = self.miners.accepted()

    def later(self):
        for miner in self.miners:
            yield from list(miner.shares)[self.shares[miner] :]


async def cut_and_restart(site, miners, pool, proxy, **settings) -> Switch:
    switch = Switch(miners, pool)
    await pool.cut()
    switch.pool.restart(replace(switch.pool.settings, **settings))
    await proxy.next_snapshot(lambda now: now.pools[0].sessions == 0)
    switch.noticed()
    await pool.open()
    await site.until(lambda: switch.pool.connections)
    return switch


async def check(site, miners, pool, proxy, switch, *, reconnects: int = 0) -> None:
    await miners.stop()
    end = await proxy.stop()
    assert miners.fleet.violations == []
    assert list(pool.pool.violations) == []
    assert miners.fleet.reconnects == reconnects

    assert pool.pool.total.rejected == {}, "old work reached the new pool"
    on_old_work = [share for share in switch.later() if share.job_id in switch.jobs]
    verdicts = {(share.verdict, share.code) for share in on_old_work}
    # Stale (21), or sent on just before the cut and lost with it: told when the pool is back as
    # another (20). Error 20 stands for other things too, so the reasons are compared as well.
    assert verdicts <= {("rejected", 21), ("rejected", 20), ("lost", None)}
    assert set(end.rejected) <= {"stale", "no-pool", "lost"}

    total = miners.fleet.total()
    assert total.pending == 0
    assert end.accepted == total.accepted
    [told] = end.pools
    assert end.forwarded == told.accepted + told.rejected + told.lost
    assert end.forwarded >= pool.pool.total.submitted >= told.accepted
    site.check_no_false_true(miners, pool)


@pytest.mark.parametrize(
    ("before", "after", "styles"),
    [
        (8, 12, tuple(STYLES)),
        (4, 8, tuple(STYLES)),
        (8, 8, tuple(STYLES)),
        (3, 16, tuple(STYLES)),
        (8, 4, TAKE_EXTRANONCE),
        (6, 3, TAKE_EXTRANONCE),
    ],
)
async def test_miners_stay(site, before, after, styles):
    pool = await site.pool(extranonce2_size=before, clean_every=0)
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, 30, styles=styles)
    await miners.each(accepted=2)
    switch = await cut_and_restart(
        site, miners, pool, proxy, extranonce2_size=after, extranonce1_size=8
    )
    await miners.each(accepted=2, since=switch.accepted)
    assert pool.pool.connections[0].extranonce1 != switch.extranonce1
    assert pool.pool.connections[0].extranonce2_size == after
    assert all(miner.job is not None for miner in miners)
    assert not any(miner.job.job_id in switch.jobs for miner in miners)
    await check(site, miners, pool, proxy, switch)


async def test_miners_that_can_not_be_told_come_back_once(site):
    """8 to 4 bytes: they no longer fit, and only some take mining.set_extranonce."""
    pool = await site.pool(extranonce2_size=8, clean_every=0)
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, 30)
    await miners.each(accepted=2)
    switch = await cut_and_restart(site, miners, pool, proxy, extranonce2_size=4)
    await miners.each(accepted=2, since=switch.accepted)
    assert {miner.style.name for miner in miners if miner.connects == 1} == set(TAKE_EXTRANONCE)
    assert {miner.connects for miner in miners} == {1, 2}
    reconnects = 30 - 3 * len(TAKE_EXTRANONCE)
    await check(site, miners, pool, proxy, switch, reconnects=reconnects)


async def test_a_pool_that_gives_another_extranonce_while_it_runs(site):
    pool = await site.pool()
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, 30)
    await miners.each(accepted=2)
    pool.pool.set_extranonce(12, unasked=True)
    job = pool.pool.new_job(pool.pool.job.ntime + 1, clean=True)
    before = miners.accepted()
    await miners.each(accepted=2, since=before)
    assert job.clean
    await miners.stop()
    end = await proxy.stop()
    site.check_counts(miners, end, pool)
    site.check_every_hash(miners, pool)
    assert miners.fleet.reconnects == 0
    assert set(pool.pool.total.rejected) <= {"stale"}  # sent before its job was heard of
    assert set(end.rejected) <= {"stale", "pool"}
