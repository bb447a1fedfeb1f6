"""A stranger's test in asyncio: a simulated miner on a simulated pool, each behind a protocol."""

import asyncio

from stratumproxy.testing import PoolSettings, SimulatedMiner, SimulatedPool
from stratumproxy.testing.aio import MinerProtocol, PoolProtocol


async def main():
    pool, miner = SimulatedPool(PoolSettings(difficulty=1e-8)), SimulatedMiner("bitaxe", "farm.1")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: PoolProtocol(pool), "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    _, at = await loop.create_connection(lambda: MinerProtocol(miner), *address)
    await at.wait(lambda: miner.ready)
    pool.show_message("pushed, while nobody asks")
    await at.wait(lambda: miner.session.messages)
    at.mine(10_000)
    await at.wait(lambda: miner.counts.pending == 0)
    assert miner.counts.accepted == pool.total.accepted > 0
    assert miner.violations == pool.violations == []
    server.close()


asyncio.run(main())
