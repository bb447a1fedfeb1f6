"""The proxy's state as plain values, for people and for telemetry."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from stratumproxy.proxy.proxy import Proxy
from stratumproxy.routing.group import Group
from stratumproxy.routing.target import NO_LIMIT, Target
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot, merge_pools
from stratumproxy.telemetry.targets import TargetSnapshot
from stratumproxy.upstream.login import Login
from stratumproxy.upstream.pool import Pool

HASHES_PER_DIFFICULTY = 2**48 / 0xFFFF
"""Hashes it takes on average to find a share of difficulty 1."""

RATE_WINDOW = 60.0


class Report:
    """Takes snapshots, and remembers enough of them to say rates.

    Args:
        proxy: what is looked at.
    """

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._work: deque[tuple[float, float]] = deque([(proxy.started, 0.0)])

    def snapshot(self, now: float) -> Snapshot:
        """How things stand. Meant to be called once a second."""
        proxy, tally, recorder = self._proxy, self._proxy.tally, self._proxy.recorder
        return Snapshot(
            uptime=now - proxy.started,
            connected=len(proxy.miners),
            mining=sum(len(group.miners) for group in proxy.router.groups),
            hashrate=self._hashrate(now),
            accepted=tally.accepted,
            work=tally.work,
            forwarded=tally.forwarded,
            rejected=dict(tally.rejected),
            drops=dict(proxy.drops.counts),
            connects=proxy.connects,
            jobs=tally.jobs,
            new_blocks=tally.new_blocks,
            blocks=tally.blocks,
            blocks_accepted=tally.blocks_accepted,
            blocks_refused=tally.blocks_refused,
            best_difficulty=tally.best,
            pools=merge_pools(self._pool(pool, now) for pool in proxy.pools),
            preferred=proxy.router.preferred,
            reply=recorder.reply.copy(),
            fan_out=recorder.fan_out.copy(),
            stale_age=recorder.stale_age.copy(),
            limited={
                tenant.name: tenant.miners
                for tenant in proxy.router.tenants
                if tenant.most != NO_LIMIT
            },
            splits=tuple(
                split
                for tenant in proxy.router.tenants
                if tenant.split is not None
                for split in tenant.split.shown(proxy.router.groups, now)
            ),
            targets=tuple(self._target(target, now) for target in proxy.router.tenants.serving),
        )

    def _target(self, target: Target, now: float) -> TargetSnapshot:
        told = TargetSnapshot(target.tenant, target.told, preferred=target.order.own)
        groups = self._proxy.router.groups.of(target)
        logins = [login for login in target.logins if login.retired is None]
        if target.dark_since is not None:
            why = "; ".join(_state(login, groups) for login in logins)
            return replace(told, dark_for=now - target.dark_since, why=why)
        first = min(logins, key=target.order.rank, default=None)
        elsewhere = [
            (group, group.active.pool.name)
            for group in groups
            if group.active is not None
            and group.active.login in logins
            and group.active.login is not first
        ]
        if first is None or not elsewhere:
            return told
        eldest, backup = min(elsewhere, key=lambda each: each[0].since)
        return replace(
            told,
            backup=backup,
            backup_for=now - eldest.since,
            backup_miners=sum(len(group.miners) for group, _ in elsewhere),
            backup_why=eldest.why,
            first=_state(first, groups),
        )

    def _hashrate(self, now: float) -> float:
        samples = self._work
        samples.append((now, self._proxy.tally.work))
        while len(samples) > 2 and samples[1][0] <= now - RATE_WINDOW:
            samples.popleft()
        (since, before), (_, work) = samples[0], samples[-1]
        return (work - before) * HASHES_PER_DIFFICULTY / (now - since) if now > since else 0.0

    def _pool(self, pool: Pool, now: float) -> PoolSnapshot:
        channels = self._proxy.router.channels_to(pool)
        mined_on = [group for group in self._proxy.router.groups if group.mines_on(pool)]
        first = min(mined_on, key=lambda group: group.since, default=None)
        sessions = sum(channel.session is not None for channel in channels)
        state = "ready" if sessions else "waiting" if pool.tried else "connecting"
        if pool.retired is not None and not sessions:
            state = ""
        return PoolSnapshot(
            name=pool.name,
            url=pool.url,
            state=state,
            sessions=sessions,
            miners=sum(len(group.miners) for group in mined_on),
            difficulty=float(pool.difficulty),
            extranonce2_size=pool.size or 0,
            version_mask=pool.version_mask,
            accepted=pool.verdicts.accepted,
            rejected=pool.verdicts.rejected,
            pending=sum(channel.pending for channel in channels),
            lost=pool.verdicts.lost,
            detail=pool.detail,
            round_trip=pool.verdicts.round_trip.copy(),
            mined_for=now - first.since if first else None,
            why=first.why if first else "",
            names=pool.sharing.told,
            names_why=pool.sharing.why,
            named=sum(channel.named for channel in channels),
            unnamed=pool.sharing.unnamed,
        )


def _state(login: Login, groups: Iterable[Group]) -> str:
    """How a pool does for one who mines there, in its own words where it gave any."""
    channels = [each for group in groups for each in group.channels.values()]
    if any(each.login is login and each.session is not None for each in channels):
        return f"{login.pool.name} is ready"
    detail = f": {login.pool.detail}" if login.pool.detail else ""
    return f"{login.pool.name} gives {login.account.user} no work{detail}"
