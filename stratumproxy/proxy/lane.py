"""A lane: miners that share one session at a time, and the sessions they could have.

For every configured pool a lane keeps a session, so the next pool's current job is at hand and a
switch is one clean notify. One session is active: that of the first pool, in the configured order,
that is ready. How many miners a lane carries follows from the extranonce layout and from
`miners_per_session`.
"""

from typing import TYPE_CHECKING

from stratumproxy.mining import rejects
from stratumproxy.mining.extranonce import SlotSpace
from stratumproxy.mining.issued import Job
from stratumproxy.mining.job import Terms
from stratumproxy.proxy import requests
from stratumproxy.proxy.candidate import Candidate
from stratumproxy.proxy.limbo import Limbo
from stratumproxy.proxy.pool import NewJob, PoolSession
from stratumproxy.proxy.seat import NO_PAST, Past

if TYPE_CHECKING:
    from stratumproxy.proxy.miner import MinerSession
    from stratumproxy.proxy.proxy import Proxy

REFUSALS = 20
"""Refused shares between two looks at a pool's rejects."""


class Lane:
    """One group of miners.

    Args:
        proxy: what it is part of.
        number: 0 for the first, which is always there.
        space: where its miners' slots come from.
    """

    def __init__(self, proxy: "Proxy", number: int, space: SlotSpace[Past] | None) -> None:
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
        self.late: dict[MinerSession, int] = {}
        """They subscribed anew within the second that they were sent the job in: its number."""
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
        self.kept: tuple[str, Past] = "", NO_PAST
        """Session id and past of the miner that had this lane to itself, once it is gone."""

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
        self.late.pop(miner, None)
        if miner in self.waiting:
            self.waiting.remove(miner)
        self.members -= 1
        self.empty_since = now

    # -- pools -----------------------------------------------------------------------------------

    def pool_job(self, pool: int, session: PoolSession, new_job: NewJob, now: float) -> None:
        """A pool's session has a job."""
        candidate = self.candidates.get(pool)
        moved = candidate is not None and candidate.session is not session
        if candidate is None:
            name = self.proxy.pools[pool].name
            candidate = self.candidates[pool] = Candidate(self, name, session, new_job, now)
        elif moved:
            self.into_limbo(pool, candidate.session, now)
            candidate.learn(session, new_job, now, now)
        elif candidate.repeats(new_job):
            self._repeated(pool, candidate, new_job, now)
            return
        else:
            candidate.learn(session, new_job, now + self.proxy.grace, now)
        self._leave_limbo(pool, session, new_job, now)
        if self.active is None:
            self.switch(pool, now, "it is ready")
        elif self._before(pool, self.active) and pool not in self._failed:
            self.switch(pool, now, "it comes first")
        elif self.active == pool and moved:
            self.switch(pool, now, "it asked to reconnect")  # shares for the former are stale
        elif self.active == pool:
            self._mine(candidate, new_job.job.clean, now)

    def _repeated(self, pool: int, candidate: Candidate, new_job: NewJob, now: float) -> None:
        """A pool sent its job again: that is news only if it asks for something else now."""
        before = candidate.newest.terms
        candidate.repeat(new_job, now)
        if new_job.terms != before:
            self.terms_changed(pool, candidate.session, new_job.terms, now)

    def pool_lost(self, pool: int, now: float) -> None:
        """A pool's session is gone: nothing mined on it counts any more, so move on at once."""
        candidate = self.candidates.pop(pool, None)
        if candidate is not None:
            candidate.end(now)
        if self.active != pool:
            return
        self._failed.add(pool)
        self.job = None
        self.active = None
        self._moved()
        self.proxy.fanouts.end(self, now)
        if self.candidates:
            self.switch(self._best(), now, f"{self.proxy.pools[pool].name} was lost")

    def _best(self) -> int:
        """The first pool in the order that is ready and well, or else just ready."""
        rank = self.proxy.rank
        return min(self.candidates, key=lambda pool: (self.candidates[pool].unwell, rank(pool)))

    def _before(self, pool: int, other: int) -> bool:
        """Whether one is rather mined on than the other."""
        return self.proxy.rank(pool) < self.proxy.rank(other)

    def pool_refused(self, pool: int, limit: float, now: float, *, silent: bool = False) -> None:
        """A pool did not take a share: if there are too many of these, mine on another pool.

        Args:
            pool: which.
            limit: the part of its verdicts, 0 to 1, from which on it is too many.
            now: the time.
            silent: it gave no verdict, which is no better than a refusal.
        """
        candidate = self.candidates.get(pool)
        if candidate is None:
            return
        candidate.refused += 1
        candidate.unanswered += silent
        if candidate.refused < REFUSALS:
            return
        part = candidate.refused / (candidate.refused + candidate.accepted)
        silence = candidate.unanswered / candidate.refused
        candidate.accepted = candidate.refused = candidate.unanswered = 0
        if part < limit:
            return
        candidate.unwell, candidate.since = True, now
        self._failed.add(pool)
        name = self.proxy.pools[pool].name
        what = "gives no verdict on" if silence > 0.5 else "refuses"
        self.proxy.notices.warning(
            f"pool {what} too many shares", pool=name, lane=self.number, percent=round(100 * part)
        )
        self._leave(pool, f"{name} {what} too many shares", now)

    def _leave(self, pool: int, why: str, now: float) -> None:
        """Mine on any other pool, if one is ready."""
        if self.active == pool and (best := self._best()) != pool:
            self.switch(best, now, why)

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
                self.switch(pool, now, f"it comes first, and was well for {well_for:g} s")
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
                candidate.accepted = candidate.refused = candidate.unanswered = 0
                candidate.unwell = False
        if self.active is None or (best := self._best()) == self.active:
            return False
        self.switch(best, now, "an operator ordered it")
        return True

    def leave_pool(self, pool: int, now: float) -> None:
        """Mine on any other pool that is ready: this one is not to be mined on any more."""
        self.candidates[pool].unwell = True
        self._leave(pool, f"{self.proxy.pools[pool].name} is not configured any more", now)

    def renumber(self, places: dict[int, int]) -> None:
        """The pools have other places in the order: new by old ones."""
        self.candidates = {places[pool]: each for pool, each in self.candidates.items()}
        self.limbo = {places[pool]: each for pool, each in self.limbo.items()}
        self._failed = {places[pool] for pool in self._failed if pool in places}
        if self.active is not None:
            self.active = places[self.active]

    def switch(self, pool: int, now: float, why: str) -> None:
        """Mine on another pool: for the miners nothing but a clean job.

        What was mined on before takes the shares that are under way for the grace, if it is well.
        """
        if self.active is not None and self.active != pool:
            self.candidates[self.active].replaced(now + self.proxy.grace)
        self.active = pool
        self.proxy.notices.info(
            "mining on pool",
            pool=self.proxy.pools[pool].name,
            why=why,
            lane=self.number,
            miners=len(self.miners),
        )
        self._mine(self.candidates[pool], True, now)
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
            self.candidates[self.active].end(now)
            self.switch(self.active, now, "a miner has the session to itself")

    # -- jobs ------------------------------------------------------------------------------------

    def _mine(self, candidate: Candidate, clean: bool, now: float) -> None:
        """Mine on a pool's newest job from now on."""
        self.job = candidate.issue(now)
        self.job_sent = now
        if self.number == 0:
            self.proxy.version_mask = self.job.version_mask
        waiting, self.waiting = self.waiting, []
        for miner in waiting:
            if self.proxy.seating.place(miner, self):
                miner.link.send(requests.subscribed(miner, now))
        self.proxy.fanouts.begin(self, self.job, clean, now)

    def reissue(self, now: float) -> Job | None:
        """The current job once more, under a new id and with its ntime moved on.

        One is made for each second at most, and shared by all who ask within it. None while there
        is no job.
        """
        if self.active is None or self.job is None:
            return None
        return self.candidates[self.active].reissue(now)

    def keep_alive(self, after: float, now: float) -> None:
        """Send the job again when the pool has been silent: cgminer gives up after 90 s."""
        if self.job is not None and now - self.job_sent >= after:
            self.send_again(now)

    def serve_late(self, now: float) -> None:
        """Called every second or so: who could not be sent the job under another id is now."""
        late, self.late = self.late, {}
        for miner, number in late.items():
            if miner.last_job == number and (data := miner.start_mining(now)):
                miner.link.send(data)

    def terms_changed(self, pool: int, session: PoolSession, terms: Terms, now: float) -> None:
        """A pool asks for something else, and not only from its next job on."""
        candidate = self.candidates.get(pool)
        if candidate is None or candidate.session is not session:
            return
        candidate.change_terms(terms)
        if self.active == pool:
            self.send_again(now)

    def send_again(self, now: float) -> None:
        """Send every miner the job once more, under a new id, and with what changed for it."""
        job = self.reissue(now)
        if job is not None and self.active is not None:
            self.candidates[self.active].replaced(now + self.proxy.grace, but=job)
            self.job_sent = now
            self.job = job
            self.proxy.fanouts.begin(self, job, False, now, news=False)
