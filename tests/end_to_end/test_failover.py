"""Two pools: the first is lost, the second is mined on, by a clean job and nothing else."""

LATER = 0.3
"""Seconds by which the second pool's replies are late, so that the first is ready first."""

UNBROKEN = {"clean_every": 0}
"""For pools that reject nothing: no share crosses a clean job on its way."""

GIVEN_UP = "reply_timeout_seconds = 5"
"""Some miners wait for a verdict before they go on, and what was cut with a pool gets none until
then."""


async def test_the_second_pool_is_mined_on(site):
    first = await site.pool(extranonce2_size=8, **UNBROKEN)
    second = await site.pool(extranonce2_size=4, extranonce1_size=8, reply_delay=LATER, **UNBROKEN)
    proxy = await site.proxy(first, second, pool=GIVEN_UP)
    miners = await site.miners(proxy, 40)
    await miners.each(accepted=2)
    assert first.pool.total.accepted > 0
    assert second.pool.total.submitted == 0
    await first.cut()
    before = miners.accepted()
    await site.until(lambda: second.pool.total.accepted)
    await miners.each(accepted=2, since=before)
    await miners.stop()
    end = await proxy.stop()

    assert miners.fleet.violations == []
    assert miners.fleet.reconnects == 0
    assert set(end.rejected) <= {"stale", "lost"}
    assert [pool.pool.total.rejected for pool in (first, second)] == [{}, {}]
    told, other = end.pools
    assert other.accepted == second.pool.total.accepted
    assert other.lost == 0
    # The first may have accepted shares whose verdict was cut with the connection.
    assert told.accepted <= first.pool.total.accepted <= told.accepted + told.lost
    assert end.forwarded == told.accepted + told.lost + other.accepted
    total = miners.fleet.total()
    assert end.accepted == total.accepted
    assert sum(end.rejected.values()) == total.rejected.total()
    site.check_no_false_true(miners, first, second)


async def test_at_the_start_the_first_pool_is_preferred(site):
    """Nobody has been given work yet, and both pools are waited for, so there is a choice."""
    first = await site.pool(reply_delay=LATER)
    second = await site.pool()
    proxy = await site.proxy(first, second)
    miners = await site.miners(proxy, 10)
    await miners.each(accepted=1)
    await miners.stop()
    await proxy.stop()
    assert second.pool.total.submitted == 0


async def test_miners_fit_a_second_pool_that_gives_less_room(site):
    """Seated for the smaller of the two from the start, with all of the first one's sizes."""
    first = await site.pool(extranonce2_size=12)
    second = await site.pool(extranonce2_size=3, reply_delay=LATER, **UNBROKEN)
    proxy = await site.proxy(first, second, pool=GIVEN_UP)
    miners = await site.miners(proxy, 20)
    await miners.each(accepted=1)
    await first.cut()
    before = miners.accepted()
    await site.until(lambda: second.pool.total.accepted)
    await miners.each(accepted=1, since=before)
    await miners.stop()
    await proxy.stop()
    assert miners.fleet.violations == []
    assert miners.fleet.reconnects == 0
    assert second.pool.total.rejected == {}


async def test_a_first_pool_that_is_not_there_at_the_start(site):
    first = await site.pool()
    await first.cut()
    second = await site.pool()
    proxy = await site.proxy(first, second)
    miners = await site.miners(proxy, 20)
    await miners.each(accepted=1)
    assert first.pool.total.submitted == 0
    await proxy.next_snapshot(
        lambda now: [pool.state for pool in now.pools] == ["waiting", "ready"]
    )
    await miners.stop()
    await proxy.stop()
    site.check_every_hash(miners, second)


async def test_miners_that_come_before_the_pool_are_served_as_soon_as_it_is_there(site):
    """With all that they say at once answered in order, though they waited."""
    pool = await site.pool()
    await pool.cut()
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, 40)
    await proxy.next_snapshot(lambda now: now.connected == 40)
    assert miners.fleet.mining == 0
    await pool.open()
    await miners.each(accepted=2)
    await miners.stop()
    end = await proxy.stop()
    site.check_counts(miners, end, pool)
    site.check_every_hash(miners, pool)
    assert miners.fleet.reconnects == 0
