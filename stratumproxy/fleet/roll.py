"""The roll of workers: a bounded number of them, and which of them changed since when."""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator, KeysView, ValuesView

from stratumproxy.fleet.worker import Worker
from stratumproxy.telemetry.records import WorkerKey

LIMIT = 100_000
"""Workers at a time. Names come from the network."""

RETENTION = 7 * 86400.0
"""Seconds that a worker without a connection is remembered: a long weekend, and then some."""

GONE = 10_000
"""Workers taken off the roll that are still told to those who hold an older copy of it."""


class Roll:
    """Workers by tenant and name.

    Args:
        first: revisions begin after it.
        limit: the most workers at a time.
        retention: seconds after which one that is not connected is forgotten.
    """

    def __init__(self, first: int, limit: int = LIMIT, retention: float = RETENTION) -> None:
        self._limit = limit
        self._retention = retention
        self._by_change: OrderedDict[WorkerKey, Worker] = OrderedDict()
        self._idle: OrderedDict[WorkerKey, Worker] = OrderedDict()
        """Those without a connection, the longest silent first."""
        self._gone: deque[tuple[int, WorkerKey]] = deque(maxlen=GONE)
        self._tenants: Counter[str] = Counter()
        self._all_before = first
        """Copies older than this revision can't be brought up to date."""
        self.revision = first
        """Rises with each change."""

    def __len__(self) -> int:
        return len(self._by_change)

    def __contains__(self, key: object) -> bool:
        return key in self._by_change

    def get(self, key: WorkerKey) -> Worker | None:
        """That worker."""
        return self._by_change.get(key)

    @property
    def workers(self) -> ValuesView[Worker]:
        """All of them, the one that changed last at the end."""
        return self._by_change.values()

    @property
    def keys(self) -> KeysView[WorkerKey]:
        """Their keys, in the same order."""
        return self._by_change.keys()

    @property
    def tenants(self) -> list[str]:
        """Whose workers there are."""
        return list(self._tenants)

    @property
    def full(self) -> bool:
        """Whether one must be forgotten before the next can be added."""
        return len(self._by_change) >= self._limit

    def add(self, worker: Worker) -> None:
        """Put a new one on the roll."""
        self._by_change[worker.key] = worker
        self._tenants[worker.tenant] += 1
        self.place(worker)
        self.changed(worker)

    def changed(self, worker: Worker) -> None:
        """Something of it did, so it has a new revision."""
        self.revision += 1
        worker.revision = self.revision
        self._by_change.move_to_end(worker.key)

    def place(self, worker: Worker) -> None:
        """It was heard of just now, or its connections changed: it is idle, or not."""
        if worker.connections:
            self._idle.pop(worker.key, None)
        else:
            self._idle[worker.key] = worker
            self._idle.move_to_end(worker.key)

    def expired(self, now: float) -> bool:
        """Whether the one that was silent longest should be forgotten."""
        worker = next(iter(self._idle.values()), None)
        return worker is not None and worker.seen <= now - self._retention

    def forget(self) -> Worker | None:
        """Forget the one that was silent longest, and say who it was; None if all are connected."""
        if not self._idle:
            return None
        key, worker = self._idle.popitem(last=False)
        del self._by_change[key]
        self._tenants[worker.tenant] -= 1
        if not self._tenants[worker.tenant]:
            del self._tenants[worker.tenant]
        self.revision += 1
        if len(self._gone) == GONE:
            self._all_before = self._gone[0][0]
        self._gone.append((self.revision, key))
        return worker

    def follows(self, since: int) -> bool:
        """Whether a copy of that revision can be brought up to date by what changed after it."""
        return self._all_before <= since <= self.revision

    def since(self, since: int) -> Iterator[Worker]:
        """Those that changed after a revision, the newest change first."""
        for worker in reversed(self._by_change.values()):
            if worker.revision <= since:
                return
            yield worker

    def gone_since(self, since: int) -> list[WorkerKey]:
        """Who was taken off the roll after a revision, and did not come back."""
        keys = []
        for revision, key in reversed(self._gone):
            if revision <= since:
                break
            if key not in self._by_change:
                keys.append(key)
        return keys
