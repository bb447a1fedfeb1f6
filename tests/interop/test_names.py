"""Workers under their own names at real pools: each share counts for its worker, or the account.

The miners are simulated ones, so that there are several with names of their own.
"""

from collections import Counter

import pytest
import trio

from stratumproxy.testing import run_fleet
from tests.end_to_end.conftest import site
from tests.end_to_end.customers import WHO, through_all
from tests.end_to_end.hosting import Hosting
from tests.interop.field import ended, field
from tests.interop.parts import BTCD
from tests.interop.pools import DIFFICULTY, Ckpool, Foundation
from tests.waiting import until

__all__ = ["site"]

MINERS = 3
EACH = f"""
[[target]]
pools = [{{ pool = "pool", user = "acme", worker_names = "each" }}]
[difficulty]
start = {DIFFICULTY / 10}
min = {DIFFICULTY / 10}
vardiff = false
"""
NAMES = {f"acme.{number}" for number in range(MINERS)}


async def mine(folder, kind, enough):
    """Mine until the pool has counted enough by names.

    Returns:
        What it counted by name, what each miner was credited of the pool's difficulty, and the
        proxy's end.
    """
    async with field(folder) as site:
        pool = await site.pool(kind)
        proxy = await site.proxy(pool.port, EACH)
        async with trio.open_nursery() as nursery:
            stop = trio.Event()
            fleet = await nursery.start(
                lambda task_status: run_fleet(
                    proxy.address,
                    MINERS,
                    stop=stop,
                    styles=["antminer"],
                    hashrates=[1_000_000.0],
                    worker="acme",
                    keep_shares=100_000,
                    drain=60.0,
                    task_status=task_status,
                )
            )
            await until(lambda: enough(pool.by_name))
            stop.set()
        end = await ended(proxy)
        found = Counter(
            miner.worker
            for miner in fleet.miners
            for share in miner.shares
            if share.verdict == "accepted" and share.meets(DIFFICULTY)
        )
        print(f"{kind.__name__}: {pool.by_name}; miners: {found}; proxy: {end}")
        return pool.by_name, found, "\n".join(proxy.log)


@pytest.mark.interop(BTCD, *Ckpool.parts)
async def test_ckpool_has_a_session_for_each_name(tmp_path):
    counted, found, log = await mine(
        tmp_path, Ckpool, lambda names: min(names[name] for name in NAMES) >= 5
    )
    assert "this pool takes one name a session" in log
    assert counted.keys() - {"acme"} == NAMES
    assert counted.total() == found.total()
    assert all(counted[name] <= found[name] for name in NAMES)
    assert "mismatch" not in log.lower()


@pytest.mark.interop(BTCD, *Foundation.parts)
async def test_a_pool_that_counts_all_for_the_last_name_has_the_accounts_sum_right(tmp_path):
    """It says true to each name, and means the last: no message tells that from a pool that means
    each share's own.
    """
    counted, found, log = await mine(tmp_path, Foundation, lambda names: names.total() >= 30)
    assert "several names share a session at this pool" in log
    assert counted.keys() <= {"acme", *NAMES}
    assert counted.total() == found.total()


@pytest.mark.interop(BTCD, *Ckpool.parts, *Foundation.parts)
async def test_customers_through_all_on_ckpool_and_foundation(site, tmp_path):
    """What `end_to_end/test_credit.py` does with simulated pools."""
    async with field(tmp_path) as real:
        pools = {"main": await real.pool(Ckpool), "other": await real.pool(Foundation)}
        options = {"asked": DIFFICULTY / 10, "wanted": DIFFICULTY, "hashrate": 1_000_000.0}
        async with Hosting(site, tmp_path, pools, WHO, **options) as hosting:
            await through_all(hosting, pools["other"].kill, pools["other"].again)
            log = "\n".join(hosting.proxy.log)
            assert "mismatch" not in log.lower()
        print({name: pool.by_name for name, pool in pools.items()})
