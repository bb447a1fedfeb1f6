"""What a group of miners can mine on at one pool: its session, and what of it shares are taken for.

    waiting    no session that can be mined on; shares of the one before may be in flight still
    ready      a session with a job
    unwell     it refused too many shares: mined on only if there is no other
    closed     not needed any more

A job is taken from when it goes out until the pool says `clean_jobs`, its session ends, or
`jobs.grace_seconds` after another job went out in its place: also when the group mines on another
pool by then.

Shares that were on their way when a session ended are *in flight*. A pool that takes the session up
again, with the same extranonce1, still knows their jobs, and gets them once more. It may have had
them already: "duplicate" is then as good as "accepted". Otherwise they are lost, and their miners
are told so.
"""

from collections import deque
from dataclasses import replace

from stratumproxy.mining import rejects
from stratumproxy.mining.issued import Job
from stratumproxy.mining.job import Terms
from stratumproxy.mining.rejects import Reject
from stratumproxy.mining.submission import Submission
from stratumproxy.mining.table import JobTable
from stratumproxy.telemetry.notices import Notices
from stratumproxy.telemetry.records import ACCEPTED, LOST, REJECTED, TIMED_OUT
from stratumproxy.upstream.login import Login
from stratumproxy.upstream.session import Event, NewJob, Odd, Said, Session, TermsChanged
from stratumproxy.upstream.surroundings import Miners, Rules, Watcher

MAX_JOBS = 64
"""Jobs of a pool that are taken at a time; at a job per 30 s and the default grace there are 7. A
pool that sends more ends the oldest."""

MAX_IDS = 1024
"""Ids that one job of the pool is taken under. One is made a second at most, and a keep-alive and
the grace after it are four minutes."""

REFUSALS = 20
"""Refused shares between two looks at a pool's rejects."""

DUPLICATE = 22


class Channel:
    """One group's way to one pool.

    Args:
        login: the pool, and the account there.
        miners: the group.
        jobs: where the jobs stand that shares are taken for.
        rules: what is configured.
        notices: where rare events are told.
        watcher: who is told of verdicts and jobs.
    """

    def __init__(
        self,
        login: Login,
        miners: Miners,
        jobs: JobTable,
        rules: Rules,
        notices: Notices,
        watcher: Watcher,
    ) -> None:
        self.login = login
        self.pool = login.pool
        self.miners = miners
        self._jobs = jobs
        self._rules = rules
        self._notices = notices
        self._watcher = watcher
        self.session: Session | None = None
        """What can be mined on; None while there is nothing."""
        self.closed = False
        self.unwell = False
        """It refused too many shares, and is mined on only if there is no other."""
        self.failed = False
        """It was lost or refused too much while it was mined on: it has to be well for a while
        before it is gone back to."""
        self.since = 0.0
        """When it became ready, or well again."""
        self._accepted = self._refused = self._unanswered = 0
        """Shares since the last look at its rejects; no verdict is a refusal, too."""
        self._newest: NewJob | None = None
        self._arrived = 0.0
        """When the newest job came."""
        self._generations: deque[deque[Job]] = deque()
        """Jobs that are taken, oldest first: for each of the pool's the ids that went out."""
        self._fresh = True
        """The newest job has not gone out under any id."""
        self._reissued: Job | None = None
        self._reissued_at = 0
        """The second, counted from the newest job's arrival, that `_reissued` was made in."""
        self.in_flight: list[Submission] = []
        """Shares of a session that ended."""
        self._flight = b"", 0
        """The extranonce1 of that session, and the size of its extranonce2."""
        self._ended = 0.0

    @property
    def pending(self) -> int:
        """Shares without a verdict."""
        return len(self.in_flight) + (len(self.session.pending) if self.session else 0)

    @property
    def named(self) -> int:
        """Names that the pool takes shares under here, beside the account's."""
        if self.session is None:
            return 0
        return self.session.named + (self.session.user != self.login.account.user)

    @property
    def misnamed(self) -> bool:
        """Its session began as the account, before it was known that it needs a name of its own."""
        session, login = self.session, self.login
        if session is None or self.pending or login.way != "own" or login.retired is not None:
            return False
        return session.user != login.user_for(self.miners.who)

    # -- what the pool says ----------------------------------------------------------------------

    def hear(self, session: Session, events: list[Event], now: float) -> None:
        """Deal with what a session's `receive` returned.

        With its first job a session takes the place of the one before, if that was not lost.
        """
        if self.closed:
            return  # all that it could still say was accounted for
        for event in events:
            if type(event) is Submission:
                self._judged(event, now)
            elif isinstance(event, NewJob):
                self._new_job(session, event, now)
            elif isinstance(event, TermsChanged):
                self.pool.asks(event.terms)
                if session is self.session:
                    self._change_terms(event.terms, now)
            elif isinstance(event, Said):
                self._notices.info("pool says", **self.login.said, text=event.text)
            elif isinstance(event, Odd):
                self._notices.warning("pool is not understood", **self.login.said, what=event.text)
        self._watcher.heard(now)

    def _new_job(self, session: Session, new_job: NewJob, now: float) -> None:
        if self.pool.has_job(new_job):
            self._notices.warning(
                "the pool's job has version bits inside its own mask; pools disagree on what a "
                "rolled share's version is then",
                pool=self.pool.name,
                version=f"{new_job.job.version:08x}",
                mask=f"{new_job.terms.version_mask:08x}",
            )
        self._watcher.new_job(self.pool, new_job, now)
        moved = self.session is not None and self.session is not session
        if self.session is None:
            self._newest, self._arrived, self.since = new_job, now, now
            self._accepted = self._refused = self._unanswered = 0
            self.unwell = False
        elif moved:
            self._keep_in_flight(self.session, now)
            self._learn(new_job, now, elsewhere=True)
        elif self._repeats(new_job):
            self._repeated(new_job, now)
            return
        else:
            self._learn(new_job, now)
        self.session = session
        self._resubmit(session, new_job.terms, now)
        self.miners.job_came(self, moved, now)

    def _repeats(self, new_job: NewJob) -> bool:
        """Whether the pool sent the newest job once more: nothing about the work is new."""
        was = self._newest
        return (
            was is not None
            and replace(was.job, clean=new_job.job.clean) == new_job.job
            and was.terms.extranonce1 == new_job.terms.extranonce1
            and was.terms.extranonce2_size == new_job.terms.extranonce2_size
        )

    def _repeated(self, new_job: NewJob, now: float) -> None:
        """The newest job once more: that is news only if the pool asks for something else now."""
        before = self._newest
        if new_job.job.clean:
            newest = self._generations.pop() if self._generations and not self._fresh else None
            self.end_jobs(now)
            if newest is not None:
                self._generations.append(newest)
                self._fresh = False
        self._newest = new_job
        if before is not None and new_job.terms != before.terms:
            self._change_terms(new_job.terms, now)

    def _learn(self, new_job: NewJob, now: float, *, elsewhere: bool = False) -> None:
        """Another job: those before are over if it is a clean one, or `elsewhere`, on another
        session.
        """
        if elsewhere or new_job.job.clean:
            self.end_jobs(now)
        else:
            self.replaced(now)
            self._end_namesakes(new_job, now)
        self._newest, self._arrived = new_job, now
        self._fresh, self._reissued = True, None

    def _end_namesakes(self, new_job: NewJob, now: float) -> None:
        """The pool gave an id to other work: what it was before can't be submitted any more."""
        pool_job_id = new_job.job.pool_job_id
        content = self._jobs.contents.of(new_job.job, new_job.terms)
        for ids in list(self._generations):
            if ids and ids[0].pool_job.pool_job_id == pool_job_id and ids[0].content is not content:
                self._generations.remove(ids)
                self._jobs.end(ids, now)

    def _change_terms(self, terms: Terms, now: float) -> None:
        """The pool asks for something else of the newest job, too."""
        assert self._newest is not None
        self._newest = replace(self._newest, terms=terms)
        self._reissued = None  # who asks within this second must not get it as it was
        for ids in self._generations:
            for job in ids:
                job.allow(terms.version_mask)  # BIP310: a new mask is valid at once
        self.miners.terms_changed(self, now)

    # -- verdicts --------------------------------------------------------------------------------

    def _judged(self, share: Submission, now: float) -> None:
        """The pool's verdict on a share is there."""
        if share.error is None or (share.again and share.error[0] == DUPLICATE):
            self.pool.verdicts.accepted += 1
            self._accepted += 1
            self._watcher.settled(share, self.pool, None, ACCEPTED, now)
            return
        code, text = share.error
        self.pool.verdicts.reject(text)
        self._watcher.settled(share, self.pool, Reject(code, text, "pool"), REJECTED, now)
        self.refused(now)

    def _lose(self, shares: list[Submission], reject: Reject, now: float) -> None:
        """Shares will never have a verdict."""
        self.pool.verdicts.lost += len(shares)
        verdict = TIMED_OUT if reject is rejects.TIMED_OUT else LOST
        for share in shares:
            self._watcher.settled(share, self.pool, reject, verdict, now)

    def refused(self, now: float, *, silent: bool = False) -> None:
        """A share was refused: if there are too many of these, it is unwell.

        Args:
            now: the time.
            silent: there was no verdict, which is no better.
        """
        if self.session is None:
            return
        self._refused += 1
        self._unanswered += silent
        if self._refused < REFUSALS:
            return
        part = self._refused / (self._refused + self._accepted)
        silence = self._unanswered / self._refused
        self._accepted = self._refused = self._unanswered = 0
        if part < self._rules.reject_part:
            return
        self.unwell = self.failed = True
        self.since = now
        what = "gives no verdict on" if silence > 0.5 else "refuses"
        self._notices.warning(
            f"pool {what} too many shares",
            **self.login.said,
            group=self.miners.number,
            percent=round(100 * part),
        )
        self.miners.channel_unwell(self, f"{self.pool.name} {what} too many shares", now)

    def forgive(self) -> None:
        """Whatever it did so far, it is well."""
        self._accepted = self._refused = self._unanswered = 0
        self.unwell = self.failed = False

    # -- a session's end -------------------------------------------------------------------------

    def lose(self, session: Session, reason: str, now: float) -> None:
        """A session's connection is gone, or never came to be: account for all it was sent."""
        if self.closed:
            return
        self.pool.is_lost(reason)
        session.cut()
        self.end(session, now)

    def end(self, session: Session, now: float) -> None:
        """A session is over: account for every share that it was sent."""
        if self.session is not None:
            self.session = None
            self.end_jobs(now)
            self.miners.channel_lost(self, now)
        for share in session.unreported:
            self._judged(share, now)
        session.unreported = []
        if session.ready or session.pending:
            self._keep_in_flight(session, now)
        if self.login.retired is not None:
            self.give_up(now)  # it will not be taken up again
            self._watcher.channel_over(self)

    def _keep_in_flight(self, session: Session, now: float) -> None:
        """A session is gone with shares under way; it may be taken up again."""
        self.give_up(now)
        if session.pending:
            self._flight = session.extranonce1, session.extranonce2_size
            self._ended = now
            self.in_flight = session.abandon()

    def _resubmit(self, session: Session, terms: Terms, now: float) -> None:
        """Send what is in flight on a session that is the same one, taken up again."""
        if self.in_flight and self._flight == (terms.extranonce1, terms.extranonce2_size):
            shares, self.in_flight = self.in_flight, []
            for share in shares:
                share.sent = now
                share.again = True
                session.submit(share, share.job.submit_head, share.found)
        else:
            self.give_up(now)

    def give_up(self, now: float) -> None:
        """What is in flight is lost."""
        shares, self.in_flight = self.in_flight, []
        self._lose(shares, rejects.LOST, now)

    def close(self, now: float) -> None:
        """It is not needed any more: what is under way is lost."""
        if self.session is not None:
            self.end(self.session, now)
        self.give_up(now)
        self.closed = True

    # -- what goes out ---------------------------------------------------------------------------

    def issue(self, now: float) -> Job:
        """The newest job under an id that no other has.

        Where the same work went out before, or came a while ago, its ntime is moved on: a miner
        whose extranonce2 starts from zero on each notify (ESP-Miner) would find the same shares.
        """
        miners, newest = self.miners, self._newest
        assert newest is not None
        assert self.session is not None
        content = self._jobs.contents.of(newest.job, newest.terms)
        ahead = int(now - self._arrived)
        before = content.newest_ntime.get(miners.number)
        if before is not None:
            ahead = max(ahead, before + 1 - newest.job.ntime)
        if ahead > 0:
            newest = replace(newest, job=newest.job.aged(ahead))
        job = Job(
            self._jobs.next_number(),
            newest.job,
            newest.terms,
            content=content,
            ntime_roll=max(self._rules.ntime_roll - max(ahead, 0), 0),
            whole=miners.alone,
            group=miners,
            source=self.session,
            account=self.login.account,
            earned=self.login.earned,
        )
        self._jobs.begin(job)
        content.newest_ntime[miners.number] = newest.job.ntime
        if self._fresh:
            self._fresh = False
            self._generations.append(deque())
            if len(self._generations) > MAX_JOBS:
                self._jobs.end(self._generations.popleft(), now)
        ids = self._generations[-1]
        ids.append(job)
        if len(ids) > MAX_IDS:
            self._jobs.end([ids.popleft()], now)
        return job

    @property
    def clean(self) -> bool:
        """Whether the pool has all work before the newest job dropped."""
        return self._newest is not None and self._newest.job.clean

    def reissue(self, now: float) -> Job:
        """The newest job once more, one for all who ask within a second."""
        second = int(now - self._arrived)
        if self._reissued is None or self._reissued_at != second:
            self._reissued, self._reissued_at = self.issue(now), second
        return self._reissued

    # -- how long it is taken --------------------------------------------------------------------

    def replaced(self, now: float, *, but: Job | None = None) -> None:
        """Other work goes out in the place of all that is taken: it is, for the grace.

        Args:
            now: the time.
            but: one of its jobs that is what goes out.
        """
        until = now + self._rules.grace
        for ids in reversed(self._generations):
            for job in reversed(ids):
                if job is but:
                    continue
                if job.until <= until:
                    return  # so are all before it
                job.until = until
                job.forget_lines()

    def end_jobs(self, now: float) -> None:
        """None of its jobs is taken any more."""
        for ids in self._generations:
            self._jobs.end(ids, now)
        self._generations.clear()
        self._fresh, self._reissued = True, None

    def tend(self, now: float) -> None:
        """Called every second or so: what took too long is over."""
        patience = self.pool.config.reply_timeout_seconds
        if self.session is not None:
            self._expire(now)
            self.session.tend(now)
            self._time_out(self.session.overdue(now - patience), now)
        if self.in_flight and now - self._ended >= patience:
            self.give_up(now)

    def _expire(self, now: float) -> None:
        """Jobs whose time is over are not taken any more."""
        while self._generations:
            ids = self._generations[0]
            while ids and ids[0].until <= now:
                self._jobs.end([ids.popleft()], now)
            if ids or (len(self._generations) == 1 and not self._fresh):
                return
            self._generations.popleft()

    def _time_out(self, late: list[Submission], now: float) -> None:
        """Shares that a pool gave no verdict on are lost: that is no better than a refusal."""
        if not late:
            return
        self._notices.warning(
            "pool gave no verdict in time",
            **self.login.said,
            group=self.miners.number,
            shares=len(late),
        )
        self._lose(late, rejects.TIMED_OUT, now)
        for _ in late:
            self.refused(now, silent=True)
