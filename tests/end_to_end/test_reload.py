"""SIGHUP while miners mine: other pools, other limits, and nobody is dropped."""

import json
import signal

import pytest

from tests.end_to_end.process import configured, running


@pytest.mark.parametrize("processes", [1, 2])
async def test_another_pool_without_a_miner_dropped(site, tmp_path, processes):
    first, second = await site.pool(clean_every=0), await site.pool(clean_every=0)
    configs = [configured(pool, processes=processes) for pool in (first, second)]
    path = tmp_path / "farm.toml"
    async with running(path, configs[0], "--log-format", "json") as proxy:
        miners = await site.miners(proxy, 30)
        await miners.each(accepted=2)
        path.write_text(configs[1])
        proxy.process.send_signal(signal.SIGHUP)
        await site.until(lambda: second.pool.total.accepted > 20)
        await site.until(lambda: not first.pool.connections)
        await miners.each(accepted=2, since=miners.accepted())
        assert miners.fleet.reconnects == 0
        assert await proxy.stopped() == 0
    await miners.stop()
    assert miners.fleet.violations == []
    assert list(first.pool.violations) == list(second.pool.violations) == []
    end = json.loads(proxy.log[-1])
    assert end["event"] == "stopped"
    assert end["pool_accepted"] == first.pool.total.accepted + second.pool.total.accepted
    assert end["lost"] == end["pending"] == 0
    site.check_no_false_true(miners, first, second)
