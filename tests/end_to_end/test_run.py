"""`stratumproxy run` as a process, stopped while miners mine."""

import json

import pytest

from tests.end_to_end.process import configured, running


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_stop_under_load_is_in_good_order(site, tmp_path, processes):
    pool = await site.pool(clean_every=0)
    config = configured(pool, processes=processes)
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, 60)
        await miners.each(accepted=2)
        assert len(pool.pool.connections) == processes
        assert await proxy.stopped() == 0
    await miners.stop()

    log = [json.loads(line) for line in proxy.log]
    assert all({"event", "level", "timestamp"} <= set(entry) for entry in log)
    assert not [entry for entry in log if entry["level"] == "error"]
    [end] = [entry for entry in log if entry["event"] == "stopped"]
    assert end is log[-1]
    assert proxy.output == []

    total = miners.fleet.total()
    assert miners.fleet.violations == []
    assert list(pool.pool.violations) == []
    assert end["rejected"] == {}
    assert end["forwarded"] == pool.pool.total.submitted
    assert end["pool_accepted"] == pool.pool.total.accepted
    assert (end["pool_rejected"], end["pending"], end["lost"]) == (0, 0, 0)
    # What was answered last may have been cut off on its way to the miner.
    assert total.accepted <= end["accepted"] <= total.accepted + total.lost
    site.check_no_false_true(miners, pool)


async def test_the_summary_for_people_is_one_line(site, tmp_path):
    pool = await site.pool(clean_every=0)
    config = configured(pool, processes=1)
    async with running(tmp_path / "farm.toml", config, "--log-format", "console") as proxy:
        miners = await site.miners(proxy, 20)
        await miners.each(accepted=1)
        assert await proxy.stopped() == 0
    await miners.stop()
    [summary] = proxy.output
    accepted = pool.pool.total.accepted
    assert f"{accepted} sent to pools ({accepted} accepted, 0 rejected, 0 lost)" in summary
    assert "Traceback" not in "".join(proxy.log)


async def test_processes_end_in_good_order_with_a_supervisor_that_is_killed(site, tmp_path):
    """Its standard input ends with the supervisor; what it still has to say is said to nobody."""
    pool = await site.pool(clean_every=0)
    config = configured(pool, processes=2)
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, 20)
        await miners.each(accepted=1)
        proxy.process.kill()
        await site.until(lambda: not pool.pool.connections)  # both processes are gone
    await miners.stop()
    assert "Traceback" not in "".join(proxy.log)
