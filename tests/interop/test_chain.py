"""A proxy behind a proxy: what the one counts as its pool's, the other counts as its miners'."""

import pytest

from tests.interop.field import blocks_found, ended, field
from tests.interop.miners import MINERS
from tests.interop.parts import BTCD
from tests.interop.pools import Foundation

pytestmark = pytest.mark.interop(BTCD, *Foundation.parts)


@pytest.mark.parametrize("kind", MINERS)
async def test_counts_through_two_proxies(tmp_path, kind):
    async with field(tmp_path) as site:
        pool = await site.pool(Foundation)
        back = await site.proxy(pool.port)
        front = await site.proxy(back.address[1])
        miner = await site.miner(kind, front.address)
        await pool.counts(30)
        await site.chain.reaches(1)

        miner.pause()
        assert miner.disconnects == 0
        near = await ended(front)
        far = await ended(back)
        miner.go_on()
        await miner.has_heard(near)
        print(f"{kind}: {miner.accepted} accepted, {miner.rejected} rejected by the miner's count")
        print(f"front: {near}")
        print(f"back: {far}")
        print(f"pool: {pool.accepted} accepted")

        assert miner.accepted == near["accepted"] == near["pool_accepted"]
        assert near["pool_accepted"] == far["accepted"] == far["pool_accepted"]
        assert far["pool_accepted"] == pool.accepted
        assert miner.rejected == sum(near["rejected"].values())
        assert near["pool_rejected"] == sum(far["rejected"].values())
        # A block that came too late is one to the front, and only stale to the back.
        assert blocks_found(front) >= blocks_found(back) >= await site.chain.blocks()
        assert len(blocks_found(front) - blocks_found(back)) <= near["pool_rejected"]
