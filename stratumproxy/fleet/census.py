"""How many workers and miners there are at one moment, by tenant and target."""

from collections import Counter
from dataclasses import dataclass, field

from stratumproxy.fleet.attention import RULES
from stratumproxy.fleet.worker import Worker
from stratumproxy.telemetry.records import MinerRecord


@dataclass(slots=True)
class Count:
    """How some workers stand together."""

    workers: int = 0
    attention: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(RULES, 0)))
    """Workers by what they need a person for."""
    usual: float = 0.0
    """Hashes a second that they usually do together."""
    missing: float = 0.0
    """Hashes a second that those lack of them that are gone or slow."""
    best: float = 0.0
    """Difficulty of their best share."""

    def add(self, worker: Worker) -> None:
        """One of them."""
        self.workers += 1
        if worker.attention:
            self.attention.update(worker.attention)
            self.missing += worker.missing
        self.usual += worker.usual.rate
        self.best = max(self.best, worker.best)

    @property
    def of_usual(self) -> float | None:
        """What they do now, as a part of what is usual; None while nothing is usual."""
        return 1 - min(max(self.missing / self.usual, 0.0), 1.0) if self.usual else None


@dataclass(slots=True)
class Place(Count):
    """How a target's workers and miners stand."""

    miners: int = 0
    """Connections that authorized for it."""
    accounts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Of these, those that mine on each pool and account."""

    def take_in(self, other: "Place") -> None:
        """Another target's, too."""
        self.workers += other.workers
        self.attention.update(other.attention)
        self.usual += other.usual
        self.missing += other.missing
        self.best = max(self.best, other.best)
        self.miners += other.miners
        self.accounts.update(other.accounts)

    @property
    def account(self) -> tuple[str, str]:
        """The pool, and the account there, that most of its miners mine on; empty for nothing."""
        return max(self.accounts, key=lambda each: (self.accounts[each], each), default=("", ""))


class Census(dict[tuple[str, str], Place]):
    """Places by tenant and target; a worker is counted where it mines, or mined last."""

    def worker(self, worker: Worker) -> None:
        """Count a worker."""
        self._place(worker.tenant, worker.target).add(worker)

    def miner(self, miner: MinerRecord) -> None:
        """Count a miner, once it is known whose it is."""
        if not miner.worker:
            return
        place = self._place(miner.tenant, miner.target)
        place.miners += 1
        if miner.pool:
            place.accounts[miner.pool, miner.account] += 1

    def of(self, tenant: str) -> Place:
        """All of a tenant's targets together."""
        whole = Place()
        for (whose, _), place in self.items():
            if whose == tenant:
                whole.take_in(place)
        return whole

    def _place(self, tenant: str, target: str) -> Place:
        key = tenant, target
        if (place := self.get(key)) is None:
            place = self[key] = Place()
        return place
