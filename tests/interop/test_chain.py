"""A proxy behind a proxy: what the one counts as its pool's, the other counts as its miners'."""

import pytest

from tests.interop.field import blocks_found, ended, field
from tests.interop.miners import MINERS
from tests.interop.parts import BTCD
from tests.interop.pools import Foundation
from tests.waiting import until

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
        await until(lambda: miner.accepted >= near["accepted"])

        assert miner.accepted == near["accepted"] == near["pool_accepted"]
        assert near["pool_accepted"] == far["accepted"] == far["pool_accepted"]
        assert far["pool_accepted"] == pool.accepted
        assert miner.rejected == sum(near["rejected"].values())
        assert near["pool_rejected"] == sum(far["rejected"].values())
        assert near["blocks"] == far["blocks"]
        assert blocks_found(front) == blocks_found(back) >= await site.chain.blocks()
