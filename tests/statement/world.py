"""Six weeks of two tenants, hour by hour, in a ledger whose older rows are gone as they do go."""

import random
import sqlite3
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from stratumproxy.ledger import LedgerReader
from stratumproxy.statement import Asked, Period, Statement, Window, tell
from stratumproxy.statement.statement import Figures
from stratumproxy.telemetry.records import LOST, REJECTED, WorkRecord
from tests.ledger.told import DAY as MIDNIGHT
from tests.ledger.told import batch, keep, share, work

HOUR, DAY = 3600, 86_400
DAYS = 42
END = MIDNIGHT + DAYS * DAY
HOURS_FROM = MIDNIGHT + 9 * DAY
FIVE_MINUTES_FROM = END - 2 * DAY + 7 * HOUR
MOVES = MIDNIGHT + 21 * DAY + 10 * HOUR
"""When machine c changes hands."""

NAMES = "abcdef"

Plain = dict[str, Any]


def tenant_of(name: str, at: float) -> str:
    if name == "c":
        return "acme" if at < MOVES else "zeta"
    return "acme" if name in "ab" else "zeta"


def mined(dice: random.Random, at: int) -> tuple[list[WorkRecord], list[Any]]:
    """Of all names, in five minutes."""
    works, shares = [], []
    for name in NAMES:
        if dice.random() < 0.1:
            continue
        tenant = tenant_of(name, at)
        whose: Plain = {
            "tenant": tenant,
            "account": tenant if at < MIDNIGHT + 30 * DAY else f"{tenant}2",
            "pool": dice.choice(["main", "main", "backup"]),
        }
        count = dice.randrange(1, 40)
        works.append(
            work(
                name,
                count,
                rejected={dice.choice(["stale", "duplicate"]): 2} if dice.random() < 0.3 else {},
                refused_work=1024.0,
                proven_seconds=float(dice.randrange(200, 301)),
                **whose,
            )
        )
        verdict = dice.choice(["accepted"] * 9 + [REJECTED, LOST])
        shares.append(share(at, name, verdict, reason="stale" * (verdict == REJECTED), **whose))
    return works, shares


def build(path: Path) -> Path:
    """Each hour something is told, at some five minutes of it; the last three days at all."""
    dice, batches = random.Random(5), []
    for hour in range(MIDNIGHT, END, HOUR):
        fine = range(0, HOUR, 300) if hour >= END - 3 * DAY else [300 * dice.randrange(12)]
        for offset in fine:
            works, shares = mined(dice, hour + offset)
            number = len(batches) + 1
            batches.append(batch(number, hour + offset, work=works, shares=shares))
    keep(path, batches)
    # What expires goes a few rows at a time, so the oldest bucket that is left may be in part.
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, since in (("hours", HOURS_FROM), ("five_minutes", FIVE_MINUTES_FROM)):
            for of in (table, f"{table}_rejects"):
                connection.execute(
                    f"DELETE FROM {of} WHERE start < ?1 OR start = ?1 AND worker < 3", (since,)
                )
    return path


def statement(
    path: Path,
    since: float,
    until: float,
    zone: str = "UTC",
    *,
    tenant: str = "acme",
    now: float = END,
    **asked: Any,
) -> Statement:
    period = Period(since, until, ZoneInfo(zone))
    with closing(LedgerReader(str(path), None)) as reader:
        return tell(reader, tenant, Asked(period, **asked), now)


COUNTED = [
    each.name
    for each in fields(Figures)
    if each.name not in ("seconds", "reasons", "excused_seconds")
]
"""What adds up exactly."""

REASONS = ("stale", "duplicate")


def sums(of: Figures) -> dict[str, Any]:
    reasons = {reason: of.reasons.get(reason, 0) for reason in REASONS}
    return {name: getattr(of, name) for name in COUNTED} | reasons


def added(all: list[Figures]) -> dict[str, Any]:
    every = [sums(of) for of in all]
    return {name: sum(each[name] for each in every) for name in sums(all[0])}


def window(since: float, seconds: float, why: str = "curtailment") -> Window:
    return Window(since, since + seconds, why)
