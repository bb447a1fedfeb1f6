"""From a real miner through the proxy and a real pool to a real node, and what each counted."""

import pytest

from tests.interop.field import blocks_found, ended, field
from tests.interop.miners import MINERS
from tests.interop.parts import BTCD
from tests.interop.pools import Ckpool, Foundation
from tests.waiting import until

pytestmark = pytest.mark.interop(BTCD)
KINDS = (Foundation, Ckpool)
POOLS = [pytest.param(kind, marks=pytest.mark.interop(*kind.parts)) for kind in KINDS]


@pytest.mark.parametrize("kind", MINERS)
@pytest.mark.parametrize("pool_kind", POOLS)
async def test_blocks_and_counts_through_a_restart_of_the_pool(tmp_path, pool_kind, kind):
    async with field(tmp_path) as site:
        pool = await site.pool(pool_kind)
        proxy = await site.proxy(pool.port)
        miner = await site.miner(kind, proxy.address)
        await pool.counts(20)
        await site.chain.reaches(int(pool.gives_blocks))

        await pool.kill()
        await until(lambda: any("pool session lost" in line for line in proxy.log))
        await miner.is_rejected(2)
        height = max(await site.chain.heights())
        await pool.again()
        await pool.counts(20)
        await site.chain.reaches(height + int(pool.gives_blocks))

        miner.pause()
        assert miner.disconnects == 0
        end = await ended(proxy)
        miner.go_on()
        await miner.has_heard(end)

        assert miner.accepted == end["accepted"] == end["pool_accepted"]
        assert miner.rejected == sum(end["rejected"].values())
        assert end["forwarded"] == end["pool_accepted"] + end["pool_rejected"] + end["lost"]
        assert end["pending"] == 0
        # What the killed pool took and could not tell is lost, and counted as lost.
        untold = pool.accepted - end["pool_accepted"]
        assert 0 <= untold <= end["lost"] == end["rejected"].get("lost", 0)

        chain = await site.chain.blocks()
        assert end["blocks"] == len(blocks_found(proxy))
        assert blocks_found(proxy) >= chain
        assert len(chain) >= pool.blocks >= int(pool.gives_blocks)
        print(f"{kind}: {miner.accepted} accepted, {miner.rejected} rejected by the miner's count")
        print(f"proxy: {end}")
        print(f"pool: {pool.accepted} accepted, {pool.blocks} blocks; nodes: {len(chain)} blocks")
