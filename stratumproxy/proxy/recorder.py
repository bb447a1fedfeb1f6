"""What is told to the control plane: gathered here as it happens, and cut into batches.

A share that stays here costs nothing: it is counted in its worker's row, looked at every few
seconds. Only what a pool was sent is told share by share. While the outbox is full rows and
changes wait where they are, so no work is ever lost; records that can't wait are dropped, and
counted by kind.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from stratumproxy.accounting.account import NOWHERE, Account
from stratumproxy.accounting.proof import Proof
from stratumproxy.accounting.row import Row
from stratumproxy.accounting.workers import Worker, Workers
from stratumproxy.downstream.drops import Reason
from stratumproxy.downstream.miner import Miner
from stratumproxy.downstream.misbehaviour import Misbehaviour
from stratumproxy.mining.issued import Job
from stratumproxy.mining.submission import Submission
from stratumproxy.routing.fanout import Fanout, Group
from stratumproxy.telemetry.bans import encode_bans
from stratumproxy.telemetry.histogram import Histogram
from stratumproxy.telemetry.notices import NoNotices
from stratumproxy.telemetry.outbox import Outbox
from stratumproxy.telemetry.records import ACCEPTED, REJECTED, TENANT
from stratumproxy.upstream.pool import Pool

SHORTEST_ROUND = 1.0
"""Seconds from one look at a worker to the next, at least: it is told then if it did anything."""

LOOKS = 200
"""Workers looked at in a tick, which comes every 100 ms: 1,700 in a second, 17,595 in nine. More of
them cost the control plane, not us: its ledger takes as many rows as are told."""

TICKS = 90
"""Ticks that a round takes at most, however many workers there are."""

CUT_EVERY = 0.5
"""Seconds between two batches, unless one has `ENOUGH` before."""

ENOUGH = 1000
"""Records of one kind that make a batch: encoding it takes a millisecond."""

MINERS_A_TICK = 500
MOST_EVENTS = 200
MOST_JOBS = 200
MOST_FORGOTTEN = 10_000
"""Forgotten workers that wait to be told; what others did beyond that is told without a name."""

JOB_GROUPS = 16
"""Groups whose jobs are told. Where every miner has a session of its own they are all alike."""

MOST_RETIRED = 1024
"""Job ids remembered with when they were retired."""

LONGEST_TEXT = 300

Record = tuple[Any, ...]


class NoRecorder(NoNotices):
    """There is no control plane: nothing is recorded, notices neither."""

    def __init__(self) -> None:
        self.reply = Histogram()
        """From a share to its answer."""
        self.fan_out = Histogram()
        """From a job to the last miner that was sent it."""
        self.stale_age = Histogram()
        """From a job's end to a share that still came for it."""

    def record_share(
        self, share: Submission, pool: Pool, verdict: str, reason: str, now: float
    ) -> None:
        """It is known what became of a share that a pool was sent, and it was counted.

        Args:
            share: which.
            pool: where.
            verdict: one of `records.VERDICTS`.
            reason: the pool's words for a reject.
            now: the time.
        """

    def record_authorized(self, miner: Miner, worker: Worker) -> None:
        """A miner mines under that name, too."""

    def record_left(self, miner: Miner, worker: Worker) -> None:
        """A miner mines under that name no more, and stays."""

    def record_offence(self, host: str, worker: Worker, seconds: float, alone: bool) -> bool:
        """A miner is dropped for how it behaves: see `SharedBans.offence`.

        Returns:
            Whether somebody decides on it who hears of all processes.
        """
        return False

    def record_closed(self, miner: Miner, reason: str) -> None:
        """A miner's connection is gone."""

    def record_forgotten(self, worker: Worker) -> None:
        """A worker is not remembered any more."""

    def record_retired(self, job_ids: list[str], now: float) -> None:
        """Shares on these are stale from now on."""

    def record_stale(self, job_id: str, now: float) -> None:
        """A share came for a job that is not there."""

    def record_job(self, group: Group, job: Job, fanout: Fanout | None, now: float) -> None:
        """A job was sent to the last miner of a group; or there was none to send it to."""

    def mark(self, miner: Miner) -> None:
        """A miner is new, or not as it was told."""

    def mark_all(self, miners: Iterable[Miner]) -> None:
        """These are not as they were told."""


class Recorder(NoRecorder):
    """Gathers records, notices among them, and hands them to the outbox in batches.

    Times are Unix times for those who read them: `tick` says how
    they follow from `now`.

    Args:
        outbox: where batches go.
        now: seconds, on the clock of all other `now`.
        unix: the same moment in Unix time.
    """

    def __init__(self, outbox: Outbox, now: float, unix: float) -> None:
        super().__init__()
        self._outbox = outbox
        self._now = now
        self._offset = unix - now
        self._greeted = 0
        self._cut_at = now
        self._round: list[Worker] = []
        self._round_began = now - SHORTEST_ROUND
        self._pace = 1
        self._changed: dict[Miner, None] = {}
        """Miners to be told of: new ones, and those that are not as they were told."""
        self._proof: Proof[Miner] = Proof(self._changed)
        self._closed: dict[int, tuple[Worker | None, Record]] = {}
        """Connections that were told of and are gone. They are told before any new one is told of,
        so there are never more than were open at a time."""
        self._forgotten: dict[tuple[str, str, Account], Row] = {}
        """By tenant, name and account."""
        self._retired: OrderedDict[str, float] = OrderedDict()
        self._shares: list[Record] = []
        self._work: list[Record] = []
        self._miners: list[Record] = []
        self._jobs: list[Record] = []
        self._events: list[Record] = []
        self._dropped: dict[str, int] = {}

    # -- as it happens ---------------------------------------------------------------------------

    def record_share(
        self, share: Submission, pool: Pool, verdict: str, reason: str, now: float
    ) -> None:
        """It is known what became of a share that a pool was sent: see `NoRecorder`."""
        job = share.job
        latency = now - share.sent
        if verdict is ACCEPTED or verdict is REJECTED:
            pool.verdicts.round_trip.add(latency)
        worker = share.worker
        if not worker.known:
            self.record_forgotten(worker)
        if len(self._shares) >= ENOUGH and not self._cut(now):
            self._drop("shares")
            return
        if not self._proof.proven(worker):
            self._proof.told(worker)
        self._shares.append(
            (
                now + self._offset,
                worker.name,
                job.account.pool,
                job.pool_job.pool_job_id,
                share.difficulty,
                job.terms.difficulty,
                share.met,
                verdict,
                reason,
                latency,
                worker.tenant,
                job.account.user,
                job.account.coin,
                job.account.target,
            )
        )

    def record_authorized(self, miner: Miner, worker: Worker) -> None:
        """A miner mines under that name, too."""
        self._proof.connected(worker, miner)

    def record_left(self, miner: Miner, worker: Worker) -> None:
        """A miner mines under that name no more, and stays."""
        self._proof.disconnected(worker, miner)

    def record_offence(self, host: str, worker: Worker, seconds: float, alone: bool) -> bool:
        """A miner is dropped for how it behaves: the control process is told at once."""
        self._outbox.say({"offence": [host, worker.name, seconds, alone, worker.tenant]})
        return True

    def mark(self, miner: Miner) -> None:
        """It is told of in one of the next ticks."""
        self._changed[miner] = None

    def mark_all(self, miners: Iterable[Miner]) -> None:
        """They are told of in the next ticks."""
        self._changed.update(dict.fromkeys(miners))

    def record_closed(self, miner: Miner, reason: str) -> None:
        """A miner's connection is gone; one that was never told of is forgotten."""
        self._changed.pop(miner, None)
        for worker in miner.authorized:
            self._proof.disconnected(worker, miner)
        if not miner.known:
            return
        key = reason.key if isinstance(reason, Reason) else "other" if reason else ""
        self._closed[miner.number] = miner.worker, self._miner(miner, False, key)

    def record_forgotten(self, worker: Worker) -> None:
        """A worker that is not remembered any more: what it did is still told."""
        name = worker.name if self._proof.proven(worker) else ""
        for row in worker.rows():
            key = worker.tenant, name, row.account
            if key not in self._forgotten and len(self._forgotten) >= MOST_FORGOTTEN:
                key = worker.tenant, "", row.account
            if (before := self._forgotten.get(key)) is not None:
                before.add(row)
            else:
                self._forgotten[key] = row

    def record_retired(self, job_ids: list[str], now: float) -> None:
        """Shares on these are stale from now on."""
        for job_id in job_ids:
            self._retired[job_id] = now
        while len(self._retired) > MOST_RETIRED:
            self._retired.popitem(last=False)

    def record_stale(self, job_id: str, now: float) -> None:
        """A share came for a job that is not there."""
        retired = self._retired.get(job_id)
        if retired is not None:
            self.stale_age.add(now - retired)

    def record_job(self, group: Group, job: Job, fanout: Fanout | None, now: float) -> None:
        """A job was sent to the last miner of a group; or there was none to send it to."""
        first = median = last = 0.0
        miners = 0
        if fanout is not None:
            miners, first, median, last = fanout.delays(now)
            self.fan_out.add(last)
        if group.number >= JOB_GROUPS:
            return
        if len(self._jobs) >= MOST_JOBS:
            self._drop("jobs")
            return
        height = job.pool_job.height(job.terms) or 0
        self._jobs.append(
            (
                now + self._offset,
                job.account.pool,
                group.number,
                job.pool_job.pool_job_id,
                height,
                job.clean,
                job.difficulty,
                miners,
                first,
                median,
                last,
                job.account.tenant,
                job.account.user,
                job.account.coin,
                job.account.target,
            )
        )

    # -- notices ---------------------------------------------------------------------------------

    def info(self, event: str, **values: object) -> None:
        """Something worth knowing."""
        self._event("info", event, values)

    def warning(self, event: str, **values: object) -> None:
        """Something an operator should look at."""
        self._event("warning", event, values)

    def _event(self, level: str, event: str, values: dict[str, object]) -> None:
        if len(self._events) >= MOST_EVENTS:
            self._drop("events")
            return
        told = {key: _plain(value) for key, value in values.items() if key != "exc_info"}
        self._events.append((self._now + self._offset, level, _plain(event), told))

    # -- batches ---------------------------------------------------------------------------------

    def tick(
        self,
        workers: Workers,
        miners: Iterable[Miner],
        misbehaviour: Misbehaviour,
        now: float,
        unix: float,
    ) -> None:
        """Called every 100 ms: look at a few workers and miners, and cut a batch if it is time.

        Args:
            workers: all there are.
            miners: every open connection.
            misbehaviour: what is configured, and who is banned.
            now: the time.
            unix: the same in Unix time.
        """
        self._now, self._offset = now, unix - now
        if self._greeted != self._outbox.greeted:
            self._greeted = self._outbox.greeted
            self._changed.update(dict.fromkeys(miners))
            for rows in encode_bans(misbehaviour.bans.tell(now)):
                self._outbox.say({"bans": rows})
        limits = misbehaviour.limits
        self._proof.pace(limits.new_workers_per_minute, limits.connections, now)
        if self._outbox.full:
            return
        self._tell_workers(workers, now)
        self._tell_miners(MINERS_A_TICK)
        most = max(map(len, (self._shares, self._work, self._miners)))
        if most >= ENOUGH or now - self._cut_at >= CUT_EVERY:
            self._cut(now)

    def finish(self, workers: Workers, now: float) -> None:
        """The process ends: tell all that is left, whether there is room for it or not."""
        self._now = now
        for worker in workers.all():
            self._tell_worker(worker)
            if len(self._work) >= ENOUGH:
                self._cut(now, whatever=True)
        while True:
            self._tell_forgotten(ENOUGH - len(self._work))
            self._tell_miners(ENOUGH)
            self._cut(now, whatever=True)
            if not (self._forgotten or self._changed or self._closed):
                return

    def _tell_workers(self, workers: Workers, now: float) -> None:
        if not self._round and now - self._round_began >= SHORTEST_ROUND:
            self._round_began = now
            self._round = workers.all()
            self._pace = max(LOOKS, len(self._round) // TICKS + 1)
        if self._round:
            for worker in self._round[-self._pace :]:
                if not worker.told:
                    self._tell_worker(worker)
            del self._round[-self._pace :]
        self._tell_forgotten(ENOUGH - len(self._work))

    def _tell_worker(self, worker: Worker) -> None:
        proven = self._proof.proven(worker)
        if records := worker.take():
            self._work += records
            if not proven:
                self._proof.told(worker)

    def _tell_forgotten(self, count: int) -> None:
        while self._forgotten and count > 0:
            tenant, name, _ = key = next(iter(self._forgotten))
            self._work.append(self._forgotten.pop(key).take(tenant, name))
            count -= 1

    def _tell_miners(self, count: int) -> None:
        while self._closed and count:
            worker, record = self._closed.pop(next(iter(self._closed)))
            self._tell_miner(worker, record)
            count -= 1
        while self._changed and count:
            miner = next(iter(self._changed))
            del self._changed[miner]
            miner.known = True
            self._tell_miner(miner.worker, self._miner(miner, True, ""))
            count -= 1

    def _tell_miner(self, worker: Worker | None, record: Record) -> None:
        self._miners.append(record)
        if worker is not None and not worker.proven:
            self._proof.told(worker)

    def _miner(self, miner: Miner, is_open: bool, reason: str) -> Record:
        account = miner.account or NOWHERE
        return (
            miner.number,
            miner.worker.name if miner.worker is not None else "",
            miner.peer,
            miner.agent,
            miner.difficulty.asked,
            miner.connected_at + self._offset,
            account.pool,
            is_open,
            reason,
            miner.worker.tenant if miner.worker is not None else TENANT,
            account.user,
            account.coin,
            account.target,
        )

    def _cut(self, now: float, whatever: bool = False) -> bool:
        """Hand over what there is as a batch; whether there was room for it."""
        if self._outbox.full and not whatever:
            return False
        self._cut_at = now
        parts = {
            "shares": self._shares,
            "work": self._work,
            "miners": self._miners,
            "jobs": self._jobs,
            "events": self._events,
        }
        if any(parts.values()) or self._dropped:
            unproven = self._proof.names()
            at = now + self._offset
            self._outbox.add(at, **parts, dropped=self._dropped, unproven=unproven)
            self._shares, self._work, self._miners = [], [], []
            self._jobs, self._events, self._dropped = [], [], {}
        return True

    def _drop(self, kind: str) -> None:
        self._dropped[kind] = self._dropped.get(kind, 0) + 1


def _plain(value: object) -> object:
    """As JSON can have it, and not too long: some of it was said by pools and miners."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) < 1 << 53:
        return value
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in list(value.items())[:32]}
    text = str(value)[:LONGEST_TEXT]
    return text.encode("utf-8", "replace").decode()
