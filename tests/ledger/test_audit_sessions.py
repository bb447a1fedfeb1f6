"""An audit by worker where a pool asks its sessions for different difficulties: a simulation.

Machines find shares by chance, and are counted by the product's own classes.
"""

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from stratumproxy.accounting.account import Account
from stratumproxy.accounting.workers import Worker
from stratumproxy.ledger import LedgerReader
from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.audit import FINE, SENT_LESS, Audit, audit
from stratumproxy.telemetry.records import WorkRecord
from tests.ledger.told import DAY, batch, keep, share

HOUR = 3600
ACCOUNT = Account("main", "farm")


LITTLE, MUCH = 1e6, 4e6
"""What a pool asks of two sessions of one account."""


class Machine:
    """A machine that mines a day on a session, counted as the data plane counts.

    Args:
        name: the worker.
        session: what the pool's session asks for, by hour.
        dice: chance.
        withholds: part of the shares for the pool that it keeps.
    """

    def __init__(
        self,
        name: str,
        session: Callable[[int], float],
        dice: random.Random,
        withholds: float = 0.0,
    ) -> None:
        self.worker, self.session, self.dice = Worker(name), session, dice
        self.withholds = withholds
        self.terms: dict[float, object] = {}

    def hour(self, number: int, found: int, asked: float) -> tuple[WorkRecord, int, float]:
        """What it is told to have done, and how many shares were sent, at which difficulty."""
        pool, sent = self.session(number), 0
        terms = self.terms.setdefault(pool, object())
        for share_number in range(found):
            meets = self.dice.random() < asked / pool
            if meets and self.dice.random() < self.withholds:
                continue
            sent += meets
            now = number * 3600.0 + share_number * 3600.0 / found
            streak = self.worker.streak
            if streak.terms is not terms or now - streak.last > streak.limit:
                streak = self.worker.turn(ACCOUNT, terms, asked, pool, now)
            streak.count, streak.last = streak.count + 1, now
        (record,) = self.worker.take()
        return WorkRecord(*record), sent, pool


def mined(path: Path, machines: list[Machine], found: int, asked: float, *, told: bool) -> Audit:
    """An audit by worker of what machines mined in a day; `told`: what was expected was, too."""
    batches = []
    for number in range(24):
        at = DAY + number * HOUR
        shares, works = [], []
        for machine in machines:
            record, sent, pool = machine.hour(number, found, asked)
            works.append(record if told else record._replace(expected=None))
            name = machine.worker.name
            shares += [
                share(at, name, difficulty=asked, pool_difficulty=pool, account="farm")
                for _ in range(sent)
            ]
        batches.append(batch(number + 1, at, shares=shares, work=works))
    keep(path, batches)
    with closing(LedgerReader(str(path))) as reader:
        return audit(reader, Which("main"), DAY, DAY + 86_400, "worker")


def two_sessions(dice: random.Random, **other: float) -> list[Machine]:
    """Twenty machines on a session that asks for little, and twenty on one that asks for more."""
    return [
        Machine(f"{name}{n}", lambda _, asks=asks: asks, dice, **other)
        for name, asks in (("little", LITTLE), ("much", MUCH))
        for n in range(20)
    ]


def test_nobody_is_accused_where_sessions_differ_in_difficulty(path: Path) -> None:
    found = mined(path, two_sessions(random.Random(11)), 200, 1e5, told=True)
    assert [row.worker for row in found.rows if not row.fine] == []
    assert found.total.verdict == FINE
    assert found.total.estimated == 0
    assert found.notes == []


def test_where_that_was_not_counted_honest_machines_are_and_the_audit_says_so(path: Path) -> None:
    found = mined(path, two_sessions(random.Random(11)), 200, 1e5, told=False)
    assert sum(not row.fine for row in found.rows) > 30
    assert found.total.estimated == found.total.expected
    (note,) = found.notes
    assert note.startswith("100 % of what is expected was told by a version that did not count it")


def test_one_that_withholds_is_found_where_sessions_differ(path: Path) -> None:
    dice = random.Random(12)
    thief = Machine("thief", lambda _: MUCH, dice, withholds=0.7)
    found = mined(path, [*two_sessions(dice), thief], 200, 1e5, told=True)
    assert [row.worker for row in found.rows if not row.fine] == ["thief"]
    assert found.rows[-1].verdict == SENT_LESS


def test_a_difficulty_that_jumps_every_hour_accuses_nobody(path: Path) -> None:
    """As few shares as six an hour; by the mean of each hour 41 % of such were accused."""
    dice = random.Random(13)

    def jumps(hour: int) -> float:
        return LITTLE * (8 if hour % 2 else 1)

    machines = [Machine(f"rig{n}", jumps, dice) for n in range(40)]
    found = mined(path, machines, 60, 1e5, told=True)
    assert [row.worker for row in found.rows if not row.fine] == []
    assert found.total.verdict == FINE
