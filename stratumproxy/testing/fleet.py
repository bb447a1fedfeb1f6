"""Simulated miners on sockets: one, or thousands in one process, on one trio loop."""

import contextlib
import random
import resource
import time
from collections.abc import Iterable, Sequence

import trio

from stratumproxy.errors import PoolError, StratumProxyError
from stratumproxy.testing.link import PLAIN, MinerLink, Transport
from stratumproxy.testing.miner import SimulatedMiner
from stratumproxy.testing.miner_session import MinerCounts
from stratumproxy.testing.rules import Violation
from stratumproxy.testing.styles import STYLES, Style

TICK = 0.02
"""Seconds from one round of hashing to the next."""
SLICE = 0.002
"""Seconds of hashing until the sockets get their turn."""
CONNECTING = 100
"""Connections being opened at a time; a listener's backlog is finite."""
RECONNECT = 0.2, 1.0
"""Seconds between a lost connection and the next try, at least and at most."""


class Fleet:
    """Miners at work: what `run_fleet` starts, and returns.

    Args:
        miners: all of them.
    """

    def __init__(self, miners: Iterable[SimulatedMiner]) -> None:
        self.miners = tuple(miners)
        self._mining: set[SimulatedMiner] = set()
        self._unanswered: set[SimulatedMiner] = set()
        self.failure: OSError | None = None
        """What ended the newest connection that broke, or was none."""
        self._stopped = False
        self._news = trio.lowlevel.ParkingLot()

    def total(self) -> MinerCounts:
        """All miners' shares and jobs."""
        total = MinerCounts()
        for miner in self.miners:
            total.add(miner.counts)
        return total

    @property
    def mining(self) -> int:
        """Miners that have a job now."""
        return len(self._mining)

    @property
    def hashes(self) -> int:
        """Hashes tried by all."""
        return sum(miner.hashes for miner in self.miners)

    @property
    def reconnects(self) -> int:
        """Connections after each miner's first."""
        return sum(max(miner.connects - 1, 0) for miner in self.miners)

    @property
    def violations(self) -> list[Violation]:
        """What the server did that it must not, to any miner."""
        return [each for miner in self.miners for each in miner.violations]

    async def wait_mining(self, count: int | None = None) -> None:
        """Wait until so many miners, or all of them, have a job at the same time.

        Raises:
            StratumProxyError: the fleet stopped before.
        """
        wanted = len(self.miners) if count is None else count
        while len(self._mining) < wanted:
            if self._stopped:
                raise StratumProxyError(f"the fleet stopped before {wanted} miners had a job")
            await self._news.park()

    async def wait_answered(self) -> None:
        """Wait until no submitted share waits for its answer any more."""
        self._unanswered = {miner for miner in self.miners if miner.counts.pending}
        while self._unanswered:
            await self._news.park()

    def _see_that_there_was_somebody(self, address: tuple[str, int], heard: bool) -> None:
        """A server that was never there must not look like one without faults."""
        if self.failure is not None and not heard:
            raise PoolError(f"no connection to {address[0]}:{address[1]}: {self.failure}")

    def _stop(self) -> None:
        self._stopped = True
        self._news.unpark_all()

    def _noticed(self, miner: SimulatedMiner) -> None:
        """A miner heard something, or its connection ended."""
        if miner.ready:
            self._mining.add(miner)
        else:
            self._mining.discard(miner)
        if not miner.counts.pending:
            self._unanswered.discard(miner)
        self._news.unpark_all()


async def run_fleet(
    address: tuple[str, int],
    miners: int | Sequence[SimulatedMiner],
    *,
    seconds: float | None = None,
    stop: trio.Event | None = None,
    styles: Sequence[Style | str] = tuple(STYLES),
    hashrates: Sequence[float] = (20_000.0,),
    cpu: float = 0.5,
    worker: str = "fleet",
    password: str = "x",
    seed: int = 0,
    keep_shares: int = 1000,
    drain: float = 5.0,
    transports: Sequence[Transport] = (PLAIN,),
    task_status: trio.TaskStatus[Fleet] = trio.TASK_STATUS_IGNORED,
) -> Fleet:
    """Run many miners against one server.

    They connect (some at a time), mine round robin, come back when they are cut or told to, and
    in the end wait for what they were not answered yet.

    Args:
        address: host and port, as `serve_pool` gives them.
        miners: how many; or the ones, and then `styles`, `worker`, `password` and `keep_shares`
            say nothing.
        seconds: how long to mine; None: until `stop`, or until cancelled.
        stop: set it to end earlier.
        styles: taken in turn.
        hashrates: hashes a second of each miner, taken in turn. A share costs 2**32 times its
            difficulty of them. The machine must be up to their sum; else they do less.
        cpu: the part of one core's time that hashing may take, 0 to 1.
        worker: names are this, a dot, and the miner's number from 0.
        password: of all of them.
        seed: of nonces, extranonce2s and waits.
        keep_shares: newest shares to keep for each miner.
        drain: seconds to wait in the end for answers.
        transports: TLS and PROXY headers, taken in turn.
        task_status: told the `Fleet` at once; its `wait_mining` tells when they mine.

    Returns:
        The fleet, with what each miner counted and found wrong.

    Raises:
        PoolError: there was nobody: not one connection in all the time; says what happened.
    """
    if isinstance(miners, int):
        miners = [
            SimulatedMiner(
                styles[number % len(styles)],
                f"{worker}.{number}",
                password,
                seed=seed * 1_000_003 + number,
                keep_shares=keep_shares,
            )
            for number in range(miners)
        ]
    fleet = Fleet(miners)
    rates = [hashrates[number % len(hashrates)] for number in range(len(miners))]
    task_status.started(fleet)
    rng = random.Random(seed)
    heard = await _run(fleet, address, rates, cpu, seconds, stop, drain, rng, transports)
    fleet._see_that_there_was_somebody(address, heard)
    return fleet


async def run_miner(
    miner: SimulatedMiner,
    address: tuple[str, int],
    *,
    seconds: float | None = None,
    stop: trio.Event | None = None,
    hashrate: float = 20_000.0,
    cpu: float = 0.5,
    drain: float = 5.0,
    transport: Transport = PLAIN,
    task_status: trio.TaskStatus[SimulatedMiner] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run one miner against a server: as `run_fleet`, and told started once it has a job.

    Raises:
        ProtocolError: the server did what it must not, and the miner is strict.
        PoolError: there was nobody: not one connection in all the time.
    """
    fleet = Fleet([miner])

    async def tell() -> None:
        with contextlib.suppress(StratumProxyError):
            await fleet.wait_mining()
            task_status.started(miner)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tell)
        rng = random.Random(0)
        rates, transports = [hashrate], [transport]
        heard = await _run(fleet, address, rates, cpu, seconds, stop, drain, rng, transports)
    fleet._see_that_there_was_somebody(address, heard)


async def _run(
    fleet: Fleet,
    address: tuple[str, int],
    hashrates: Sequence[float],
    cpu: float,
    seconds: float | None,
    stop: trio.Event | None,
    drain: float,
    rng: random.Random,
    transports: Sequence[Transport],
) -> bool:
    """Run them until they should end; whether any server ever said a word."""
    _allow_files(len(fleet.miners))
    links = [
        MinerLink(miner, hashrate, fleet._noticed, transports[number % len(transports)])
        for number, (miner, hashrate) in enumerate(zip(fleet.miners, hashrates, strict=True))
    ]
    connecting = trio.CapacityLimiter(CONNECTING)
    try:
        async with trio.open_nursery() as connections:
            for link in links:
                connections.start_soon(_keep_connected, fleet, link, address, connecting, rng)
            with trio.move_on_after(float("inf") if seconds is None else seconds):
                async with trio.open_nursery() as hashing:
                    hashing.start_soon(_hash, links, cpu)
                    if stop is not None:
                        await stop.wait()
                        hashing.cancel_scope.cancel()
            with trio.move_on_after(drain):
                await fleet.wait_answered()
            connections.cancel_scope.cancel()
    finally:
        fleet._stop()
    return any(link.heard for link in links)


async def _keep_connected(
    fleet: Fleet,
    link: MinerLink,
    address: tuple[str, int],
    connecting: trio.CapacityLimiter,
    rng: random.Random,
) -> None:
    """Connect, and again whenever the connection ends; follow ``client.reconnect``."""
    here = address
    while True:
        try:
            told = await link.session(*here, connecting)
            if told is not None:
                host, port, wait = told
                here = host or here[0], port or here[1]
                await trio.sleep(wait)
        except OSError as error:
            fleet.failure = error
        if link.miner.style.fault == "stays-away" and link.heard:
            return
        await trio.sleep(rng.uniform(*RECONNECT))


async def _hash(links: Sequence[MinerLink], cpu: float) -> None:
    """Let all miners hash what is due, round robin, within the given part of a core."""
    position = 0
    while True:
        # Not trio's clock: this is about the processor's time, whatever the test's time is.
        end_of_tick = time.perf_counter() + TICK * cpu
        idle = 0
        while idle < len(links) and time.perf_counter() < end_of_tick:
            now = trio.current_time()
            end_of_slice = time.perf_counter() + SLICE
            while idle < len(links) and time.perf_counter() < end_of_slice:
                idle = 0 if links[position].hash(now) else idle + 1
                position = (position + 1) % len(links)
            await trio.lowlevel.checkpoint()
        await trio.sleep(TICK * (1 - cpu))


def _allow_files(count: int) -> None:
    """Raise the limit of open files where that many sockets need it, and it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * count + 256  # the server may well be in the same process
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
