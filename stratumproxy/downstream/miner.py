"""A miner's connection: who it is, what its shares are worth, how it behaves.

    connected    it may say what it rolls, and who it is
    subscribed   `route` is known; its bytes of the extranonce, or it waits for them (`parked`)
    authorized   `worker` is known
    mining       both: it gets jobs
    leaving      `closed`: the connection is gone

The way of a share goes through `Miner.submit`, one straight line. What is said in which words is
the codec's.
"""

from stratumproxy.accounting.account import Account
from stratumproxy.accounting.workers import Worker
from stratumproxy.downstream.drops import FLOOD, INVALID_SHARES, Reason
from stratumproxy.downstream.house import House, Listener, Refusal, Route, Tenant
from stratumproxy.downstream.link import Link
from stratumproxy.downstream.place import Place
from stratumproxy.errors import ProtocolError
from stratumproxy.mining import rejects
from stratumproxy.mining.issued import Job
from stratumproxy.mining.prefix import Prefix
from stratumproxy.mining.rejects import Reject
from stratumproxy.mining.submission import Submission, Submit
from stratumproxy.shares.verdict import REJECTED, Verdict

MAX_WORKERS = 64
"""Worker names on one connection. A miner has one; a proxy in front of this one may have more."""

TOO_MANY_NAMES = Refusal("Too many worker names on one connection")

SHARE, BLOCK = int(Verdict.SHARE), int(Verdict.BLOCK)

JUDGE_EVERY = 8
"""Shares between two looks of vardiff; a power of two."""

NOT_ITS_FAULT = (rejects.STALE, rejects.NO_POOL)
"""Rejects that are held against no miner: it was only late, or had nothing to mine on."""

SMOOTHING = 0.1
"""Weight of the newest sample in a miner's hashrate; a sample per 5 s gives a minute of memory."""


class Miner(Place):
    """The server's side of one connection to a miner.

    Args:
        house: what all miners share.
        listener: where it came in.
        tenant: to whom it belongs; None while its name will say that.
        link: the connection under it, for what is not an answer: jobs, and verdicts of the pool.
        host: the miner's address, as people write it.
        port: its port, at that address.
        now: seconds, on the clock of all other `now`.
        number: differs from that of every other connection.
    """

    __slots__ = (
        "_sampled_work",
        "accepted",
        "agent",
        "behaviour",
        "connected_at",
        "hashrate",
        "heard",
        "host",
        "invalid",
        "known",
        "link",
        "messages",
        "number",
        "parked",
        "port",
        "rejected",
        "work",
        "worker",
        "workers",
    )

    def __init__(
        self,
        house: House,
        listener: Listener,
        tenant: Tenant | None,
        link: Link,
        host: str,
        port: int,
        now: float,
        number: int = 0,
    ) -> None:
        super().__init__(house, listener, tenant, now)
        self.number = number
        self.link = link
        self.host = host
        self.port = port
        self.connected_at = now
        self.heard = now
        """When it last sent a line."""
        self.agent = ""
        self.known = False
        """The control plane knows of it."""
        self.parked = b""
        """Id of a subscription that can't be answered before its pool session is ready."""
        # who it is
        self.worker: Worker | None = None
        """The first name it authorized."""
        self.workers: dict[str, Worker] | None = None
        """Every name, where there are several."""
        # what it did
        self.accepted = 0
        self.rejected = 0
        self.work = 0.0
        self.hashrate = 0.0
        """Work a second, smoothed; for the order of the fan-out."""
        self._sampled_work = 0.0
        # how it behaves
        self.messages = 0
        """What it said, the shares aside that were not refused here."""
        self.invalid = 0
        """Shares refused here for what they are; a stale one was only late."""
        self.behaviour = house.misbehaviour.connected(host, now)

    @property
    def peer(self) -> str:
        """Its address and port, for logs."""
        return f"{self.host}:{self.port}"

    # -- how it behaves --------------------------------------------------------------------------

    def pace(self, now: float) -> None:
        """A look at what it sends, where a flood shows: when several lines arrive at once.

        Raises:
            ProtocolError: it has to go.
        """
        limits = self.house.misbehaviour.limits
        if self.behaviour is not None and self.behaviour.floods(
            self.messages, self.accepted, limits, now
        ):
            self.house.offence(self, now)
            raise ProtocolError(FLOOD, key=FLOOD.key)

    def misconduct(self, now: float) -> Reason | None:
        """A regular look at how it behaves: why it has to go, if it does."""
        behaviour, limits = self.behaviour, self.house.misbehaviour.limits
        if behaviour is None:
            return None
        if behaviour.floods(self.messages, self.accepted, limits, now):
            return FLOOD
        invalid = behaviour.invalid(self.accepted, self.invalid, limits)
        if invalid and behaviour.warned:
            return INVALID_SHARES
        if invalid:
            self.house.drops.warn(
                "most of a miner's shares are invalid; it is dropped if that goes on",
                peer=self.peer,
                worker=self.worker.name if self.worker else "",
            )
        if invalid is not None:
            behaviour.warned = invalid
        return None

    # -- shares ----------------------------------------------------------------------------------

    def submit(self, submit: Submit, now: float, fault: str = "") -> bytes:
        """Judge a share: count it here, or send it on to the pool.

        Args:
            submit: the share.
            now: the time.
            fault: what can't be read of it.

        Returns:
            What to send back; nothing yet, where the pool has the word.
        """
        reply_to, name, job_id, extranonce2, ntime, nonce, bits = submit
        worker = self.worker
        if not self.mining or worker is None or worker.name != name:
            worker = self.worker_of(name)
            if not self.mining or worker is None:
                reject = rejects.UNAUTHORIZED if self.route else rejects.NOT_SUBSCRIBED
                return self.decline(reply_to, reject, None)
        job = self.house.jobs.get(job_id)
        state, prefix = self.difficulty, self.prefix
        if job is None:
            return self._stale(reply_to, job_id, worker, now)
        if job.group is self.route and self.since <= job.number <= self.last_job:
            difficulty, target, newest = state.asked, state.target, True
        else:
            (prefix, difficulty, target), newest = self.asked_on(job), False
            if worker.tenant != job.account.tenant:  # found before it was given to somebody else
                worker = self.house.workers.get(worker.name, job.account.tenant)
        if prefix is None or not difficulty or job.room < prefix.total:
            return self._stale(reply_to, job_id, worker, now)
        if difficulty > job.difficulty:  # it did not go out to this miner, though others did
            difficulty, target = job.difficulty, job.pool_target
        if len(extranonce2) != prefix.extranonce2_size:
            fault = "extranonce2 has the wrong size"
        if fault:
            return self.decline(reply_to, rejects.MALFORMED._replace(text=fault), worker, job)
        mask = job.version_mask & self.may_roll
        verdict, met, header_hash = job.check(
            prefix.slot, extranonce2, ntime, nonce, bits, mask, target
        )
        if verdict >= REJECTED:
            return self.decline(reply_to, rejects.OF_VERDICT[verdict], worker, job)
        if verdict == SHARE:
            self.count_accepted(worker, job, difficulty, met, now)
            reply = self.say_accepted(reply_to)
        else:
            local = self.house.verdict_local
            share = Submission(self, worker, b"" if local else reply_to, difficulty, met, now, job)
            if verdict == BLOCK:
                self.house.found_block(share, header_hash)
            found = job.upstream(prefix.prefix, extranonce2, ntime, nonce, bits, mask)
            self.house.forward(job, share, found)
            reply = self.say_accepted(reply_to) if local else b""
        if newest:  # of what was asked for before vardiff knows all that it wants to
            state.shares += 1
            if state.shares % JUDGE_EVERY == 0:
                reply += self.retarget(now)
        return reply

    def _stale(self, reply_to: bytes, job_id: str, worker: Worker, now: float) -> bytes:
        """No such job is taken from this miner; or there is nothing to mine on at all."""
        self.house.recorder.record_stale(job_id, now)
        without_pool = self.route is not None and self.route.job is None
        return self.decline(reply_to, rejects.NO_POOL if without_pool else rejects.STALE, worker)

    def count_accepted(
        self, worker: Worker, job: Job, difficulty: float | int, met: float, now: float
    ) -> None:
        """Credit a share that counts, found at that time."""
        self.accepted += 1
        self.work += difficulty
        streak = worker.streak
        if (
            streak.terms is not job.terms
            or streak.asked != difficulty
            or now - streak.last > streak.limit
        ):
            worker.turn(job.account, job.terms, difficulty, job.difficulty, now)
        streak.count += 1
        streak.last = now
        tally = self.house.tally
        tally.accepted += 1
        tally.work += difficulty
        job.earned.work += difficulty
        if met > streak.best:
            streak.best = met
            if met > tally.best:
                tally.best = met

    def count_refused(
        self,
        worker: Worker | None,
        account: Account | None,
        reason: str,
        work: float = 0.0,
        expected: float = 0.0,
    ) -> None:
        """Count a share that does not; `work` and `expected` if it was good by our own check."""
        self.rejected += 1
        if worker is not None:
            worker.on(account or worker.row.account).refuse(reason, work, expected)
        self.house.tally.reject(reason)

    def decline(
        self, reply_to: bytes, reject: Reject, worker: Worker | None, job: Job | None = None
    ) -> bytes:
        """Refuse a share by our own check: count it, and say why."""
        self.count_refused(worker, job.account if job else self.account, reject.reason)
        self.messages += 1
        self.invalid += reject not in NOT_ITS_FAULT
        return self.say_refused(reply_to, reject) if reply_to else b""

    @property
    def account(self) -> Account | None:
        """For which it mines; None for none."""
        return self.route.job.account if self.route is not None and self.route.job else None

    # -- who it is -------------------------------------------------------------------------------

    def worker_of(self, name: object) -> Worker | None:
        """The authorized worker of that name."""
        if self.worker is not None and self.worker.name == name:
            return self.worker
        return self.workers.get(name) if self.workers and isinstance(name, str) else None

    def authorize(self, name: str, now: float) -> Refusal | None:
        """Shares under that name are taken from it. The first name says to whom it belongs.

        Returns:
            Why they are not.
        """
        if self.worker_of(name) is not None:
            return None
        if self.worker is not None and len(self.workers or ()) >= MAX_WORKERS:
            return TOO_MANY_NAMES
        tenant = self.house.tenant_for(self, name, now)
        if isinstance(tenant, Refusal):
            return tenant
        self._mine_as(name, tenant)
        return None

    def _mine_as(self, name: str, tenant: Tenant) -> None:
        worker = self.house.workers.get(name, tenant.name)
        if self.worker is None:
            self.worker, self.tenant = worker, tenant
            tenant.miners += 1
        else:
            if self.workers is None:
                self.workers = {}
            self.workers[name] = worker
        worker.connections += 1
        self.house.recorder.record_authorized(self, worker)

    @property
    def authorized(self) -> tuple[Worker, ...]:
        """Every worker that it authorized."""
        return (self.worker, *(self.workers or {}).values()) if self.worker is not None else ()

    def give_to(self, tenant: Tenant) -> None:
        """It is somebody else's from now on; shares found before are not."""
        names = [worker.name for worker in self.authorized]
        self._forget_names()
        self.tenant = tenant
        for name in names:
            self._mine_as(name, tenant)
        self.stay_within(tenant.vardiff)
        self.changed()

    def _forget_names(self) -> None:
        for worker in self.authorized:
            worker.connections -= 1
            self.house.recorder.record_left(self, worker)
        if self.worker is not None and self.tenant is not None:
            self.tenant.miners -= 1
        self.worker = self.workers = None

    def start_mining(self, now: float) -> bytes:
        """Subscribed and authorized: take a place in the fan-out, and the current job."""
        route, worker, tenant = self.route, self.worker, self.tenant
        if route is None or worker is None or tenant is None:
            return b""
        self.changed()
        if not self.mining:
            self.mining = True
            route.begin(self)
            vardiff = tenant.vardiff
            if self.difficulty.minimum:
                self.difficulty.minimum = vardiff.clamp(self.difficulty.minimum)
            fixed = tenant.fixed.get(worker.name)
            self.difficulty.fixed = fixed is not None
            before = worker.difficulty_at(self.host)
            start = fixed or self.difficulty.suggested or before or vardiff.start
            self.want(vardiff.clamp(start))
            if not (self.difficulty.suggested or self.difficulty.minimum):
                self.difficulty.floor = min(1, self.difficulty.wanted)
        return self._first_job(route, now)

    def move(self, prefix: Prefix, now: float) -> bytes:
        """Its jobs come from another group from now on, which it has entered.

        Returns:
            What to send: the first of them.
        """
        self.take_prefix(prefix)
        route = self.route
        if route is None or not self.mining:
            return b""
        route.begin(self)
        self.changed()
        return self._first_job(route, now)

    def _first_job(self, route: Route, now: float) -> bytes:
        job = route.job
        if job is not None and job.number <= self.last_job:
            # It starts from zero: on the same job it would find the very shares it found before.
            job = route.reissue(now)
            if job is not None and job.number <= self.last_job:
                route.owe(self, job)  # it was sent this second's: the next one, then
        return self.deliver(job, True, now) if job is not None else b""

    def judge(self, now: float, period: float) -> bytes:
        """The regular look at this miner, every `period` seconds."""
        self.hashrate += ((self.work - self._sampled_work) / period - self.hashrate) * SMOOTHING
        self._sampled_work = self.work
        if self.route is None or self.route.job is None:
            self.difficulty.pause(period)
            return b""
        if not self.mining or self.tenant is None:
            return b""
        vardiff = self.tenant.vardiff
        if not self.difficulty.due(vardiff, now):
            return b""
        data = self.retarget(now)
        self.difficulty.shorten(vardiff, now)
        return data

    # -- the end ---------------------------------------------------------------------------------

    def settle(self, share: Submission, reject: Reject | None) -> None:
        """The verdict on a forwarded share is there: count it, and tell the miner if it waits."""
        worker, job, asked = share.worker, share.job, share.difficulty
        if reject is None:
            found = max(share.sent, worker.streak.last)  # others were found meanwhile
            self.count_accepted(worker, job, asked, share.met, found)
        else:
            expected = min(asked / job.difficulty, 1.0)
            self.count_refused(worker, job.account, reject.reason, asked, expected)
        if share.reply_to:
            if reject is None:
                self.link.send(self.say_accepted(share.reply_to))
            else:
                self.link.send(self.say_refused(share.reply_to, reject))

    def closed(self, now: float) -> None:
        """The connection is gone: give back what it held."""
        if self.worker is not None and self.difficulty.proven:
            self.worker.remember_difficulty(self.difficulty.proven, self.host)
        for worker in self.authorized:
            worker.connections -= 1
        if self.worker is not None and self.tenant is not None:
            self.tenant.miners -= 1
        self.house.allocator.leave(self, now)
        self.route = None
        self.mining = False
        self.announced = None
