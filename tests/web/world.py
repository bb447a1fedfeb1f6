"""A fleet made up for tests: thousands of workers with a day behind them, and served, live.

By hand, to look at the dashboard: ``python -m tests.web.world`` serves it until Ctrl-C.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import sin, sqrt

import trio
from starlette.applications import Starlette

from stratumproxy.config.control import Api
from stratumproxy.config.hosting import Tenant
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.fleet import Earlier
from stratumproxy.fleet.hashrate import DAY, HASHES_PER_DIFFICULTY, HOUR, Done, Rates
from stratumproxy.fleet.history import History
from stratumproxy.fleet.usual import Known
from stratumproxy.fleet.worker import Counts
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.telemetry.records import (
    TENANT,
    Batch,
    EventRecord,
    JobRecord,
    MinerRecord,
    ShareRecord,
    WorkRecord,
)
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot
from stratumproxy.web import make_app, serve
from stratumproxy.web.site import no_groups
from tests.web.orders import MadeUpOrders
from tests.web.split_world import splits_of

WORKERS = 17_595
RUN = "3f9c2a"
AGENTS = {
    "bmminer/2.0.0": 110e12,
    "cgminer/4.12.1": 66e12,
    "whatsminer/v1.1": 112e12,
    "bosminer-plus-tuner/0.9": 95e12,
    "bitaxe/BM1370/v2.4.0": 1.2e12,
}
"""Hashes a second of a machine of each kind."""

SHARES_A_MINUTE = 12
TOLD_EVERY = 10
"""Seconds from one work record of a worker to the next."""

STRANGER = "<b>anybody</b>\u202e"
"""A name that would like to be more than that."""

GONE, SLOW, REJECTING, RECONNECTING = 97, 89, 83, 79
"""One of so many workers needs a person, for this."""


def rack_of(name: str) -> dict[str, str]:
    """The groups of ``farm.r003s12``."""
    rack = name.removeprefix("farm.")[:4]
    return {"rack": rack} if rack.startswith("r") else {}


@dataclass
class Machine:
    """One miner of the made-up fleet."""

    number: int
    name: str
    agent: str
    address: str
    rate: float
    difficulty: float

    @property
    def gone(self) -> bool:
        return self.number % GONE == 5

    @property
    def slow(self) -> bool:
        return self.number % SLOW == 7

    @property
    def rejecting(self) -> bool:
        return self.number % REJECTING == 11

    @property
    def reconnecting(self) -> bool:
        return self.number % RECONNECTING == 13

    @property
    def usual(self) -> float:
        """Shares a second that it finds on a usual day."""
        return self.rate / (self.difficulty * HASHES_PER_DIFFICULTY)


class World:
    """Machines, and the process of the data plane that would tell of them.

    Args:
        workers: how many.
        now: Unix seconds.
        seed: of all that is random.
        tenants: whether every second machine is acme's; else all are nobody's.
    """

    def __init__(self, workers: int, now: float, seed: int = 1, tenants: bool = False) -> None:
        self.tenants = tenants
        self.random = random.Random(seed)
        self.machines = [self._machine(number) for number in range(workers)]
        self.started = now - 86_400
        self.seq = 0
        self.height = 909_000
        self.turn = 0
        self.accepted = self.forwarded = self.rejected = 0
        self.work = 0.0

    def _machine(self, number: int) -> Machine:
        agent, rate = list(AGENTS.items())[self.random.choices(range(5), (50, 20, 20, 8, 2))[0]]
        rate *= self.random.uniform(0.92, 1.06)
        rack, slot = divmod(number, 40)
        name = "größe/b 100%.rig" if number == 12 else f"farm.r{rack:03}s{slot:02}"
        difficulty = 2.0 ** round(rate * 60 / SHARES_A_MINUTE / HASHES_PER_DIFFICULTY).bit_length()
        address = f"10.{rack // 250}.{rack % 250}.{slot + 10}:{self.random.randint(20_000, 60_000)}"
        return Machine(number, name, agent, address, rate, difficulty)

    def tenant_of(self, machine: Machine) -> str:
        """Whose it is."""
        return "acme" if self.tenants and machine.number % 2 else TENANT

    def earlier(self, now: float) -> list[Earlier]:
        """What each did in the last hour and day."""
        return [self._earlier(machine, now) for machine in self.machines]

    def usuals(self, now: float) -> dict[tuple[str, str], Known]:
        """What is usual of each, and which were called slow."""
        return {
            (self.tenant_of(machine), machine.name): Known(
                machine.rate, 336, machine.slow, now - 3600
            )
            if machine.slow
            else Known(machine.rate, 336)
            for machine in self.machines
        }

    def _earlier(self, machine: Machine, now: float) -> Earlier:
        vigour = 0.5 if machine.slow else 0.2 if machine.gone else 1.0
        past = Rates(now, now - 60 * 86_400)
        day = 0
        for window, seconds, count in ((HOUR, 300, 12), (DAY, 3600, 24)):
            newest = now // seconds * seconds
            whole = int(machine.usual * seconds)
            for back in range(count):
                found = whole if back else int(machine.usual * (now - newest))
                if back * seconds < 7200:
                    found = int(found * vigour)
                day += found if window == DAY else 0
                work = found * machine.difficulty
                shares = work, work * machine.difficulty, found, 0
                past.put(window, newest - back * seconds, shares)
        rejects = day // 10 if machine.rejecting else day // 400
        last = now - (1500 if machine.gone else self.random.expovariate(machine.usual) % 300)
        best = machine.difficulty * 1000
        reasons = {"stale": rejects - rejects // 3, "low-difficulty": rejects // 3}
        counts = Counts(day, rejects, reasons, day * machine.difficulty, best, 1)
        return Earlier(
            (self.tenant_of(machine), machine.name), now - 60 * 86_400, last, counts, past
        )

    def _found(self, expected: float) -> int:
        """How many shares, when so many are expected."""
        return max(0, round(expected + self.random.triangular(-2, 2) * sqrt(expected)))

    def arrivals(self, now: float) -> Batch:
        """Every miner's connection."""
        miners = []
        for machine in self.machines:
            times = [now - 80_000.0 + machine.number]
            if machine.reconnecting:
                # So that the fifth is not an hour ago before the longest of tests is over.
                times = [now - 60.0 * back for back in (6, 5, 4, 3, 2, 1)]
            for again, since in enumerate(times):
                last = again == len(times) - 1
                if not (last and machine.gone):
                    id = machine.number * 10 + again
                    miners.append(self._miner(machine, id, since, last))
        return self._batch(now, miners=miners)

    def _miner(self, machine: Machine, id: int, since: float, is_open: bool) -> MinerRecord:
        return MinerRecord(
            id,
            machine.name,
            machine.address,
            machine.agent,
            machine.difficulty,
            since,
            "pool.example:3333" if is_open else "",
            is_open,
            "" if is_open else "broken",
            self.tenant_of(machine),
            "farm",
        )

    def second(self, now: float) -> Batch:
        """What a second brings: a tenth of all workers have found shares."""
        self.turn = (self.turn + 1) % TOLD_EVERY
        work = [
            self._work(machine, TOLD_EVERY)
            for machine in self.machines[self.turn :: TOLD_EVERY]
            if not machine.gone
        ]
        jobs, events = [], []
        if not self.seq % 30:
            jobs = [self._job(now)]
        if not self.seq % 20:
            values = {"pool": "backup.example:3333", "error": "connection refused"}
            events = [EventRecord(now, "warning", "a pool can't be reached", values)]
        return self._batch(now, work=work, jobs=jobs, events=events, shares=self._shares(now))

    def strangers(self, now: float) -> Batch:
        """A machine that is set up wrongly, and a name that somebody made up."""
        shares = {"farm.r999s01": {"low-difficulty": 40}, STRANGER: {"malformed": 2, "stale": 1}}
        miners = [
            MinerRecord(-1, "farm.r999s01", "10.9.9.9:4000", "wrong/1", 64.0, now, "", True, "")
        ]
        work = [WorkRecord(name, "", 0, 0.0, why, 0.0, 0.0) for name, why in shares.items()]
        return self._batch(now, miners=miners, work=work, unproven=tuple(shares))

    def minute(self, now: float) -> Batch:
        """What a minute brought, of all workers at once."""
        work = [self._work(machine, 60) for machine in self.machines if not machine.gone]
        return self._batch(now, work=work)

    def past(self, history: History, start: float, seconds: float) -> None:
        """A stretch of the fleet's past, with its ups and downs."""
        rate = sum(machine.usual for machine in self.machines)
        shares = self._found(rate * seconds * (1 + 0.02 * sin(start / 9000)))
        work = sum(machine.difficulty for machine in self.machines) / len(self.machines) * shares
        history.add(start, Done(work, work * work / shares, shares, shares // 300))
        history.connected(start, len(self.machines))

    def _work(self, machine: Machine, seconds: float) -> WorkRecord:
        vigour = 0.5 if machine.slow else 1.0
        accepted = self._found(machine.usual * seconds * vigour)
        rejected: dict[str, int] = {}
        if self.random.random() < (0.5 if machine.rejecting else 0.005):
            reason = self.random.choice(("stale", "low-difficulty", "duplicate"))
            rejected[reason] = 20 if machine.rejecting else 1
        self.accepted += accepted
        self.rejected += sum(rejected.values())
        self.work += accepted * machine.difficulty
        best = machine.difficulty / max(self.random.random(), 1e-9) if accepted else 0.0
        return WorkRecord(
            machine.name,
            "pool.example:3333",
            accepted,
            accepted * machine.difficulty,
            rejected,
            0.0,
            best,
            tenant=self.tenant_of(machine),
        )

    def _job(self, now: float) -> JobRecord:
        self.height += 1
        last = self.random.uniform(0.06, 0.2)
        return JobRecord(
            now,
            "pool.example:3333",
            0,
            f"{self.height:x}",
            self.height,
            self.height % 2 == 0,
            2.0**24,
            len(self.machines),
            0.0004,
            last / 2,
            last,
        )

    def _shares(self, now: float) -> list[ShareRecord]:
        self.forwarded += 1
        machine = self.random.choice(self.machines)
        latency = self.random.lognormvariate(-3.2, 0.4)
        met = 2.0**24 / max(self.random.random(), 1e-9)
        job = f"{self.height:x}"
        asked = (machine.difficulty, 2.0**24)
        return [
            ShareRecord(
                now,
                machine.name,
                "pool.example:3333",
                job,
                *asked,
                met,
                "accepted",
                "",
                latency,
                self.tenant_of(machine),
            )
        ]

    def _batch(self, now: float, **records: object) -> Batch:
        self.seq += 1
        return Batch(RUN, 0, self.seq, now, **records)  # type: ignore[arg-type]

    def snapshot(self, now: float) -> Snapshot:
        """How the process stands."""
        mining = sum(not machine.gone for machine in self.machines)
        pools = (
            PoolSnapshot(
                "pool.example:3333",
                "stratum+tcp://pool.example:3333",
                "ready",
                sessions=3,
                miners=mining,
                difficulty=2.0**24,
                extranonce2_size=8,
                version_mask=0x1FFFE000,
                accepted=self.forwarded,
                rejected=2,
                pending=1,
                lost=0,
            ),
            PoolSnapshot(
                "backup.example:3333",
                "stratum+ssl://backup.example:3333",
                "waiting",
                sessions=0,
                miners=0,
                difficulty=0.0,
                extranonce2_size=0,
                version_mask=0,
                accepted=0,
                rejected=0,
                pending=0,
                lost=0,
                detail="connection refused",
            ),
        )
        return Snapshot(
            uptime=now - self.started,
            connected=mining,
            mining=mining,
            hashrate=sum(machine.rate for machine in self.machines),
            accepted=self.accepted,
            work=self.work,
            forwarded=self.forwarded,
            rejected={"stale": self.rejected, "low-difficulty": 3},
            drops={"idle": 4, "not-stratum": 2},
            jobs=self.height - 909_000,
            new_blocks=(self.height - 909_000) // 2,
            best_difficulty=2.0**40,
            pools=pools,
            splits=splits_of("acme") if self.tenants else (),
        )


def make_world(
    workers: int = WORKERS, now: float | None = None, tenants: bool = False
) -> tuple[World, Fleet]:
    """A fleet with a day behind it, and what goes on telling of it."""
    now = time.time() if now is None else now
    begin = now - 300
    world, fleet = World(workers, now, tenants=tenants), Fleet(now - 86_400)
    for point in range(288):
        world.past(fleet.day, begin - (288 - point) * 300, 300)
    for point in range(60):
        world.past(fleet.hour, begin - (60 - point) * 60, 60)
    fleet.usuals = world.usuals(begin)
    fleet.recall(world.earlier(begin), begin, begin - 86_400)
    for worker in fleet.roll.workers:
        fleet.rates.take_in(worker.rates, begin)
    fleet.apply(world.arrivals(begin), begin)
    for back in (240, 180, 120, 60):
        fleet.apply(world.minute(now - back), now - back)
    for back in range(60, -1, -1):
        tell(world, fleet, now - back)
    return world, fleet


def make_fleet(workers: int = WORKERS, now: float | None = None) -> Fleet:
    """A fleet with a day behind it.

    Args:
        workers: how many; some of each kind need a person: see `GONE` and so on.
        now: Unix seconds; the clock's, if it is left out.
    """
    return make_world(workers, now)[1]


def tell(world: World, fleet: Fleet, now: float) -> None:
    """What one second brings."""
    fleet.apply(world.second(now), now)
    fleet.snapshot(0, RUN, world.snapshot(now), now)


@dataclass
class Served:
    """A world that is being served."""

    url: str
    world: World
    fleet: Fleet
    app: Starlette
    orders: MadeUpOrders
    stop: trio.Event


async def serve_world(
    workers: int = WORKERS,
    *,
    config: Api | None = None,
    tenants: Sequence[Tenant] = (),
    port: int = 0,
    clock: Callable[[], float] = time.time,
    ledger: LedgerReader | None = None,
    task_status: trio.TaskStatus[Served] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve a made-up fleet on a loopback port, with something new each second, until told to stop.

    ::

        served = await nursery.start(serve_world)
        ...  # served.url
        served.stop.set()

    Args:
        workers: how many.
        config: the API's; on loopback, without a token, if it is left out.
        tenants: whose tokens there are; every second machine is then acme's.
        port: 0 for any.
        clock: Unix seconds.
        ledger: of a past, which need not be this fleet's.
        task_status: given the `Served`, when it listens.
    """
    world, fleet = make_world(workers, clock(), bool(tenants))
    fleet.apply(world.strangers(clock()), clock())
    orders = MadeUpOrders([pool.name for pool in world.snapshot(clock()).pools])
    app = make_app(
        fleet,
        config=config or Api(),
        tenants=tenants,
        groups_of=rack_of if tenants else no_groups,
        clock=clock,
        ledger=ledger,
        orders=orders,
    )
    listeners = await trio.open_tcp_listeners(port, host="127.0.0.1")
    address = listeners[0].socket.getsockname()
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_go_on, world, fleet, clock)
        async with trio.open_nursery() as serving:
            await serving.start(partial(serve, app, listeners, stop))
            task_status.started(
                Served(f"http://127.0.0.1:{address[1]}", world, fleet, app, orders, stop)
            )
        nursery.cancel_scope.cancel()


async def _go_on(world: World, fleet: Fleet, clock: Callable[[], float]) -> None:
    while True:
        await trio.sleep(1)
        tell(world, fleet, clock())


async def _by_hand() -> None:
    async with trio.open_nursery() as nursery:
        port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
        served = await nursery.start(partial(serve_world, port=port))
        print(f"{served.url}  ({len(served.world.machines)} workers; Ctrl-C ends it)")


if __name__ == "__main__":
    trio.run(_by_hand)
