"""Names that no share counted for yet: a bounded list in memory, and why theirs were refused.

A machine that is set up wrongly is among them, and so is whatever a stranger makes up. So when the
list is full, one of the address that has the most of them has to go.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from stratumproxy.fleet.worker import add_reasons
from stratumproxy.telemetry.records import MinerRecord, WorkerKey, WorkRecord

MOST = 256
"""Names on the list."""

RETENTION = 3600.0
"""Seconds after its last share that a name stays on it."""


class Began(NamedTuple):
    """Since when a worker is there."""

    since: float
    """When it connected, or was first heard of."""
    counted_since: float | None
    """From when on all of its shares are told here; None if some may have been before."""


class Stranger:
    """What is known of one name.

    Args:
        key: whose it would be, and what a miner authorized with; untrusted text.
        now: seconds that pass evenly.
    """

    __slots__ = (
        "accepted",
        "address",
        "agent",
        "key",
        "last",
        "name",
        "reasons",
        "rejected",
        "since",
        "tenant",
    )

    def __init__(self, key: WorkerKey, now: float) -> None:
        self.key = key
        self.tenant, self.name = key
        self.since = self.last = now
        """When a share of it was first told of, and last."""
        self.accepted = 0
        """Shares that count: there was no room for one more new name then."""
        self.rejected = 0
        self.reasons: dict[str, int] = {}
        self.address = ""
        """Where its newest miner is, or was; empty if it has but names beside its first."""
        self.agent = ""

    @property
    def host(self) -> str:
        """Of its address."""
        return self.address.rpartition(":")[0]


class Strangers:
    """The list, and which open connections its names have."""

    def __init__(self) -> None:
        self._by_key: dict[WorkerKey, Stranger] = {}
        self._miners: dict[WorkerKey, tuple[MinerRecord, Began]] = {}
        """The newest open connection of each name that is not proven, on the list or not."""
        self.dropped = 0
        """Names that there was no room for: taken off the list for others, or not kept although
        a share of theirs counted."""

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Stranger]:
        """All of them, who had the most shares refused first."""
        return iter(sorted(self._by_key.values(), key=lambda each: -each.rejected))

    def connected(self, miner: MinerRecord, began: Began) -> None:
        """A miner is there under a name that is not proven; or it has changed."""
        if miner.worker:
            self._miners[miner.key] = miner, began
        if (stranger := self._by_key.get(miner.key)) is not None:
            stranger.address, stranger.agent = miner.address, miner.agent

    def left(self, miner: MinerRecord) -> None:
        """It is gone, or mines under another name."""
        if miner.key in self._miners and self._miners[miner.key][0] is miner:
            del self._miners[miner.key]

    def began(self, key: WorkerKey) -> Began | None:
        """Since when the newest open connection of a name is there; None if there is none."""
        return self._miners[key][1] if key in self._miners else None

    def did(self, record: WorkRecord, now: float) -> None:
        """Shares of a name that is not proven."""
        stranger = self._by_key.get(record.key) or self._add(record.key, now)
        stranger.last = now
        self.dropped += record.accepted > 0 and not stranger.accepted
        stranger.accepted += record.accepted
        stranger.rejected += sum(record.rejected.values())
        add_reasons(stranger.reasons, record.rejected)

    def proven(self, key: WorkerKey) -> None:
        """A share of it counts: it is a worker now."""
        self._by_key.pop(key, None)

    def expire(self, now: float) -> None:
        """Take out those that were silent for long."""
        for stranger in list(self._by_key.values()):
            if stranger.last <= now - RETENTION:
                del self._by_key[stranger.key]

    def _add(self, key: WorkerKey, now: float) -> Stranger:
        if len(self._by_key) >= MOST:
            self._make_room()
        stranger = self._by_key[key] = Stranger(key, now)
        if key in self._miners:
            miner, _ = self._miners[key]
            stranger.address, stranger.agent = miner.address, miner.agent
        return stranger

    def _make_room(self) -> None:
        """Who had the fewest shares refused goes, of the address that has the most names."""
        self.dropped += 1
        (crowd, _), *_ = Counter(each.host for each in self._by_key.values()).most_common(1)
        theirs = (each for each in self._by_key.values() if each.host == crowd)
        del self._by_key[min(theirs, key=lambda each: each.rejected).key]
