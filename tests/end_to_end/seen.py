"""A whole proxy that can be broken in every way that is to be seen, and five places to see it.

Pools, miners, the mining process and the control process are the real ones, on real sockets. They
run in one thread, so that both clocks can be moved; what looks at them runs in the test's own.
"""

import os
import re
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import trio
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from stratumproxy.cli import cli
from stratumproxy.cli.plane import Plane
from stratumproxy.config import Config, loads
from stratumproxy.fleet.conditions import KINDS
from stratumproxy.net.server import serve
from stratumproxy.net.telemetry import Telemetry
from stratumproxy.net.unblocked import Unblocked
from stratumproxy.telemetry.clock import Clock
from stratumproxy.testing import PoolSettings, run_fleet
from tests.end_to_end.conftest import MINER_DIFFICULTY, POOL_DIFFICULTY, ServedPool
from tests.ports import KeptPort
from tests.waiting import PATIENCE, until

TOKEN = "a secret of some length"

Seen = set[tuple[str, str]]
"""Kind and subject of every condition that a place shows."""


class World:
    """The proxy, and what it depends on.

    Args:
        folder: for the ledger, the spool and the token.
        brokers: of Kafka; empty for none.
    """

    def __init__(self, folder: Path, brokers: str) -> None:
        self.ledger = folder / "ledger"
        self.url = ""
        self.pools: list[ServedPool] = []
        self._folder = folder
        self._brokers = brokers
        self._passed = self._jumped = 0.0
        self._token: trio.lowlevel.TrioToken
        self._nursery: trio.Nursery
        self._began = threading.Event()
        self._over: trio.Event
        self._ends: Sequence[socket.socket] = ()
        self._thread = threading.Thread(target=trio.run, args=(self._run,))

    def __enter__(self) -> "World":
        self._thread.start()
        assert self._began.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._token.run_sync_soon(self._over.set)
        self._thread.join(PATIENCE)

    def do(self, what: Callable[..., Awaitable[object]], *arguments: Any) -> Any:
        """Have something done where the proxy runs."""
        return trio.from_thread.run(what, *arguments, trio_token=self._token)

    # -- clocks ----------------------------------------------------------------------------------

    def passes(self, seconds: float) -> None:
        """Time, for the control process."""
        self._passed += seconds

    def jumps(self, seconds: float) -> None:
        """The wall clock."""
        self._jumped += seconds

    # -- processes -------------------------------------------------------------------------------

    async def _run(self) -> None:
        self._token, self._over = trio.lowlevel.current_trio_token(), trio.Event()
        with ExitStack() as stack:
            async with trio.open_nursery() as self._nursery:
                for seed in range(2):
                    address = stack.enter_context(KeptPort()).address
                    settings = PoolSettings(difficulty=POOL_DIFFICULTY, job_interval=1)
                    self.pools.append(ServedPool(self._nursery, settings, seed, address))
                    await self.pools[-1].open()
                self._config = self._configuration()
                self._began.set()
                await self._over.wait()
                self._nursery.cancel_scope.cancel()
            for end in self._ends:
                end.close()

    def _configuration(self) -> Config:
        token = self._folder / "token"
        token.write_text(TOKEN)
        pools = "".join(
            f"""
            [[pool]]
            name = "pool-{number}"
            url = "stratum+tcp://{host}:{port}"
            user = "farm"
            backoff_min_seconds = 0.05
            backoff_max_seconds = 0.1
            """
            for number, (host, port) in enumerate(pool.address for pool in self.pools)
        )
        kafka = f"""
            [kafka]
            brokers = "{self._brokers}"
            spool = "{self._folder / "spool"}"
            options = {{"reconnect.backoff.max.ms" = "100"}}
            """
        return loads(
            f"""
            [[listen]]
            address = "127.0.0.1:0"
            {pools}
            [difficulty]
            start = {MINER_DIFFICULTY}
            min = {MINER_DIFFICULTY}
            vardiff = false
            [failover]
            return_seconds = 0.1
            [limits]
            new_workers_per_minute = 0
            connections = 2
            drain_seconds = 0
            [api]
            listen = "127.0.0.1:8080"
            token_file = "{token}"
            [ledger]
            path = "{self.ledger}"
            {kafka if self._brokers else ""}
            """
        )

    async def start(self) -> None:
        """Start the control process."""
        self._ends = socket.socketpair()
        for end in self._ends:
            end.setblocking(False)
        api = socket.create_server(("127.0.0.1", 0))
        api.setblocking(False)
        self.url = f"http://127.0.0.1:{api.getsockname()[1]}"
        clock = Clock(
            lambda: time.time() + self._passed + self._jumped,
            lambda: time.monotonic() + self._passed,
        )
        plane = Plane(self._config, [self._ends[1]], run=f"control-{self.url}", clock=clock)
        self._stop_plane, self._plane_ended = trio.Event(), trio.Event()

        async def run() -> None:
            await plane.run(self._stop_plane, api)
            self._plane_ended.set()

        self._nursery.start_soon(run)

    async def mine(self) -> None:
        """Start the mining process; in place of one that was killed, on the same channel."""
        channel = self._ends[0].dup()
        self._telemetry = Telemetry(channel, 0, trio.current_time)
        self._mining, self._mining_ended = trio.CancelScope(), trio.Event()

        async def run(task_status: trio.TaskStatus[Any]) -> None:
            with self._mining, channel:
                await serve(self._config, telemetry=self._telemetry, task_status=task_status)
            self._mining_ended.set()

        [self._address] = await self._nursery.start(run)

    async def kill_mining(self) -> None:
        """End the mining process without a word."""
        self._mining.cancel()
        await self._mining_ended.wait()

    async def stop(self) -> None:
        """Stop all of it."""
        await self.kill_mining()
        self._stop_plane.set()
        await self._plane_ended.wait()
        for end in self._ends:
            end.close()

    async def fleet(self, name: str, machines: int) -> None:
        """Have some machines mine until each had a share accepted."""
        stop = trio.Event()

        async def run(task_status: trio.TaskStatus[Any]) -> None:
            await run_fleet(
                self._address, machines, worker=name, stop=stop, task_status=task_status
            )

        fleet = await self._nursery.start(run)
        await until(lambda: all(miner.counts.accepted for miner in fleet.miners))
        stop.set()

    async def tell_too_much(self) -> None:
        """More events at once than there is room for."""
        for number in range(1000):
            self._telemetry.recorder.info("something", number=number)

    def order(self, pool: str) -> dict[str, Any]:
        """As an operator: mine on that pool."""
        answer = httpx.post(
            f"{self.url}/api/actions/switch-pool",
            json={"pool": pool},
            headers={"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "10.0.0.9"},
            timeout=PATIENCE,
        )
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()["done"]
        return done


class LockedLedger:
    """Another program that has the ledger to itself for a while."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)
        self._connection.execute("BEGIN IMMEDIATE")

    def leave(self) -> None:
        """Let others write again."""
        self._connection.execute("ROLLBACK")
        self._connection.close()


class StalledReader:
    """Standard error on a pipe that nobody reads."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._before = sys.stderr
        sys.stderr = Unblocked(self._write)
        sys.stderr.room = 10_000

    def fill(self) -> None:
        """Write more than finds room."""
        print("a line\n" * 50_000, file=sys.stderr)

    def leave(self) -> None:
        """Give it back as it was, with what was written read."""
        sys.stderr = self._before
        os.set_blocking(self._read, False)
        while True:
            try:
                os.read(self._read, 1 << 20)
            except BlockingIOError:
                break


# -- five places to see it -------------------------------------------------------------------------


def on_ready(world: World) -> Seen:
    """What /ready says."""
    answer = httpx.get(f"{world.url}/ready", timeout=PATIENCE)
    told = answer.json()
    critical = [each for each in told["conditions"] if each["severity"] == "critical"]
    assert (answer.status_code == 503) == bool(critical) == (not told["ready"])
    return {(each["kind"], each["subject"]) for each in told["conditions"]}


def on_metrics(world: World) -> Seen:
    """What /metrics says."""
    seen, counted = set(), 0.0
    told = httpx.get(f"{world.url}/metrics", timeout=PATIENCE).text
    for family in text_string_to_metric_families(told):
        for sample in family.samples:
            if sample.name == "stratumproxy_condition":
                counted += sample.value
            elif sample.name == "stratumproxy_condition_since_timestamp_seconds":
                seen.add((sample.labels["kind"], sample.labels["subject"]))
    assert counted == len(seen)
    return seen


TEXTS = "|".join(re.escape(kind.begins) for kind in KINDS.values())
LINE = re.compile(rf"^({TEXTS})(?: \((.*?)\))? for ")


def on_top(world: World) -> Seen:
    """What ``stratumproxy top`` shows."""
    shown = CliRunner().invoke(cli, ["top", "--once", "--url", world.url])
    assert shown.exit_code == 0, shown.output
    kinds = {words.begins: kind for kind, words in KINDS.items()}
    lines = (LINE.match(line) for line in shown.stdout.splitlines())
    return {(kinds[line[1]], line[2] or "") for line in lines if line}


def in_log(logs: Iterable[Any]) -> Seen:
    """What the log has told of that began, and not that it is over."""
    seen: Seen = set()
    for line in list(logs):
        if "condition" in line:
            change = seen.discard if "lasted_seconds" in line else seen.add
            change((line["condition"], line.get("subject", "")))
    return seen


def on_page(page: Any) -> Seen:
    """What the dashboard shows above everything else."""
    keys: Sequence[str] = page.evaluate(
        "() => [...document.querySelectorAll('#conditions li')].map((line) => line.dataset.key)"
    )
    lines = (key.partition(" ") for key in keys)
    return {(kind, subject) for kind, _, subject in lines}
