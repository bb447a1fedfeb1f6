"""A tenant: a customer's targets, what its miners are asked for, and how many there may be."""

from collections.abc import Sequence

from stratumproxy.downstream.miner import Miner
from stratumproxy.mining.extranonce import Layout
from stratumproxy.mining.vardiff import Vardiff
from stratumproxy.routing.splitting import Split
from stratumproxy.routing.target import NO_LIMIT, Target, common_layout, common_mask


class Tenant:
    """One customer; without any configured the only one is "default".

    Args:
        name: how it is known.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.vardiff: Vardiff
        self.targets: Sequence[Target] = ()
        self.split: Split | None = None
        """Who mines for which of several targets."""
        self.most = NO_LIMIT
        """Miners that it may have at a time, over all processes."""
        self.elsewhere = 0
        """Of these, how many other processes have, as far as that was told."""
        self.miners = 0
        """Of these, how many have authorized here."""
        self.fixed: dict[str, float | int] = {}
        """Difficulties that the operator fixed, by worker."""
        self.layout: Layout | None = None
        """What fits every target of its: its miners move from one to the other."""
        self.version_mask = 0
        """What its miners may roll before it is known where they mine."""

    def __repr__(self) -> str:
        return f"Tenant({self.name!r})"

    @property
    def is_full(self) -> bool:
        """No more miners of its are taken in."""
        return self.miners + self.elsewhere >= self.most

    def learn(self) -> None:
        """What is known of its targets' pools has changed."""
        self.layout = common_layout(self.targets)
        self.version_mask = common_mask(self.targets)

    def choose(self, miner: Miner, now: float) -> Target:
        """For what a miner is to mine that comes, or can't mine on for what it did."""
        if self.split is not None:
            return self.split.choose(miner, self._expected(miner), now)
        return self._first

    @property
    def turning_away(self) -> bool:
        """None of its targets takes anybody in."""
        return self._first.turning_away

    @property
    def _first(self) -> Target:
        """The first target that takes somebody in, or just the first."""
        for target in self.targets:
            if not target.turning_away:
                return target
        return self.targets[0]

    def _expected(self, miner: Miner) -> float:
        """A miner's work a second, as far as it can be known before its first share."""
        worker = miner.worker
        before = worker.difficulty_at(miner.host) if worker is not None else None
        return (before or self.vardiff.start) * self.vardiff.shares_per_minute / 60
