"""The simulated pool and miner for asyncio: protocols, in asyncio's sense of the word.

They show, too, what any other event loop has to do: hand over what comes (`feed`, `receive`), and
send what there is (`take`) when told to (`on_output`) or when it is due (`next_due`).
"""

import asyncio
import time
from collections.abc import Callable
from typing import cast

from stratumproxy.testing.miner import SimulatedMiner
from stratumproxy.testing.pool import SimulatedPool


class PoolProtocol(asyncio.Protocol):
    """One client's connection to a simulated pool.

    >>> server = await loop.create_server(lambda: PoolProtocol(pool), "127.0.0.1", 0)

    What the pool is told meanwhile (`new_job`, `set_difficulty`, …) goes out at once.

    Args:
        pool: whose connection.
    """

    def __init__(self, pool: SimulatedPool) -> None:
        self._pool = pool
        self._transport: asyncio.WriteTransport
        self._later: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.WriteTransport", transport)
        self.connection = self._pool.connect()
        self.connection.on_output = self._flush

    def data_received(self, data: bytes) -> None:
        """It said something."""
        self.connection.feed(data, time.time())

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self.connection.close()
        if self._later is not None:
            self._later.cancel()

    def _flush(self) -> None:
        """Send what is due, and come back for what will be."""
        if data := self.connection.take(time.time()):
            self._transport.write(data)
        if self.connection.closed:
            self._transport.close()
        elif (due := self.connection.next_due) is not None:
            loop = asyncio.get_running_loop()
            self._later = loop.call_later(max(due - time.time(), 0.0), self._flush)


class MinerProtocol(asyncio.Protocol):
    """A simulated miner's connection to a server.

    >>> _, at = await loop.create_connection(lambda: MinerProtocol(miner), host, port)
    >>> await at.wait(lambda: miner.ready)
    >>> at.mine(10_000)
    >>> await at.wait(lambda: miner.counts.accepted > 0)

    Args:
        miner: whose connection. It hashes when `mine` is called, and only then.
    """

    def __init__(self, miner: SimulatedMiner) -> None:
        self._miner = miner
        self._transport: asyncio.WriteTransport
        self._news = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server is there."""
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(self._miner.connect())

    def data_received(self, data: bytes) -> None:
        """It said something."""
        self._transport.write(self._miner.receive(data, time.time()))
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._miner.disconnected()
        self._news.set()

    def mine(self, count: int) -> None:
        """Try so many hashes, and submit what is found."""
        self._transport.write(self._miner.mine(count, time.time()))

    async def wait(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds; it is looked at whenever the server said something."""
        while not condition():
            self._news.clear()
            await self._news.wait()
