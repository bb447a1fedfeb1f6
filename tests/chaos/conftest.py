"""The site of the end-to-end tests, and pools that behave worse."""

import os
import random
from collections.abc import Sequence
from typing import Any

from stratumproxy.testing import STYLES, MinedShare, PoolConnection, PoolSettings, SimulatedPool
from tests.end_to_end.conftest import Miners, Proxy, ServedPool, Site, site

__all__ = ["LONG", "TELLING", "LatePool", "accounted", "site", "standby", "told_true"]

LONG = os.environ.get("STRATUMPROXY_SOAK") == "1"
"""Run the long forms: `make soak`."""

TELLING = tuple(name for name, style in STYLES.items() if style.submit_id is None)
"""Styles with an id for each share: they know which verdict is for which."""

RETURN_SOON = "return_seconds = 0.3"
"""For [failover]: back to the first pool when it was well for that long."""

LATER = 0.3
"""Seconds by which the standby's replies are late, so that the first is ready first."""


class LateConnection(PoolConnection):
    """Its first difficulty and job come a while after the reply to authorize."""

    def _send_first_job(self, now: float) -> None:
        if self.ready and not self._jobs:
            self._last_due = max(self._last_due, now + LatePool.LATE)
        super()._send_first_job(now)


class LatePool(SimulatedPool):
    LATE = 0.05
    """Seconds."""

    def connect(self) -> PoolConnection:
        connection = LateConnection(self)
        self.connections.append(connection)
        self.connected += 1
        self.notice()
        return connection


async def late_pool(site: Site, settings: PoolSettings) -> ServedPool:
    """A served `LatePool`."""
    served = await site.pool(serve=False)
    served.pool = LatePool(settings, random.Random(99))
    await served.open()
    return served


async def standby(site: Site, **settings: Any) -> ServedPool:
    """A pool that is ready a little later than one without delay."""
    return await site.pool(**{"reply_delay": LATER} | settings)


def told_true(site: Site, miners: Miners) -> list[MinedShare]:
    """The shares that a pool wants and that were answered `true`."""
    return [
        share
        for share in miners.shares()
        if share.verdict == "accepted" and share.meets(site.pool_difficulty)
    ]


async def accounted(
    site: Site, miners: Miners, proxy: Proxy, pools: Sequence[ServedPool], *, exact: bool
) -> None:
    """Stop all, and see that every share ended as something, once, and no miner noticed.

    Args:
        site: where all is.
        miners: of styles in `TELLING`.
        proxy: with ``verdict = "pool"``.
        pools: the simulated ones that could have got shares.
        exact: no verdict was lost for good, so both ends must have counted the same. Else a pool
            may have accepted shares that it could not tell of.
    """
    await miners.stop()
    end = await proxy.stop()
    total = miners.fleet.total()
    assert miners.fleet.violations == []
    assert miners.fleet.reconnects == 0
    assert total.pending == total.lost == 0
    assert [list(pool.pool.violations) for pool in pools] == [[] for _ in pools]

    accepted = sum(pool.accepted for pool in end.pools)
    rejected = sum(pool.rejected for pool in end.pools)
    lost = sum(pool.lost for pool in end.pools)
    assert [pool.pending for pool in end.pools] == [0] * len(end.pools)
    assert end.forwarded == accepted + rejected + lost
    assert end.accepted == total.accepted
    assert sum(end.rejected.values()) == total.rejected.total()

    yes = [share.hash for share in told_true(site, miners)]
    hashes = [each for pool in pools for each in pool.pool.hashes]
    assert len(set(yes)) == len(yes) == accepted
    assert set(yes) <= set(hashes)
    served = sum(pool.pool.total.accepted for pool in pools)
    if exact:
        assert served == accepted
        assert lost == 0
    else:
        assert accepted <= served <= accepted + lost
