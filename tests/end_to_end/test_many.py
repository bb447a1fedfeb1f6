"""Thousands of miners at once."""

JOBS = 4
CLEAN = 3
"""Of these, after the first of all, the one that is clean."""


async def test_2000_miners(site):
    """Vardiff at work, and a new job whenever all have the one before, however fast that is."""
    site.pool_difficulty = 1e-6
    pool = await site.pool(difficulty=site.pool_difficulty, job_interval=0)
    proxy = await site.proxy(
        pool,
        difficulty="start = 1e-7\nmin = 1e-8\nshares_per_minute = 30\nretarget_seconds = 1",
        limits="handshake_seconds = 3600",
    )
    miners = await site.miners(proxy, 2000, hashrates=(125.0, 250.0, 500.0))
    await site.until(lambda: miners.fleet.mining == 2000)
    await site.until(lambda: sum(map(bool, miners.accepted().values())) > 1500)
    for number in range(1, JOBS + 1):
        before = pool.pool.total.accepted
        pool.pool.new_job(pool.pool.job.ntime + 1, clean=number == CLEAN)
        await miners.newest_job(pool)
        await site.until(lambda before=before: pool.pool.total.accepted > before + 20)
    await site.until(lambda: pool.pool.total.accepted > 500)
    during = await proxy.next_snapshot(lambda now: now.mining == 2000)
    assert during.connected == 2000
    assert len(pool.pool.connections) == 1
    await miners.stop()
    end = await proxy.stop()

    site.check_counts(miners, end, pool)
    site.check_every_hash(miners, pool)
    assert miners.fleet.reconnects == 0
    assert set(pool.pool.total.rejected) <= {"stale"}  # sent before a clean job was heard of
    assert set(end.rejected) <= {"stale", "pool"}
    assert any(int(share.version_bits or "0", 16) for share in miners.shares())
