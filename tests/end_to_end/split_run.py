"""A split over sockets: 100 machines on two processes and simulated pools, and what may happen.

``python -m tests.end_to_end.split_run`` takes 17 minutes and tells how it went; its figures are in
docs/split.md. Another 100 machines mine for a tenant without a split in the same run. With ``lie``
at the end it is about a machine that lies, which takes as long.
"""

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import trio

from stratumproxy.testing import SimulatedMiner
from tests.chaos.kept import command
from tests.chaos.memory import children
from tests.end_to_end.conftest import MINER_DIFFICULTY, POOL_DIFFICULTY, Miners, Site
from tests.end_to_end.process import Process, running
from tests.ports import KeptPort

MACHINES = 100
JOB, BLOCK = 5, 60
"""Seconds from job to job, and from block to block."""

TOKEN = "a token that is long enough for anybody"


class Liar(SimulatedMiner):
    """Sends no share that a pool wants."""

    def mine(self, count: int, now: float = 0.0) -> bytes:
        found, end = [], self.hashes + count
        while self.ready and self.hashes < end:
            share = self.find(end - self.hashes, now)
            if share is not None and not share.meets(POOL_DIFFICULTY):
                found.append(self.submit(share))
        return b"".join(found)


class Run:
    """All of it."""

    def __init__(self, site: Site, folder: Path, ports: ExitStack) -> None:
        self.site, self.folder = site, folder
        self.address, self.api = (ports.enter_context(KeptPort()).address for _ in range(2))
        self.began = time.monotonic()
        self.miners = Miners()

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:6.0f} s  {what}", flush=True)

    async def prepare(self) -> None:
        self.pools = {name: await self.site.pool(job_interval=0) for name in ("a", "b", "c")}
        (self.folder / "token").write_text(TOKEN)
        (self.folder / "token").chmod(0o600)
        tables = "".join(
            f'[[pool]]\nname = "{name}"\nurl = "stratum+tcp://{host}:{port}"\nuser = "farm"\n'
            "backoff_min_seconds = 0.2\nbackoff_max_seconds = 1\n"
            for name, (host, port) in ((name, each.address) for name, each in self.pools.items())
        )
        self.config = f"""
processes = 2
[[listen]]
address = "{self.address[0]}:{self.address[1]}"
{tables}
[difficulty]
start = {MINER_DIFFICULTY}
min = {MINER_DIFFICULTY}
vardiff = false
[api]
listen = "{self.api[0]}:{self.api[1]}"
token_file = "{self.folder / "token"}"
[ledger]
path = "{self.folder / "ledger"}"
[[tenant]]
name = "acme"
workers = ["acme.*"]
[[tenant.target]]
name = "a"
weight = 70
pools = [{{ pool = "a", user = "acme" }}]
[[tenant.target]]
name = "b"
weight = 30
pools = [{{ pool = "b", user = "acme" }}]
[[tenant]]
name = "mole"
workers = ["mole.*"]
[[tenant.target]]
pools = [{{ pool = "c", user = "mole" }}]
"""

    async def blocks(self) -> None:
        """Jobs of all pools, as a network has blocks: at the same time."""
        passed = 0
        while True:
            await trio.sleep(JOB)
            passed += JOB
            for each in self.pools.values():
                if each.pool.job is not None:
                    each.pool.new_job(each.pool.job.ntime + 1, clean=passed % BLOCK == 0)

    async def ask(self, path: str, given: Any = None) -> Any:
        async with httpx.AsyncClient(timeout=20) as client:
            url = f"http://127.0.0.1:{self.api[1]}{path}"
            headers = {"Authorization": f"Bearer {TOKEN}"}
            if given is None:
                answer = await client.get(url, headers=headers)
            else:
                answer = await client.post(url, headers=headers, json=given)
            answer.raise_for_status()
            return answer.json()

    async def debts(self) -> dict[str, float]:
        """In seconds of the farm."""
        while True:
            try:
                rows = (await self.ask("/api/splits"))["splits"]
            except httpx.HTTPError:
                rows = []
            if rows:
                self.rows = rows
                return {each["target"]: round(each["debt_seconds"], 1) for each in rows}
            await trio.sleep(0.5)

    async def passes(self, seconds: float, what: str) -> None:
        """Time, and the largest debt in it."""
        worst, end = 0.0, trio.current_time() + seconds
        first = await self.debts()
        while trio.current_time() < end:
            await trio.sleep(2)
            worst = max(worst, *map(abs, (await self.debts()).values()))
        parts = {each["target"]: round(each["delivered_part"] or 0, 4) for each in self.rows}
        reach = round(self.rows[0]["reach_seconds"], 1)
        miners = {each["target"]: each["miners"] for each in self.rows}
        self.say(
            f"{what}: debts {first} at first, {worst:.1f} at most, {await self.debts()} after "
            f"{seconds:.0f} s; delivered since the account began {parts}; reach {reach}; {miners}"
        )

    def counts(self) -> None:
        """By the pools' own counts, and what miners had refused."""
        work = {name: each.pool.total.work for name, each in self.pools.items()}
        accepted = {name: each.pool.total.accepted for name, each in self.pools.items()}
        refused = {name: dict(each.pool.total.rejected) for name, each in self.pools.items()}
        both = work["a"] + work["b"]
        chance = (0.3 * 0.7 / max(accepted["a"] + accepted["b"], 1)) ** 0.5
        self.say(
            f"pools' own counts: b has {100 * work['b'] / both:.2f} % of acme's work, chance alone "
            f"moves that by {100 * chance:.2f} (one sigma); accepted {accepted}, refused {refused}"
        )
        for tenant in ("acme", "mole"):
            mine = [each for each in self.miners if each.worker.startswith(tenant)]
            rejected: Counter[str] = sum((each.counts.rejected for each in mine), Counter())
            total = sum(each.counts.accepted for each in mine)
            lost = sum(each.counts.lost for each in mine)
            part = 100 * rejected.total() / max(total + rejected.total(), 1)
            self.say(
                f"miners of {tenant}: {total} accepted, {part:.3f} % rejected {dict(rejected)}, "
                f"{lost} lost, {sum(each.connects - 1 for each in mine)} reconnects, "
                f"{sum(len(each.violations) for each in mine)} violations"
            )

    def log(self, proxy: Process, *words: str) -> None:
        for line in proxy.log:
            if any(word in line for word in words):
                self.say(f"log: {line[:300]}")

    async def mine(self, nursery: trio.Nursery, fleet: list[SimulatedMiner]) -> None:
        rates = [random.Random(number).uniform(95, 200) * 4 for number in range(len(fleet))]
        self.miners.fleet = await nursery.start(
            lambda task_status: self.miners.run(
                self.address, fleet, hashrates=rates, cpu=0.6, task_status=task_status
            )
        )

    async def lie(self, nursery: trio.Nursery) -> None:
        """One of 20 machines withholds what pools want, until it has no say any more."""
        await self.prepare()
        nursery.start_soon(self.blocks)
        liar = Liar("cgminer", "acme.liar", "x", seed=999)
        fleet = [SimulatedMiner("cgminer", f"acme.{each}", "x", seed=each) for each in range(19)]
        path = self.folder / "farm.toml"
        async with running(path, self.config, "--log-format", "json") as proxy:
            await self.mine(nursery, [*fleet, liar])
            for _ in range(4):
                await self.passes(230, "one machine lies")
            while not any("have no say" in line for line in proxy.log):  # noqa: ASYNC110 it writes
                await trio.sleep(1)
            self.log(proxy, "have no say")
            await trio.sleep(30)  # until each process has looked at it
            before = await self.work(liar)
            await self.passes(60, "it has no say")
            total, of_liar, counted = (
                now - then for now, then in zip(await self.work(liar), before, strict=True)
            )
            self.say(
                f"of the work that counted meanwhile {100 * of_liar / total:.2f} % was the liar's; "
                f"the account has {100 * counted / total:.2f} % of it"
            )
            self.counts()
            await proxy.stopped()

    async def work(self, liar: Liar) -> tuple[float, float, float]:
        """What all miners had accepted, what the liar had, and what the account has."""
        await self.debts()
        counted = sum(each["delivered"] for each in self.rows)
        return self.miners.fleet.total().work, liar.counts.work, counted

    async def run(self, nursery: trio.Nursery) -> None:
        await self.prepare()
        nursery.start_soon(self.blocks)
        fleet = [
            SimulatedMiner("cgminer", f"{tenant}.{number}", "x", seed=number + offset)
            for tenant, offset in (("acme", 0), ("mole", 5000))
            for number in range(MACHINES)
        ]
        options = ("--log-format", "json")
        path = self.folder / "farm.toml"
        async with running(path, self.config, *options) as proxy:
            await self.mine(nursery, fleet)
            await self.passes(300, "steady")
            self.counts()
            self.log(proxy, "split's account")
            before = await self.debts()
            assert await proxy.stopped() == 0
        self.say(f"restart: debts before it {before}")
        async with running(path, self.config, *options) as proxy:
            await self.passes(90, "restarted")
            self.log(proxy, "split's account")
            self.say(f"kill -9 of a process: debts before it {await self.debts()}")
            serve = [each for each in children(proxy.process.pid) if "serve" in command(each)]
            os.kill(serve[0], signal.SIGKILL)
            await trio.sleep(3)
            await self.passes(90, "killed")
            self.say(f"kill -9 of the control process: debts before it {await self.debts()}")
            control = [each for each in children(proxy.process.pid) if "control" in command(each)]
            os.kill(control[0], signal.SIGKILL)
            await trio.sleep(3)
            await self.passes(60, "control process killed")
            self.say(f"70/30 to 50/50 by an order: {await self.debts()}")
            given = {"weights": {"a": 1, "b": 1}, "tenant": "acme"}
            self.say(str(await self.ask("/api/actions/weights", given)))
            await trio.sleep(2)
            await self.passes(120, "other weights")
            self.counts()
            self.say(f"pool b is down for 60 s: debts before it {await self.debts()}")
            await self.pools["b"].cut()
            await self.passes(60, "down")
            await self.pools["b"].open()
            await self.passes(240, "up again")
            self.counts()
            await proxy.stopped()


async def main() -> None:
    """Run it in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        async with trio.open_nursery() as nursery:
            run = Run(Site(nursery, stack), Path(folder), stack)
            await (run.lie if "lie" in sys.argv else run.run)(nursery)
            nursery.cancel_scope.cancel()


if __name__ == "__main__":
    sys.exit(trio.run(main))
