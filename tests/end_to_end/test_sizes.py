"""Every extranonce2 size that pools give, and every style of miner on each of them."""

import pytest

from stratumproxy.testing import STYLES


@pytest.mark.parametrize("size", [2, 3, 4, 6, 8, 12, 16])
async def test_all_sides_count_the_same(site, size):
    """Room for one miner a session at 2 bytes; at the others all share one."""
    pool = await site.pool(extranonce2_size=size, clean_every=0)
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, 24 if size == 2 else 50)
    await miners.each(accepted=4)
    assert len(pool.pool.connections) == (24 if size == 2 else 1)
    await miners.stop()
    end = await proxy.stop()

    site.check_counts(miners, end, pool)
    site.check_every_hash(miners, pool)
    assert end.rejected == {}
    assert miners.fleet.reconnects == 0
    assert end.pools[0].accepted > 50


async def test_versions_are_rolled_upstream(site):
    """By every style that can, and the bits arrive as they were rolled."""
    pool = await site.pool()
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, 2 * len(STYLES))
    wanted = {name for name, style in STYLES.items() if ("configure",) in style.steps}
    wanted |= {"bitaxe"}

    def rolled() -> set[str]:
        accepted = set(pool.pool.hashes)
        return {
            miner.style.name
            for miner in miners
            for share in miner.shares
            if share.hash in accepted and int(share.version_bits or "0", 16)
        }

    await miners.each(accepted=4)
    await site.until(lambda: rolled() == wanted)
    await miners.stop()
    end = await proxy.stop()
    site.check_counts(miners, end, pool)
    site.check_every_hash(miners, pool)


async def test_a_pool_that_does_not_roll_versions(site):
    pool = await site.pool(version_mask=None)
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, 2 * len(STYLES))
    await miners.each(accepted=4)
    await miners.stop()
    end = await proxy.stop()
    site.check_counts(miners, end, pool)
    site.check_every_hash(miners, pool)
    assert not any(int(share.version_bits or "0", 16) for share in miners.shares())


async def test_more_sessions_where_a_pool_wants_few_miners_on_each(site):
    pool = await site.pool(extranonce2_size=4)
    proxy = await site.proxy(pool, pool="miners_per_session = 7")
    miners = await site.miners(proxy, 40)
    await miners.each(accepted=4)
    assert len(pool.pool.connections) == 6
    await miners.stop()
    end = await proxy.stop()
    site.check_counts(miners, end, pool)
    site.check_every_hash(miners, pool)
