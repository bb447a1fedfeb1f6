"""The server on real sockets: from the start to an end in good order."""

import gc
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
import trio
import trio.testing

from stratumproxy.config import loads
from stratumproxy.downstream.v1 import V1Miner
from stratumproxy.errors import StratumProxyError
from stratumproxy.net.connection import Connection
from stratumproxy.net.server import serve
from stratumproxy.telemetry.snapshot import Snapshot
from stratumproxy.testing import MinedShare, PoolSettings, SimulatedMiner, SimulatedPool, serve_pool
from tests.ports import KeptPort
from tests.waiting import until

MOMENT = 45
"""Seconds after which a test is taken to hang: fewer than `drain_seconds` may be."""

POOL_DIFFICULTY = 1e-7


def config(pool: tuple[str, int], *listen: str, **limits: float):
    return loads(
        "".join(f'[[listen]]\naddress = "{each}"\n' for each in listen or ("127.0.0.1:0",))
        + f"""
        [[pool]]
        name = "simulated"
        url = "stratum+tcp://{pool[0]}:{pool[1]}"
        user = "farm"
        reply_timeout_seconds = 60
        [difficulty]
        start = {POOL_DIFFICULTY}
        min = 1e-12
        vardiff = false
        [limits]
        """
        + "".join(f"{name} = {value}\n" for name, value in limits.items())
    )


class Miner:
    """One miner, which finds a share when a test says so."""

    def __init__(self, stream: trio.SocketStream, seed: int) -> None:
        self._stream = stream
        self.miner = SimulatedMiner("cgminer", f"farm.{seed}", seed=seed, strict=True)
        self.ended = False

    async def listen_until(self, condition: Callable[[], object]) -> None:
        with trio.fail_after(MOMENT):
            while not condition() and not self.ended:
                try:
                    data = await self._stream.receive_some()
                except trio.BrokenResourceError:
                    data = b""
                self.ended = not data
                if answer := self.miner.receive(bytes(data)):
                    await self._stream.send_all(answer)

    async def start(self) -> None:
        await self._stream.send_all(self.miner.connect())
        await self.listen_until(lambda: self.miner.ready)

    async def submit(self) -> MinedShare:
        """Send a share that the pool wants."""
        share = self.miner.find(1 << 24, difficulty=POOL_DIFFICULTY)
        assert share is not None
        await self._stream.send_all(self.miner.submit(share))
        return share


class Site:
    """A pool and a server on it."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.pool = SimulatedPool(
            PoolSettings(difficulty=POOL_DIFFICULTY, job_interval=0), random.Random(1)
        )
        self.miners = 0
        self.stop = trio.Event()
        self.snapshots: list[Snapshot] = []
        self.result: Snapshot | None = None
        self.ended = trio.Event()
        self.addresses: list[tuple[str, int]] = []

    async def start(self, *listen: str, **limits: float) -> None:
        with trio.fail_after(MOMENT):
            address = await self.nursery.start(serve_pool, self.pool)
            self.addresses = await self.nursery.start(
                self._serve, config(address, *listen, **limits)
            )

    async def _serve(self, config, *, task_status) -> None:
        self.result = await serve(
            config, stop=self.stop, on_snapshot=self.snapshots.append, task_status=task_status
        )
        self.ended.set()

    @asynccontextmanager
    async def miner(self, at: int = 0) -> AsyncIterator[Miner]:
        with trio.fail_after(MOMENT):
            stream = await trio.open_tcp_stream(*self.addresses[at])
        async with stream:
            self.miners += 1
            miner = Miner(stream, self.miners)
            await miner.start()
            yield miner

    async def stopped(self) -> Snapshot:
        """Stop it; how things stood at the end."""
        self.stop.set()
        with trio.fail_after(MOMENT):
            await self.ended.wait()
        assert self.result is not None
        return self.result


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with trio.open_nursery() as nursery:
        yield Site(nursery)
        nursery.cancel_scope.cancel()


# -- the start -----------------------------------------------------------------------------------


async def test_a_miner_mines_through_it(site):
    await site.start()
    async with site.miner() as miner:
        share = await miner.submit()
        await miner.listen_until(lambda: share.verdict != "submitted")
        assert share.verdict == "accepted"
        assert list(site.pool.hashes) == [share.hash]
    assert list(site.pool.violations) == []


async def test_every_listener_is_served(site):
    await site.start("127.0.0.1:0", "[::1]:0", ":0")
    assert [host for host, _ in site.addresses] == ["127.0.0.1", "::1", "::"]
    for at in range(3):
        async with site.miner(at) as miner:
            assert miner.miner.ready
    _, port = site.addresses[2]
    for host in ("127.0.0.1", "::1"):
        site.addresses[2] = host, port
        async with site.miner(2) as miner:
            assert miner.miner.ready


async def test_a_port_that_is_taken(descriptors):
    before = descriptors()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StratumProxyError, match=f"can't listen on {address}: .* in use"):
            await serve(config(("127.0.0.1", 1), address))
    assert descriptors() == before


async def test_listeners_may_be_given(site, nursery):
    """As a process gets them from its supervisor: they are told, served and closed."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    pool = await nursery.start(serve_pool, site.pool)
    stop = trio.Event()

    async def run(task_status) -> None:
        await serve(config(pool), listeners=[listener], stop=stop, task_status=task_status)
        site.ended.set()

    site.addresses = await nursery.start(run)
    assert site.addresses == [listener.getsockname()]
    async with site.miner():
        pass
    stop.set()
    await site.ended.wait()
    assert listener.fileno() == -1


# -- the end -------------------------------------------------------------------------------------


async def test_a_stop_with_nothing_due_waits_for_nothing(site):
    await site.start(drain_seconds=60)
    async with site.miner() as miner:
        share = await miner.submit()
        await miner.listen_until(lambda: share.verdict == "accepted")
        await site.stopped()
        await miner.listen_until(lambda: False)
        assert miner.ended
    assert site.result.accepted == site.result.pools[0].accepted == 1
    assert site.result.connected == 0


async def test_a_stop_waits_for_verdicts_that_are_due(site):
    await site.start(drain_seconds=60)
    site.pool.settings.reply_delay = 0.3
    async with site.miner() as miner:
        shares = [await miner.submit() for _ in range(3)]
        await until(lambda: site.pool.total.accepted == 3)
        assert {share.verdict for share in shares} == {"submitted"}
        result = await site.stopped()
        await miner.listen_until(lambda: False)
        assert {share.verdict for share in shares} == {"accepted"}
    assert result.forwarded == result.accepted == result.pools[0].accepted == 3
    assert result.pools[0].pending == 0


async def test_a_stop_goes_without_verdicts_that_never_come(site):
    await site.start(drain_seconds=0.2)
    site.pool.settings.drop_every = 1
    async with site.miner() as miner:
        await miner.submit()
        await until(lambda: site.pool.total.accepted == 1)
        result = await site.stopped()
    assert (result.forwarded, result.accepted) == (1, 0)
    assert result.pools[0].pending + result.pools[0].lost == 1


async def test_miners_that_go_on_do_not_keep_a_stop_waiting(site):
    """Shares come faster than verdicts: what is due gets its verdict, and no more is taken."""
    await site.start(drain_seconds=60)
    site.pool.settings.reply_delay = 0.3
    async with site.miner() as miner, trio.open_nursery() as nursery:

        async def go_on() -> None:
            with suppress(trio.BrokenResourceError):
                while True:
                    await miner.submit()

        nursery.start_soon(go_on)
        await until(lambda: site.pool.total.accepted > 20)
        result = await site.stopped()
        nursery.cancel_scope.cancel()
    assert result.forwarded == result.accepted == result.pools[0].accepted > 20


async def test_nobody_is_taken_in_after_the_stop(site):
    await site.start(drain_seconds=60)
    async with site.miner() as miner:
        site.pool.settings.reply_delay = 3600
        await miner.submit()
        await until(lambda: site.pool.total.accepted == 1)
        site.stop.set()
        await trio.testing.wait_all_tasks_blocked()
        assert not site.ended.is_set()
        with pytest.raises(OSError, match="failed"):
            await trio.open_tcp_stream(*site.addresses[0])
        for connection in site.pool.connections:
            connection.hurry()
        await site.stopped()


async def test_a_miner_that_comes_in_at_the_very_stop(descriptors):
    """The listener is ready and closed in one turn of the loop, whichever task has it first."""
    before = descriptors()
    for _ in range(10):
        async with trio.open_nursery() as nursery:
            site = Site(nursery)
            await site.start()
            miner = socket.create_connection(site.addresses[0])
            await site.stopped()
            miner.close()
            nursery.cancel_scope.cancel()
    assert descriptors() == before


@pytest.mark.parametrize("how", ["stop", "cancel"])
async def test_it_leaves_nothing_behind(how, descriptors):
    tasks = trio.lowlevel.current_statistics().tasks_living
    before = descriptors()
    async with trio.open_nursery() as nursery:
        site = Site(nursery)
        await site.start("127.0.0.1:0", "[::1]:0")
        async with site.miner() as first, site.miner(1) as second:
            await first.submit()
            await second.submit()
            if how == "stop":
                await site.stopped()
            nursery.cancel_scope.cancel()
    assert descriptors() == before
    assert trio.lowlevel.current_statistics().tasks_living == tasks


async def test_miners_that_are_gone_are_gone_without_the_garbage_collector(site):
    """A process hardly runs it: it would walk over thousands of miners again and again."""
    await site.start(resume_seconds=0)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            async with site.miner() as miner:
                share = await miner.submit()
                await miner.listen_until(lambda share=share: share.verdict == "accepted")
        count = len(site.snapshots)
        await until(lambda: len(site.snapshots) > count and not site.snapshots[-1].connected)
        left = [each for each in gc.get_objects() if isinstance(each, Connection | V1Miner)]
        # What was the newest may still be in the hands of a loop that waits for the next.
        assert len(left) <= 2
    finally:
        gc.enable()


# -- what it tells -------------------------------------------------------------------------------


async def test_a_snapshot_a_second_tells_how_things_stand(site):
    await site.start()
    async with site.miner() as miner:
        share = await miner.submit()
        await miner.listen_until(lambda: share.verdict == "accepted")
        await until(lambda: site.snapshots and site.snapshots[-1].accepted)
        snapshot = site.snapshots[-1]
        assert (snapshot.connected, snapshot.mining) == (1, 1)
        assert (snapshot.forwarded, snapshot.rejected, snapshot.jobs) == (1, {}, 1)
        assert snapshot.work == pytest.approx(POOL_DIFFICULTY)
        [pool] = snapshot.pools
        assert (pool.name, pool.state, pool.sessions, pool.miners) == ("simulated", "ready", 1, 1)
        assert (pool.accepted, pool.rejected, pool.pending, pool.lost) == (1, 0, 0, 0)
        assert (pool.difficulty, pool.extranonce2_size) == (POOL_DIFFICULTY, 8)


async def test_a_pool_that_is_not_there_is_said_to_be_waited_for(nursery):
    snapshots: list[Snapshot] = []
    with KeptPort() as nobody:
        await nursery.start(
            lambda task_status: serve(
                config(nobody.address), on_snapshot=snapshots.append, task_status=task_status
            )
        )
        await until(lambda: snapshots and snapshots[-1].pools[0].state == "waiting")
    host, port = nobody.address
    assert snapshots[-1].pools[0].detail == f"can't connect to {host}:{port}: Connection refused"
