"""A lane: miners that share one session at a time, and the sessions they could have.

For every configured pool a lane keeps a session, so the next pool's current job is at hand and a
switch is one clean notify. One session is active: that of the first pool, in the configured order,
that is ready. How many miners a lane carries follows from the extranonce layout and from
`miners_per_session`.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stratumproxy.proxy import requests
from stratumproxy.proxy.job import Job
from stratumproxy.proxy.limbo import Limbo
from stratumproxy.proxy.pool import NewJob, PoolSession
from stratumproxy.shares import Seen
from stratumproxy.stratum import rejects
from stratumproxy.work.extranonce import SlotSpace

if TYPE_CHECKING:
    from stratumproxy.proxy.miner import MinerSession
    from stratumproxy.proxy.proxy import Proxy

MAX_JOBS = 64
"""Jobs of the pool that stay valid without a clean one; at a job per 30 s, half an hour."""

MAX_TIPS = 3
"""Chain tips whose shares are remembered: the last one, and those a reorganisation goes back to."""

MAX_REISSUED = 128
"""Ids that one job of the pool is valid under: over two minutes of them, one a second, and every
miner has a newer one within a keep-alive."""


REFUSALS = 20
"""Refused shares between two looks at a pool's rejects."""


@dataclass(slots=True)
class Candidate:
    """A pool's session, ready to be mined on."""

    session: PoolSession
    newest: NewJob
    arrived: float
    """When the newest job came."""
    since: float
    """When it became ready, or well again."""
    accepted: int = 0
    """Shares that it accepted since the last look at its rejects."""
    refused: int = 0
    unwell: bool = False
    """It refused too many shares, and is mined on only if there is no other."""


class Lane:
    """One group of miners.

    Args:
        proxy: what it is part of.
        number: 0 for the first, which is always there.
        space: where its miners' slots come from.
    """

    def __init__(self, proxy: "Proxy", number: int, space: SlotSpace | None) -> None:
        self.proxy = proxy
        self.number = number
        self.space = space
        """None where the layout can't be shared: one miner then."""
        self.members = 0
        """Miners that subscribed here."""
        self.miners: dict[MinerSession, None] = {}
        """Of these, who gets jobs, in the order of the fan-out."""
        self.waiting: list[MinerSession] = []
        """Subscribed, but the answer needs this lane's session to be ready."""
        self.job: Job | None = None
        """What is mined on; None while no pool is ready."""
        self.job_sent = 0.0
        self.empty_since = 0.0
        self.closed = False
        """Nobody mines here any more, and its sessions are about to end."""
        self.active: int | None = None
        """Index of the pool that is mined on."""
        self.candidates: dict[int, Candidate] = {}
        self.limbo: dict[int, Limbo] = {}
        self._failed: set[int] = set()
        """Pools that were lost or refused too much while they were mined on: they have to be well
        for a while before they are gone back to."""
        self._generations: deque[list[str]] = deque()
        """Ids under which the pool's jobs are valid, a list for each job of the pool."""
        self._reissued: Job | None = None
        self._reissued_at = 0
        """The second, counted from the job's arrival, that `_reissued` was made in."""
        self._ahead = 0
        """Seconds that the newest id's ntime is ahead of what the pool sent."""
        self._seen = Seen()
        self._tips: OrderedDict[str, Seen] = OrderedDict()

    # -- members ---------------------------------------------------------------------------------

    @property
    def capacity(self) -> int:
        """How many miners may subscribe here; slots may run out earlier."""
        if self.space is None:
            return 1
        return self.proxy.miners_per_session

    def join(self, miner: "MinerSession") -> None:
        """A miner subscribed."""
        miner.lane = self
        self.members += 1

    def leave(self, miner: "MinerSession", now: float) -> None:
        """A miner is gone."""
        self.miners.pop(miner, None)
        if miner in self.waiting:
            self.waiting.remove(miner)
        self.members -= 1
        self.empty_since = now

    # -- pools -----------------------------------------------------------------------------------

    def pool_job(self, pool: int, session: PoolSession, new_job: NewJob, now: float) -> None:
        """A pool's session has a job."""
        candidate = self.candidates.get(pool)
        if candidate is None:
            candidate = self.candidates[pool] = Candidate(session, new_job, now, now)
        moved = candidate.session is not session
        if moved:
            self.into_limbo(pool, candidate.session, now)
            candidate.session = session
        candidate.newest, candidate.arrived = new_job, now
        self._leave_limbo(pool, session, new_job, now)
        if self.active is None or (self._before(pool, self.active) and pool not in self._failed):
            self.switch(pool, now)
        elif self.active == pool and moved:
            self.switch(pool, now)  # what was found for the session before is stale
        elif self.active == pool:
            self._mine(new_job, session, new_job.job.clean, now)

    def pool_lost(self, pool: int, now: float) -> None:
        """A pool's session is gone: nothing mined on it counts any more, so move on at once."""
        self.candidates.pop(pool, None)
        if self.active != pool:
            return
        self._failed.add(pool)
        self._retire(now)
        self.job = None
        self.active = None
        self._moved()
        self.proxy.fanouts.end(self, now)
        if self.candidates:
            self.switch(self._best(), now)

    def _best(self) -> int:
        """The first pool in the order that is ready and well, or else just ready."""
        rank = self.proxy.rank
        return min(self.candidates, key=lambda pool: (self.candidates[pool].unwell, rank(pool)))

    def _before(self, pool: int, other: int) -> bool:
        """Whether one is rather mined on than the other."""
        return self.proxy.rank(pool) < self.proxy.rank(other)

    def pool_refused(self, pool: int, limit: float, now: float) -> None:
        """A pool refused a share: if it refuses too many, mine on another one, if there is one.

        Args:
            pool: which.
            limit: the part of its verdicts, 0 to 1, from which on it is too many.
            now: the time.
        """
        candidate = self.candidates.get(pool)
        if candidate is None:
            return
        candidate.refused += 1
        if candidate.refused < REFUSALS:
            return
        part = candidate.refused / (candidate.refused + candidate.accepted)
        candidate.accepted = candidate.refused = 0
        if part < limit:
            return
        candidate.unwell, candidate.since = True, now
        self._failed.add(pool)
        self.proxy.notices.warning(
            "pool refuses too many shares",
            pool=self.proxy.pools[pool].name,
            lane=self.number,
            percent=round(100 * part),
        )
        if self.active == pool and (best := self._best()) != pool:
            self.switch(best, now)

    def prefer(self, well_for: float, pause: float, now: float) -> None:
        """Go back to an earlier pool in the order once it has been ready for some seconds.

        Args:
            well_for: the seconds.
            pause: seconds after which a pool that refused too many shares gets another chance.
            now: the time.
        """
        for candidate in self.candidates.values():
            if candidate.unwell and now - candidate.since >= pause:
                candidate.unwell = False
                candidate.since = now - well_for
        if self.active is None:
            return
        for pool in sorted(self.candidates, key=self.proxy.rank):
            candidate = self.candidates[pool]
            if not self._before(pool, self.active):
                return
            if not candidate.unwell and now - candidate.since >= well_for:
                self.switch(pool, now)
                return

    def obey(self, wanted: int | None, now: float) -> bool:
        """The operator changed the order: mine on what is best by it, at once.

        Args:
            wanted: the pool that comes first, whatever it did so far; None: as configured.
            now: the time.

        Returns:
            Whether that is another pool than before.
        """
        if wanted is not None:
            self._failed.discard(wanted)
            if candidate := self.candidates.get(wanted):
                candidate.accepted, candidate.refused, candidate.unwell = 0, 0, False
        if self.active is None or (best := self._best()) == self.active:
            return False
        self.switch(best, now)
        return True

    def leave_pool(self, pool: int, now: float) -> None:
        """Mine on any other pool that is ready: this one is not to be mined on any more."""
        self.candidates[pool].unwell = True
        if self.active == pool and (best := self._best()) != pool:
            self.switch(best, now)

    def renumber(self, places: dict[int, int]) -> None:
        """The pools have other places in the order: new by old ones."""
        self.candidates = {places[pool]: each for pool, each in self.candidates.items()}
        self.limbo = {places[pool]: each for pool, each in self.limbo.items()}
        self._failed = {places[pool] for pool in self._failed if pool in places}
        if self.active is not None:
            self.active = places[self.active]

    def switch(self, pool: int, now: float) -> None:
        """Mine on another pool: for the miners nothing but a clean job."""
        candidate = self.candidates[pool]
        self.active = pool
        self.proxy.sparse.info(
            "mining on pool",
            pool=self.proxy.pools[pool].name,
            lane=self.number,
            miners=len(self.miners),
        )
        self._mine(candidate.newest, candidate.session, True, now, int(now - candidate.arrived))
        self._moved()

    def _moved(self) -> None:
        """Its miners mine somewhere else."""
        if self.proxy.journal is not None:
            self.proxy.journal.changed.update(self.miners)

    # -- shares whose session ended --------------------------------------------------------------

    def into_limbo(self, pool: int, session: PoolSession, now: float) -> None:
        """A session is gone with shares under way; it may be taken up again."""
        self.lose(pool, now)
        if session.pending:
            self.limbo[pool] = Limbo(session, now)

    def _leave_limbo(self, pool: int, session: PoolSession, new_job: NewJob, now: float) -> None:
        limbo = self.limbo.get(pool)
        if limbo is None:
            return
        if limbo.fits(new_job.terms):
            del self.limbo[pool]
            limbo.send_again(session, now)
        else:
            self.lose(pool, now)

    def lose(self, pool: int, now: float) -> None:
        """Give up on what is in limbo for a pool."""
        if limbo := self.limbo.pop(pool, None):
            self.proxy.lose(pool, limbo.shares, rejects.LOST, now)

    def is_for_one(self, now: float) -> None:
        """Nobody is here, and the next miner will have the session to itself."""
        self.space = None
        if self.active is not None:
            self.switch(self.active, now)

    # -- jobs ------------------------------------------------------------------------------------

    def _mine(
        self, new_job: NewJob, session: PoolSession, clean: bool, now: float, age: int = 0
    ) -> None:
        """Mine on a job from now on; `age` is the seconds since it came."""
        pool_job = new_job.job
        if age:
            new_job = replace(new_job, job=pool_job.aged(age))
        if clean:
            self._retire(now)
        elif len(self._generations) >= MAX_JOBS:
            self._forget(self._generations.popleft(), now)
        self._seen = self._seen_on(pool_job.prevhash_hex)
        self._generations.append([])
        self._reissued = None
        self._ahead = age
        self.job = self._prepare(new_job, session, now)
        self.job_sent = now
        if self.number == 0:
            self.proxy.version_mask = self.job.version_mask
        waiting, self.waiting = self.waiting, []
        for miner in waiting:
            if self.proxy.seating.place(miner, self):
                miner.link.send(requests.subscribed(miner, now))
        self.proxy.fanouts.begin(self, self.job, clean, now)

    def _seen_on(self, prevhash: str) -> Seen:
        """The shares counted on a tip. Two pools may be on different ones, and take turns."""
        seen = self._tips.setdefault(prevhash, Seen())
        self._tips.move_to_end(prevhash)
        if len(self._tips) > MAX_TIPS:
            self._tips.popitem(last=False)
        return seen

    def _prepare(self, new_job: NewJob, session: PoolSession, now: float) -> Job:
        assert self.active is not None
        job = Job(
            self.proxy.next_job_number(),
            new_job.job,
            new_job.terms,
            seen=self._seen,
            ntime_roll=max(self.proxy.ntime_roll - self._ahead, 0),
            whole=self.space is None,
            source=session,
            pool=self.proxy.pools[self.active].name,
        )
        ids = self._generations[-1]
        ids.append(job.job_id)
        if len(ids) > MAX_REISSUED:
            self._forget([ids.pop(0)], now)
        self.proxy.jobs[job.job_id] = job
        return job

    def reissue(self, now: float) -> Job | None:
        """The current job once more, under a new id and with its ntime moved on to now.

        One is made for each second at most, and shared by all who ask within it. Its ntime is later
        than any before, be it by a second too much: the same job under another id would have miners
        find the same shares. None while there is no job.
        """
        if self.active is None or self.job is None:
            return None
        candidate = self.candidates[self.active]
        age = int(now - candidate.arrived)
        if self._reissued is not None and self._reissued_at == age:
            return self._reissued
        self._reissued_at = age
        self._ahead = max(age, self._ahead + 1)
        newest = candidate.newest
        again = replace(newest, job=newest.job.aged(self._ahead))
        self._reissued = self._prepare(again, candidate.session, now)
        return self._reissued

    def keep_alive(self, after: float, now: float) -> None:
        """Send the job again when the pool has been silent: cgminer gives up after 90 s."""
        if self.job is not None and now - self.job_sent >= after:
            self.send_again(now)

    def mask_changed(self, pool: int, session: PoolSession, version_mask: int, now: float) -> None:
        """A pool changed what may be rolled, at once and not from its next job on (BIP310)."""
        candidate = self.candidates.get(pool)
        if candidate is None or candidate.session is not session:
            return
        newest = candidate.newest
        if newest.terms.version_mask == version_mask:
            return
        terms = replace(newest.terms, version_mask=version_mask)
        candidate.newest = replace(newest, terms=terms)
        if self.active == pool:
            self._reissued = None
            self.send_again(now)

    def send_again(self, now: float) -> None:
        """Send every miner the job once more, under a new id, and with what changed for it."""
        job = self.reissue(now)
        if job is not None:
            self.job_sent = now
            self.job = job
            self.proxy.fanouts.begin(self, job, False, now, news=False)

    def _retire(self, now: float) -> None:
        """Shares on every job so far are stale from now on."""
        for ids in self._generations:
            self._forget(ids, now)
        self._generations.clear()
        self._reissued = None

    def _forget(self, ids: list[str], now: float) -> None:
        for job_id in ids:
            self.proxy.jobs.pop(job_id, None)
        if self.proxy.journal is not None:
            self.proxy.journal.retired(ids, now)
