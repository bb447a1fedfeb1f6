"""TLS and PROXY headers between simulated miners and a simulated pool."""

from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import trio

from stratumproxy.errors import PoolError
from stratumproxy.net.proxy_header import parse_header
from stratumproxy.testing import PoolSettings, SimulatedMiner, SimulatedPool, run_miner, serve_pool
from stratumproxy.testing.link import Transport
from stratumproxy.testing.proxied import proxy_header
from tests.net.tls_files import AUTHORITY, OTHER, client_context, server_context
from tests.waiting import PATIENCE


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    "source", [("203.0.113.7", 1234), ("2001:db8::7", 65535)], ids=["IPv4", "IPv6"]
)
def test_headers_are_what_the_proxy_reads(version: int, source: tuple[str, int]) -> None:
    data = proxy_header(version, source, ("127.0.0.1", 3333))
    header = parse_header(data + b"{")
    assert header is not None
    assert (header.peer, header.size) == (source, len(data))


async def mine(
    nursery: trio.Nursery, transport: Transport, **serving: Any
) -> tuple[SimulatedPool, SimulatedMiner, list[str]]:
    """One share by this transport; and who the pool saw."""
    pool = SimulatedPool(PoolSettings(difficulty=1e-8))
    peers: list[str] = []
    pool.watchers.add(lambda: peers.extend(each.peer for each in pool.connections))
    address = await nursery.start(partial(serve_pool, pool, **serving))
    miner = SimulatedMiner("cgminer", strict=True)
    stop = trio.Event()
    miner.on_event = lambda event, facts: stop.set() if event == "share" else None
    with trio.fail_after(PATIENCE):
        await run_miner(miner, address, stop=stop, transport=transport, drain=PATIENCE)
    return pool, miner, peers


async def test_tls(nursery: trio.Nursery) -> None:
    tls = server_context(AUTHORITY.issue_cert("pool.test"))
    transport = Transport(client_context(), "pool.test")
    pool, miner, _ = await mine(nursery, transport, tls=tls)
    assert miner.counts.accepted == pool.total.accepted > 0


@pytest.mark.parametrize("version", [1, 2])
async def test_a_header_before_tls(nursery: trio.Nursery, version: int) -> None:
    tls = server_context(AUTHORITY.issue_cert("pool.test"))
    transport = Transport(client_context(), "pool.test", version, ("203.0.113.7", 1234))
    pool, _, peers = await mine(nursery, transport, tls=tls, behind_balancer=True)
    assert pool.total.accepted > 0
    assert "203.0.113.7:1234" in peers


async def test_a_server_that_is_not_trusted(nursery: trio.Nursery) -> None:
    pool = SimulatedPool()
    tls = server_context(OTHER.issue_cert("127.0.0.1"))
    address = await nursery.start(partial(serve_pool, pool, tls=tls))
    with pytest.raises(PoolError, match="certificate verify failed"):
        await run_miner(SimulatedMiner(), address, seconds=1, transport=Transport(client_context()))


async def test_no_header_where_one_is_expected(nursery: trio.Nursery) -> None:
    pool = SimulatedPool()
    address = await nursery.start(partial(serve_pool, pool, behind_balancer=True))
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(b'{"id":1,')
        with suppress(trio.BrokenResourceError):
            assert await stream.receive_some() == b""
