"""Who mines where: tenants and their targets, the groups there are, the pools they can mine on."""

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from stratumproxy.accounting.account import Account
from stratumproxy.config import Config
from stratumproxy.downstream.miner import Miner
from stratumproxy.mining.issued import Job
from stratumproxy.mining.table import JobTable
from stratumproxy.routing.allocation import Allocator, group_of, listener_of, tenant_of
from stratumproxy.routing.fanout import Fanouts
from stratumproxy.routing.group import Group, Surroundings
from stratumproxy.routing.groups import Groups
from stratumproxy.routing.lobby import Lobby
from stratumproxy.routing.named import WAIT_SECONDS, Named
from stratumproxy.routing.target import Target
from stratumproxy.routing.tenants import Tenants
from stratumproxy.telemetry.notices import Notices
from stratumproxy.upstream.channel import Channel
from stratumproxy.upstream.login import Login
from stratumproxy.upstream.names import Who
from stratumproxy.upstream.pool import RETIRE_SECONDS, Pool, carried_over
from stratumproxy.upstream.surroundings import Rules, Watcher


class Sessions(Protocol):
    """Who keeps the sessions of channels alive."""

    def session_wanted(self, channel: Channel) -> None:
        """Keep a session for this channel, from now on."""

    def session_unwanted(self, channel: Channel) -> None:
        """The channel's session, or the wait for one, is not needed any more."""


class Router:
    """Tenants, groups of miners, and their channels to the pools.

    Args:
        config: what is configured.
        jobs: where the jobs stand that shares are taken for.
        fanouts: how jobs go out.
        notices: where rare events are told.
        watcher: who is told what comes of the channels.
        sessions: who keeps sessions alive.
        moved: called with a group that mines somewhere else.
        reconnect: called with a miner that has to reconnect.
        turn_out: called with a miner that belongs to nobody any more.
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
        turn_out: Callable[[Miner], None],
        random_bits: Callable[[], int],
    ) -> None:
        self._turn_out = turn_out
        self._jobs = jobs
        self._fanouts = fanouts
        self._notices = notices
        self._watcher = watcher
        self._sessions = sessions
        self.pools = [Pool(table) for table in config.pool]
        """In the configured order; retired ones at the end."""
        self.preferred = ""
        """Name of the pool that the operator prefers; empty for none."""
        self.tenants = Tenants(config)
        self.groups = Groups()
        self.lobby = Lobby(config.limits.unauthorized_sessions)
        self.allocator = Allocator(
            self.groups,
            self._open_group,
            reconnect,
            random_bits,
            config.limits.resume_seconds,
            self.lobby,
        )
        self.named = Named(
            self.groups,
            self._open_group,
            self.allocator.move,
            notices,
            config.limits.named_sessions,
        )
        self.allocator.came, self.allocator.left = self.named.came, self.named.gone
        self._around = Surroundings(
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
        self._to_assign: dict[Miner, None] = {}
        """Who may belong to somebody else since the configuration was read."""
        self._assigned = 0.0
        """When that was."""
        self._log_in(0.0)

    def _configure(self, config: Config) -> None:
        self._failover = config.failover
        self._keepalive = config.jobs.keepalive_seconds
        self._rules.grace = config.jobs.grace_seconds
        self._rules.ntime_roll = config.jobs.ntime_roll_seconds
        self._rules.reject_part = config.failover.reject_percent / 100
        self.allocator.rest = config.limits.resume_seconds
        self.lobby.most = config.limits.unauthorized_sessions
        self.named.most = config.limits.named_sessions

    def _log_in(self, now: float) -> list[Channel]:
        """Have every target mine by the logins that are configured; those there are go on.

        Returns:
            Channels by logins that are not configured any more.
        """
        pools = {pool.name: pool for pool in reversed(self.pools) if pool.retired is None}
        for target in self.tenants.targets:
            wanted = []
            for each in self.tenants.upstreams(target):
                pool = pools[each.pool]
                account = Account(
                    each.pool, each.user, pool.config.coin, target.tenant, target.told
                )
                names = each.worker_names, each.worker_format
                login = Login(pool, account, each.password, *names, self._notices, target.earned)
                wanted.append(login)
            target.order.preferred = self.preferred
            fresh = target.log_in(wanted, self._in_use, now)
            for group in self.groups.of(target):
                for login in fresh:
                    self._sessions.session_wanted(group.open_channel(login))
        named = {login.pool for login in self._logins if login.names}
        for pool in self.pools:
            pool.sharing.wanted = pool in named
        self.tenants.learn()
        return [
            channel
            for group in self.groups
            for channel in group.channels.values()
            if channel.login.retired == now
        ]

    @property
    def _logins(self) -> list[Login]:
        """Of all targets that are configured."""
        return [
            login
            for target in self.tenants.serving
            for login in target.logins
            if login.retired is None
        ]

    # -- groups and channels ---------------------------------------------------------------------

    def start(self) -> None:
        """Open the first group of every target."""
        for target in self.tenants.serving:
            if not self.groups.of(target):
                self._open_group(target)

    def _open_group(self, target: Target, who: Who | None = None) -> Group:
        """A new group of a target's; perhaps one whose sessions have somebody's name."""
        lasting = not self.groups.of(target)
        group = Group(self._around, self._group_number, target, lasting=lasting, who=who)
        self._group_number += 1
        self.groups.add(group)
        for login in target.logins:
            if login.retired is None:
                self._sessions.session_wanted(group.open_channel(login))
        return group

    def _close_group(self, group: Group, now: float) -> None:
        self.groups.remove(group)
        group.close(now)
        for channel in group.channels.values():
            self._sessions.session_unwanted(channel)

    def _open_channel(self, group: Group, login: Login) -> Channel:
        return Channel(login, group, self._jobs, self._rules, self._notices, self._watcher)

    def _mining_on(self, group: Group, job: Job) -> None:
        group.target.lit()
        if group.lasting and group.target.version_mask != job.version_mask:
            group.target.version_mask = job.version_mask
            self.tenants.learn()
        tenant = self.tenants.get(group.target.tenant)
        if tenant is not None and tenant.split is not None:
            tenant.split.has_block(group.target, job.pool_job.prevhash)

    def _begin_anew(self, channel: Channel, now: float) -> None:
        """Have a session that nobody mines on begin under the name that it should have."""
        self._sessions.session_unwanted(channel)
        if channel.session is not None:
            channel.end(channel.session, now)
        self._sessions.session_wanted(channel)

    def channel_over(self, channel: Channel) -> None:
        """The session by a login that is not configured any more is gone."""
        self._sessions.session_unwanted(channel)
        for group in self.groups:
            if group is channel.miners:
                group.drop_channel(channel)

    def channels_to(self, pool: Pool) -> list[Channel]:
        """Every group's way to a pool."""
        return [
            channel
            for group in self.groups
            for channel in group.channels.values()
            if channel.pool is pool
        ]

    # -- what is known of the pools --------------------------------------------------------------

    def learn_size(self, pool: Pool, size: int) -> None:
        """A pool gives so many bytes of extranonce2: miners get what fits the least of any."""
        pool.size = size if pool.size is None else min(size, pool.size)
        changed = False
        for target in self.tenants.targets:
            if not target.mines_on(pool) or not target.learn():
                continue
            changed = True
            if target.shared:
                for group in self.groups.of(target):
                    group.alone = group.alone and bool(group.members)
            else:
                self._notices.warning(
                    f"an extranonce2 of {target.smallest} bytes is too small to share: every miner "
                    "gets a pool session of its own",
                    pool=pool.name,
                )
        if changed:
            self.tenants.learn()

    def to_ask(self, now: float) -> list[Login]:
        """By which logins pools are to be asked now whether they take several names: one each."""
        logins = {
            login.pool: login
            for login in self._logins
            if login.names and login.pool.sharing.due(now)
        }
        return list(logins.values())

    def is_settled(self, now: float) -> tuple[bool, bool]:
        """Whether there is something to mine on, and whether that will stay so.

        Miners get a layout that fits every configured pool, so it is not settled before all pools
        have said their size, or failed to; nor while one in front of the one that is ready may be
        ready any moment.
        """
        ready, settled = False, True
        for target in self.tenants.serving:
            group = self.groups.of(target)[0]
            pools = [login.pool for login in target.logins if login.retired is None]
            known = all(pool.size is not None or pool.tried for pool in pools)
            if group.active is None:
                settled = settled and all(pool.tried for pool in pools)
                continue
            ready = True
            group.prefer(0.0, self._failover.reject_pause_seconds, now)
            place = target.logins.index(group.active.login)
            before = [login.pool for login in target.logins[:place]]
            settled = settled and known and all(pool.tried for pool in before)
        return ready, settled

    def gone_dark(self, patience: float, now: float) -> list[Target]:
        """Give up targets that have nothing to mine on.

        Args:
            patience: seconds that miners stay for then, before they go to their own fallback.
            now: the time.

        Returns:
            Those for which that is over just now.
        """
        return [target for target in self.tenants.serving if target.is_over(patience, now)]

    @property
    def turning_away(self) -> bool:
        """Nobody has had anything to mine on for so long that nobody is taken in."""
        return all(target.turning_away for target in self.tenants.serving)

    # -- orders, and a new configuration ---------------------------------------------------------

    def prefer(
        self, pool: Pool | None, now: float, targets: Collection[Target] | None = None
    ) -> list[Group]:
        """An operator puts a pool before all others; None: the configured order again.

        Targets that can't mine on it go on as they are, and so do those that have an order of
        their own, if it is for all.

        Args:
            pool: which.
            now: the time.
            targets: for which alone; None for all.

        Returns:
            The groups that mine on another pool for it.
        """
        name = pool.name if pool is not None else ""
        if targets is None:
            self.preferred = name
            for target in self.tenants.targets:
                target.order.preferred = name
            targets = [target for target in self.tenants.targets if not target.order.own]
        else:
            for target in targets:
                target.order.own = name
        return [group for group in self.groups if group.target in targets and group.obey(pool, now)]

    def reconfigure(self, config: Config, miners: Iterable[Miner], now: float) -> None:
        """Go on with another configuration.

        Sessions with pools whose table is the same go on, at another place in the order if it was
        moved. Any other pool gets new sessions; what was there before is mined on until the first
        of them is ready, or `RETIRE_SECONDS` have passed. Slots are never shared out wider again.
        A miner that belongs to somebody else from now on goes there by a job.

        Args:
            config: the other one.
            miners: all there are.
            now: the time.
        """
        self._configure(config)
        self.tenants.configure(config)
        self.pools = carried_over(self.pools, config.pool, self._pool_in_use, now)
        for pool in self.pools:
            pool.sharing.forget_all_but(self.tenants)
        if self.preferred and self.preferred not in [pool.name for pool in config.pool]:
            self._notices.warning("the pool to mine on is not configured", pool=self.preferred)
            self.preferred = ""
        gone = self._log_in(now)
        self.start()
        for channel in gone:
            channel.give_up(now)
            if channel.session is None:
                self.channel_over(channel)
        self._assigned = now
        self._to_assign = dict.fromkeys(miners)
        self._assign(now)
        self.named.look_at(miners)
        for group in self.groups:
            self._retire_logins(group, now)

    def gone(self, miner: Miner) -> None:
        """A miner has left."""
        self._to_assign.pop(miner, None)
        self._unseat(miner)

    def _unseat(self, miner: Miner) -> None:
        tenant = tenant_of(miner)
        if tenant is not None and tenant.split is not None:
            tenant.split.leave(miner)

    def follow(self, miner: Miner, now: float) -> None:
        """The regular look at a miner that mines."""
        tenant, group = tenant_of(miner), group_of(miner)
        if tenant is not None and tenant.split is not None and group is not None:
            tenant.split.follow(miner, group, now)

    def _assign(self, now: float) -> None:
        """See that miners mine for whom they belong to, as soon as there is a job for them."""
        late = now - self._assigned >= RETIRE_SECONDS
        self._to_assign = {
            miner: None for miner in self._to_assign if not self._assign_one(miner, late, now)
        }

    def _assign_one(self, miner: Miner, late: bool, now: float) -> bool:
        """See that a miner mines for whom it belongs to.

        Returns:
            False if it mines on where it is, since there is no job for it yet; unless it is `late`.
        """
        group = group_of(miner)
        if miner.worker is None:
            miner.tenant = self.tenants.sure(listener_of(miner), miner.host)
            return True
        tenant = self.tenants.of(miner, miner.worker.name)
        if tenant is None:
            self._turn_out(miner)
            return True
        moves = group is not None and group.target not in tenant.targets
        target = tenant.choose(miner, now) if moves else None
        if target and not late and not any(each.job for each in self.groups.of(target)):
            return False
        if tenant is not miner.tenant:
            self._unseat(miner)
            miner.give_to(tenant)
        if target:
            self.allocator.move(miner, target, now)
        return True

    def _in_use(self, login: Login) -> bool:
        """Whether a login has sessions, or shares in flight."""
        return any(
            channel.login is login and (channel.session is not None or channel.in_flight)
            for group in self.groups
            for channel in group.channels.values()
        )

    def _pool_in_use(self, pool: Pool) -> bool:
        return any(each.session is not None or each.in_flight for each in self.channels_to(pool))

    def _retire_logins(self, group: Group, now: float) -> None:
        """Leave logins that are not configured any more, as soon as nothing hangs on them."""
        for channel in list(group.channels.values()):
            retired, session = channel.login.retired, channel.session
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
        failover = self._failover
        self.allocator.tend(now)
        if self._to_assign:
            self._assign(now)
        self.named.tend(self.pools, now)
        for tenant in self.tenants:
            if tenant.split is not None:
                tenant.split.tend(self.groups, self.allocator.move, self._notices, now)
        surplus = self.allocator.surplus()
        for group in list(self.groups):
            for channel in list(group.channels.values()):
                channel.tend(now)
                if channel.misnamed and channel is not group.active:
                    self._begin_anew(channel, now)
            self._retire_logins(group, now)
            group.serve_owed(now)
            group.keep_alive(self._keepalive, now)
            group.prefer(failover.return_seconds, failover.reject_pause_seconds, now)
            rest = max(self.allocator.rest, WAIT_SECONDS if group.who else 0)
            over = now - group.empty_since >= rest or group in surplus
            if group.target.retired:
                over = not group.channels
            elif group.lasting:
                continue
            if not group.members and over:
                self._close_group(group, now)
        for target in self.tenants.serving:
            if not any(group.job for group in self.groups.of(target)):
                target.dark(now)
        for target in [each for each in self.tenants.targets if each.retired]:
            if not self.groups.of(target):
                self.tenants.forget(target)

    def give_up(self, now: float) -> None:
        """This is the end: every share still under way is lost, and its miner is told so."""
        for group in self.groups:
            group.close(now)
