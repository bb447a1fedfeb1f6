"""Who was credited with which share: by miners, by pools that note the name of each, by the ledger.

A miner and a pool know a share by its hash, the ledger by its worker and the difficulty that the
hash meets.
"""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from stratumproxy.ledger.schema import FLEET
from stratumproxy.telemetry.records import VERDICTS
from stratumproxy.testing import SimulatedPool
from stratumproxy.testing.judge import Judgement
from tests.end_to_end.conftest import Miners, ServedPool, Site

DIFFICULTY_1 = 0xFFFF << 208


class Counting(Protocol):
    """A pool that says what it counted."""

    port: int

    @property
    def names(self) -> Mapping[bytes, str]:
        """Each share that counted, by its hash in internal byte order, and whose it was there."""

    @property
    def refused(self) -> int:
        """Shares that did not count."""

    @property
    def means_last(self) -> bool:
        """Whether all counts for the name that was authorized last."""

    def check(self) -> None:
        """It has nothing to say against its client."""


class NotingPool(SimulatedPool):
    """A simulated pool that notes under which name it counted each share."""

    def __init__(self, *options) -> None:
        super().__init__(*options)
        self.names: dict[bytes, str] = {}

    def count(self, worker: str | None, share: Judgement, *, answered: bool) -> None:
        super().count(worker, share, answered=answered)
        if share.reject is None:
            assert worker is not None
            assert share.hash not in self.names, "a pool counts a share once"
            self.names[share.hash] = worker


class Noted:
    """A served one."""

    def __init__(self, served: ServedPool, pool: NotingPool) -> None:
        self.served = served
        self.port = served.address[1]
        self.names = pool.names

    @property
    def refused(self) -> int:
        return self.served.pool.total.rejected.total()

    @property
    def means_last(self) -> bool:
        return self.served.pool.settings.second_name == "last"

    def check(self) -> None:
        assert list(self.served.pool.violations) == []
        assert self.served.pool.total.rejected["unauthorized"] == 0

    @classmethod
    async def serve(cls, site: Site, number: int, **settings) -> "Noted":
        served = await site.pool(serve=False, **settings)
        served.pool = pool = NotingPool(served.pool.settings, random.Random(number))
        await served.open()
        return cls(served, pool)


class Sent(NamedTuple):
    """A share that was sent to a pool, as the ledger has it."""

    tenant: str
    pool: str
    account: str
    verdict: str


class Key(NamedTuple):
    """What the ledger knows a share by."""

    worker: str
    met: str

    @classmethod
    def of(cls, worker: str, met: float) -> "Key":
        return cls(worker, f"{met:.9e}")


@dataclass
class Kept:
    """What a ledger has."""

    shares: dict[Key, Sent] = field(default_factory=dict)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Sums by tenant and worker."""
    credited: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """Sums by tenant, worker, pool and account."""

    @classmethod
    def read(cls, path: Path) -> "Kept":
        kept = cls()
        connection = sqlite3.connect(path)
        try:
            connection.execute("BEGIN")
            for worker, met, verdict, tenant, pool, account in connection.execute(
                "SELECT workers.name, met, verdict, workers.tenant, pools.name, account FROM shares"
                " JOIN workers ON workers.id = worker JOIN pools ON pools.id = pool"
            ):
                key = Key.of(worker, met)
                assert key not in kept.shares, "a share is kept once"
                kept.shares[key] = Sent(tenant, pool, account, VERDICTS[verdict])
            for tenant, worker, pool, account, accepted, credited in connection.execute(
                "SELECT workers.tenant, workers.name, pools.name, account, accepted, credited"
                " FROM days JOIN workers ON workers.id = worker JOIN pools ON pools.id = pool"
                f" WHERE worker <> {FLEET}"
            ):
                kept.accepted[tenant, worker] += accepted
                kept.credited[tenant, worker, pool, account] += credited
        finally:
            connection.close()
        return kept

    def of_worker(self) -> Counter[str]:
        """Accepted shares of each name, whosoever it was."""
        total = Counter()
        for (_, worker), accepted in self.accepted.items():
            total[worker] += accepted
        return total

    def of_tenant(self, tenant: str) -> int:
        """Accepted shares of a tenant's."""
        return sum(count for (whose, _), count in self.accepted.items() if whose == tenant)


class Claims:
    """What miners found, and what they were told of it."""

    def __init__(self) -> None:
        self.owners: dict[bytes, str] = {}
        """Each share's worker."""
        self.true: set[bytes] = set()
        """Those that were answered `true`."""
        self.accepted: Counter[str] = Counter()
        """How many that were of each worker."""
        self.unheard: Counter[str] = Counter()
        """Shares whose answer never came."""

    def found(self, fleets: Iterable[Miners]) -> None:
        """What these miners found so far."""
        for miner in (miner for fleet in fleets for miner in fleet):
            assert len(miner.shares) == miner.counts.submitted, "more shares than are kept"
            self.owners |= {share.hash: miner.worker for share in miner.shares}

    def count(self, fleets: Iterable[Miners]) -> None:
        """What these miners were told in all; they are at their end."""
        for miner in (miner for fleet in fleets for miner in fleet):
            assert not miner.counts.pending
            self.true |= {share.hash for share in miner.shares if share.verdict == "accepted"}
            self.accepted[miner.worker] += miner.counts.accepted
            self.unheard[miner.worker] += miner.counts.lost

    def key(self, share: bytes) -> Key:
        """What the ledger knows a share by."""
        return Key.of(self.owners[share], difficulty_of(share))


def difficulty_of(share: bytes) -> float:
    """What a hash meets."""
    return DIFFICULTY_1 / int.from_bytes(share, "little")
