"""Two mining processes whose records are kept in a ledger, and what is killed of them."""

import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from stratumproxy.errors import SinkError
from tests.chaos.books import Books
from tests.chaos.conftest import LONG, TELLING
from tests.chaos.memory import children
from tests.end_to_end.conftest import Miners, ServedPool, Site
from tests.end_to_end.process import Process, configured, running
from tests.waiting import PATIENCE, until

MINERS = 300 if LONG else 60


def command(process: int) -> list[str]:
    """What a process was started as."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


class Kept:
    """The proxy at work, its ledger, and its miners, each of which had a share accepted."""

    def __init__(self, proxy: Process, ledger: Path, miners: Miners) -> None:
        self.proxy = proxy
        self.ledger = ledger
        self.miners = miners

    def processes(self, role: str) -> list[int]:
        """The proxy's processes of that role, ``serve`` or ``control``."""
        return [each for each in children(self.proxy.process.pid) if role in command(each)]

    async def kill(self, role: str) -> None:
        """Kill one of a role, and wait for the next."""
        before = self.processes(role)
        os.kill(before[0], signal.SIGKILL)
        await until(lambda: len(set(self.processes(role)) - set(before)) == 1)

    async def keeps(self, condition: Callable[[Books], bool]) -> None:
        """Wait until something is true of the ledger."""

        def holds() -> bool:
            try:
                return condition(Books.read(self.ledger))
            except (sqlite3.OperationalError, SinkError):  # it is being made
                return False

        await until(holds)

    def accepted(self) -> int:
        """Shares of all miners."""
        return self.miners.fleet.total().accepted

    async def stop(self) -> None:
        """No more shares; once there is a control process to keep the last of them, stop it all."""
        await self.miners.stop()
        async with httpx.AsyncClient(timeout=PATIENCE) as http:
            await http.get(self.logged("dashboard")[0]["url"])
        assert await self.proxy.stopped() == 0

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The log's entries that begin so."""
        entries = [json.loads(line) for line in self.proxy.log]
        return [entry for entry in entries if entry["event"].startswith(event)]

    def end(self) -> dict[str, Any]:
        """The summary that the proxy ends with."""
        [end] = self.logged("stopped")
        return end

    def check(self, *pools: ServedPool) -> None:
        """The ledger has what everybody else counted, worker by worker, and no miner noticed."""
        books, end, total = Books.read(self.ledger), self.end(), self.miners.fleet.total()
        assert self.miners.fleet.violations == []
        assert self.miners.fleet.reconnects == 0
        assert books.gaps == []
        assert books.dropped == {}
        assert (total.pending, total.lost) == (0, 0)
        assert books.accepted == end["accepted"] == total.accepted
        assert books.rejected == sum(end["rejected"].values()) == total.rejected.total()
        counts = {miner.worker: miner.counts for miner in self.miners}
        # What was refused of a machine before anything of it was accepted is under no name.
        named = {name: counted for name, counted in books.workers.items() if name}
        assert {name: accepted for name, (accepted, _) in named.items()} == {
            name: count.accepted for name, count in counts.items()
        }
        assert all(refused <= counts[name].rejected.total() for name, (_, refused) in named.items())
        assert books.forwarded == end["forwarded"] == books.verdicts.total()
        assert books.credited == end["pool_accepted"] == books.verdicts["accepted"]
        assert books.pool_rejected == end["pool_rejected"] == books.verdicts["rejected"]
        assert books.lost + books.timed_out == end["lost"]
        # Of what was lost with its pool, some may have come there, and been accepted.
        submitted = sum(pool.pool.total.submitted for pool in pools)
        served = sum(pool.pool.total.accepted for pool in pools)
        lost = books.lost + books.timed_out
        assert books.forwarded - lost <= submitted <= books.forwarded
        assert books.credited <= served <= books.credited + lost


@asynccontextmanager
async def keeping(
    site: Site, folder: Path, *pools: ServedPool, pool: str = "", drain: int = 60
) -> AsyncIterator[Kept]:
    """All of it on pools, until the block ends; `pool` is TOML for each [[pool]]."""
    ledger = folder / "ledger"
    tables = f'[ledger]\npath = "{ledger}"\n[api]\nlisten = "127.0.0.1:0"'
    config = configured(*pools, processes=2, pool=pool, tables=tables, drain=drain)
    async with running(folder / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, MINERS, styles=TELLING)
        await miners.each(accepted=1)
        yield Kept(proxy, ledger, miners)
