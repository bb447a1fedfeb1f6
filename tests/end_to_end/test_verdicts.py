"""The fate of every share, on a pool that rejects, forgets and delays."""

from typing import Any, get_args

import pytest

from stratumproxy.testing import STYLES, RejectShape

TELLING = [name for name, style in STYLES.items() if style.submit_id is None]
"""Styles with an id for each share: they know which verdict is for which."""


async def run(site, verdict, *, each: int = 2, shapes: tuple[RejectShape, ...] = (), **settings):
    """Mine until there are some shares of every fate; the pool says no in one shape after another.

    Returns:
        The pool, the miners, and how things stood at the end.
    """
    served = await site.pool(clean_every=0, job_interval=0, **settings)
    proxy = await site.proxy(served, top=f'verdict = "{verdict}"', pool="reply_timeout_seconds = 1")
    miners = await site.miners(proxy, 24, styles=TELLING)
    await miners.each(accepted=each)
    pool = served.pool
    for shape in shapes:
        pool.settings.reject_shape = shape
        before = pool.total.rejected.total()
        await site.until(lambda before=before: pool.total.rejected.total() > before + 3)
    await site.until(lambda: pool.total.submitted > 100)
    await miners.stop()
    await proxy.next_snapshot(lambda now: not now.pools[0].pending)
    return pool, miners, await proxy.stop()


def sums(pool, miners, end) -> None:
    """Nothing is counted twice, and nothing is forgotten."""
    total = miners.fleet.total()
    [told] = end.pools
    assert total.pending == total.lost == 0
    assert pool.total.submitted == end.forwarded == told.accepted + told.rejected + told.lost
    assert told.rejected == end.rejected.get("pool", 0)
    assert told.lost == end.rejected.get("timed-out", 0)
    assert told.lost >= pool.unanswered  # more, if this machine was slower than the timeout
    assert end.accepted + sum(end.rejected.values()) == total.submitted
    assert miners.fleet.violations == []
    assert list(pool.violations) == []


BAD: dict[str, Any] = {"reject_every": 5, "drop_every": 7, "reply_delay": 0.05}


async def test_pool_the_miner_hears_what_the_pool_said(site):
    pool, miners, end = await run(site, "pool", shapes=get_args(RejectShape), **BAD)
    sums(pool, miners, end)
    total = miners.fleet.total()
    assert end.accepted == total.accepted
    assert sum(end.rejected.values()) == total.rejected.total()
    assert end.pools[0].rejected > 0
    assert end.pools[0].lost > 0

    accepted = set(pool.hashes)
    for share in miners.shares():
        if not share.meets(site.pool_difficulty):
            assert share.verdict == "accepted"
        elif share.verdict == "accepted":
            assert share.hash in accepted
        else:
            assert share.code == 20
            assert "Lost" in share.text or share.hash not in accepted


async def test_local_the_miner_hears_true_at_once(site):
    pool, miners, end = await run(site, "local", **BAD)
    sums(pool, miners, end)
    assert miners.fleet.total().rejected == {}
    assert {share.verdict for share in miners.shares()} == {"accepted"}
    assert end.pools[0].rejected > 0
    assert end.pools[0].lost > 0


@pytest.mark.parametrize("verdict", ["pool", "local"])
async def test_a_pool_that_answers_nothing(site, verdict):
    pool, miners, end = await run(site, verdict, each=0, drop_every=1)
    sums(pool, miners, end)
    assert end.pools[0].lost == end.forwarded == pool.unanswered
    for share in miners.shares():
        lost = share.meets(site.pool_difficulty) and verdict == "pool"
        assert share.verdict == ("rejected" if lost else "accepted")


async def test_the_pool_is_cut_while_verdicts_are_due(site):
    pool = await site.pool(clean_every=0, job_interval=0)
    proxy = await site.proxy(pool, pool="reply_timeout_seconds = 2")
    miners = await site.miners(proxy, 24, styles=TELLING)
    await miners.each(accepted=1)
    pool.pool.settings.reply_delay = 60
    before = pool.pool.total.submitted
    await site.until(lambda: pool.pool.total.submitted > before + 50)
    await pool.cut()
    await proxy.next_snapshot(lambda now: now.pools[0].sessions == 0)
    await miners.stop()
    end = await proxy.stop()
    total = miners.fleet.total()
    assert total.pending == 0
    [told] = end.pools
    assert told.lost >= 50
    # timed out, if this machine was so slow that the cut came after the timeout
    assert end.rejected.get("lost", 0) + end.rejected.get("timed-out", 0) == told.lost
    assert end.forwarded == told.accepted + told.lost
    assert end.accepted == total.accepted
    assert sum(end.rejected.values()) == total.rejected.total()
    site.check_no_false_true(miners, pool)
