"""kill -9 of a mining process under load: the others go on, its miners are back on the next one."""

import os
import signal

import trio

from tests.chaos.conftest import LONG, site
from tests.chaos.memory import children, needs_children
from tests.end_to_end.process import configured, running
from tests.waiting import PATIENCE

__all__ = ["site"]

MINERS = 1000 if LONG else 200


class Refusals:
    """Connects again and again for as long as it is asked to."""

    def __init__(self) -> None:
        self.connected = 0
        self.refused = 0

    async def watch(self, address: tuple[str, int]) -> None:
        while True:
            try:
                stream = await trio.open_tcp_stream(*address)
            except OSError:
                self.refused += 1
            else:
                self.connected += 1
                await stream.aclose()
            await trio.sleep(0.01)


@needs_children
async def test_the_others_go_on_and_its_miners_come_back(site, tmp_path):
    pool = await site.pool(clean_every=0)
    config = configured(pool, processes=2)
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, MINERS)
        await miners.each(accepted=1)
        first, second = children(proxy.process.pid)
        refusals = Refusals()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(refusals.watch, proxy.address)
            killed = trio.current_time()
            os.kill(first, signal.SIGKILL)
            with trio.fail_after(PATIENCE):
                await site.until(lambda: miners.fleet.reconnects)
                await site.until(lambda: len(children(proxy.process.pid)) == 2)
                await site.until(lambda: pool.pool.connected > 2)
                back = trio.current_time() - killed
                await site.until(lambda: len(pool.pool.connections) == 2)
                await miners.fleet.wait_mining()
            took = trio.current_time() - killed
            nursery.cancel_scope.cancel()
        print(
            f"\nanother process is on the pool after {back:.1f} s, all {MINERS} miners mine after"
            f" {took:.1f} s; {refusals.connected} connects meanwhile, {refusals.refused} refused"
        )
        now = children(proxy.process.pid)
        assert second in now, "the other one was left alone"
        assert first not in now
        assert refusals.connected
        assert not refusals.refused
        again = [miner for miner in miners if miner.connects > 1]
        assert 0 < len(again) < MINERS, "only the miners of the one that was killed"
        await miners.each(accepted=1, since=miners.accepted())
        assert await proxy.stopped() == 0
    await miners.stop()
    assert miners.fleet.violations == []
    site.check_no_false_true(miners, pool)
