"""A farm whose machines find shares by chance, and what a process of the data plane tells of them.

As in the product a worker is looked at once a round, told of if it did anything, and batches are
cut twice a second. The generator is seeded, and nothing of the product is in it but the records.
"""

from collections import deque
from collections.abc import Callable, Iterator
from math import exp, sqrt
from random import Random

from stratumproxy.fleet import Fleet
from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY
from stratumproxy.telemetry.records import Batch, MinerRecord, WorkRecord
from stratumproxy.telemetry.snapshot import Snapshot


def poisson(dice: Random, mean: float) -> int:
    """How many come where so many are expected."""
    if mean > 50:
        return max(0, round(dice.gauss(mean, sqrt(mean))))
    count, product, least = 0, dice.random(), exp(-mean)
    while product > least:
        count, product = count + 1, product * dice.random()
    return count


class Machine:
    """One worker.

    Args:
        name: of the worker.
        parts: of its miners, each hashes a second and the difficulty it is asked for.
        came: when it connected.
    """

    def __init__(self, name: str, *parts: tuple[float, float], came: float) -> None:
        self.name = name
        self.parts = parts
        self.came = self._until = came
        self.up = True
        self.accepted, self.work = 0, 0.0
        """Since it came."""
        self._untold = [0, 0.0, 0.0]

    @property
    def rate(self) -> float:
        """Hashes a second."""
        return sum(rate for rate, _ in self.parts)

    def hash(self, dice: Random, now: float) -> None:
        """Find shares until then."""
        seconds, self._until = now - self._until, now
        for rate, difficulty in self.parts if self.up else ():
            found = poisson(dice, rate * seconds / (difficulty * HASHES_PER_DIFFICULTY))
            self.found(found, difficulty)

    def found(self, shares: int, difficulty: float) -> None:
        """It has found shares."""
        self.accepted += shares
        self.work += shares * difficulty
        self._untold[0] += shares
        self._untold[1] += shares * difficulty
        self._untold[2] += shares * difficulty * difficulty

    def look(self, dice: Random, now: float) -> WorkRecord | None:
        """What it did since this was last asked."""
        self.hash(dice, now)
        accepted, work, squares = self._untold
        self._untold = [0, 0.0, 0.0]
        if not accepted:
            return None
        return WorkRecord(self.name, "pool", int(accepted), work, {}, 0.0, work, squares)


class Plane:
    """One process of the data plane.

    Args:
        dice: of all that is random.
        now: when it starts.
        period: seconds of a round.
        cut: seconds from one batch to the next.
    """

    def __init__(self, dice: Random, now: float, period: float, cut: float = 0.5) -> None:
        self._dice = dice
        self._period = period
        self._cut = cut
        self.now = self._began = now
        self.machines: list[Machine] = []
        self._told: set[str] = set()
        self._seq = 0
        self.kept: deque[Batch] = deque()
        """Batches that nobody acknowledged."""
        self.squares = True
        """Whether it tells the sums of squares."""

    def greeted(self) -> None:
        """Somebody said hello: every miner is told of again."""
        self._told.clear()

    def batches(self, until: float) -> Iterator[Batch]:
        """What it has to tell until then."""
        while self.now + self._cut <= until:
            before, self.now = self.now, self.now + self._cut
            looked = [
                machine.look(self._dice, self.now)
                for place, machine in enumerate(self.machines)
                if machine.came < self.now and self._due(place, before)
            ]
            work = [
                record if self.squares else record._replace(squares=0.0)
                for record in looked
                if record is not None
            ]
            new = [
                self._miner(place, machine)
                for place, machine in enumerate(self.machines)
                if machine.name not in self._told and machine.came <= self.now
            ]
            self._told.update(miner.worker for miner in new)
            self._seq += 1
            batch = Batch("run", 0, self._seq, self.now, work=work, miners=new)
            self.kept.append(batch)
            yield batch

    def _due(self, place: int, before: float) -> bool:
        """Whether it is the turn of the machine of that place."""
        phase = place / len(self.machines) * self._period
        return (before - phase) // self._period != (self.now - phase) // self._period

    def _miner(self, place: int, machine: Machine) -> MinerRecord:
        difficulty = machine.parts[0][1]
        return MinerRecord(
            place, machine.name, "10.0.0.1:1", "", difficulty, machine.came, "pool", True, ""
        )

    def snapshot(self) -> Snapshot:
        """How it stands: what it has counted, told or not."""
        for machine in self.machines:
            if machine.came < self.now:
                machine.hash(self._dice, self.now)
        return Snapshot(
            uptime=self.now - self._began,
            connected=len(self.machines),
            mining=len(self.machines),
            hashrate=0.0,
            accepted=sum(machine.accepted for machine in self.machines),
            work=sum(machine.work for machine in self.machines),
            forwarded=0,
        )

    def acknowledged(self, before: float) -> None:
        """What was made before then is kept for good."""
        while self.kept and self.kept[0].at < before:
            self.kept.popleft()


def run(
    plane: Plane,
    fleet: Fleet,
    until: float,
    look: Callable[[float], None],
    *,
    snapshots: bool = True,
) -> None:
    """Have a process tell a fleet all it does until then.

    Args:
        plane: it.
        fleet: who is told.
        until: seconds.
        look: called after each batch with the time.
        snapshots: whether it shows how it stands each second.
    """
    for batch in plane.batches(until):
        fleet.apply(batch, batch.at, batch.at)
        if snapshots and batch.at % 1 == 0:
            fleet.snapshot(0, batch.run, plane.snapshot(), batch.at)
        plane.acknowledged(batch.at - 2)
        look(batch.at)


def taken_over(plane: Plane, now: float) -> Fleet:
    """What another control process, that starts now, is told again at once."""
    fleet = Fleet(now)
    for batch in plane.kept:
        fleet.apply(batch, now, batch.at)
    plane.greeted()
    return fleet
