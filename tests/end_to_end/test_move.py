"""A pool asks to reconnect: its miners mine on, and no share is sent twice."""


async def test_a_pool_that_asks_to_reconnect_is_not_left(site):
    pool = await site.pool(reply_delay=0.05)
    backup = await site.pool(reply_delay=0.3)
    proxy = await site.proxy(pool, backup)
    miners = await site.miners(proxy, 30)
    await miners.each(accepted=1)
    for _ in range(2):
        [before] = pool.pool.connections
        pool.pool.reconnect()
        await site.until(lambda before=before: before not in pool.pool.connections)
        await miners.each(accepted=1, since=miners.accepted())
    await miners.stop()
    end = await proxy.stop()

    assert miners.fleet.violations == []
    assert miners.fleet.reconnects == 0
    assert backup.pool.total.submitted == 0, "that was no failover"
    assert set(pool.pool.total.rejected) <= {"stale"}, "above all there are no duplicates"
    assert set(end.rejected) <= {"stale", "lost", "pool"}
    told, _ = end.pools
    # Verdicts may have been on their way when the old session was closed, on a pool this busy.
    assert told.accepted <= pool.pool.total.accepted <= told.accepted + told.lost
    assert end.forwarded == told.accepted + told.rejected + told.lost
    site.check_no_false_true(miners, pool, backup)
