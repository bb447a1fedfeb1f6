"""A pool, the proxy and miners on real sockets in one process, and who must have counted what.

The pool judges every share with the reference code, and the miners note whatever a server must
not do, so a run is right when nobody complained and all three counted the same.
"""

import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
import trio

from stratumproxy.config import Config, loads
from stratumproxy.net.server import serve
from stratumproxy.telemetry.snapshot import Snapshot
from stratumproxy.testing import (
    Fleet,
    MinedShare,
    PoolSettings,
    SimulatedMiner,
    SimulatedPool,
    run_fleet,
    serve_pool,
)
from tests.ports import KeptPort
from tests.waiting import PATIENCE, until

MINER_DIFFICULTY = 2e-7
POOL_DIFFICULTY = 5e-7
"""Some 860 and 2,150 hashes a share: two of five go upstream."""


class ServedPool:
    """A simulated pool that can be cut and come back, on the same address."""

    def __init__(
        self, nursery: trio.Nursery, settings: PoolSettings, seed: int, address: tuple[str, int]
    ) -> None:
        self._nursery = nursery
        self._scope = trio.CancelScope()
        self._gone = trio.Event()
        self.pool = SimulatedPool(settings, random.Random(seed))
        self.address = address

    async def open(self) -> None:
        """Serve it."""
        with trio.fail_after(PATIENCE):
            await self._nursery.start(self._serve)

    async def _serve(self, task_status: trio.TaskStatus[tuple[str, int]]) -> None:
        self._scope, self._gone = trio.CancelScope(), trio.Event()
        with self._scope:
            await serve_pool(self.pool, *self.address, task_status=task_status)
        self._gone.set()

    async def cut(self) -> None:
        """Cut all its connections, and take no more."""
        self._scope.cancel()
        with trio.fail_after(PATIENCE):
            await self._gone.wait()


class Proxy:
    """The proxy under test."""

    def __init__(self) -> None:
        self.address = "127.0.0.1", 0
        self.now: Snapshot | None = None
        """The newest snapshot, of the second before."""
        self.snapshots = 0
        """How many there were, one a second."""
        self._config: Config
        self._configure, self._configs = trio.open_memory_channel[Config](0)
        self._stop = trio.Event()
        self._ended = trio.Event()

    async def run(
        self, config: Config, *, task_status: trio.TaskStatus[list[tuple[str, int]]]
    ) -> None:
        self._config = config
        self.now = await serve(
            config,
            stop=self._stop,
            on_snapshot=self._remember,
            configs=self._configs,
            task_status=task_status,
        )
        self._ended.set()

    def _remember(self, snapshot: Snapshot) -> None:
        self.now = snapshot
        self.snapshots += 1

    async def limit(self, **limits: Any) -> None:
        """Go on with other limits."""
        changed = self._config.limits.model_copy(update=limits)
        self._config = self._config.model_copy(update={"limits": changed})
        await self._configure.send(self._config)

    async def stop(self) -> Snapshot:
        """Stop it; how things stood at the end."""
        self._stop.set()
        with trio.fail_after(PATIENCE):
            await self._ended.wait()
        assert self.now is not None
        return self.now

    async def next_snapshot(self, condition: Callable[[Snapshot], object]) -> Snapshot:
        """Wait for a snapshot, later than this call, of which something is true."""
        before = self.snapshots
        await until(lambda: self.snapshots > before and condition(self._newest()))
        return self._newest()

    def _newest(self) -> Snapshot:
        assert self.now is not None
        return self.now


class Miners:
    """A fleet at work."""

    def __init__(self) -> None:
        self.fleet: Fleet = Fleet([])
        self._stop = trio.Event()
        self._ended = trio.Event()

    async def run(
        self,
        address: tuple[str, int],
        count: int | Sequence[SimulatedMiner],
        *,
        task_status: trio.TaskStatus[Fleet],
        **options,
    ) -> None:
        await run_fleet(
            address, count, stop=self._stop, drain=PATIENCE, task_status=task_status, **options
        )
        self._ended.set()

    def __iter__(self) -> Iterator[SimulatedMiner]:
        return iter(self.fleet.miners)

    def shares(self) -> Iterator[MinedShare]:
        for miner in self:
            yield from miner.shares

    async def each(self, accepted: int, *, since: dict[SimulatedMiner, int] | None = None) -> None:
        """Wait until each of them has so many shares accepted (since then)."""
        since = since or {}
        await until(
            lambda: all(miner.counts.accepted - since.get(miner, 0) >= accepted for miner in self)
        )

    async def last_job(self, pool: ServedPool) -> None:
        """Have the pool make no more jobs, and wait until each of them has the last.

        For whoever counts drops: a miner that hangs up on what it has not read resets.
        """
        pool.pool.settings.job_interval = 0
        await self.newest_job(pool)

    async def newest_job(self, pool: ServedPool) -> None:
        """Wait until each of them mines on the newest job of a pool."""
        newest = pool.pool.job
        assert newest is not None
        await until(
            lambda: all(miner.job and miner.job.branches == newest.branches for miner in self)
        )

    def accepted(self) -> dict[SimulatedMiner, int]:
        return {miner: miner.counts.accepted for miner in self}

    async def stop(self) -> None:
        """Mine no more, wait for every answer, and hang up."""
        self._stop.set()
        with trio.fail_after(PATIENCE):
            await self._ended.wait()


class Site:
    """Where they all are."""

    def __init__(self, nursery: trio.Nursery, ports: ExitStack) -> None:
        self._nursery = nursery
        self._ports = ports
        self._pools = 0
        self.until = until
        self.pool_difficulty = POOL_DIFFICULTY

    async def pool(self, *, serve: bool = True, **settings: Any) -> ServedPool:
        """A pool; all its settings but the given ones are those of a plain one."""
        self._pools += 1
        plain = PoolSettings(difficulty=POOL_DIFFICULTY, job_interval=1, keep_hashes=1_000_000)
        address = self._ports.enter_context(KeptPort()).address
        served = ServedPool(self._nursery, replace(plain, **settings), self._pools, address)
        if serve:
            await served.open()
        return served

    async def proxy(self, *pools: ServedPool, pool: str = "", **tables: Any) -> Proxy:
        """A proxy on these pools.

        Args:
            pools: in order of preference.
            pool: TOML for each [[pool]], beyond what every test wants.
            tables: TOML for each table of that name; `top` is for the top.
        """
        text = tables.pop("top", "") + '\n[[listen]]\naddress = "127.0.0.1:0"\n'
        for number, each in enumerate(pools):
            text += f"""
            [[pool]]
            name = "pool-{number}"
            url = "stratum+tcp://{each.address[0]}:{each.address[1]}"
            user = "farm"
            backoff_min_seconds = 0.05
            backoff_max_seconds = 0.1
            {pool}
            """
        tables.setdefault(
            "difficulty", f"start = {MINER_DIFFICULTY}\nmin = {MINER_DIFFICULTY}\nvardiff = false"
        )
        for name, table in tables.items():
            text += f"[{name}]\n{table}\n"
        proxy = Proxy()
        with trio.fail_after(PATIENCE):
            [proxy.address] = await self._nursery.start(proxy.run, loads(text))
        return proxy

    async def miners(self, proxy: Any, count: int, **options: Any) -> Miners:
        """Miners of all styles, unless told otherwise."""
        miners = Miners()
        options = {"keep_shares": 100_000, **options}
        with trio.fail_after(PATIENCE):
            miners.fleet = await self._nursery.start(
                lambda task_status: miners.run(
                    proxy.address, count, task_status=task_status, **options
                )
            )
        return miners

    def check_counts(self, miners: Miners, end: Snapshot, *pools: ServedPool) -> None:
        """All sides counted the same, and the miners have nothing to say against the proxy."""
        total = miners.fleet.total()
        assert miners.fleet.violations == []
        assert total.pending == total.lost == 0
        assert end.accepted == total.accepted
        assert sum(end.rejected.values()) == total.rejected.total()
        assert end.work == pytest.approx(total.work)
        assert end.forwarded == sum(pool.pool.total.submitted for pool in pools)
        for told, served in zip(end.pools, pools, strict=True):
            assert list(served.pool.violations) == []
            assert told.accepted == served.pool.total.accepted
            assert told.rejected == served.pool.total.rejected.total()
            assert told.lost == told.pending == 0

    def check_no_false_true(self, miners: Miners, *pools: ServedPool) -> None:
        """No share that a pool wants was answered `true` unless a pool accepted it.

        Enough where connections were cut: then a pool may have accepted more than it could tell.
        """
        accepted = {each for pool in pools for each in pool.pool.hashes}
        for miner in miners:
            if miner.style.submit_id is None or not miner.counts.rejected:
                # Else all its shares have one id, and it can't tell which of them was rejected.
                assert all(
                    share.hash in accepted
                    for share in miner.shares
                    if share.verdict == "accepted" and share.meets(self.pool_difficulty)
                )

    def check_every_hash(self, miners: Miners, *pools: ServedPool) -> None:
        """What the pools accepted is what they had to, share by share.

        A share that was answered `true` is one that a pool accepted, or it is below that pool's
        difficulty; and nothing else was accepted by a pool.
        """
        accepted = [each for pool in pools for each in pool.pool.hashes]
        known: set[bytes] = set(accepted)
        upstream: set[bytes] = set()
        assert len(known) == len(accepted)
        for miner in miners:
            assert len(miner.shares) == miner.counts.submitted, "more shares than are kept"
            if miner.style.submit_id is not None and miner.counts.rejected:
                # All its shares have one id, so it can't tell which of them was rejected.
                upstream.update(share.hash for share in miner.shares if share.hash in known)
                continue
            upstream.update(
                share.hash
                for share in miner.shares
                if share.verdict == "accepted" and share.meets(self.pool_difficulty)
            )
        assert upstream == known


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    with ExitStack() as ports:
        async with trio.open_nursery() as nursery:
            yield Site(nursery, ports)
            nursery.cancel_scope.cancel()
