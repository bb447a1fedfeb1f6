"""A proxy of two processes with customers on two pools, and who has what of them."""

import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import trio

from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.statement import Asked, parse_zone, tell
from stratumproxy.statement.period import parse_period
from stratumproxy.telemetry.records import ACCEPTED, LOST
from tests.chaos.conftest import TELLING
from tests.chaos.kept import command
from tests.chaos.memory import children
from tests.end_to_end.conftest import MINER_DIFFICULTY, POOL_DIFFICULTY, Miners, Site
from tests.end_to_end.credit import Claims, Counting, Kept, difficulty_of
from tests.end_to_end.process import Process, running
from tests.ports import KeptPort
from tests.waiting import PATIENCE, until

AN_HOUR = 3600.0


class Told(NamedTuple):
    """How many shares of a worker the ledger has, and how many it may have: one figure, unless a
    process was killed, or connections ended before all was answered.
    """

    worker: str
    least: int
    there: int
    most: int


async def empty(what: Callable[[], Collection[object]]) -> None:
    """Wait until nothing is left of what is missing."""
    try:
        await until(lambda: not what())
    except trio.TooSlowError:
        raise AssertionError(f"still missing: {what()}") from None


class Hosting:
    """All of it, and everything that was ever claimed.

    Args:
        site: where it is.
        folder: for the ledger, and the configuration.
        pools: by name.
        who: what a name at a pool stands for: an account, and a worker or "".
        asked: the miners' difficulty.
        wanted: the pools'.
        hashrate: of each miner, at most.
    """

    def __init__(
        self,
        site: Site,
        folder: Path,
        pools: Mapping[str, Counting],
        who: Mapping[str, tuple[str, str]],
        *,
        asked: float = MINER_DIFFICULTY,
        wanted: float = POOL_DIFFICULTY,
        hashrate: float = 20_000.0,
    ) -> None:
        self.claims = Claims()
        self.fleets: list[Miners] = []
        self.proxy: Process
        self._site = site
        self._pools = pools
        self._who = who
        self._asked = asked
        self._wanted = wanted
        self._hashrate = hashrate
        self._ledger = folder / "ledger"
        self._path = folder / "farm.toml"
        self._stack = AsyncExitStack()
        self._ports = [self._stack.enter_context(KeptPort()).number for _ in range(2)]
        self._doubtful: set[bytes] = set()
        """Shares that a process may not have told of when it was killed."""
        self._there: set[bytes] = set()
        """Shares that the ledger had once."""
        self._slack: Counter[str] = Counter()
        """Of each worker, how many shares were told `true` and may be in no record."""
        self._before = Counter[str](), Counter[str](), Counter[str]()
        """What was compared last, by worker: what miners were told, were not told, what is kept."""

    async def __aenter__(self) -> "Hosting":
        return self

    async def __aexit__(self, *error) -> None:
        await self._stack.aclose()

    def config(self, tenants: str) -> str:
        mined, api = self._ports
        pools = "".join(
            f"""
            [[pool]]
            name = "{name}"
            url = "stratum+tcp://127.0.0.1:{pool.port}"
            user = "host"
            backoff_min_seconds = 0.05
            backoff_max_seconds = 0.1
            """
            for name, pool in self._pools.items()
        )
        return f"""
        processes = 2
        unknown_workers = "refuse"
        [[listen]]
        address = "127.0.0.1:{mined}"
        {pools}
        {tenants}
        [difficulty]
        start = {self._asked}
        min = {self._asked}
        vardiff = false
        [ledger]
        path = "{self._ledger}"
        [api]
        listen = "127.0.0.1:{api}"
        """

    async def start(self, tenants: str) -> None:
        """Start the proxy."""
        process = running(self._path, self.config(tenants), "--log-format", "json")
        self.proxy = await self._stack.enter_async_context(process)

    async def stop(self) -> None:
        """Stop it."""
        assert await self.proxy.stopped() == 0

    def reload(self, tenants: str) -> None:
        """Have it read another configuration."""
        self._path.write_text(self.config(tenants))
        self.proxy.process.send_signal(signal.SIGHUP)

    async def mine(self, **miners: int) -> None:
        """Have so many machines of each prefix mine, until `settle`."""
        seed = len(self.claims.owners)
        self.fleets = [
            await self._site.miners(self.proxy, count, worker=name, seed=seed + at, styles=TELLING)
            for at, (name, count) in enumerate(miners.items())
        ]
        await self.more()

    async def more(self, accepted: int = 4) -> None:
        """Wait until each machine has so many shares more."""
        before = [fleet.accepted() for fleet in self.fleets]
        for fleet, since in zip(self.fleets, before, strict=True):
            await fleet.each(accepted=accepted, since=since)

    @property
    def reconnects(self) -> int:
        return sum(fleet.fleet.reconnects for fleet in self.fleets)

    async def counts(self, pool: str, account: str, workers: Collection[str] = ("",)) -> None:
        """Wait until a pool counts another share of an account, under the name of each worker."""
        counting = self._pools[pool]
        before = set(counting.names)

        def counted() -> set[str]:
            names = counting.names
            new = (self._who[name] for share, name in names.items() if share not in before)
            return {worker for whose, worker in new if whose == account}

        if counting.means_last:
            await until(counted)
        else:
            await until(lambda: counted() >= set(workers))

    async def kill(self) -> None:
        """Kill one of the processes that serve miners, and wait until its miners are back."""
        serving = {each for each in children(self.proxy.process.pid) if "serve" in command(each)}
        await self._keeps(self.at_pools().keys())
        process = min(serving)
        os.kill(process, signal.SIGKILL)
        await until(lambda: process not in children(self.proxy.process.pid))
        kept = self.kept().of_worker()
        for miner in (miner for fleet in self.fleets for miner in fleet):
            self._doubtful |= {share.hash for share in miner.shares} - self._there
            # A share that was sent on is told at once, the sum that it belongs to a little later.
            told = kept[miner.worker] - self._before[2][miner.worker]
            self._slack[miner.worker] = max(len(miner.shares) - told, 0)
        await until(lambda: self.reconnects)

    def at_pools(self) -> dict[bytes, tuple[str, str]]:
        """Pool and name of every share that a pool counted."""
        return {
            share: (pool, name)
            for pool, served in self._pools.items()
            for share, name in served.names.items()
        }

    async def _keeps(self, shares: Collection[bytes]) -> None:
        """Wait until the ledger has these."""
        self.claims.found(self.fleets)
        wanted = {self.claims.key(share) for share in shares}
        await empty(lambda: wanted - self.kept().shares.keys())
        self._there |= set(shares)

    def kept(self) -> Kept:
        """What the ledger has."""
        try:
            return Kept.read(self._ledger)
        except sqlite3.OperationalError:  # it is being made
            return Kept()

    async def keeps(self, tenant: str, workers: Collection[str]) -> None:
        """Wait until the ledger has shares of all these as a tenant's."""
        wanted = {(tenant, worker) for worker in workers}
        await until(lambda: self.kept().accepted.keys() >= wanted)

    async def rest(self) -> None:
        """Mine no more."""
        for fleet in self.fleets:
            await fleet.stop()
            assert fleet.fleet.violations == []

    async def settle(self) -> Kept:
        """Mine no more, and compare what everybody counted.

        After a kill the proxy has to be stopped before: what is still to come can't be known else.

        Returns:
            What the ledger has.
        """
        await self.rest()
        self.claims.count(self.fleets)
        at_pools = self.at_pools()
        assert len(at_pools) == sum(len(each.names) for each in self._pools.values())
        await self._keeps(at_pools.keys() - self._doubtful)
        await empty(lambda: [each for each in self._by_worker() if each.there < each.least])
        assert not [each for each in self._by_worker() if each.there > each.most]
        kept = self.kept()
        self._one_by_one(kept, at_pools)
        self._sums(kept)
        for pool in self._pools.values():
            pool.check()
        self._before = self.claims.accepted.copy(), self.claims.unheard.copy(), kept.of_worker()
        self._slack.clear()
        return kept

    def _by_worker(self) -> list[Told]:
        """What the ledger has of each worker since it was compared last."""
        accepted, unheard, kept = self._before
        now = self.kept().of_worker()
        told = {name: count - accepted[name] for name, count in self.claims.accepted.items()}
        more = {name: count - unheard[name] for name, count in self.claims.unheard.items()}
        return [
            Told(
                name,
                told[name] - self._slack[name],
                now[name] - kept[name],
                told[name] + more[name],
            )
            for name in told
        ]

    def _one_by_one(self, kept: Kept, at_pools: Mapping[bytes, tuple[str, str]]) -> None:
        """Each share is at the pool, under the account and the name, that it should be under."""
        keys = {self.claims.key(share): share for share in at_pools}
        for key, (_, pool, _, verdict) in kept.shares.items():
            assert verdict != ACCEPTED or at_pools[keys[key]][0] == pool
        for key, share in keys.items():
            pool, name = at_pools[share]
            account, worker = self._who[name]
            if worker and not self._pools[pool].means_last:
                assert self.claims.owners[share] == worker
            if key in kept.shares:
                sent = kept.shares[key]
                assert (sent.pool, sent.account) == (pool, account)
                assert sent.verdict in (ACCEPTED, LOST)
            else:
                assert share in self._doubtful
        for share in self.claims.true:
            assert share in at_pools or difficulty_of(share) < self._wanted * (1 + 1e-9)

    def _sums(self, kept: Kept) -> None:
        """Sums are of those shares, in the ledger and in each customer's statement."""
        ones = Counter(
            (sent.tenant, key.worker, sent.pool, sent.account)
            for key, sent in kept.shares.items()
            if sent.verdict == ACCEPTED
        )
        assert ones == +kept.credited
        later = time.time() + AN_HOUR  # a statement is of five minutes that are over
        period = parse_period("1d", "now", parse_zone("UTC"), later)
        reader = LedgerReader(str(self._ledger))
        for tenant in {tenant for tenant, _ in kept.accepted}:
            told = tell(reader, tenant, Asked(period, "worker"), later)
            assert told.total.accepted == kept.of_tenant(tenant)
            credited = Counter[tuple[str, str]]()
            for (whose, _, pool, account), count in ones.items():
                credited[pool, account] += count * (whose == tenant)
            for each in told.credits:
                assert each.audit.credited == credited[each.pool, each.account]
            assert told.total.credited == credited.total()
        reader.close()

    async def check_unnamed(self, **accounts: str) -> None:
        """The API says of each pool how many shares went as the account that have names.

        It says so once a second.
        """
        url = f"http://127.0.0.1:{self._ports[1]}/api/pools"
        wanted = {
            pool: [self._who[name] for name in self._pools[pool].names.values()].count(
                (account, "")
            )
            for pool, account in accounts.items()
            if not self._pools[pool].means_last
        }
        async with httpx.AsyncClient(timeout=60) as http:
            with trio.fail_after(PATIENCE):
                while True:
                    pools = (await http.get(url)).json()["pools"]
                    told = {each["name"]: each["unnamed"] for each in pools}
                    if all(told[pool] >= count for pool, count in wanted.items()):
                        break
                    await trio.sleep(0.1)
        for pool, count in wanted.items():
            assert told[pool] <= count + self._pools[pool].refused
