"""What a statement says: figures of rows and of all together, of each account, and of windows."""

from dataclasses import dataclass, field, fields
from math import sqrt
from typing import Any

from stratumproxy.ledger.audit import Row as Audited
from stratumproxy.statement.period import Period
from stratumproxy.statement.targets import Delivered
from stratumproxy.statement.windows import Window

BY = ("day", "worker", "group")

HASHES_PER_DIFFICULTY = 2**32

UNPROVEN = "(other names)"
"""Stands for what was done under names of which no share counted."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What machines did in some time. Work is in shares of difficulty 1, each 2^32 hashes."""

    seconds: float
    """How long that time is."""
    accepted: int
    """Shares that count."""
    work: float
    """Sum of the difficulties that these were asked to meet: what is proven."""
    squares: float | None
    """Sum of the squares of them; None where it was not counted."""
    rejected: int
    """Shares that don't."""
    reasons: dict[str, int]
    """These by reason."""
    refused_work: float
    """Of good shares that no pool credited: rejected, timed out or lost there."""
    expected: float | None
    """Shares that should have met what the pools ask for."""
    forwarded: int
    """Shares that were sent to pools; the four below are what became of them."""
    credited: int
    pool_rejected: int
    timed_out: int
    lost: int
    credited_work: float
    machine_seconds: float
    """How long machines were there to mine, each by itself."""
    proven_seconds: float | None
    """How long their shares prove that they mined; None where it was not counted."""
    excused_seconds: float | None
    """How long they did not, while that was excused."""

    @property
    def machines(self) -> float:
        """How many were there, on average."""
        return self.machine_seconds / self.seconds if self.seconds else 0.0

    @property
    def hashrate(self) -> float:
        """Hashes a second, on average over all of the time."""
        return self.work * HASHES_PER_DIFFICULTY / self.seconds if self.seconds else 0.0

    @property
    def error(self) -> float | None:
        """How far chance moves work and hashrate: one standard deviation, as a part of it."""
        if self.squares is None or not self.work:
            return None
        return sqrt(self.squares) / self.work

    @property
    def down_seconds(self) -> float | None:
        """How long machines were there, did not mine, and nothing excuses it."""
        if self.proven_seconds is None or self.excused_seconds is None:
            return None
        return max(0.0, self.machine_seconds - self.proven_seconds - self.excused_seconds)

    @property
    def uptime(self) -> float | None:
        """The part of the time that is not excused in which machines mined; 1 at most."""
        if self.proven_seconds is None or self.excused_seconds is None:
            return None
        owed = self.machine_seconds - self.excused_seconds
        return max(0.0, min(1.0, self.proven_seconds / owed)) if owed > 0 else None

    @property
    def unseen_seconds(self) -> float | None:
        """Outages of a machine that are shorter are not seen, as a rule: eight mean gaps between
        two shares.
        """
        if not self.proven_seconds or not self.accepted:
            return None
        return 8 * self.proven_seconds / self.accepted

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        derived = ("machines", "hashrate", "error", "down_seconds", "uptime", "unseen_seconds")
        return _plain(self) | {name: getattr(self, name) for name in derived}


@dataclass(frozen=True, slots=True)
class Row:
    """A day, a machine, or a group of machines."""

    name: str
    since: int
    """Unix seconds, as sums can be cut there."""
    until: int
    figures: Figures

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "name": self.name,
            "since": self.since,
            "until": self.until,
            **self.figures.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Credit:
    """What one account at a pool was credited, held against what it should have been."""

    pool: str
    account: str
    coin: str
    site: str
    target: str
    audit: Audited

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        audit = self.audit.to_dict()
        for name in ("start", "worker", "pool", "account", "tenant", "target"):
            del audit[name]
        whose = {
            name: getattr(self, name) for name in ("pool", "account", "coin", "site", "target")
        }
        return whose | audit


@dataclass(frozen=True, slots=True)
class Excused:
    """A window, and how much downtime it excuses."""

    window: Window
    machine_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return self.window._asdict() | {"machine_seconds": self.machine_seconds}


@dataclass(frozen=True, slots=True)
class Statement:
    """Of one tenant."""

    tenant: str
    period: Period
    since: int
    until: int
    """What of the period there is something to be told of, as sums can be cut."""
    made: float
    by: str
    rows: list[Row]
    total: Figures
    names: int
    """How many machines were there at any moment of it."""
    targets: list[Delivered]
    """Parts of the work, where there are several targets."""
    credits: list[Credit]
    confidence: float
    """With which all accounts are within chance, if only chance is at work."""
    windows: list[Excused]
    cuts: int
    """How many ends of rows are not where they were asked for; see `notes`."""
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "tenant": self.tenant,
            "asked": [self.period.since, self.period.until],
            "time_zone": self.period.zone.key,
            "since": self.since,
            "until": self.until,
            "made": self.made,
            "by": self.by,
            "rows": [row.to_dict() for row in self.rows],
            "total": self.total.to_dict(),
            "names": self.names,
            "targets": [target.to_dict() for target in self.targets],
            "credits": [credit.to_dict() for credit in self.credits],
            "confidence": self.confidence,
            "windows": [window.to_dict() for window in self.windows],
            "cuts": self.cuts,
            "notes": self.notes,
        }


def _plain(value: Figures) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}
