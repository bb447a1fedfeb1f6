"""One miner's connection, sans-IO: state, shares, jobs and difficulty.

The way of a share starts in `MinerSession.receive` and goes through `MinerSession._submit`, one
straight line. What else a miner may say is in `requests.py`.
"""

from math import inf
from typing import TYPE_CHECKING

from stratumproxy.accounting.workers import Worker
from stratumproxy.errors import LineTooLong, ProtocolError
from stratumproxy.mining import rejects
from stratumproxy.mining.difficulty import NO_TARGET, DifficultyState
from stratumproxy.mining.issued import Job
from stratumproxy.mining.job import Terms
from stratumproxy.mining.rejects import Reject
from stratumproxy.mining.submission import Submission
from stratumproxy.protocol.v1.framing import split_lines
from stratumproxy.protocol.v1.messages import (
    encode_error,
    encode_notification,
    encode_set_difficulty,
    encode_true,
    id_of,
    parse,
)
from stratumproxy.protocol.v1.notify import encode_notify
from stratumproxy.protocol.v1.strangers import refuse_stranger
from stratumproxy.protocol.v1.submit import Submit, read_submit, scan_submit
from stratumproxy.proxy import requests
from stratumproxy.proxy.drops import FLOOD, INVALID_SHARES, Reason
from stratumproxy.proxy.seat import MOST_SEATS, Past, Seat
from stratumproxy.proxy.shell import Link
from stratumproxy.shares.difficulty import target_bytes
from stratumproxy.shares.verdict import REJECTED, Verdict

if TYPE_CHECKING:
    from stratumproxy.proxy.lane import Lane
    from stratumproxy.proxy.proxy import Proxy

ANY_BITS = 0xFFFFFFFF

SHARE, BLOCK = int(Verdict.SHARE), int(Verdict.BLOCK)

JUDGE_EVERY = 8
"""Shares between two looks of vardiff; a power of two."""

NOT_ITS_FAULT = (rejects.STALE, rejects.NO_POOL)
"""Rejects that are held against no miner: it was only late, or had nothing to mine on."""

SMOOTHING = 0.1
"""Weight of the newest sample in a miner's hashrate; a sample per 5 s gives a minute of memory."""


class MinerSession:
    """The server's side of one Stratum V1 connection to a miner.

    Args:
        proxy: what it is part of.
        link: the connection under it, for what is not an answer: jobs, and verdicts of the pool.
        peer: the miner's address, for logs.
        now: seconds, on the clock of all other `now`.
        number: differs from that of every other connection.
    """

    __slots__ = (
        "_sampled_work",
        "_tail",
        "accepted",
        "agent",
        "connected_at",
        "difficulty",
        "earlier",
        "hashrate",
        "heard",
        "host",
        "invalid",
        "lane",
        "last_job",
        "link",
        "mask",
        "may_roll",
        "messages",
        "mining",
        "number",
        "parked",
        "peer",
        "proxy",
        "record",
        "rejected",
        "seat",
        "settled",
        "since",
        "takes_extranonce",
        "told",
        "wished_mask",
        "work",
        "worker",
        "workers",
    )

    def __init__(self, proxy: "Proxy", link: Link, peer: str, now: float, number: int = 0) -> None:
        self.proxy = proxy
        self.number = number
        self.link = link
        self.peer = peer
        self.host = peer.rpartition(":")[0]
        self.connected_at = now
        self.heard = now
        """When it last sent a line."""
        self.agent = ""
        self.told = False
        """The control plane knows of it."""
        # where it mines
        self.lane: Lane | None = None
        """None before mining.subscribe."""
        self.seat: Seat | None = None
        """None before it is known which bytes of the extranonce are its own."""
        self.earlier: tuple[Seat, ...] = ()
        """Seats that it had before, on which shares may still be under way."""
        self.parked = b""
        """Id of a mining.subscribe that can't be answered before its pool session is ready."""
        self.takes_extranonce = False
        """It asked for mining.set_extranonce."""
        self.last_job = 0
        """Number of the newest job it was sent, on this connection or on one that it resumes."""
        self.since: float = inf
        """Number of the first job that went out on this seat and for this difficulty."""
        self.settled: Terms | None = None
        """The terms that it was told everything about: on another job under the very same there is
        nothing to say but the job. None while it is to be told something."""
        # who it is
        self.worker: Worker | None = None
        """The first name it authorized."""
        self.workers: dict[str, Worker] | None = None
        """Every name, where there are several."""
        self.mining = False
        """Subscribed and authorized: gets jobs."""
        # what it may roll
        self.wished_mask = 0
        self.mask = 0
        """The bits it was last told it may roll."""
        self.may_roll = ANY_BITS
        """All bits that it may have rolled: what it wished, ever. Without mining.configure it may
        roll what the pool lets it."""
        self.difficulty = DifficultyState(now)
        # what it did
        self.accepted = 0
        self.rejected = 0
        self.work = 0.0
        self.hashrate = 0.0
        """Work a second, smoothed; for the order of the fan-out."""
        self._sampled_work = 0.0
        self._tail = b""
        # how it behaves
        self.messages = 0
        """What it said, the shares aside that were not refused here."""
        self.invalid = 0
        """Shares refused here for what they are; a stale one was only late."""
        self.record = proxy.conduct.connected(self.host, now)

    # -- bytes in, bytes out ---------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> bytes:
        """Take what the miner sent.

        Returns:
            What to send back, perhaps nothing.

        Raises:
            ProtocolError: this is not Stratum; close the connection.
        """
        if self._tail or not self.proxy.open or data.find(b"\n") != len(data) - 1:
            return self._receive_lines(data, now)
        self.heard = now
        return self._line(data, now)

    def _receive_lines(self, data: bytes, now: float) -> bytes:
        """What arrives is rarely other than one line; then it is cut, or kept, here."""
        if not self.proxy.open:
            # Every answer depends on the pool; until the first one is there, miners wait.
            self._tail += data
            if len(self._tail) > self.proxy.line_limit:
                raise ProtocolError("too much was sent before the pool was ready", key="too-early")
            refuse_stranger(self._tail)
            return b""
        if not self._tail:
            refuse_stranger(data)
        lines, self._tail = split_lines(self._tail, data, self.proxy.line_limit)
        if lines:
            self.heard = now
            self._pace(now)
        if self._tail:
            refuse_stranger(self._tail)
        return b"".join([self._line(line, now) for line in lines])

    def _line(self, line: bytes, now: float) -> bytes:
        submit = scan_submit(line)
        if submit is not None:
            return self._submit(submit, now)
        if len(line) - line.endswith(b"\n") > self.proxy.line_limit:
            raise LineTooLong(f"a line is longer than {self.proxy.line_limit} bytes")
        if line.isspace() or not line:
            self.messages += 1
            return b""
        try:
            message = parse(line)
        except ProtocolError:
            refuse_stranger(line)
            raise
        method, reply_to = message.get("method"), id_of(line, message)
        if method != "mining.submit":
            self.messages += 1
            return requests.answer(self, method, message, reply_to, now)
        read = read_submit(message, reply_to)
        if read is None:
            return self._reject(reply_to, rejects.MALFORMED, None)
        submit, fault = read
        return self._submit(submit, now, fault)

    # -- conduct ---------------------------------------------------------------------------------

    def _pace(self, now: float) -> None:
        """A look at what it sends, where a flood shows: when several lines arrive at once."""
        limits = self.proxy.conduct.limits
        if self.record is not None and self.record.floods(
            self.messages, self.accepted, limits, now
        ):
            self.proxy.offence(self, now)
            raise ProtocolError(FLOOD, key=FLOOD.key)

    def misconduct(self, now: float) -> Reason | None:
        """A regular look at its conduct: why it has to go, if it does."""
        record, limits = self.record, self.proxy.conduct.limits
        if record is None:
            return None
        if record.floods(self.messages, self.accepted, limits, now):
            return FLOOD
        invalid = record.invalid(self.accepted, self.invalid, limits)
        if invalid and record.warned:
            return INVALID_SHARES
        if invalid:
            self.proxy.drops.warn(
                "most of a miner's shares are invalid; it is dropped if that goes on",
                peer=self.peer,
                worker=self.worker.name if self.worker else "",
            )
        if invalid is not None:
            record.warned = invalid
        return None

    # -- shares ----------------------------------------------------------------------------------

    def _submit(self, submit: Submit, now: float, fault: str = "") -> bytes:
        """Judge a share; `fault` is what can't be read of it."""
        reply_to, name, job_id, extranonce2, ntime, nonce, bits = submit
        worker = self.worker
        if not self.mining or worker is None or worker.name != name:
            worker = self.worker_of(name)
            if not self.mining or worker is None:
                reject = rejects.UNAUTHORIZED if self.lane else rejects.NOT_SUBSCRIBED
                return self._reject(reply_to, reject, None)
        job = self.proxy.jobs.get(job_id)
        state, seat = self.difficulty, self.seat
        if job is None:
            return self._stale(reply_to, job_id, worker, now)
        if job.lane is self.lane and self.since <= job.number <= self.last_job:
            difficulty, target, newest = state.asked, state.target, True
        else:
            seat, difficulty = self._asked_with(job)
            target, newest = target_bytes(difficulty) if difficulty else NO_TARGET, False
        if seat is None or not difficulty or job.room < seat.total:
            return self._stale(reply_to, job_id, worker, now)
        if difficulty > job.difficulty:  # it did not go out to this miner, though others did
            difficulty, target = job.difficulty, job.pool_target
        if len(extranonce2) != seat.extranonce2_size:
            fault = "extranonce2 has the wrong size"
        if fault:
            return self._reject(reply_to, rejects.MALFORMED._replace(text=fault), worker, job)
        mask = job.version_mask & self.may_roll
        verdict, met, header_hash = job.check(
            seat.slot, extranonce2, ntime, nonce, bits, mask, target
        )
        if verdict >= REJECTED:
            return self._reject(reply_to, rejects.OF_VERDICT[verdict], worker, job)
        if verdict == SHARE:
            self.count(worker, job.pool, difficulty, met)
            reply = encode_true(reply_to)
        else:
            local = self.proxy.verdict_local
            share = Submission(self, worker, b"" if local else reply_to, difficulty, met, now, job)
            if verdict == BLOCK:
                self.proxy.found_block(share, header_hash)
            found = job.upstream(seat.prefix, extranonce2, ntime, nonce, bits, mask)
            self.proxy.forward(job, share, found)
            reply = encode_true(reply_to) if local else b""
        if newest:  # of what was asked for before vardiff knows all that it wants to
            state.shares += 1
            if state.shares % JUDGE_EVERY == 0:
                reply += self.retarget(now)
        return reply

    def _asked_with(self, job: Job) -> tuple[Seat | None, float | int]:
        """The seat and the difficulty with which a job went out to this miner, not just now.

        Returns:
            No seat, or a difficulty of 0, if it did not, or that is not known any more.
        """
        difficulty = self.difficulty.bound_to(job.number)
        seat = self.seat
        if seat is not None and seat.had(job, self.last_job):
            return seat, difficulty
        for seat in self.earlier:
            if seat.had(job, seat.last_job):
                return seat, difficulty
        return None, 0

    def _stale(self, reply_to: bytes, job_id: str, worker: Worker, now: float) -> bytes:
        """No such job is taken from this miner; or there is nothing to mine on at all."""
        if self.proxy.journal is not None:
            self.proxy.journal.stale(job_id, now)
        lane = self.lane
        without_pool = lane is not None and lane.active is None
        return self._reject(reply_to, rejects.NO_POOL if without_pool else rejects.STALE, worker)

    def count(self, worker: Worker, pool: str, difficulty: float | int, met: float) -> None:
        """Credit a share that counts."""
        self.accepted += 1
        self.work += difficulty
        row = worker.row
        if row.pool != pool:
            row = worker.on(pool)
        row.accepted += 1
        row.work += difficulty
        if met > row.best:
            row.best = met
        tally = self.proxy.tally
        tally.accepted += 1
        tally.work += difficulty
        if met > tally.best:
            tally.best = met

    def refuse(self, worker: Worker | None, pool: str, reason: str, work: float = 0.0) -> None:
        """Count a share that does not; `work` if it was good by our own check."""
        self.rejected += 1
        if worker is not None:
            row = worker.row if worker.row.pool == pool else worker.on(pool)
            row.refuse(reason, work)
        self.proxy.tally.reject(reason)

    def _reject(
        self, reply_to: bytes, reject: Reject, worker: Worker | None, job: Job | None = None
    ) -> bytes:
        if worker is not None:
            self.refuse(worker, job.pool if job else self.pool or worker.row.pool, reject.reason)
        else:
            self.refuse(None, "", reject.reason)
        self.messages += 1
        self.invalid += reject not in NOT_ITS_FAULT
        return encode_error(reply_to, reject.code, reject.text) if reply_to else b""

    @property
    def pool(self) -> str:
        """Name of the pool that it mines on; empty for none."""
        return self.lane.job.pool if self.lane is not None and self.lane.job is not None else ""

    def worker_of(self, name: object) -> Worker | None:
        """The authorized worker of that name."""
        if self.worker is not None and self.worker.name == name:
            return self.worker
        return self.workers.get(name) if self.workers and isinstance(name, str) else None

    @property
    def authorized(self) -> tuple[Worker, ...]:
        """Every worker that it authorized."""
        return (self.worker, *(self.workers or {}).values()) if self.worker is not None else ()

    # -- jobs ------------------------------------------------------------------------------------

    def deliver(self, job: Job, clean: bool, now: float) -> bytes:
        """What to send so that this miner mines on a job: the notify, and before it what changed.

        Difficulty and mask bind from the next notify (cgminer, cpuminer, ESP-Miner), so they
        travel in front of it. Nothing is sent to a miner that has the job or a newer one.
        """
        seat = self.seat
        if seat is None or job.number <= self.last_job:
            return b""
        data = b""
        if job.room < seat.total or job.whole or seat.space is None:
            moved = self.proxy.seating.fit(self, job, now)
            if moved is None:
                return b""
            if moved:
                data, clean = moved, True
                seat = self.seat or seat
        if self.wished_mask & job.version_mask != self.mask:
            self.mask = self.wished_mask & job.version_mask
            data += encode_notification("mining.set_version_mask", [f"{self.mask:08x}"])
        state = self.difficulty
        difficulty = min(state.wanted, job.difficulty)
        if difficulty != state.announced and state.bind(
            difficulty, job.number, self.proxy.jobs.oldest, now
        ):
            data += encode_set_difficulty(difficulty)
            self.since = job.number
            self.changed()
        self.last_job = job.number
        if not seat.first_job:
            self.since = seat.first_job = job.number
        self.settled = job.terms if state.announced == difficulty else None
        notify = job.line(encode_notify, seat.total, clean)
        return data + notify if data else notify

    def take_seat(self, seat: Seat) -> None:
        """Mine with these bytes of the extranonce, from the next job on."""
        self.earlier = self._seats()
        self.seat = seat

    def take_up(self, past: Past) -> None:
        """It was here before: shares that it found then still count for what they were asked."""
        self.earlier = past.seats
        self.last_job = past.last_job
        self.difficulty.take_up(past.difficulties, past.last_job + 1)
        self.may_roll |= past.may_roll

    def past(self) -> Past:
        """What it may want to take up when it comes back."""
        return Past(self._seats(), self.difficulty.history(), self.may_roll, self.last_job)

    def _seats(self) -> tuple[Seat, ...]:
        """Every seat that shares may still be under way on, this one being over."""
        if self.seat is not None:
            self.seat.last_job = self.last_job
        seats = (*self.earlier, self.seat) if self.seat is not None else self.earlier
        oldest = self.proxy.jobs.oldest
        return tuple(each for each in seats if each.first_job and each.last_job >= oldest)[
            -MOST_SEATS:
        ]

    def forget_told(self) -> None:
        """The miner has reset: its difficulty is 1 again, because it subscribed."""
        self.difficulty.announced = 0
        self.settled = None

    def changed(self) -> None:
        """What is told about it is not as it was."""
        if self.proxy.journal is not None:
            self.proxy.journal.changed[self] = None

    def want(self, difficulty: float | int) -> None:
        """Ask for a difficulty, within the configured limits, from the next job on."""
        self.difficulty.want(difficulty)
        self.settled = None

    def start_mining(self, now: float) -> bytes:
        """Subscribed and authorized: take a place in the fan-out, and the current job."""
        lane, worker = self.lane, self.worker
        if lane is None or worker is None:
            return b""
        self.changed()
        if not self.mining:
            self.mining = True
            lane.miners[self] = None
            vardiff = self.proxy.vardiff
            fixed = self.proxy.fixed.get(worker.name)
            self.difficulty.fixed = fixed is not None
            before = worker.difficulty_at(self.host)
            start = fixed or self.difficulty.suggested or before or vardiff.start
            self.want(vardiff.clamp(start))
            if not (self.difficulty.suggested or self.difficulty.minimum):
                self.difficulty.floor = min(1, self.difficulty.wanted)
        job = lane.job
        if job is not None and job.number <= self.last_job:
            # It starts from zero: on the same job it would find the very shares it found before.
            job = lane.reissue(now)
            if job is not None and job.number <= self.last_job:
                lane.late[self] = job.number  # it was sent this second's: the next one, then
        return self.deliver(job, True, now) if job is not None else b""

    # -- difficulty ------------------------------------------------------------------------------

    def suggest(self, difficulty: float | int, now: float) -> bytes:
        """The miner names the difficulty it would like.

        Said again unchanged (NerdMiner does so every 30 s to stay connected) it changes nothing.
        """
        if difficulty == self.difficulty.suggested:
            return b""
        self.difficulty.suggested = difficulty
        self.difficulty.floor = 0
        if not self.mining or self.difficulty.fixed:
            return b""
        self.want(self.proxy.vardiff.clamp(difficulty))
        return self.renotify(now)

    def fix(self, difficulty: float | int | None) -> None:
        """The operator says what it is asked for from the next job on; None: vardiff says again."""
        self.difficulty.fixed = difficulty is not None
        if difficulty is not None and self.mining:
            self.want(difficulty)

    def retarget(self, now: float) -> bytes:
        """Let vardiff judge this miner.

        Returns:
            A job with the new difficulty, when the old one is too far off to wait for the pool's.
        """
        better = self.difficulty.better(self.proxy.vardiff, now)
        if better is None:
            return b""
        self.want(better)
        return self.renotify(now) if self.difficulty.urgent else b""

    def renotify(self, now: float) -> bytes:
        """Bind what is wanted now, by a job of its own."""
        lane = self.lane
        if lane is None or lane.job is None or not self.mining:
            return b""
        if min(self.difficulty.wanted, lane.job.difficulty) == self.difficulty.announced:
            return b""
        job = lane.reissue(now)
        # If a clean job is still on its way to this miner, this one takes its place.
        clean = self.proxy.fanouts.owes_clean(lane)
        return self.deliver(job, clean, now) if job else b""

    def judge(self, now: float, period: float) -> bytes:
        """The regular look at this miner, every `period` seconds."""
        self.hashrate += ((self.work - self._sampled_work) / period - self.hashrate) * SMOOTHING
        self._sampled_work = self.work
        if self.lane is None or self.lane.job is None:
            self.difficulty.pause(period)
            return b""
        if not self.mining or not self.difficulty.due(self.proxy.vardiff, now):
            return b""
        data = self.retarget(now)
        self.difficulty.shorten(self.proxy.vardiff, now)
        return data

    # -- the end ---------------------------------------------------------------------------------

    def settle(self, share: Submission, reject: Reject | None) -> None:
        """The verdict on a forwarded share is there: count it, and tell the miner if it waits."""
        if reject is None:
            self.count(share.worker, share.job.pool, share.difficulty, share.met)
        else:
            self.refuse(share.worker, share.job.pool, reject.reason, share.difficulty)
        if share.request_id:
            if reject is None:
                self.link.send(encode_true(share.request_id))
            else:
                self.link.send(encode_error(share.request_id, reject.code, reject.text))

    def closed(self, now: float) -> None:
        """The connection is gone: give back what it held."""
        if self.worker is not None and self.difficulty.proven:
            self.worker.remember_difficulty(self.difficulty.proven, self.host)
        for worker in self.authorized:
            worker.connections -= 1
        if self.lane is not None:
            self.proxy.seating.leave(self, now)
            self.lane = None
        self.mining = False
        self.settled = None
