"""When machines were there, where their names change hands again and again."""

import random
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.ledger.served import Served
from stratumproxy.statement import machines as module
from stratumproxy.statement.machines import machines
from stratumproxy.telemetry.records import WorkRecord
from tests.ledger.told import DAY as MIDNIGHT
from tests.ledger.told import batch, keep, work

HOUR, DAY, DAYS = 3600, 86_400, 40
TENANTS = "ABC"


def mined(dice: random.Random) -> Iterable[list[WorkRecord]]:
    """Of six names, hour by hour; now and then one changes hands, is two's, or is silent."""
    owners = {name: dice.choice(TENANTS) for name in "uvwxyz"}
    silent = dict.fromkeys(owners, 0)
    for _ in range(DAYS * 24):
        works = []
        for name in owners:
            if dice.random() < 0.01:
                owners[name] = dice.choice(TENANTS)
            if silent[name]:
                silent[name] -= 1
                continue
            if dice.random() < 0.004:
                silent[name] = dice.choice([5, 30, 24 * 9, 24 * 16])
            whose = {owners[name]} | ({dice.choice(TENANTS)} if dice.random() < 0.01 else set())
            works += [
                work(name, 3, tenant=tenant, proven_seconds=float(dice.randrange(100, 3600)))
                for tenant in sorted(whose)
            ]
        yield works


@pytest.mark.parametrize("seed", range(3))
def test_hours_that_are_not_looked_at_would_change_nothing(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.sqlite3"
    hours = enumerate(mined(random.Random(seed)))
    keep(path, [batch(n + 1, MIDNIGHT + n * HOUR + 60, work=works) for n, works in hours])
    with closing(sqlite3.connect(path)) as connection:
        for tenant in TENANTS:
            served = Served(connection, tenant)
            for first, last in ((0, DAYS), (12, 31)):
                period = MIDNIGHT + first * DAY, MIDNIGHT + last * DAY
                names, presence = machines(served, *period)
                with monkeypatch.context() as all_of_them:
                    all_of_them.setattr(module, "_handed", list)
                    assert machines(served, *period)[0] == names
                    assert machines(served, *period)[1].machines == presence.machines
                assert len(names) > 2
