"""The fleet: takes in what the data plane tells, and holds what people ask."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stratumproxy.fleet.attention import RULES, attention
from stratumproxy.fleet.hashrate import DAY, HOUR, Rates
from stratumproxy.fleet.history import History
from stratumproxy.fleet.journal import Journal
from stratumproxy.fleet.processes import Process, Processes
from stratumproxy.fleet.roll import LIMIT, RETENTION, Roll
from stratumproxy.fleet.round_trip import RoundTrips
from stratumproxy.fleet.worker import Worker
from stratumproxy.telemetry.records import Batch, MinerRecord, WorkRecord
from stratumproxy.telemetry.snapshot import Snapshot

LOOK_SECONDS = 10
"""Within which every worker is looked at once: figures that time alone changes, attention."""

AWAITED_SECONDS = 15
"""From a start, within which those whose work is known may still be told to be connected."""

NUMBERS_A_SECOND = 1_000_000
"""Ids and revisions begin at the start's time times this, so they rise from process to process."""


class Done(NamedTuple):
    """Shares of a stretch of time that ends now."""

    work: float
    """Sum of the difficulties of the accepted ones."""
    accepted: int
    rejected: int


class Earlier(NamedTuple):
    """What a worker did before this process began, as a ledger has it."""

    worker: str
    since: float
    """When it was first heard of."""
    last_share: float | None
    """When its last share was, as well as it is known; None for none within the day."""
    hour: Done
    day: Done


class Fleet:
    """All workers, miners, pools and jobs, as batches and snapshots tell of them.

    Times are Unix seconds; `now` should not go back, and it does no harm if it does.

    Args:
        now: when this begins.
        limit: the most workers at a time.
        retention: seconds that a worker without a connection is remembered.
    """

    def __init__(self, now: float, *, limit: int = LIMIT, retention: float = RETENTION) -> None:
        first = int(now) * NUMBERS_A_SECOND
        self.started = now
        self.roll = Roll(first, limit, retention)
        self.journal = Journal(first)
        self.rates = Rates(now, now)
        self.hour = History(60, 60, now)
        self.day = History(300, 288, now)
        self.round_trips = RoundTrips()
        self.processes = Processes()
        self.attention: Counter[str] = Counter(dict.fromkeys(RULES, 0))
        """Workers by what they need a person for."""
        self.lost: Counter[str] = Counter()
        """Records that there was no room for, by kind; ``workers`` are those not on the roll."""
        self._round: list[Worker] = []
        """Who is still to be looked at in this round."""
        self._looked = now

    def snapshot(self, worker: int, run: str, snapshot: Snapshot, now: float) -> None:
        """Take in how a process stands; each tells once a second.

        Args:
            worker: the process, as the supervisor counts them.
            run: differs from one start of it to the next.
            snapshot: what it tells.
            now: Unix seconds.
        """
        if (process := self._process(worker, run, now)) is not None:
            process.snapshot = snapshot
        self.tend(now)

    def apply(self, batch: Batch, now: float) -> bool:
        """Take in a batch. One that was taken in before, by run and number, changes nothing.

        Returns:
            Whether it was new.
        """
        process = self._process(batch.worker, batch.run, now)
        source = process or self.processes.ended(batch.run)
        if source is None or batch.seq <= source.seq:
            return False
        source.seq = batch.seq
        for miner in batch.miners:
            if process is not None:
                self._miner(process, miner, now)
        if batch.work:
            self._work(batch.work, now)
        for share in batch.shares:
            self.round_trips.add(share)
        for job in batch.jobs:
            self.journal.job(job)
        for event in batch.events:
            self.journal.event(event)
        self.lost.update(batch.dropped)
        self.tend(now)
        return True

    def ended(self, worker: int, now: float) -> None:
        """A process is gone: its counts stay, its miners go."""
        process = self.processes.end(worker)
        if process is not None:
            for miner in process.miners.values():
                self._left(miner, now)
            process.miners.clear()

    def warm(
        self,
        earlier: Iterable[Earlier],
        now: float,
        *,
        hour_since: float,
        day_since: float,
    ) -> None:
        """Fill the last hour and day with what a ledger has of them, after a restart.

        May be called while batches are taken in, and for some workers after the other. What is in
        `earlier` must not be taken in as well: `processes.counted` says which batches that are.

        Args:
            earlier: workers of the last day, each once, the longest silent first.
            now: Unix seconds.
            hour_since: what their `hour` begins with.
            day_since: what their `day` begins with.
        """
        earlier = list(earlier)
        if earlier:
            first = min(done.since for done in earlier)
            hour, day = (
                _together(each)
                for each in zip(*((done.hour, done.day) for done in earlier), strict=True)
            )
            self.rates.warm(HOUR, now, max(hour_since, first), *hour)
            self.rates.warm(DAY, now, max(day_since, first), *day)
        for done in earlier:
            worker = self._worker(done.worker, now, done.since)
            if worker is None:
                continue
            worker.rates.warm(HOUR, now, max(hour_since, done.since), *done.hour)
            worker.rates.warm(DAY, now, max(day_since, done.since), *done.day)
            worker.accepted += done.day.accepted
            worker.rejected += done.day.rejected
            worker.work += done.day.work
            worker.since = min(worker.since, done.since)
            if worker.last_share is None and done.last_share is not None:
                worker.last_share = min(done.last_share, now)
                if not worker.connections:
                    worker.seen = worker.last_share
                    worker.awaited = now + AWAITED_SECONDS
            self._changed(worker, now)

    def tend(self, now: float) -> None:
        """Do what time asks for. Meant to be called once a second; called by the others too."""
        elapsed = now - self._looked
        if 0 <= elapsed < 1:
            return
        self._looked = now
        while self.roll.expired(now):
            self._forget()
        if not self._round:
            self._round = list(self.roll.workers)
        part = -(-len(self.roll) * max(1, min(int(elapsed), LOOK_SECONDS)) // LOOK_SECONDS)
        for worker in self._round[-part:] if part else ():
            if self.roll.get(worker.name) is worker:
                changed = worker.rates.advance(now)
                if self._look(worker, now) or changed:
                    self.roll.changed(worker)
        del self._round[-part:]
        connections = sum(len(process.miners) for process in self.processes.running.values())
        for history in (self.hour, self.day):
            history.add(now, 0.0, 0, 0, connections)

    def _process(self, worker: int, run: str, now: float) -> Process | None:
        """The process that tells; None if it is one that has ended."""
        if self.processes.ended(run) is not None:
            return None
        process = self.processes.find(worker, run)
        if process is None:
            self.ended(worker, now)
            process = self.processes.start(worker, run, now)
        process.heard = now
        return process

    def _worker(self, name: str, now: float, since: float) -> Worker | None:
        """The worker of a name, new if it was not known; None if there is no room for it."""
        worker = self.roll.get(name)
        if worker is None:
            if self.roll.full and not self._forget():
                self.lost["workers"] += 1
                return None
            worker = Worker(name, now, since, max(since, self.started))
            worker.awaited = self.started + AWAITED_SECONDS
            self.roll.add(worker)
        worker.seen = now
        return worker

    def _work(self, records: Sequence[WorkRecord], now: float) -> None:
        done, accepted, rejected = 0.0, 0, 0
        for record in records:
            done += record.work
            accepted += record.accepted
            rejected += sum(record.rejected.values()) if record.rejected else 0
            worker = self._worker(record.worker, now, now)
            if worker is None:
                continue
            worker.count(record, now)
            if record.rejected or worker.attention:  # nothing else calls for a look at once
                self._look(worker, now)
            if not worker.connections:
                self.roll.place(worker)
            self.roll.changed(worker)
        for total in (self.rates, self.hour, self.day):
            total.add(now, done, accepted, rejected)

    def _miner(self, process: Process, miner: MinerRecord, now: float) -> None:
        before = process.miners.pop(miner.id, None)
        if miner.open:
            process.miners[miner.id] = miner
        known = before is not None and before.worker == miner.worker
        if before is not None and not (known and miner.open):
            self._left(before, now)
        if miner.worker and (miner.open or before is None):
            worker = self._worker(miner.worker, now, miner.since)
            if worker is None:
                return
            if known:
                worker.told(miner)
            else:
                worker.connected(miner)
                if not miner.open:  # it came and went between two batches
                    worker.left()
            self.roll.place(worker)
            self._changed(worker, now)

    def _left(self, miner: MinerRecord, now: float) -> None:
        """A miner has gone, or mines under another name."""
        worker = self.roll.get(miner.worker)
        if worker is not None and miner.worker and worker.connections:
            worker.left()
            worker.seen = now
            self.roll.place(worker)
            self._changed(worker, now)

    def _changed(self, worker: Worker, now: float) -> None:
        if not worker.connections:
            self.roll.place(worker)
        self._look(worker, now)
        self.roll.changed(worker)

    def _look(self, worker: Worker, now: float) -> bool:
        """See whether it needs a person; say whether that changed."""
        kinds = attention(worker, now)
        if kinds == worker.attention:
            return False
        self.attention.subtract(worker.attention)
        self.attention.update(kinds)
        worker.attention = kinds
        return True

    def _forget(self) -> bool:
        """Forget the worker that was silent longest; False if all are connected."""
        worker = self.roll.forget()
        if worker is not None:
            self.attention.subtract(worker.attention)
        return worker is not None


def _together(several: Iterable[Done]) -> Done:
    work, accepted, rejected = zip(*several, strict=True)
    return Done(sum(work), sum(accepted), sum(rejected))
