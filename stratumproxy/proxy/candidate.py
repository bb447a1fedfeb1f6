"""A pool's session that a lane can mine on, and the jobs of it that shares are taken for.

A job is taken from when it goes out until the pool says `clean_jobs`, its session ends, or
`jobs.grace_seconds` after another job went out in its place: also when the lane mines on another
pool by then.
"""

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from stratumproxy.mining.issued import Job
from stratumproxy.mining.job import Terms
from stratumproxy.proxy.pool import NewJob, PoolSession

if TYPE_CHECKING:
    from stratumproxy.proxy.lane import Lane

MAX_JOBS = 64
"""Jobs of a pool that are taken at a time; at a job per 30 s and the default grace there are 7. A
pool that sends more ends the oldest."""

MAX_IDS = 1024
"""Ids that one job of the pool is taken under. One is made a second at most, and a keep-alive and
the grace after it are four minutes."""


class Candidate:
    """A session that is ready to be mined on.

    Args:
        lane: whose session it is.
        pool: the pool's name.
        session: the session.
        new_job: its first job.
        now: the time.
    """

    def __init__(
        self, lane: "Lane", pool: str, session: PoolSession, new_job: NewJob, now: float
    ) -> None:
        self._lane = lane
        self._pool = pool
        self._jobs = lane.proxy.jobs
        self.session = session
        self.newest = new_job
        self.arrived = now
        """When the newest job came."""
        self.since = now
        """When it became ready, or well again."""
        self.accepted = 0
        """Shares that it accepted since the last look at its rejects."""
        self.refused = 0
        """Shares that it refused, or gave no verdict on."""
        self.unanswered = 0
        """Of these, how many it gave no verdict on."""
        self.unwell = False
        """It refused too many shares, and is mined on only if there is no other."""
        self._generations: deque[deque[Job]] = deque()
        """Jobs that are taken, oldest first: for each of the pool's the ids that went out."""
        self._fresh = True
        """The newest job has not gone out under any id."""
        self._reissued: Job | None = None
        self._reissued_at = 0
        """The second, counted from the newest job's arrival, that `_reissued` was made in."""

    # -- what the pool sends ---------------------------------------------------------------------

    def repeats(self, new_job: NewJob) -> bool:
        """Whether the pool sent the newest job once more: nothing about the work is new."""
        was, now_sent = self.newest, new_job
        return (
            replace(was.job, clean=now_sent.job.clean) == now_sent.job
            and was.terms.extranonce1 == now_sent.terms.extranonce1
            and was.terms.extranonce2_size == now_sent.terms.extranonce2_size
        )

    def repeat(self, new_job: NewJob, now: float) -> None:
        """The pool sent the newest job once more, perhaps under other terms."""
        if new_job.job.clean:
            newest = self._generations.pop() if self._generations and not self._fresh else None
            self.end(now)
            if newest is not None:
                self._generations.append(newest)
                self._fresh = False
        self.newest = new_job

    def learn(self, session: PoolSession, new_job: NewJob, until: float, now: float) -> None:
        """The pool sent another job.

        Args:
            session: which it came by: the one so far, or one that takes its place.
            new_job: the job.
            until: how long the jobs before it are taken, unless it is a clean one.
            now: the time.
        """
        if session is not self.session or new_job.job.clean:
            self.end(now)
        else:
            self.replaced(until)
            self._end_namesakes(new_job, now)
        self.session = session
        self.newest, self.arrived = new_job, now
        self._fresh, self._reissued = True, None

    def _end_namesakes(self, new_job: NewJob, now: float) -> None:
        """The pool gave an id to other work: what it was before can't be submitted any more."""
        pool_job_id = new_job.job.pool_job_id
        content = self._jobs.contents.of(new_job.job, new_job.terms)
        for ids in list(self._generations):
            if ids and ids[0].pool_job.pool_job_id == pool_job_id and ids[0].content is not content:
                self._generations.remove(ids)
                self._jobs.end(ids, now)

    # -- what goes out ---------------------------------------------------------------------------

    def issue(self, now: float) -> Job:
        """The newest job under an id that no other has.

        Where the same work went out before, or came a while ago, its ntime is moved on: a miner
        whose extranonce2 starts from zero on each notify (ESP-Miner) would find the same shares.
        """
        lane, newest = self._lane, self.newest
        content = self._jobs.contents.of(newest.job, newest.terms)
        ahead = int(now - self.arrived)
        before = content.newest_ntime.get(lane.number)
        if before is not None:
            ahead = max(ahead, before + 1 - newest.job.ntime)
        if ahead > 0:
            newest = replace(newest, job=newest.job.aged(ahead))
        job = Job(
            self._jobs.next_number(),
            newest.job,
            newest.terms,
            content=content,
            ntime_roll=max(lane.proxy.ntime_roll - max(ahead, 0), 0),
            whole=lane.space is None,
            lane=lane,
            source=self.session,
            pool=self._pool,
        )
        self._jobs.begin(job)
        content.newest_ntime[lane.number] = newest.job.ntime
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

    def reissue(self, now: float) -> Job:
        """The newest job once more, one for all who ask within a second."""
        second = int(now - self.arrived)
        if self._reissued is None or self._reissued_at != second:
            self._reissued, self._reissued_at = self.issue(now), second
        return self._reissued

    def change_terms(self, terms: Terms) -> None:
        """The pool asks for something else of the newest job, too."""
        self.newest = replace(self.newest, terms=terms)
        self._reissued = None  # who asks within this second must not get it as it was
        for ids in self._generations:
            for job in ids:
                job.allow(terms.version_mask)  # BIP310: a new mask is valid at once

    # -- how long it is taken --------------------------------------------------------------------

    def replaced(self, until: float, *, but: Job | None = None) -> None:
        """Other work went out in the place of all that is taken, one job perhaps aside.

        Args:
            until: how long it is taken, unless that was said before.
            but: what went out.
        """
        for ids in reversed(self._generations):
            for job in reversed(ids):
                if job is but:
                    continue
                if job.until <= until:
                    return  # so are all before it
                job.until = until
                job.forget_lines()

    def end(self, now: float) -> None:
        """None of its jobs is taken any more."""
        for ids in self._generations:
            self._jobs.end(ids, now)
        self._generations.clear()
        self._fresh, self._reissued = True, None

    def tend(self, now: float) -> None:
        """Called every second or so: jobs whose time is over are not taken any more."""
        while self._generations:
            ids = self._generations[0]
            while ids and ids[0].until <= now:
                self._jobs.end([ids.popleft()], now)
            if ids or (len(self._generations) == 1 and not self._fresh):
                return
            self._generations.popleft()
