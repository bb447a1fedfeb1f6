"""The pool is killed under hundreds of miners, with a standby; then it is back."""

from typing import Any

import pytest
import trio

from tests.chaos.conftest import LONG, RETURN_SOON, TELLING, accounted, standby

MINERS, RATE = (1000, 500) if LONG else (200, 400)
"""How many, and the shares they find a second."""
HASHES_A_SHARE = 2**32 * 2e-7


@pytest.mark.parametrize("resumes", [True, False], ids=["taken up again", "another session"])
async def test_shares_flow_on_and_back(site: Any, resumes: bool) -> None:
    """Exact where the pool takes its session up again: then no verdict is lost for good."""
    quiet = {"job_interval": 0, "clean_every": 0}
    first = await site.pool(**quiet)
    second = await standby(site, **quiet)
    proxy = await site.proxy(first, second, failover=RETURN_SOON)
    rate = RATE * HASHES_A_SHARE / MINERS
    miners = await site.miners(proxy, MINERS, styles=TELLING, hashrates=(rate,), keep_shares=2000)
    await site.until(lambda: miners.fleet.mining == MINERS)
    await site.until(lambda: first.pool.total.accepted > RATE // 4)
    assert second.pool.total.submitted == 0

    first.pool.settings.reply_delay = 0.1  # so that some are on their way
    before = first.pool.total.submitted
    await site.until(lambda: first.pool.total.submitted > before + 20)
    killed = trio.current_time()
    await first.cut()
    await site.until(lambda: second.pool.total.submitted)
    took = trio.current_time() - killed
    print(
        f"\n{MINERS} miners, {RATE} shares/s: the first at the standby after {1000 * took:.0f} ms"
    )
    await site.until(lambda: second.pool.total.accepted > RATE // 4)
    first.pool.settings.reply_delay = 0
    if not resumes:
        first.pool.restart()
    before = first.pool.total.submitted
    await first.open()
    await site.until(lambda: first.pool.total.submitted > before + RATE // 4)
    now = await proxy.next_snapshot(lambda now: now.pools[0].miners == MINERS)
    assert now.mining == now.connected == MINERS
    assert second.pool.total.rejected == {}, "work of the first reached the second"
    await accounted(site, miners, proxy, [first, second], exact=resumes)


async def test_killed_again_and_again(site: Any) -> None:
    """Each time another session, with jobs of which some are clean."""
    first = await site.pool(job_interval=0.2)
    second = await standby(site, job_interval=0.2)
    proxy = await site.proxy(first, second, failover=RETURN_SOON)
    miners = await site.miners(proxy, 40, styles=TELLING)
    await miners.each(accepted=1)
    for _ in range(20 if LONG else 2):
        await first.cut()
        before = second.pool.total.accepted
        await site.until(lambda before=before: second.pool.total.accepted > before + 10)
        first.pool.restart()
        before = first.pool.total.accepted
        await first.open()
        await site.until(lambda before=before: first.pool.total.accepted > before + 10)
    for pool in (first, second):
        # a share may cross a clean job on its way; that is all a pool may find wrong
        assert set(pool.pool.total.rejected) <= {"stale"}
    await accounted(site, miners, proxy, [first, second], exact=False)
