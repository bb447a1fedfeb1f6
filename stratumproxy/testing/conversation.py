"""A miner and a server talking, without an event loop."""

from typing import Protocol

from stratumproxy.testing.miner import SimulatedMiner


class Server(Protocol):
    """What a miner can talk to: a `PoolConnection`, or a sans-IO session of yours."""

    def receive(self, data: bytes, now: float) -> bytes:
        """Take bytes from the miner, give back those for it."""


def converse(
    miner: SimulatedMiner, server: Server, to_server: bytes = b"", *, now: float = 0.0
) -> list[str]:
    """Hand bytes to and fro until neither has more to say.

    >>> pool, miner = SimulatedPool(), SimulatedMiner()
    >>> connection = pool.connect()
    >>> transcript = converse(miner, connection, miner.connect())
    >>> transcript += converse(miner, connection, miner.mine(10_000))

    Args:
        miner: the one side.
        server: the other; what it queued meanwhile goes first.
        to_server: what the miner has said already.
        now: the time, for both.

    Returns:
        The lines, in order: ``>> `` to the server, ``<< `` to the miner.
    """
    transcript = [f">> {line}" for line in to_server.decode().splitlines()]
    while True:
        to_miner = server.receive(to_server, now)
        transcript += [f"<< {line}" for line in to_miner.decode().splitlines()]
        to_server = miner.receive(to_miner, now)
        transcript += [f">> {line}" for line in to_server.decode().splitlines()]
        if not to_miner and not to_server:
            return transcript
