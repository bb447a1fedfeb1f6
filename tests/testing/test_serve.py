"""A simulated pool on a real socket."""

import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import orjson
import pytest
import trio
import trio.testing

from stratumproxy.testing import PoolSettings, SimulatedPool, serve_pool, wait_until
from tests.ports import KeptPort
from tests.waiting import PATIENCE

HELLO = (
    b'{"id":1,"method":"mining.subscribe","params":[]}\n'
    b'{"id":2,"method":"mining.authorize","params":["w","x"]}\n'
)


class Client:
    """Lines from a socket."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._buffer = b""

    async def line(self) -> dict[str, object]:
        while b"\n" not in self._buffer:
            data = await self.stream.receive_some()
            if not data:
                raise EOFError
            self._buffer += bytes(data)
        line, self._buffer = self._buffer.split(b"\n", 1)
        message: dict[str, object] = orjson.loads(line)
        return message

    async def methods(self, count: int) -> list[object]:
        return [(await self.line()).get("method") for _ in range(count)]


Connect = Callable[[tuple[str, int]], Awaitable[Client]]


@pytest.fixture
async def plain() -> AsyncIterator[Connect]:
    """Connects."""
    async with AsyncExitStack() as stack:

        async def connect(address: tuple[str, int]) -> Client:
            return Client(await stack.enter_async_context(await trio.open_tcp_stream(*address)))

        with trio.fail_after(PATIENCE):
            yield connect


@pytest.fixture
async def connect(plain: Connect) -> Connect:
    """Connects, subscribes, authorizes, and reads up to the first job."""

    async def connect(address: tuple[str, int]) -> Client:
        client = await plain(address)
        await client.stream.send_all(HELLO)
        assert await client.methods(4) == [None, None, "mining.set_difficulty", "mining.notify"]
        return client

    return connect


@pytest.fixture
def pool() -> SimulatedPool:
    return SimulatedPool(PoolSettings(job_interval=0))


async def test_what_is_pushed_arrives(
    pool: SimulatedPool, connect: Connect, nursery: trio.Nursery
) -> None:
    address = await nursery.start(serve_pool, pool)
    one, other = await connect(address), await connect(address)
    pool.set_difficulty(0.5)
    pool.new_job(1_700_000_000)
    for client in one, other:
        assert await client.methods(2) == ["mining.set_difficulty", "mining.notify"]
    await one.stream.aclose()
    await other.stream.send_all(b'{"id":3,"method":"mining.ping","params":[]}\n')
    assert (await other.line())["result"] == "pong"


async def test_restart_cuts_all_connections(
    pool: SimulatedPool, plain: Connect, connect: Connect, nursery: trio.Nursery
) -> None:
    address = await nursery.start(serve_pool, pool)
    client = await connect(address)
    pool.restart(PoolSettings(extranonce2_size=3, job_interval=0))
    with pytest.raises(EOFError):
        await client.line()
    again = await plain(address)
    await again.stream.send_all(HELLO)
    subscribed = await again.line()
    assert subscribed["result"][2] == 3  # type: ignore[index]


async def test_stopped_and_served_again_on_the_same_port(
    pool: SimulatedPool, connect: Connect
) -> None:
    with KeptPort() as kept:
        async with trio.open_nursery() as first:
            assert await first.start(serve_pool, pool, *kept.address) == kept.address
            client = await connect(kept.address)
            first.cancel_scope.cancel()
        with pytest.raises((EOFError, trio.BrokenResourceError)):
            await client.line()
        assert pool.connections == []
        with pytest.raises(OSError, match=r"all attempts|refused"):
            await trio.open_tcp_stream(*kept.address)
        async with trio.open_nursery() as second:
            assert await second.start(serve_pool, pool, *kept.address) == kept.address
            await connect(kept.address)
            second.cancel_scope.cancel()


async def test_an_address_that_is_taken(pool: SimulatedPool, nursery: trio.Nursery) -> None:
    host, port = await nursery.start(serve_pool, pool)
    with pytest.raises(OSError, match=r"[Aa]ddress already in use"):
        await serve_pool(pool, host, port)


async def test_delayed_replies(connect: Connect, nursery: trio.Nursery) -> None:
    pool = SimulatedPool(PoolSettings(job_interval=0, reply_delay=0.01))
    await connect(await nursery.start(serve_pool, pool))


async def test_a_client_that_resets_harms_nobody(
    pool: SimulatedPool, connect: Connect, nursery: trio.Nursery
) -> None:
    address = await nursery.start(serve_pool, pool)
    client, rude = await connect(address), await connect(address)
    rude.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    rude.stream.socket.close()
    pool.new_job(1_700_000_000)
    assert await client.methods(1) == ["mining.notify"]
    await wait_until(pool, lambda: len(pool.connections) == 1)


async def test_no_stratum_is_hung_up_on(
    pool: SimulatedPool, plain: Connect, nursery: trio.Nursery
) -> None:
    client = await plain(await nursery.start(serve_pool, pool))
    await client.stream.send_all(b"GET / HTTP/1.1\r\n")
    with pytest.raises(EOFError):
        await client.line()
    assert len(pool.violations) == 1


@pytest.mark.parametrize(("interval", "jobs"), [(30.0, 3), (1.0, 99), (0.0, 0)])
async def test_job_interval(
    autojump_clock: trio.testing.MockClock, interval: float, jobs: int
) -> None:
    pool = SimulatedPool(PoolSettings(job_interval=interval))
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_pool, pool)
        await trio.sleep(99.5)
        nursery.cancel_scope.cancel()
    assert pool.jobs == jobs


async def test_ntime_goes_with_the_clock(autojump_clock: trio.testing.MockClock) -> None:
    pool = SimulatedPool(PoolSettings(job_interval=0))
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_pool, pool)
        pool.settings.job_interval = 500.0
        await trio.sleep(1.5)  # it looks again after a second
        pool.settings.job_interval = 50.0
        await trio.sleep(520)
        nursery.cancel_scope.cancel()
    assert pool.jobs == 2
