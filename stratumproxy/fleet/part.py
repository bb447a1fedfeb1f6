"""What each tenant's target did: the sums of its workers' shares."""

from collections.abc import Iterable
from typing import NamedTuple

from stratumproxy.fleet.hashrate import Done, Rates
from stratumproxy.fleet.worker import add_reasons
from stratumproxy.telemetry.records import ACCEPTED, ShareRecord, WorkRecord


class PartBefore(NamedTuple):
    """What a target did within a day before this process began, as a ledger has it."""

    tenant: str
    target: str
    accepted: int
    work: float
    reasons: dict[str, int]
    past: Rates
    """Its long windows."""


class Sums(NamedTuple):
    """What a target did since some time."""

    since: float
    accepted: int
    work: float
    reasons: dict[str, int]


class Part:
    """One target's part of the fleet.

    Args:
        tenant: whose.
        target: which of the tenant's; empty if there is but one.
        now: when it is first heard of, in seconds that pass evenly.
        counted_since: from when on what it does is told here.
    """

    def __init__(self, tenant: str, target: str, now: float, counted_since: float) -> None:
        self.tenant = tenant
        self.target = target
        self.rates = Rates(now, counted_since)
        self.accepted = 0
        """Since this process began, as all that follows: so counters never take a leap."""
        self.work = 0.0
        """Sum of the difficulties of the accepted shares."""
        self.credited = 0.0
        """Of those that a pool accepted, the sum of what it had asked for: what it credits."""
        self.reasons: dict[str, int] = {}
        """Of shares that don't count."""
        self._untold = [0.0, 0.0, 0, 0]
        self._before = Sums(counted_since, 0, 0.0, {})

    @property
    def sums(self) -> Sums:
        """What it did, with what a ledger has of the day before."""
        since, accepted, work, reasons = self._before
        reasons = dict(reasons)
        add_reasons(reasons, self.reasons)
        return Sums(since, accepted + self.accepted, work + self.work, reasons)

    def recall(self, before: PartBefore, since: float, now: float) -> None:
        """Add what it did before, from some time on; once."""
        since = min(self._before.since, since)
        self._before = Sums(since, before.accepted, before.work, before.reasons)
        self.rates.take_in(before.past, now)

    def add(self, record: WorkRecord, done: Done) -> None:
        """Add up what one of its workers did; `tell` it when all of a batch are."""
        self.accepted += done.accepted
        self.work += done.work
        if record.rejected:
            add_reasons(self.reasons, record.rejected)
        untold = self._untold
        untold[0] += done.work
        untold[1] += done.squares
        untold[2] += done.accepted
        untold[3] += done.rejected

    def tell(self, at: float) -> None:
        """What was added was so at that time."""
        work, squares, accepted, rejected = self._untold
        if accepted or rejected:
            self.rates.add(at, Done(work, squares, int(accepted), int(rejected)))
            self._untold = [0.0, 0.0, 0, 0]


class Parts(dict[tuple[str, str], Part]):
    """What each target did, by tenant and target.

    Args:
        counted_since: from when on that is told here, in seconds that pass evenly.
    """

    def __init__(self, counted_since: float) -> None:
        super().__init__()
        self._counted_since = counted_since
        self._untold: dict[Part, None] = {}

    def add(self, record: WorkRecord, done: Done, now: float) -> None:
        """Add up what a worker did; `tell` when all of a batch are."""
        part = self._of(record.tenant, record.target, now)
        part.add(record, done)
        self._untold[part] = None

    def recall(self, before: Iterable[PartBefore], since: float, now: float) -> None:
        """Add what a ledger has of the last day, after a restart; see `Fleet.recall`.

        Args:
            before: of each target.
            since: from when on that is.
            now: the time.
        """
        for each in before:
            self._of(each.tenant, each.target, now).recall(each, since, now)

    def credit(self, record: ShareRecord, now: float) -> None:
        """A pool's verdict on a share is there."""
        if record.verdict == ACCEPTED:
            self._of(record.tenant, record.target, now).credited += record.pool_difficulty

    def _of(self, tenant: str, target: str, now: float) -> Part:
        if (part := self.get((tenant, target))) is None:
            part = self[tenant, target] = Part(tenant, target, now, self._counted_since)
        return part

    def tell(self, at: float) -> None:
        """What was added was so at that time."""
        for part in self._untold:
            part.tell(at)
        self._untold.clear()
