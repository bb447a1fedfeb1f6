"""What a statement says beside what really was: ``python -m tests.statement.truth``.

Machines find shares as a Poisson process, and stand still now and then; their shares go through
the accounting, its records into a ledger, and a statement is made of each day. The figures of
docs/hosting.md come from here; tests/statement/test_truth.py keeps a smaller world within bounds.
"""

import random
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from zoneinfo import ZoneInfo

from stratumproxy.accounting.account import Account
from stratumproxy.accounting.workers import Worker
from stratumproxy.ledger import LedgerReader
from stratumproxy.ledger.chance import poisson_interval
from stratumproxy.statement import Asked, Period, tell
from stratumproxy.telemetry.records import Batch, ShareRecord, WorkRecord
from tests.ledger.told import DAY as MIDNIGHT
from tests.ledger.told import open_ledger, share

DAY, TOLD = 86_400, 300
ASKED, POOL = 65_536.0, 65_536.0 * 40
TERMS = object()

Span = tuple[float, float]


@dataclass
class Pattern:
    """How a machine stands still."""

    name: str
    up: float
    """Mean seconds between two outages; 0 for none."""
    down: float = 0.0
    """Mean seconds of one."""

    def spans(self, dice: random.Random, since: float, until: float) -> Iterator[Span]:
        """When it mines."""
        at = since
        while at < until:
            end = at + dice.expovariate(1 / self.up) if self.up else until
            yield at, min(end, until)
            at = end + (dice.expovariate(1 / self.down) if self.up else 0)


PATTERNS = (
    Pattern("never", 0.0),
    Pattern("30 min, every 8 h", 8 * 3600, 1800),
    Pattern("2 min, every 2 h", 2 * 3600, 120),
)
GAPS = (5.0, 20.0, 60.0, 300.0, 900.0)
"""Mean seconds between two shares. Vardiff aims at 5; at a fixed difficulty it may be any."""


@dataclass
class Machine:
    """One machine, and what it really did."""

    name: str
    gap: float
    pattern: Pattern
    spans: list[Span]
    worker: Worker
    shares: list[float] = field(default_factory=list)

    def mined(self, since: float, until: float) -> float:
        """Seconds that it really mined."""
        return sum(max(0.0, min(until, end) - max(since, begin)) for begin, end in self.spans)


def machines(dice: random.Random, each: int, days: int) -> list[Machine]:
    """So many of each kind."""
    found = []
    for gap in GAPS:
        for pattern in PATTERNS:
            for number in range(each):
                name = f"{gap:g}.{pattern.name}.{number}"
                spans = list(pattern.spans(dice, MIDNIGHT, MIDNIGHT + days * DAY))
                machine = Machine(name, gap, pattern, spans, Worker(name))
                for begin, end in spans:
                    at = begin + dice.expovariate(1 / gap)
                    while at < end:
                        machine.shares.append(at)
                        at += dice.expovariate(1 / gap)
                machine.shares.reverse()
                found.append(machine)
    return found


def found_until(machine: Machine, until: float, dice: random.Random) -> Iterator[ShareRecord]:
    """Count its shares up to then, as `Miner.count_accepted` does; those that the pool is sent."""
    streak, account = machine.worker.streak, Account("main", "farm")
    shares = machine.shares
    while shares and shares[-1] < until:
        at = shares.pop()
        if streak.terms is not TERMS or at - streak.last > streak.limit:
            machine.worker.turn(account, TERMS, ASKED, POOL, at)
        streak.count += 1
        streak.last = at
        if dice.random() < ASKED / POOL:
            yield share(at, machine.name, difficulty=ASKED, pool_difficulty=POOL, account="farm")


def keep(path: Path, all: list[Machine], dice: random.Random, days: int) -> None:
    """Told every five minutes, into a ledger."""
    with closing(open_ledger(path, five_minutes_days=100, hours_days=100)) as ledger:
        batches = []
        ends = range(MIDNIGHT + TOLD, MIDNIGHT + days * DAY + 1, TOLD)
        for seq, end in enumerate(ends, start=1):
            shares = [each for machine in all for each in found_until(machine, end, dice)]
            work = [WorkRecord(*row) for machine in all for row in machine.worker.take()]
            batches.append(Batch("run", 0, seq, end - 0.001, shares=shares, work=work))
            if len(batches) == 144:
                ledger.take(batches)
                batches = []
        ledger.take(batches)


@dataclass
class Errors:
    """Of one kind of machine, day by day."""

    uptime: list[float] = field(default_factory=list)
    """Said less true, in points."""
    true: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    """Hashrate: said through true, less one."""
    within: list[bool] = field(default_factory=list)
    """Whether the true work is within two standard deviations."""
    expected: list[bool] = field(default_factory=list)
    """Whether as many shares were sent as chance allows with 95 %."""
    unseen: list[float] = field(default_factory=list)


def compare(each: int, days: int, seed: int = 1) -> dict[tuple[float, str], Errors]:
    """By mean gap and pattern; the first day, in which machines begin, is left out."""
    dice = random.Random(seed)
    all = machines(dice, each, days)
    found: dict[tuple[float, str], Errors] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite3"
        keep(path, all, dice, days)
        with closing(LedgerReader(str(path), None)) as reader:
            for day in range(1, days):
                since = MIDNIGHT + day * DAY
                period = Period(since, since + DAY, ZoneInfo("UTC"))
                told = tell(reader, "default", Asked(period, "worker"), since + DAY)
                rows = {row.name: row.figures for row in told.rows}
                for machine in all:
                    of = rows[machine.name]
                    errors = found.setdefault((machine.gap, machine.pattern.name), Errors())
                    mined = machine.mined(since, since + DAY)
                    assert of.uptime is not None
                    assert of.error is not None
                    assert of.expected is not None
                    errors.true.append(100 * mined / DAY)
                    errors.uptime.append(100 * (of.proven_seconds or 0.0) / DAY - 100 * mined / DAY)
                    work = mined / machine.gap * ASKED
                    errors.rate.append(of.work / work - 1)
                    errors.within.append(abs(of.work - work) <= 2 * of.error * of.work)
                    low, high = poisson_interval(of.expected, 0.95)
                    errors.expected.append(low <= of.forwarded <= high)
                    errors.unseen.append(of.unseen_seconds or 0.0)
    return found


def range_of(values: list[float]) -> tuple[float, float]:
    """Where nine of ten lie."""
    ordered = sorted(values)
    return ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20]


def main() -> None:
    print(
        "| a share every | stands still | true uptime | said less true: mean | 9 of 10 days | "
        "hashrate: said less true | true work within ± chance | sent within 95 % |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    every = compare(each=15, days=6)
    for (gap, pattern), of in every.items():
        low, high = range_of(of.uptime)
        print(
            f"| {gap:g} s | {pattern} | {mean(of.true):.2f} % | {mean(of.uptime):+.2f} points | "
            f"{low:+.2f} to {high:+.2f} | {100 * mean(of.rate):+.2f} % | "
            f"{100 * mean(of.within):.0f} % | {100 * mean(of.expected):.0f} % |"
        )
    within = [each for of in every.values() for each in of.within]
    expected = [each for of in every.values() for each in of.expected]
    print(f"of {len(within)} days of machines: {mean(within):.2%}, {mean(expected):.2%}")


if __name__ == "__main__":
    main()
