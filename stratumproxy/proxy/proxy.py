"""The proxy as a whole, without I/O: which miner mines where, and what came of it.

The shell (`stratumproxy.net`) owns sockets, clock and tasks, and calls in here; calls out go
through `Shell`. All state of the data plane hangs on `Proxy`.
"""

from collections import OrderedDict
from collections.abc import Callable

from stratumproxy.accounting.books import Tally
from stratumproxy.accounting.workers import Workers
from stratumproxy.config import Config
from stratumproxy.mining.extranonce import SlotSpace
from stratumproxy.mining.issued import Found, Job
from stratumproxy.mining.rejects import Reject
from stratumproxy.mining.submission import Submission
from stratumproxy.mining.table import JobTable
from stratumproxy.mining.vardiff import Vardiff
from stratumproxy.proxy.conduct import Conduct
from stratumproxy.proxy.drops import NO_POOL, Drops
from stratumproxy.proxy.early import Early
from stratumproxy.proxy.fanout import Fanouts
from stratumproxy.proxy.journal import Journal
from stratumproxy.proxy.lane import Lane
from stratumproxy.proxy.leaving import Leaving
from stratumproxy.proxy.miner import MinerSession
from stratumproxy.proxy.rounds import Rounds
from stratumproxy.proxy.seat import Past
from stratumproxy.proxy.seating import Seating
from stratumproxy.proxy.shell import Link, Shell
from stratumproxy.telemetry.notices import Limited, NoNotices, Notices, NoticesTo
from stratumproxy.telemetry.records import REJECTED
from stratumproxy.upstream.channel import Channel, Rules
from stratumproxy.upstream.pool import RETIRE_SECONDS, Pool, carried_over
from stratumproxy.upstream.session import NewJob

PATIENCE = 5.0
"""Seconds to wait at the start for pools whose extranonce2 size is not known yet."""

MAX_TIPS = 64
"""Previous hashes remembered: pools are on different ones for a while, or go back to one."""

NO_LIMIT = 1 << 32


class Proxy:
    """Miners on lanes, lanes on pools.

    Args:
        config: what is configured.
        shell: the world around it.
        now: seconds; the clock of all later `now`.
        first_job: where the numbers of our jobs start. Something that rises from one start of the
            proxy to the next keeps job ids of different runs apart.
        notices: where rare events are told.
        journal: where the control plane is told what happens; None without one.
    """

    def __init__(
        self,
        config: Config,
        shell: Shell,
        now: float,
        *,
        first_job: int = 1,
        notices: Notices | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.rules = Rules(0.0, 0, 1.0)
        self._configure(config)
        self._shell = shell
        self.journal = journal
        told: Notices = notices or NoNotices()
        if journal is not None:
            told = NoticesTo(told, journal)
        self.notices = Limited(told)
        self.started = now
        self.pools = [Pool(table) for table in config.pool]
        """In the configured order; retired ones at the end."""
        self._smallest: int | None = None
        self.open = False
        """A pool was ready once, so miners can be answered."""
        self.opened_at = now
        self._early = Early(self)
        self.version_mask = 0
        """What the pool of the first lane lets miners roll."""
        self.preferred = ""
        """Name of the pool that the operator put before all others."""
        self.fixed: dict[str, float | int] = {}
        """Difficulties that the operator fixed, by worker."""
        self.seating = Seating(self, config.limits.resume_seconds)
        self.jobs = JobTable(first_job, journal.retired if journal else None)
        """Every job that shares are taken for, of every lane."""
        self._tips: OrderedDict[str, None] = OrderedDict()
        """Previous hashes that pools sent, newest last."""
        self.lanes: list[Lane] = []
        self.miners: dict[MinerSession, None] = {}
        """Every open connection."""
        self.turning_away = False
        """No pool was ready for so long that nobody is taken in."""
        self._dark_since: float | None = None
        self.leaving = Leaving(self)
        self.rounds = Rounds(self, now)
        self.fanouts = Fanouts(shell, journal)
        self.conduct = Conduct(config.limits)
        self.drops = Drops(self.notices)
        """Miners disconnected by us, or turned away."""
        self.workers = Workers(forgotten=journal.forgotten) if journal else Workers()
        self.tally = Tally()
        self.pending = 0
        """Submission shares without a verdict."""
        self._lane_number = 0
        self.connects = 0
        """Miners that have connected so far; each one's number is how many there were by then."""

    def _configure(self, config: Config) -> None:
        """Take over what is read from the configuration again and again."""
        self._config = config
        self.line_limit = config.limits.line_bytes
        self.rules.ntime_roll = config.jobs.ntime_roll_seconds
        self.rules.grace = config.jobs.grace_seconds
        self.rules.reject_part = config.failover.reject_percent / 100
        self.verdict_local = config.verdict == "local"
        difficulty = config.difficulty
        self.vardiff = Vardiff(
            start=difficulty.start,
            min=difficulty.min,
            max=difficulty.max,
            shares_per_minute=difficulty.shares_per_minute,
            window=difficulty.retarget_seconds,
            enabled=difficulty.vardiff,
        )
        limits = [pool.miners_per_session or NO_LIMIT for pool in config.pool]
        self.miners_per_session = min(limits)
        """What every pool allows: a lane moves from pool to pool as a whole."""

    def reconfigure(self, config: Config, now: float) -> None:
        """Go on with another configuration; no miner is dropped for it.

        Sessions with pools whose table is the same go on, at another place in the order if it was
        moved. Any other pool gets new sessions; what was there before is mined on until the first
        of them is ready, or `RETIRE_SECONDS` have passed. Slots are never shared out wider again.
        """
        self._configure(config)
        self.seating.rest = config.limits.resume_seconds
        self.conduct.limits = config.limits
        for miner in self.miners:
            within = self.vardiff.clamp(miner.difficulty.wanted)
            if miner.mining and within != miner.difficulty.wanted:
                miner.want(within)
        before = self.pools
        self.pools = carried_over(before, config.pool, self._in_use, now)
        if self.preferred and self.preferred not in [pool.name for pool in config.pool]:
            self.notices.warning("the pool to mine on is not configured", pool=self.preferred)
            self.preferred = ""
        for lane in self.lanes:
            for pool in self.pools:
                if pool not in before:
                    self._shell.session_wanted(lane.open_channel(pool))
            for channel in [each for each in lane.channels.values() if each.pool.retired == now]:
                channel.give_up(now)
                if channel.session is None:
                    self.channel_over(channel)
            self._retire_pools(lane, now)

    def _in_use(self, pool: Pool) -> bool:
        """Whether a pool has sessions, or shares under way."""
        channels = [lane.channels[pool] for lane in self.lanes if pool in lane.channels]
        return any(channel.session is not None or channel.in_flight for channel in channels)

    def _retire_pools(self, lane: Lane, now: float) -> None:
        """Leave pools that are not configured any more, as soon as nothing hangs on them."""
        for channel in list(lane.channels.values()):
            retired, session = channel.pool.retired, channel.session
            if retired is None or session is None:
                continue
            lane.leave_pool(channel, now)
            waits = lane.active is channel or session.pending
            if not waits or now - retired >= RETIRE_SECONDS:
                channel.end(session, now)

    def start(self) -> None:
        """Open the first lane."""
        self.open_lane(None)

    # -- miners ----------------------------------------------------------------------------------

    def connect(self, link: Link, peer: str, now: float) -> MinerSession:
        """A miner connected."""
        self.connects += 1
        miner = MinerSession(self, link, peer, now, self.connects)
        self.miners[miner] = None
        miner.changed()
        return miner

    def disconnect(self, miner: MinerSession, now: float, reason: str = "") -> None:
        """A miner's connection is closed: by itself, if there is no reason."""
        if self.journal is not None:
            self.journal.closed(miner, reason)
        del self.miners[miner]
        self.leaving.gone(miner)
        self.conduct.disconnected(miner.host)
        miner.closed(now)

    def offence(self, miner: MinerSession, now: float) -> None:
        """A miner is about to be dropped for its conduct; the second time it is banned."""
        worker = miner.worker
        name, alone = (worker.name, worker.connections <= 1) if worker else ("", False)
        if self.conduct.offence(miner.host, name, now, alone=alone):
            self.drops.warn(
                "a worker is banned from an address",
                peer=miner.host,
                worker=name,
                seconds=self.conduct.limits.ban_seconds,
            )

    # -- lanes and pools -------------------------------------------------------------------------

    def open_lane(self, space: SlotSpace[Past] | None) -> Lane:
        """A new lane, whose miners' slots come from a space."""
        lane = Lane(self, self._lane_number, space)
        self._lane_number += 1
        self.lanes.append(lane)
        for pool in self.pools:
            if pool.retired is None:
                self._shell.session_wanted(lane.open_channel(pool))
        return lane

    def _close_lane(self, lane: Lane, now: float) -> None:
        self.lanes.remove(lane)
        lane.close(now)
        for channel in lane.channels.values():
            self._shell.session_unwanted(channel)

    def rank(self, pool: Pool) -> int:
        """A pool's place in the order, the lowest first: what the operator prefers, then the rest.

        Args:
            pool: one that is configured, or retired.
        """
        preferred = pool.name == self.preferred and pool.retired is None
        return -1 if preferred else self.pools.index(pool)

    def least_of(self, pool: Pool) -> float | int:
        """The least that a pool is taken to ask for."""
        return pool.least(self.vardiff.min)

    def random_bits(self) -> int:
        """32 random bits."""
        return self._shell.random_bits()

    # -- what comes of the pools -----------------------------------------------------------------

    def new_job(self, pool: Pool, new_job: NewJob, now: float) -> None:
        """A pool sent a job; nobody mines on it yet."""
        self.tally.jobs += 1
        self._learn_size(pool, new_job.terms.extranonce2_size)
        self._see_tip(pool, new_job)
        self._dark_since, self.turning_away = None, False

    def heard(self, now: float) -> None:
        """What a pool said at once has been dealt with."""
        if not self.open:
            self._try_open(now)

    def channel_over(self, channel: Channel) -> None:
        """The session with a pool that is not configured any more is gone."""
        self._shell.session_unwanted(channel)
        for lane in self.lanes:
            if lane is channel.miners:
                lane.drop_channel(channel)

    def _see_tip(self, pool: Pool, new_job: NewJob) -> None:
        """A block was found if a job builds on one that none did before, whoever sent it."""
        prevhash = new_job.job.prevhash_hex
        if prevhash not in self._tips:
            self.tally.new_blocks += 1
            self.notices.info(
                "new block to mine on", pool=pool.name, height=new_job.job.height(new_job.terms)
            )
        self._tips[prevhash] = None
        self._tips.move_to_end(prevhash)
        if len(self._tips) > MAX_TIPS:
            self._tips.popitem(last=False)

    def _learn_size(self, pool: Pool, size: int) -> None:
        """Miners are given what fits the smallest size any pool is known to give."""
        pool.size = size if pool.size is None else min(size, pool.size)
        sizes = [each.size for each in self.pools if each.size is not None]
        # A pool that is gone does not widen the layout: slots of the old one are still out there.
        if self._smallest is not None:
            sizes.append(self._smallest)
        smallest = self._smallest = min(sizes)
        if self.seating.learn(smallest) and not self.seating.shared:
            self.notices.warning(
                f"an extranonce2 of {smallest} bytes is too small to share: every miner gets a "
                "pool session of its own",
                pool=pool.name,
            )

    def _try_open(self, now: float) -> None:
        """Start to answer miners, once it is known where they mine and how to share the extranonce.

        Miners get a layout that fits every configured pool, so pools that have not said their size
        yet are waited for, for a moment, and so are those in front of the one that is ready.
        """
        lane = self.lanes[0]
        if lane.active is None:
            return
        lane.prefer(0.0, self._config.failover.reject_pause_seconds, now)
        known = all(pool.size is not None or pool.tried for pool in self.pools)
        first = all(pool.tried for pool in self.pools[: self.pools.index(lane.active.pool)])
        if not (known and first) and now - self.started < PATIENCE:
            return
        self.open = True
        self.opened_at = now
        self._early.begin()
        self._shell.fan_out()

    def give_up(self, now: float) -> None:
        """This is the end: every share still under way is lost, and its miner is told so."""
        for lane in self.lanes:
            lane.close(now)

    def settled(
        self, share: Submission, pool: Pool, reject: Reject | None, verdict: str, now: float
    ) -> None:
        """It is known what became of a share that a pool was sent: see `Watcher`."""
        words = reject.text if reject is not None and verdict == REJECTED else ""
        share.miner.settle(share, reject)
        if self.journal is not None:
            self.journal.share(share, pool, verdict, words, now)
        self.pending -= 1
        if not self.pending:
            self._shell.all_settled()
        if share.block:
            self._block_settled(share, reject, verdict)

    def _block_settled(self, share: Submission, reject: Reject | None, verdict: str) -> None:
        if reject is None:
            self.tally.blocks_accepted += 1
            self._tell_block("BLOCK accepted", share)
        elif verdict == REJECTED:
            self.tally.blocks_refused += 1
            self._tell_block("BLOCK refused", share, reason=reject.text)
        else:
            self._tell_block("BLOCK without a verdict of the pool", share, reason=reject.text)

    # -- shares and jobs -------------------------------------------------------------------------

    def forward(self, job: Job, share: Submission, found: Found) -> None:
        """Send a share to the pool its job came from; see `Session.submit`."""
        self.tally.forwarded += 1
        self.pending += 1
        job.source.submit(share, job.submit_head, found)

    def found_block(self, share: Submission, header_hash: bytes) -> None:
        """A share met the network's target."""
        share.block = header_hash[::-1].hex()
        self.tally.blocks += 1
        self._tell_block("BLOCK found", share)

    def _tell_block(self, what: str, share: Submission, **more: object) -> None:
        job = share.job
        self.notices.warning(
            what,
            hash=share.block,
            worker=share.worker.name,
            miner=share.miner.peer,
            pool=job.pool,
            height=job.pool_job.height(job.terms),
            pool_job=job.pool_job.pool_job_id,
            **more,
        )

    def serve(self, count: int, clock: Callable[[], float]) -> bool:
        """Send jobs that are on their way to up to `count` miners, or answer who spoke early.

        Args:
            count: how many.
            clock: says `now`, since it takes a while.

        Returns:
            Whether there are more to serve. What was sent must be on its way before the next call.
        """
        left = self.fanouts.slice(count, clock)
        if left > 0 and self._early:
            self._early.answer(left, clock())
        return bool(self.fanouts or self._early)

    # -- the regular look ------------------------------------------------------------------------

    def tend(self, now: float) -> None:
        """What has to be done every second or so, and is cheap."""
        self.notices.tend()
        self.jobs.contents.tend(self.rules.grace, now)
        failover, rest = self._config.failover, self._config.limits.resume_seconds
        for lane in list(self.lanes):
            for channel in list(lane.channels.values()):
                channel.tend(now)
            self._retire_pools(lane, now)
            lane.serve_late(now)
            lane.keep_alive(self._config.jobs.keepalive_seconds, now)
            lane.prefer(failover.return_seconds, failover.reject_pause_seconds, now)
            if lane.number and not lane.members and now - lane.empty_since >= rest:
                self._close_lane(lane, now)
        if not self.open:
            self._try_open(now)
        elif not any(lane.job for lane in self.lanes):
            self._without_pool(now)

    def _without_pool(self, now: float) -> None:
        """No pool is ready. Miners stay for a while, then go to their own fallback."""
        if self._dark_since is None:
            self._dark_since = now
        if self.turning_away or now - self._dark_since < self._config.failover.release_seconds:
            return
        self.turning_away = True
        self.notices.warning("no pool is ready: miners are let go", miners=len(self.miners))
        self.leaving.add(self.miners, NO_POOL)
