"""Who mines where: the groups there are, the pools they can mine on, and in which order."""

from collections.abc import Callable
from typing import Protocol

from stratumproxy.config import Config, Failover
from stratumproxy.downstream.miner import Miner
from stratumproxy.mining.extranonce import SlotSpace
from stratumproxy.mining.issued import Job
from stratumproxy.mining.prefix import Past
from stratumproxy.mining.table import JobTable
from stratumproxy.routing.allocation import NO_LIMIT, Allocator
from stratumproxy.routing.fanout import Fanouts
from stratumproxy.routing.group import Group, Surroundings
from stratumproxy.routing.lobby import Lobby
from stratumproxy.routing.policy import Order, policy_of
from stratumproxy.telemetry.notices import Notices
from stratumproxy.upstream.channel import Channel, Rules, Watcher
from stratumproxy.upstream.pool import RETIRE_SECONDS, Pool, carried_over


class Sessions(Protocol):
    """Who keeps the sessions of channels alive."""

    def session_wanted(self, channel: Channel) -> None:
        """Keep a session for this channel, from now on."""

    def session_unwanted(self, channel: Channel) -> None:
        """The channel's session, or the wait for one, is not needed any more."""


class Router:
    """Groups of miners, and their channels to the pools.

    Args:
        config: what is configured.
        jobs: where the jobs stand that shares are taken for.
        fanouts: how jobs go out.
        notices: where rare events are told.
        watcher: who is told what comes of the channels.
        sessions: who keeps sessions alive.
        moved: called with a group that mines somewhere else.
        reconnect: called with a miner that has to reconnect.
        random_bits: 32 of them.
    """

    def __init__(
        self,
        config: Config,
        *,
        jobs: JobTable,
        fanouts: Fanouts,
        notices: Notices,
        watcher: Watcher,
        sessions: Sessions,
        moved: Callable[[Group], None],
        reconnect: Callable[[Miner], None],
        random_bits: Callable[[], int],
    ) -> None:
        self._jobs = jobs
        self._fanouts = fanouts
        self._notices = notices
        self._watcher = watcher
        self._sessions = sessions
        self.pools = [Pool(table) for table in config.pool]
        """In the configured order; retired ones at the end."""
        self.order = Order(policy_of(config, self.pools))
        self.groups: list[Group] = []
        self.lobby = Lobby(config.limits.unauthorized_sessions)
        self.allocator = Allocator(
            self.groups,
            self._open_group,
            reconnect,
            random_bits,
            config.limits.resume_seconds,
            self.lobby,
        )
        self.version_mask = 0
        """What the pool of the first group lets miners roll."""
        self._around = Surroundings(
            order=self.order,
            fanouts=fanouts,
            notices=notices,
            open_channel=self._open_channel,
            place=self.allocator.place,
            moved=moved,
            mining_on=self._mining_on,
        )
        self._rules = Rules(0.0, 0, 1.0)
        self._configure(config)
        self._group_number = 0
        self._smallest: int | None = None

    def _configure(self, config: Config) -> None:
        self._failover = config.failover
        self._keepalive = config.jobs.keepalive_seconds
        self._rules.grace = config.jobs.grace_seconds
        self._rules.ntime_roll = config.jobs.ntime_roll_seconds
        self._rules.reject_part = config.failover.reject_percent / 100
        self.allocator.rest = config.limits.resume_seconds
        self.lobby.most = config.limits.unauthorized_sessions
        self.allocator.miners_per_session = min(
            pool.miners_per_session or NO_LIMIT for pool in config.pool
        )

    # -- groups and channels ---------------------------------------------------------------------

    def start(self) -> None:
        """Open the first group."""
        self._open_group(None)

    def _open_group(self, space: SlotSpace[Past] | None) -> Group:
        """A new group, whose miners' slots come from a space."""
        group = Group(self._around, self._group_number, space)
        self._group_number += 1
        self.groups.append(group)
        for pool in self.pools:
            if pool.retired is None:
                self._sessions.session_wanted(group.open_channel(pool))
        return group

    def _close_group(self, group: Group, now: float) -> None:
        self.groups.remove(group)
        group.close(now)
        for channel in group.channels.values():
            self._sessions.session_unwanted(channel)

    def _open_channel(self, group: Group, pool: Pool) -> Channel:
        return Channel(pool, group, self._jobs, self._rules, self._notices, self._watcher)

    def _mining_on(self, group: Group, job: Job) -> None:
        if group.number == 0:
            self.version_mask = job.version_mask

    def channel_over(self, channel: Channel) -> None:
        """The session with a pool that is not configured any more is gone."""
        self._sessions.session_unwanted(channel)
        for group in self.groups:
            if group is channel.miners:
                group.drop_channel(channel)

    def channels_to(self, pool: Pool) -> list[Channel]:
        """Every group's way to a pool."""
        return [group.channels[pool] for group in self.groups if pool in group.channels]

    # -- what is known of the pools --------------------------------------------------------------

    def learn_size(self, pool: Pool, size: int) -> None:
        """A pool gives so many bytes of extranonce2: miners get what fits the least of any."""
        pool.size = size if pool.size is None else min(size, pool.size)
        sizes = [each.size for each in self.pools if each.size is not None]
        # A pool that is gone does not widen the layout: slots of the old one are still out there.
        if self._smallest is not None:
            sizes.append(self._smallest)
        smallest = self._smallest = min(sizes)
        if self.allocator.learn(smallest) and not self.allocator.shared:
            self._notices.warning(
                f"an extranonce2 of {smallest} bytes is too small to share: every miner gets a "
                "pool session of its own",
                pool=pool.name,
            )

    def is_settled(self, now: float) -> tuple[bool, bool]:
        """Whether there is something to mine on, and whether that will stay so.

        Miners get a layout that fits every configured pool, so it is not settled before all pools
        have said their size, or failed to; nor while one in front of the one that is ready may be
        ready any moment.
        """
        group = self.groups[0]
        if group.active is None:
            return False, False
        group.prefer(0.0, self._failover.reject_pause_seconds, now)
        known = all(pool.size is not None or pool.tried for pool in self.pools)
        place = self.pools.index(group.active.pool)
        return True, known and all(pool.tried for pool in self.pools[:place])

    @property
    def is_dark(self) -> bool:
        """Nobody has anything to mine on."""
        return not any(group.job for group in self.groups)

    # -- orders, and a new configuration ---------------------------------------------------------

    def prefer(self, pool: Pool | None, now: float) -> list[Group]:
        """An operator puts a pool before all others; None: the configured order again.

        Returns:
            The groups that mine on another pool for it.
        """
        self.order.preferred = pool.name if pool is not None else ""
        return [group for group in self.groups if group.obey(pool, now)]

    def reconfigure(self, config: Config, now: float) -> None:
        """Go on with another configuration.

        Sessions with pools whose table is the same go on, at another place in the order if it was
        moved. Any other pool gets new sessions; what was there before is mined on until the first
        of them is ready, or `RETIRE_SECONDS` have passed. Slots are never shared out wider again.
        """
        self._configure(config)
        before = self.pools
        self.pools = carried_over(before, config.pool, self._in_use, now)
        self.order.policy = policy_of(config, self.pools)
        preferred = self.order.preferred
        if preferred and preferred not in [pool.name for pool in config.pool]:
            self._notices.warning("the pool to mine on is not configured", pool=preferred)
            self.order.preferred = ""
        for group in self.groups:
            for pool in self.pools:
                if pool not in before:
                    self._sessions.session_wanted(group.open_channel(pool))
            for channel in [each for each in group.channels.values() if each.pool.retired == now]:
                channel.give_up(now)
                if channel.session is None:
                    self.channel_over(channel)
            self._retire_pools(group, now)

    def _in_use(self, pool: Pool) -> bool:
        """Whether a pool has sessions, or shares in flight."""
        return any(each.session is not None or each.in_flight for each in self.channels_to(pool))

    def _retire_pools(self, group: Group, now: float) -> None:
        """Leave pools that are not configured any more, as soon as nothing hangs on them."""
        for channel in list(group.channels.values()):
            retired, session = channel.pool.retired, channel.session
            if retired is None or session is None:
                continue
            group.leave_pool(channel, now)
            waits = group.active is channel or session.pending
            if not waits or now - retired >= RETIRE_SECONDS:
                channel.end(session, now)

    # -- the regular look ------------------------------------------------------------------------

    def tend(self, now: float) -> None:
        """What has to be done every second or so, and is cheap."""
        self._jobs.contents.tend(self._rules.grace, now)
        failover: Failover = self._failover
        self.allocator.tend(now)
        surplus = self.allocator.surplus()
        for group in list(self.groups):
            for channel in list(group.channels.values()):
                channel.tend(now)
            self._retire_pools(group, now)
            group.serve_owed(now)
            group.keep_alive(self._keepalive, now)
            group.prefer(failover.return_seconds, failover.reject_pause_seconds, now)
            over = now - group.empty_since >= self.allocator.rest or group in surplus
            if group.number and not group.members and over:
                self._close_group(group, now)

    def give_up(self, now: float) -> None:
        """This is the end: every share still under way is lost, and its miner is told so."""
        for group in self.groups:
            group.close(now)
