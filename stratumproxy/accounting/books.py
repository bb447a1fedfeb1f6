"""The sums: of the whole process, and of what one pool said."""

from dataclasses import dataclass, field
from typing import ClassVar

from stratumproxy.telemetry.histogram import Histogram, merge_histograms


@dataclass(slots=True)
class Tally:
    """Shares of the whole proxy since start. Only rises."""

    accepted: int = 0
    """Shares that count: met the miner's difficulty, and not refused by the pool if it saw them."""
    work: float = 0.0
    """Sum of what the accepted shares were asked to meet."""
    forwarded: int = 0
    jobs: int = 0
    new_blocks: int = 0
    """Blocks of the network that a pool had us build on."""
    blocks: int = 0
    """Shares that met the network's target."""
    blocks_accepted: int = 0
    """Of these, what the pool took."""
    blocks_refused: int = 0
    best: float = 0.0
    """Difficulty of the best share."""
    rejected: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str) -> None:
        """Count one share that does not count."""
        self.rejected[reason] = self.rejected.get(reason, 0) + 1


@dataclass(slots=True)
class Verdicts:
    """What one pool said of the shares it was sent."""

    accepted: int = 0
    rejected: int = 0
    lost: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Rejects by the pool's own words, for the first `MAX_REASONS` different ones."""
    round_trip: Histogram = field(default_factory=Histogram)
    """From sending a share to the verdict on it."""

    MAX_REASONS: ClassVar[int] = 32

    @property
    def any(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.accepted or self.rejected or self.lost)

    def add(self, other: "Verdicts") -> None:
        """Take in what another counted."""
        self.accepted += other.accepted
        self.lost += other.lost
        self.rejected += other.rejected
        self.round_trip = merge_histograms([self.round_trip, other.round_trip])
        for reason, count in other.reasons.items():
            self._count(reason, count)

    def reject(self, reason: str) -> None:
        """Count a reject under the pool's words, which are untrusted: their number is bounded."""
        self.rejected += 1
        self._count(reason, 1)

    def _count(self, reason: str, count: int) -> None:
        if reason not in self.reasons and len(self.reasons) >= self.MAX_REASONS:
            reason = "other"
        self.reasons[reason] = self.reasons.get(reason, 0) + count
