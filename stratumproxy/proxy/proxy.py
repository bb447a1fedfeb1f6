"""The proxy as a whole, without I/O: connections, and a router that says who mines where.

The shell (`stratumproxy.net`) owns sockets, clock and tasks, and calls in here; calls out go
through `Shell`. All state of the data plane hangs on `Proxy`.
"""

from collections.abc import Callable

from stratumproxy.accounting.books import Tally
from stratumproxy.accounting.workers import Workers
from stratumproxy.config import Config
from stratumproxy.downstream.drops import DOES_NOT_FIT, NO_POOL, NOBODYS, Drops
from stratumproxy.downstream.house import Refusal
from stratumproxy.downstream.link import Link
from stratumproxy.downstream.miner import Miner
from stratumproxy.downstream.misbehaviour import Misbehaviour
from stratumproxy.downstream.v1 import V1Miner
from stratumproxy.mining.issued import Found, Job
from stratumproxy.mining.rejects import Reject
from stratumproxy.mining.submission import Submission
from stratumproxy.mining.table import JobTable
from stratumproxy.proxy.admission import admit
from stratumproxy.proxy.blocks import Blocks
from stratumproxy.proxy.doors import Doors
from stratumproxy.proxy.drain import Drain
from stratumproxy.proxy.recorder import NoRecorder
from stratumproxy.proxy.shell import Shell
from stratumproxy.proxy.sweep import Sweep
from stratumproxy.routing.allocation import group_of
from stratumproxy.routing.fanout import Fanouts
from stratumproxy.routing.listener import Listener
from stratumproxy.routing.router import Router
from stratumproxy.routing.target import Target
from stratumproxy.routing.tenant import Tenant
from stratumproxy.telemetry.notices import Limited, NoNotices, Notices, NoticesTo
from stratumproxy.telemetry.records import REJECTED
from stratumproxy.upstream.channel import Channel
from stratumproxy.upstream.pool import Pool
from stratumproxy.upstream.session import NewJob

PATIENCE = 5.0
"""Seconds to wait at the start for pools whose extranonce2 size is not known yet."""


class Proxy:
    """All connections, and what they have in common: the `House` of miners, the `Watcher` of pools.

    Args:
        config: what is configured.
        shell: the world around it.
        now: seconds; the clock of all later `now`.
        first_job: where the numbers of our jobs start. Something that rises from one start of the
            proxy to the next keeps job ids of different runs apart.
        notices: where rare events are told.
        recorder: who tells the control plane what happens.
    """

    def __init__(
        self,
        config: Config,
        shell: Shell,
        now: float,
        *,
        first_job: int = 1,
        notices: Notices | None = None,
        recorder: NoRecorder | None = None,
    ) -> None:
        self._shell = shell
        self.recorder = recorder = recorder or NoRecorder()
        self.notices = Limited(NoticesTo(notices or NoNotices(), recorder))
        self.started = now
        self.tally = Tally()
        self.workers = Workers(forgotten=recorder.record_forgotten)
        self.blocks = Blocks(self.tally, self.notices)
        self.miners: dict[Miner, None] = {}
        """Every open connection."""
        self.connects = 0
        """Miners that have connected so far; each one's number is how many there were by then."""
        self.drops = Drops(self.notices)
        """Miners disconnected by us, or turned away."""
        self.misbehaviour = Misbehaviour(config.limits)
        self.pending = 0
        """Forwarded shares without a verdict."""
        self.jobs = JobTable(first_job, recorder.record_retired)
        """Every job that shares are taken for, of every group."""
        self.fanouts = Fanouts(shell.serve_soon, recorder.record_job)
        self.drain = Drain(self._can_stay)
        self.router = Router(
            config,
            jobs=self.jobs,
            fanouts=self.fanouts,
            notices=self.notices,
            watcher=self,
            sessions=shell,
            moved=lambda group: recorder.mark_all(group.miners),
            reconnect=lambda miner: self.drain.add([miner], DOES_NOT_FIT),
            turn_out=lambda miner: self.drain.add([miner], NOBODYS),
            random_bits=shell.random_bits,
        )
        self.allocator = self.router.allocator
        self.doors = Doors(self.miners, self.drops, now)
        self.sweep = Sweep(
            self.miners, self.router.groups, self.doors, self.offence, self.router.follow, now
        )
        self._configure(config)

    def _configure(self, config: Config) -> None:
        """Take over what is read from the configuration again and again."""
        self._config = config
        self.line_limit = config.limits.line_bytes
        self.misbehaviour.limits = config.limits
        self.verdict_local = config.verdict == "local"

    def reconfigure(self, config: Config, now: float) -> None:
        """Go on with another configuration; no miner is dropped for it."""
        self._configure(config)
        self.router.reconfigure(config, self.miners, now)
        for miner in self.miners:
            if miner.tenant is not None:
                miner.stay_within(miner.tenant.vardiff)

    def start(self) -> None:
        """Have the first sessions opened."""
        self.router.start()

    @property
    def pools(self) -> list[Pool]:
        """In the configured order; retired ones at the end."""
        return self.router.pools

    @property
    def listeners(self) -> list[Listener]:
        """Where miners come in, in the configured order."""
        return self.router.tenants.listeners

    # -- miners ----------------------------------------------------------------------------------

    def connect(
        self,
        link: Link,
        host: str,
        port: int,
        now: float,
        listener: Listener | None = None,
        speaks: type[Miner] = V1Miner,
    ) -> Miner:
        """A miner connected.

        Args:
            link: its connection.
            host: its address, an IPv6 one in brackets.
            port: its port there.
            now: the time.
            listener: where it came in, one of `listeners`; None for the first.
            speaks: its protocol.
        """
        self.connects += 1
        listener = listener or self.listeners[0]
        tenant = self.router.tenants.sure(listener, host)
        miner = speaks(self, listener, tenant, link, host, port, now, self.connects)
        self.miners[miner] = None
        miner.changed()
        return miner

    def disconnect(self, miner: Miner, now: float, reason: str = "") -> None:
        """A miner's connection is closed: by itself, if there is no reason."""
        self.recorder.record_closed(miner, reason)
        del self.miners[miner]
        self.drain.gone(miner)
        self.router.gone(miner)
        self.misbehaviour.disconnected(miner.host)
        miner.closed(now)

    def offence(self, miner: Miner, now: float) -> None:
        """A miner is about to be dropped for how it behaves; the second time it is banned."""
        worker, seconds = miner.worker, self.misbehaviour.limits.ban_seconds
        if worker is None or not seconds:
            return
        host, name, alone = miner.host, worker.name, worker.connections <= 1
        if self.recorder.record_offence(host, worker, seconds, alone):
            return
        ban = self.misbehaviour.bans.offence(
            host, name, seconds, now, alone=alone, tenant=worker.tenant
        )
        if ban.banned:
            self.drops.warn(
                "a worker is banned from an address",
                peer=host,
                worker=name,
                tenant=worker.tenant,
                seconds=seconds,
            )

    def _can_stay(self, miner: Miner) -> bool:
        """Whether it can mine where it is."""
        job = miner.route.job if miner.route is not None else None
        return job is not None and self.allocator.fits(miner, job)

    def tenant_for(self, miner: Miner, name: str, now: float) -> Tenant | Refusal:
        """To whom a miner belongs that authorizes under a name; or why it can't."""
        return admit(miner, name, self.router.tenants, self.misbehaviour.bans, now)

    @property
    def turning_away(self) -> bool:
        """No pool was ready for so long that nobody is taken in."""
        return self.router.turning_away

    # -- shares ----------------------------------------------------------------------------------

    def forward(self, job: Job, share: Submission, found: Found) -> None:
        """Send a share to the pool its job came from; see `Session.submit`."""
        self.tally.forwarded += 1
        self.pending += 1
        job.source.submit(share, job.submit_head, found)

    def found_block(self, share: Submission, header_hash: bytes) -> None:
        """A share met the network's target."""
        self.blocks.found(share, header_hash)

    def settled(
        self, share: Submission, pool: Pool, reject: Reject | None, verdict: str, now: float
    ) -> None:
        """It is known what became of a share that a pool was sent: see `Watcher`."""
        share.miner.settle(share, reject)
        words = reject.text if reject is not None and verdict == REJECTED else ""
        self.recorder.record_share(share, pool, verdict, words, now)
        self.pending -= 1
        if not self.pending:
            self._shell.nothing_in_flight()
        if share.block:
            self.blocks.settled(share, reject, verdict)

    # -- what comes of the pools -----------------------------------------------------------------

    def new_job(self, pool: Pool, new_job: NewJob, now: float) -> None:
        """A pool sent a job; nobody mines on it yet."""
        self.tally.jobs += 1
        self.router.learn_size(pool, new_job.terms.extranonce2_size)
        self.blocks.see_tip(pool, new_job)

    def heard(self, now: float) -> None:
        """What a pool said at once has been dealt with."""
        if not self.doors.open:
            self._try_open(now)

    def channel_over(self, channel: Channel) -> None:
        """The session with a pool that is not configured any more is gone."""
        self.router.channel_over(channel)

    def least_of(self, pool: Pool) -> float | int:
        """The least that a pool is taken to ask for."""
        return pool.least(min(tenant.vardiff.min for tenant in self.router.tenants))

    def _try_open(self, now: float) -> None:
        """Start to answer miners, once it is known where they mine."""
        ready, settled = self.router.is_settled(now)
        if ready and (settled or now - self.started >= PATIENCE):
            self.doors.begin(now)
            self._shell.serve_soon()

    # -- regularly -------------------------------------------------------------------------------

    def serve(self, count: int, clock: Callable[[], float]) -> bool:
        """Send jobs that are on their way to up to `count` miners, or answer who spoke early.

        Args:
            count: how many.
            clock: says `now`, since it takes a while.

        Returns:
            Whether there are more to serve. What was sent must be on its way before the next call.
        """
        left = self.fanouts.slice(count, clock)
        if left > 0 and self.doors:
            self.doors.answer(left, clock())
        return bool(self.fanouts or self.doors)

    def look(self, count: int, now: float) -> None:
        """Look at the next `count` miners: see `Sweep`."""
        self.sweep.look(count, self._config.limits, now)

    def tend(self, now: float) -> None:
        """What has to be done every second or so, and is cheap."""
        self.notices.tend()
        self.router.tend(now)
        if not self.doors.open:
            self._try_open(now)
        elif lost := self.router.gone_dark(self._config.failover.release_seconds, now):
            leaving = [miner for miner in self.miners if self._has_lost(miner, lost)]
            self.notices.warning("no pool is ready: miners are let go", miners=len(leaving))
            self.drain.add(leaving, NO_POOL)

    def _has_lost(self, miner: Miner, targets: list[Target]) -> bool:
        """Whether a miner has no other target than these."""
        group = group_of(miner)
        return group.target in targets if group is not None else self.turning_away

    def give_up(self, now: float) -> None:
        """This is the end: every share still under way is lost, and its miner is told so."""
        self.router.give_up(now)
