"""From a real miner through the proxy and a real pool to a real node, and what each counted."""

import pytest

from tests.interop.field import blocks_found, ended, field
from tests.interop.miners import MINERS
from tests.interop.parts import BTCD, FOUNDATION, NODE
from tests.waiting import until

pytestmark = pytest.mark.interop(BTCD, FOUNDATION, NODE)


@pytest.mark.parametrize("kind", MINERS)
async def test_blocks_and_counts_through_a_restart_of_the_pool(tmp_path, kind):
    async with field(tmp_path) as site:
        pool = await site.pool()
        proxy = await site.proxy(pool.port)
        miner = await site.miner(kind, proxy.address)
        await pool.counts(20)
        await site.chain.reaches(1)

        await pool.stop()
        await until(lambda: any("pool session lost" in line for line in proxy.log))
        await miner.is_rejected(2)
        height = max(await site.chain.heights())
        await pool.again()
        await pool.counts(20)
        await site.chain.reaches(height + 1)

        await pool.be_still()
        await miner.is_still()
        assert miner.disconnects == 0
        end = await ended(proxy)
        await until(lambda: miner.accepted >= end["accepted"])

        assert miner.accepted == end["accepted"] == end["pool_accepted"]
        assert miner.rejected == sum(end["rejected"].values())
        assert end["forwarded"] == end["pool_accepted"] + end["pool_rejected"] + end["lost"]
        assert end["pending"] == 0
        # What the killed pool took and could not tell is lost, and counted as lost.
        untold = pool.shares["accepted"] - end["pool_accepted"]
        assert 0 <= untold <= end["lost"] == end["rejected"].get("lost", 0)

        chain = await site.chain.blocks()
        assert end["blocks"] == len(blocks_found(proxy))
        assert blocks_found(proxy) >= chain >= set(pool.blocks)
        print(f"{kind}: {miner.accepted} accepted, {miner.rejected} rejected by the miner's count")
        print(f"proxy: {end}")
        print(f"pool: {dict(pool.shares)}, {len(pool.blocks)} blocks; nodes: {len(chain)}")
