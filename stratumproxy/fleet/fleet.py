"""The fleet: takes in what the data plane tells, and holds what people ask."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from math import fsum, inf
from typing import NamedTuple

from stratumproxy.errors import OrderError
from stratumproxy.fleet.attention import GONE_SECONDS, RULES, attention, missing
from stratumproxy.fleet.credited import Credited
from stratumproxy.fleet.hashrate import DAY, TOLD_WITHIN, WINDOWS, Done, Figure, Rates
from stratumproxy.fleet.history import History
from stratumproxy.fleet.journal import Journal
from stratumproxy.fleet.outages import Outages
from stratumproxy.fleet.part import Parts
from stratumproxy.fleet.processes import Process, Processes
from stratumproxy.fleet.roll import LIMIT, RETENTION, Roll
from stratumproxy.fleet.round_trip import RoundTrips
from stratumproxy.fleet.strangers import Began, Strangers
from stratumproxy.fleet.usual import MEMORY_HOURS, Known, Mark, of_memory
from stratumproxy.fleet.worker import GONE_BEFORE, Counts, Worker, add_reasons
from stratumproxy.telemetry.records import Batch, MinerRecord, WorkerKey
from stratumproxy.telemetry.snapshot import Snapshot

LOOK_SECONDS = 10
"""Within which every worker is looked at once: figures that time alone changes, attention."""

AWAITED_SECONDS = 15
"""From a start, within which those whose work is known may still be told to be connected."""

NUMBERS_A_SECOND = 1_000_000
"""Ids and revisions begin at the start's time times this, so they rise from process to process."""

HOUR_SECONDS = WINDOWS[DAY].seconds


class Earlier(NamedTuple):
    """What a worker did within a day before this process began, as a ledger has it."""

    worker: WorkerKey
    since: float
    """When it was first heard of."""
    last_share: float | None
    """When its last share was, as well as it is known; None for none within the day."""
    counts: Counts
    past: Rates
    """Its long windows."""
    newest: tuple[int, int] = (0, 0)
    """Of its newest shares: accepted, rejected."""
    address: str = ""
    agent: str = ""
    """Of the connection that began last."""
    connected: bool = True
    """Whether it was, when that was written."""


class Fleet:
    """All workers, miners, pools and jobs, as batches and snapshots tell of them.

    Times are seconds that pass evenly, whatever happens to the wall clock; they are Unix seconds by
    what that said at the start. What records say of times is only compared with each other.

    Args:
        now: when this begins.
        limit: the most workers at a time.
        retention: seconds that a worker without a connection is remembered.
    """

    def __init__(self, now: float, *, limit: int = LIMIT, retention: float = RETENTION) -> None:
        first = int(now) * NUMBERS_A_SECOND
        self.started = now
        self.roll = Roll(first, limit, retention)
        self.strangers = Strangers()
        """Names that no share counted for yet, beside the roll."""
        self.journal = Journal(first)
        self.rates = Rates(now, now)
        self.counted_since = now
        """From when on `accepted` and `reasons` are."""
        self.accepted = 0
        self.reasons: dict[str, int] = {}
        """Of shares that don't count."""
        self.hour = History(60, 60, now)
        self.day = History(300, 288, now)
        self.round_trips = RoundTrips()
        self.processes = Processes()
        self.attention: Counter[str] = Counter(dict.fromkeys(RULES, 0))
        """Workers by what they need a person for."""
        self.parts = Parts(now)
        """What each target did, by tenant and target."""
        self.credited = Credited(self.parts, now)
        self.outages = Outages(now)
        """Workers that are gone, and no longer so: whoever tells of them asks for them."""
        self.usual = 0.0
        """Hashes a second that all workers on the roll usually do together."""
        self.missing = 0.0
        """Hashes a second that those lack of them that are gone or slow."""
        self.usuals: Mapping[WorkerKey, Known] = {}
        """What is usual of each worker, by a ledger; `learn` takes it in."""
        self.marks: dict[WorkerKey, Mark] = {}
        """Turns that are not kept yet: whoever keeps them takes them out."""
        self.lost: Counter[str] = Counter()
        """Records that there was no room for, by kind; ``workers`` are those not on the roll."""
        self._round: list[Worker] = []
        """Who is still to be looked at in this round."""
        self._looked = now
        self._hour = now // HOUR_SECONDS
        self._learning = False
        """Whether an hour is over since the last round began."""
        self._counting = False

    def snapshot(self, number: int, run: str, snapshot: Snapshot, now: float) -> None:
        """Take in how a process stands; each tells once a second.

        Args:
            number: of the process, as the supervisor counts them.
            run: differs from one start of it to the next.
            snapshot: what it tells.
            now: the time.
        """
        if (process := self._process(number, run, now)) is not None:
            self.processes.show(process, snapshot, now, self.started)
            self.credited.look(snapshot.splits, now)
        self.tend(now)

    def apply(self, batch: Batch, now: float, at: float | None = None) -> bool:
        """Take in a batch. One that was taken in before, by run and number, changes nothing.

        Args:
            batch: what a process tells.
            now: the time.
            at: when that was so; a while ago, if it is told again. Now, if it is left out.

        Returns:
            Whether it was new.
        """
        at = now if at is None else at
        process = self._process(batch.process, batch.run, now)
        if process is not None:
            process.site = batch.site
        source = process or self.processes.ended(batch.run)
        if source is None or batch.seq <= source.seq:
            return False
        if process is not None and process.complete_since is None:
            process.complete_since = -inf if batch.seq == 1 else at
        source.seq = batch.seq
        unproven = frozenset(batch.unproven)
        for miner in batch.miners:
            if process is not None:
                since = at - max(batch.at - miner.since, 0.0)
                complete = process.complete_since is not None and since >= process.complete_since
                began = Began(since, since if complete else None)
                if self._is_stranger(miner.key, unproven):
                    self._stranger(process, miner, now, began)
                else:
                    self._miner(process, miner, now, began)
        self._work(process, batch, now, at)
        for share in batch.shares:
            self.round_trips.add(share, at)
            self.parts.credit(share, now)
        for job in batch.jobs:
            self.journal.job(job)
        for event in batch.events:
            self.journal.event(event)
        self.lost.update(batch.dropped)
        self.tend(now)
        return True

    def ended(self, run: str, now: float) -> None:
        """A run is over, says who started it: its counts stay, its miners go."""
        process = self.processes.end(run, now)
        for miner in process.miners.values():
            self._gone(process, miner, now)
        process.miners.clear()

    def recall(self, earlier: Iterable[Earlier], now: float, since: float) -> None:
        """Add what a ledger has of some workers, after a restart.

        May be called while batches are taken in, and for some workers after the other. What is in
        `earlier` must not be taken in as well: `processes.counted` says which batches that are.

        Args:
            earlier: workers of the last day, each once, the longest silent first.
            now: the time.
            since: from when on their `counts` are.
        """
        for done in earlier:
            worker = self._worker(done.worker, now, done.since, None)
            if worker is None:
                continue
            worker.recall(done.counts, max(since, done.since), done.newest)
            if not worker.address:
                worker.address, worker.agent = done.address, done.agent
            self.accepted += done.counts.accepted
            add_reasons(self.reasons, done.counts.reasons)
            self.counted_since = min(self.counted_since, max(since, done.since))
            worker.rates.take_in(done.past, now)
            worker.since = min(worker.since, done.since)
            if worker.last_share is None and done.last_share is not None:
                worker.last_share = min(max(done.last_share, done.since), now)
                if not worker.connections:
                    worker.seen = worker.last_share
                    gone = self.processes.took_over and not done.connected
                    worker.awaited = GONE_BEFORE if gone else now + AWAITED_SECONDS
            self._learn(worker, now)
            self._changed(worker, now)

    @property
    def of_usual(self) -> float | None:
        """What all workers do now, as a part of what is usual, but for what is chance; None while
        nothing is usual.
        """
        return 1 - min(max(self.missing / self.usual, 0.0), 1.0) if self.usual else None

    def learn(self, workers: Iterable[Worker], as_of: float, now: float) -> None:
        """Take in what is usual of some workers, by `usuals`.

        Args:
            workers: of the roll.
            as_of: when the ledger was asked; who turned after that learns nothing from it.
            now: the time.
        """
        for worker in workers:
            if worker.usual.since is None or worker.usual.since < as_of:
                self._learn(worker, now)

    def find(self, name: str, tenant: str | None = None) -> Worker:
        """A worker by its name.

        Args:
            name: what it is called.
            tenant: whose it is; None if that goes without saying.

        Raises:
            OrderError: there is none, or several tenants have one of that name.
        """
        whose = self.roll.tenants if tenant is None else [tenant]
        found = [worker for each in whose if (worker := self.roll.get((each, name))) is not None]
        if not found:
            raise OrderError(f"there is no worker {name[:200]!r}")
        if len(found) > 1:
            known = ", ".join(worker.tenant for worker in found)
            raise OrderError(f"several tenants have a worker {name[:200]!r}: {known}; say whose")
        return found[0]

    def whose(self, name: str) -> str | None:
        """The tenant of a worker that is on the roll; None if it is not, or several have one."""
        found = [each for each in self.roll.tenants if (each, name) in self.roll]
        return found[0] if len(found) == 1 else None

    def accept(self, worker: Worker, now: float) -> tuple[float, float]:
        """What a worker does now is usual from now on.

        Returns:
            What was usual before, and what is, in hashes a second.

        Raises:
            OrderError: what it does is not known.
        """
        if "gone" in worker.attention:
            raise OrderError("it does not mine, so there is nothing to be called usual")
        part = worker.usual.part
        if not part:
            raise OrderError("what it does is not known well enough yet; try again in half an hour")
        before = worker.usual.rate
        worker.usual.accept(part, now)
        self._turned(worker, now)
        self._look(worker, now)
        self.roll.changed(worker)
        return before, worker.usual.rate

    def _turned(self, worker: Worker, at: float) -> None:
        """It is slow all of a sudden, or mended, or accepted as it is."""
        usual = worker.usual
        self.marks[worker.key] = Mark(worker.key, usual.rate, at, usual.slow)

    def _learn(self, worker: Worker, now: float) -> None:
        """Take in what is usual of a worker, by whoever knows more hours of it."""
        usual, ledger = worker.usual, self.usuals.get(worker.key)
        if ledger is not None and (ledger.since or -inf) > (usual.since or -inf):
            usual.recall(ledger)
            return
        memory = None
        if ledger is None or ledger.hours < MEMORY_HOURS:
            memory = of_memory(worker.rates, usual.since, now)
        if memory is not None and (ledger is None or memory.hours > ledger.hours):
            usual.learn(memory)
        elif ledger is not None:
            usual.learn(ledger)

    def tend(self, now: float) -> None:
        """Do what time asks for. Meant to be called once a second; called by the others too."""
        elapsed = now - self._looked
        if elapsed < 1:
            return
        self._looked = now
        while self.roll.expired(now):
            self._forget()
        if not self._round:
            self._begin_round(now)
            self.strangers.expire(now)
        part = -(-len(self.roll) * max(1, min(int(elapsed), LOOK_SECONDS)) // LOOK_SECONDS)
        for worker in self._round[-part:] if part else ():
            if self.roll.get(worker.key) is worker:
                if self._learning:
                    self._learn(worker, now)
                changed = worker.rates.advance(now)
                if self._look(worker, now) or changed:
                    self.roll.changed(worker)
        del self._round[-part:]
        connections = sum(len(process.miners) for process in self.processes.running.values())
        for history in (self.hour, self.day):
            history.connected(now, connections)

    def _begin_round(self, now: float) -> None:
        self._round = list(self.roll.workers)
        hour = (now - TOLD_WITHIN) // HOUR_SECONDS
        self._learning, self._hour = hour != self._hour, hour
        self.usual = fsum(worker.usual.rate for worker in self._round)
        self.missing = fsum(worker.missing for worker in self._round)

    def _process(self, number: int, run: str, now: float) -> Process | None:
        """The process that tells; None if it is one that has ended."""
        if self.processes.ended(run) is not None:
            return None
        process = self.processes.running.get(run)
        if process is None:
            process = self.processes.start(number, run, now)
        process.heard = now
        return process

    def _worker(
        self, key: WorkerKey, now: float, since: float, counted_since: float | None
    ) -> Worker | None:
        """That worker, new if it was not known; None if there is no room for it."""
        worker = self.roll.get(key)
        if worker is None:
            if self.roll.full and not self._forget():
                self.lost["workers"] += 1
                return None
            worker = Worker(key, now, since, counted_since)
            worker.awaited = self.started + AWAITED_SECONDS
            if (known := self.usuals.get(key)) is not None:
                worker.usual.recall(known)
            self.roll.add(worker)
            self.strangers.proven(key)
        worker.seen = now
        return worker

    def _work(self, process: Process | None, batch: Batch, now: float, at: float) -> None:
        work, squares, accepted, rejected = 0.0, 0.0, 0, 0
        unproven = frozenset(batch.unproven)
        for record in batch.work:
            refused = sum(record.rejected.values()) if record.rejected else 0
            done = Done(record.work, record.spread, record.accepted, refused)
            work += done.work
            squares += done.squares
            accepted += done.accepted
            rejected += refused
            add_reasons(self.reasons, record.rejected)
            self.parts.add(record, done, now)
            if self._is_stranger(record.key, unproven):
                if record.worker:
                    self.strangers.did(record, now)
                continue
            began = self.strangers.began(record.key) or Began(now, None)
            worker = self._worker(record.key, now, *began)
            if worker is None:
                continue
            turned = worker.count(record, done, at)
            if turned:
                self._turned(worker, at)
            if turned or record.rejected or worker.attention:  # nothing else calls for a look
                self._look(worker, now)
            if not worker.connections:
                self.roll.place(worker)
            self.roll.changed(worker)
        self.parts.tell(at)
        self._count(process, at, Done(work, squares, accepted, rejected))

    def _count(self, process: Process | None, at: float, done: Done) -> None:
        """Count what all did together."""
        self.accepted += done.accepted
        first, self._counting = not self._counting, True
        if done.accepted or done.rejected:
            self.rates.add(at, done)
        whole = process is not None and process.complete_since == -inf and at >= self.started
        for history in (self.hour, self.day):
            if first and not whole:
                history.begin(at)  # what came first was done before that
            elif done.accepted or done.rejected:
                history.add(at, done)

    def figures(self, now: float) -> tuple[Figure, ...]:
        """The hashrates of all together, over all windows.

        Of a window that begins with this process, or with mining, they are what the processes
        themselves counted: work is told a while after it was done.
        """
        figures = self.rates.figures(now)
        shown = self.processes.shown()
        return tuple(
            figure._replace(rate=shown.rate, window=shown.window, shares=shown.shares)
            if self.rates.young(window, now)
            else figure
            for window, figure in enumerate(figures)
        )

    def _is_stranger(self, key: WorkerKey, unproven: Container[str]) -> bool:
        """Whether nothing is kept under a name: none, or no share of it ever counted."""
        name = key[1]
        return (not name or name in unproven) and key not in self.roll

    def _stranger(self, process: Process, miner: MinerRecord, now: float, began: Began) -> None:
        """A connection without a worker, or whose worker is no more than a name."""
        if (before := process.miners.pop(miner.id, None)) is not None:
            self._gone(process, before, now)
        if miner.open:
            process.miners[miner.id] = miner
            process.strangers.add(miner.id)
            self.strangers.connected(miner, began)

    def _miner(self, process: Process, miner: MinerRecord, now: float, began: Began) -> None:
        before = process.miners.pop(miner.id, None)
        if before is not None and before.id in process.strangers:
            self._gone(process, before, now)
            before = None
        if miner.open:
            process.miners[miner.id] = miner
        known = before is not None and before.key == miner.key
        if before is not None and not (known and miner.open):
            self._left(before, now)
        if miner.open or before is None:
            worker = self._worker(miner.key, now, *began)
            if worker is None:
                return
            if known:
                worker.told(miner)
            else:
                worker.connected(miner, began.since)
                if not miner.open:  # it came and went between two batches
                    worker.left()
            self.roll.place(worker)
            self._changed(worker, now)

    def _gone(self, process: Process, miner: MinerRecord, now: float) -> None:
        """A miner is not there any more as it was."""
        if miner.id in process.strangers:
            process.strangers.discard(miner.id)
            self.strangers.left(miner)
        else:
            self._left(miner, now)

    def _left(self, miner: MinerRecord, now: float) -> None:
        """A miner of a worker has gone, or mines under another name."""
        worker = self.roll.get(miner.key)
        if worker is not None and worker.connections:
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
        kinds, before = attention(worker, now), worker.attention
        if kinds != before:
            self._turn(worker, "gone" in before, "gone" in kinds, now)
            self.attention.subtract(before)
            self.attention.update(kinds)
            worker.attention = kinds
        lacks = missing(worker, now) if kinds or worker.missing else 0.0
        if lacks != worker.missing:
            self.missing += lacks - worker.missing
            worker.missing = lacks
            return True
        return kinds != before

    def _turn(self, worker: Worker, was_gone: bool, is_gone: bool, now: float) -> None:
        if was_gone and not is_gone:
            self.outages.turned("back", worker.name, now)
        elif is_gone and not was_gone:
            last = worker.last_share or -inf
            # Who was gone already is not lost once more.
            if worker.awaited != GONE_BEFORE and last >= self.started - GONE_SECONDS:
                self.outages.turned("lost", worker.name, now)

    def _forget(self) -> bool:
        """Forget the worker that was silent longest; False if all are connected."""
        worker = self.roll.forget()
        if worker is not None:
            self.attention.subtract(worker.attention)
            self.missing -= worker.missing
        return worker is not None
