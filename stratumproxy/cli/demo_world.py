"""What ``stratumproxy demo`` runs: a simulated pool, the proxy on it, and miners on the proxy."""

import dataclasses
import random
import socket
import time
from collections.abc import Awaitable, Callable
from functools import partial

import trio

from stratumproxy.cli.plane import Plane
from stratumproxy.config import Config, Difficulty, Listen, Pool
from stratumproxy.config.control import Api
from stratumproxy.net.server import serve
from stratumproxy.net.telemetry import Telemetry
from stratumproxy.shares import scan
from stratumproxy.telemetry.clock import Clock
from stratumproxy.telemetry.snapshot import Snapshot
from stratumproxy.testing import (
    STYLES,
    Fleet,
    PoolSettings,
    SimulatedMiner,
    SimulatedPool,
    run_fleet,
    serve_pool,
)

CPU = 0.5
"""The part of one core that hashing may take at most."""
PLANNED_CPU = 0.25
"""What it is planned to take, so that the miners do reach their hashrates."""
SPREAD = (1.1, 1.6, 0.8, 0.5, 0.3, 1.8, 1.2, 0.7)
"""Each miner's part of the mean hashrate, in turn: no farm is of one make."""
SHARES_PER_MINUTE = 60
"""Of each miner: vardiff brings them there."""
POOL_FACTOR = 4
"""How much more the pool asks than miners start at: some shares travel on, and some do not."""
RETARGET_SECONDS = 10
JOB_SECONDS = 4
HASHES_PER_DIFFICULTY = 2**32
RESEND_EVERY = 5
FAULTY = "demo.faulty"


class FaultyMiner(SimulatedMiner):
    """Sends one share in `RESEND_EVERY` a second time, so that there is something to reject."""

    def mine(self, count: int, now: float = 0.0) -> bytes:
        """Mine, and repeat a share now and then."""
        before = self.counts.submitted
        lines = super().mine(count, now)
        if self.counts.submitted // RESEND_EVERY > before // RESEND_EVERY:
            lines += self.submit(dataclasses.replace(self.shares[-1]))
        return lines


@dataclasses.dataclass(frozen=True, slots=True)
class Moment:
    """What the proxy says and what the pool says, at one time."""

    proxy: Snapshot
    accepted: int
    """By the pool; the rest likewise."""
    rejected: int
    jobs: int
    clean_jobs: int


class World:
    """Everything the demo is about. `run` brings it to life; it may be read at any time.

    Args:
        miners: how many; from four on, one of them is faulty.
        difficulty: what miners start at; None: what suits this machine.
        api: listens on a loopback address for the API and its dashboard; None for neither.
    """

    def __init__(
        self, miners: int, difficulty: float | None = None, api: socket.socket | None = None
    ) -> None:
        self._api = api
        mean = PLANNED_CPU * _hashes_per_second() / miners
        self._hashrates = [mean * SPREAD[number % len(SPREAD)] for number in range(miners)]
        if difficulty is None:
            difficulty = mean * 60 / SHARES_PER_MINUTE / HASHES_PER_DIFFICULTY
        self.difficulty = max(float(f"{difficulty:.2g}"), 1e-11)
        self._miners = [_miner(number, miners, self.difficulty) for number in range(miners)]
        self.pool = SimulatedPool(
            PoolSettings(
                difficulty=self.difficulty * POOL_FACTOR, job_interval=JOB_SECONDS, clean_every=3
            ),
            random.Random(),
        )
        self.fleet = Fleet(self._miners)
        self.moment: Moment | None = None
        """The newest; there is one a second, and a last one when all has stopped."""
        self._news = trio.lowlevel.ParkingLot()

    async def news(self) -> None:
        """Wait for the next moment."""
        await self._news.park()

    async def run(self, seconds: float | None, stop: trio.Event) -> None:
        """Run it all until so many seconds have passed, or until `stop`; then let go in order.

        The miners stop first and wait for their last answers, then the proxy for the pool's, and
        the pool goes last: so in the end all of them have counted the same shares.

        Raises:
            StratumProxyError: the proxy could not start.
        """
        stop_proxy = trio.Event()
        async with trio.open_nursery() as pool:
            pool_address = await pool.start(serve_pool, self.pool)
            config = self._config(*pool_address)
            async with trio.open_nursery() as proxy:
                addresses = await proxy.start(self._serve, config, stop_proxy)
                async with trio.open_nursery() as mining:
                    self.fleet = await mining.start(
                        partial(
                            run_fleet,
                            addresses[0],
                            self._miners,
                            hashrates=self._hashrates,
                            cpu=CPU,
                            seconds=seconds,
                            stop=stop,
                        )
                    )
                stop_proxy.set()
            pool.cancel_scope.cancel()

    def problems(self) -> list[str]:
        """What must not be, once it has all stopped: counts that differ, rules broken."""
        if self.moment is None:
            return ["it was stopped before anything could be counted"]
        snapshot, miners, pool = self.moment.proxy, self.fleet.total(), self.pool.total
        upstream = snapshot.pools[0]
        problems = [
            f"{name}: {one} {ours}, {other} {theirs}"
            for name, one, ours, other, theirs in (
                ("shares accepted", "miners", miners.accepted, "proxy", snapshot.accepted),
                (
                    "shares rejected",
                    "miners",
                    miners.rejected.total(),
                    "proxy",
                    sum(snapshot.rejected.values()),
                ),
                ("shares sent on", "proxy", snapshot.forwarded, "pool", pool.submitted),
                ("accepted by the pool", "proxy", upstream.accepted, "pool", pool.accepted),
                (
                    "rejected by the pool",
                    "proxy",
                    upstream.rejected,
                    "pool",
                    pool.rejected.total(),
                ),
            )
            if ours != theirs
        ]
        if not miners.jobs:
            problems.append("no miner ever got a job")
        if miners.lost or upstream.lost:
            problems.append(
                f"shares without an answer: {miners.lost} of miners, {upstream.lost} of the proxy"
            )
        seen = [str(each) for each in self.fleet.violations]
        return problems + seen + [f"pool: {each}" for each in self.pool.violations]

    async def _serve(
        self,
        config: Config,
        stop: trio.Event,
        task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        run = partial(serve, config, on_snapshot=self._remember, stop=stop, task_status=task_status)
        last = await (run() if self._api is None else self._serve_shown(run, config, self._api))
        self.moment = self._look(last)

    async def _serve_shown(
        self, run: Callable[..., Awaitable[Snapshot]], config: Config, api: socket.socket
    ) -> Snapshot:
        """Serve with a control plane, which is a process of its own anywhere but here."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.setblocking(False)
            clock = Clock(time.time, time.monotonic)
            plane = Plane(config, [theirs], run="demo", clock=clock)
            shown = trio.Event()
            async with trio.open_nursery() as control:
                control.start_soon(plane.run, shown, api)
                last = await run(telemetry=Telemetry(ours, 0, trio.current_time))
                shown.set()
        return last

    def _remember(self, snapshot: Snapshot) -> None:
        self.moment = self._look(snapshot)
        self._news.unpark_all()

    def _look(self, snapshot: Snapshot) -> Moment:
        pool, total = self.pool, self.pool.total
        return Moment(snapshot, total.accepted, total.rejected.total(), pool.jobs, pool.clean_jobs)

    def _config(self, host: str, port: int) -> Config:
        """As an operator would write it, but for the tiny difficulties."""
        return Config(
            listen=[Listen(address="127.0.0.1:0")],
            pool=[Pool(url=f"stratum+tcp://{host}:{port}", user="demo", name="simulated pool")],
            api=Api(listen="127.0.0.1:0"),
            difficulty=Difficulty(
                start=self.difficulty,
                min=self.difficulty / 10,
                shares_per_minute=SHARES_PER_MINUTE,
                retarget_seconds=RETARGET_SECONDS,
            ),
        )


def _miner(number: int, count: int, difficulty: float) -> SimulatedMiner:
    styles = tuple(STYLES.values())
    style = styles[number % len(styles)]
    if style.suggests is not None:  # what they wish for is made for other hashrates
        style = dataclasses.replace(style, suggests=difficulty / 2)
    if count >= 4 and number == count - 1:
        return FaultyMiner(style, FAULTY, seed=number)
    return SimulatedMiner(style, f"demo.{number + 1}", seed=number)


def _hashes_per_second() -> float:
    """How fast this machine scans nonces, from some milliseconds of it."""
    count, seconds = 1024, 0.0
    while seconds < 0.01:
        count *= 2
        before = time.perf_counter()
        scan(bytes(80), bytes(32), 0, count)
        seconds = time.perf_counter() - before
    return count / seconds
