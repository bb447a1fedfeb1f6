"""What is not as it usually is with the proxy itself: one list, which everybody shows who shows it.

`/ready`, the page, `top`, `/metrics` and the log each render what `conditions` says, so they can't
disagree. Workers that need a person are another list: `attention.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from stratumproxy.fleet.processes import Process
from stratumproxy.telemetry.clock import Jump
from stratumproxy.telemetry.sink import SinkState
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot, merge
from stratumproxy.telemetry.targets import TargetSnapshot

Severity = Literal["critical", "warning", "notice"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "notice")
"""``critical``: miners are not served, so `/ready` says no. ``warning``: they are, and somebody
should look. ``notice``: somebody wanted it so."""

SILENCE = 5.0
"""Seconds without a word from a process of the data plane after which it is silent; it tells how it
stands once a second."""

BEHIND = 0.25
"""The part of the room for what waits from which on a sink falls behind."""


BRIEF = 2.0
"""Seconds that miners may be on another pool, or a tenant without any, and that is not told: a
group of miners that is opened mines on whichever pool is ready first, for a moment."""


class Kind(NamedTuple):
    """What may be so."""

    severity: Severity
    begins: str
    """In words, for people."""
    ends: str
    """The same when it is over."""


KINDS = {
    "no-process": Kind("critical", "no process serves miners", "miners are served again"),
    "process-silent": Kind("critical", "a mining process is silent", "it is heard again"),
    "no-pool": Kind("critical", "no pool is ready", "a pool is ready again"),
    "tenant-no-pool": Kind("warning", "a tenant has no pool", "the tenant has a pool again"),
    "target-no-pool": Kind("warning", "a target has no pool", "the target has a pool again"),
    "backup-pool": Kind("warning", "mining on a backup pool", "no more on the backup pool"),
    "pool-order": Kind("notice", "an operator's order of pools holds", "that order is over"),
    "sink-failing": Kind("warning", "records can't be kept", "records are kept again"),
    "sink-behind": Kind("warning", "records wait to be kept", "records are kept in time again"),
    "undelivered": Kind("warning", "records can't be delivered", "records are delivered again"),
    "dropped": Kind("warning", "something was dropped", "nothing was dropped any more"),
    "clock-jumped": Kind("warning", "the wall clock jumped", "the wall clock goes evenly again"),
}


class Condition(NamedTuple):
    """One thing that is so."""

    kind: str
    """One of `KINDS`."""
    subject: str
    """Which tenant, target, pool, process, sink or kind of record; empty for the whole proxy. Of a
    bounded number, and never what a miner chose."""
    since: float | None
    """From when on, in even time; None for what does not know it, and is taken to begin now."""
    why: str
    """In a line; it may have words of a pool's or an operator's in it, and change as it lasts."""
    tenant: str = ""
    """Whose it is, if it is one's alone; others' tokens don't show it."""

    @property
    def severity(self) -> Severity:
        """How bad that is."""
        return KINDS[self.kind].severity


class PoolOrder(NamedTuple):
    """An operator's order to mine on a pool, until told otherwise."""

    pool: str
    by: str
    """Who gave it, as well as that is known."""
    since: float
    """When, in even time."""
    kept: bool
    """Whether it will be known after a restart."""
    tenant: str = ""
    """For whom alone; empty for all."""
    target: str = ""
    """For which of the tenant's targets."""


class Dropped(NamedTuple):
    """What there was no room for, of one kind."""

    number: int
    """How many, since this process started."""
    since: float
    """When the latest stretch of it began, in even time."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All that conditions follow from."""

    now: float
    """Even time."""
    processes: Mapping[str, Process] = field(default_factory=dict)
    """Those that run, by what they are called."""
    orders: Sequence[PoolOrder] = ()
    sinks: Sequence[SinkState] = ()
    dropped: Mapping[str, Dropped] = field(default_factory=dict)
    """What was dropped of late, by kind."""
    jump: Jump | None = None

    @property
    def snapshots(self) -> dict[str, Snapshot]:
        """How each process stands that has told it."""
        return {
            number: process.snapshot
            for number, process in sorted(self.processes.items())
            if process.snapshot is not None
        }


def conditions(picture: Picture) -> list[Condition]:
    """All that is not as usual, the worst first."""
    found = [each for rule in RULES for each in rule(picture)]
    return sorted(found, key=lambda each: SEVERITIES.index(each.severity))


def _processes(picture: Picture) -> Iterator[Condition]:
    if not picture.processes:
        yield Condition("no-process", "", None, "none was heard of yet")
    for number, process in sorted(picture.processes.items()):
        if picture.now - process.heard > SILENCE:
            yield Condition("process-silent", f"process {number}", process.heard, "")


def _no_pool(picture: Picture) -> Iterator[Condition]:
    """One for each process that has none, or one for all."""
    dark = {
        number: snapshot.pools
        for number, snapshot in picture.snapshots.items()
        if not any(pool.state == "ready" for pool in snapshot.pools)
    }
    if len(dark) == len(picture.snapshots):
        pools = next(iter(dark.values()), ())
        yield Condition("no-pool", "", None, "; ".join(map(_state, pools)))
        return
    for number, pools in dark.items():
        yield Condition("no-pool", f"process {number}", None, "; ".join(map(_state, pools)))


def _dark(picture: Picture) -> Iterator[Condition]:
    """Tenants that have no pool, where there are several; and targets, where a tenant has several
    and some of them have one.
    """
    found: dict[tuple[str, str, str], dict[str, TargetSnapshot]] = {}
    for number, snapshot in picture.snapshots.items():
        tenants: dict[str, list[TargetSnapshot]] = {}
        for target in snapshot.targets:
            tenants.setdefault(target.tenant, []).append(target)
        for tenant, targets in tenants.items():
            dark = [each for each in targets if each.dark_for is not None]
            if len(dark) < len(targets):
                for each in dark:
                    found.setdefault(("target-no-pool", tenant, each.target), {})[number] = each
            elif len(tenants) > 1:
                latest = min(dark, key=lambda each: each.dark_for or 0.0)
                found.setdefault(("tenant-no-pool", tenant, ""), {})[number] = latest
    for (kind, tenant, name), dark_in in found.items():
        subject = _whose(tenant, name)
        where = {f"{subject}, process {number}": each for number, each in dark_in.items()}
        if len(dark_in) == len(picture.snapshots):
            where = {subject: min(dark_in.values(), key=lambda each: each.dark_for or 0.0)}
        for which, each in where.items():
            seconds = each.dark_for or 0.0
            if seconds >= BRIEF:
                yield Condition(kind, which, picture.now - seconds, each.why, tenant)


def _state(pool: PoolSnapshot) -> str:
    detail = f": {pool.detail}" if pool.detail else ""
    return f"{pool.name} is {pool.state or 'not configured any more'}{detail}"


def _backup(picture: Picture) -> Iterator[Condition]:
    """One for each target that mines on another pool than the one that comes first for it."""
    if not picture.snapshots:
        return
    targets = merge(list(picture.snapshots.values())).targets
    for each in targets:
        if each.backup and each.backup_for >= BRIEF:
            tenant, name = (each.tenant, each.target) if len(targets) > 1 else ("", "")
            subject = _for(each.backup, tenant, name)
            why = f"{each.first}; miners here: {each.backup_miners:,}, as {each.backup_why}"
            yield Condition("backup-pool", subject, picture.now - each.backup_for, why, tenant)


def _order(picture: Picture) -> Iterator[Condition]:
    for order in picture.orders:
        until = "until told otherwise" if order.kept else "until a restart: it could not be kept"
        subject = _for(order.pool, order.tenant, order.target)
        why = f"by {order.by}, {until}"
        yield Condition("pool-order", subject, order.since, why, order.tenant)


def _whose(tenant: str, target: str) -> str:
    """A tenant, or one of its targets."""
    return f"{tenant}, {target}" if target else tenant


def _for(pool: str, tenant: str, target: str) -> str:
    """A pool, and for whom, if that is not everybody."""
    return f"{pool} for {_whose(tenant, target)}" if tenant else pool


def _sinks(picture: Picture) -> Iterator[Condition]:
    for sink in picture.sinks:
        there, passed_on = sink.problem, sink.delivered
        waits = f"{sink.waiting:,} batches wait, {sink.room:.0%} of the room for them"
        lost = f", {sink.lost:,} are lost" if sink.lost else ""
        if there:
            yield Condition("sink-failing", sink.name, None, f"{there}; {waits}{lost}")
        room = sink.room
        if passed_on is not None:
            if passed_on.room > room:
                room = passed_on.room
                waits = f"{passed_on.waiting:,} messages wait, {room:.0%} of the room for them"
            if passed_on.problem:
                there = passed_on.problem
                yield Condition("undelivered", sink.name, None, f"{there}; {waits}")
        if not there and room > BEHIND:
            yield Condition("sink-behind", sink.name, None, waits)


def _dropped(picture: Picture) -> Iterator[Condition]:
    for kind, dropped in sorted(picture.dropped.items()):
        why = f"{dropped.number:,} since the control process started"
        yield Condition("dropped", kind, dropped.since, why)


def _clock(picture: Picture) -> Iterator[Condition]:
    if picture.jump is not None:
        since, seconds = picture.jump
        where = "ahead of" if seconds > 0 else "behind"
        why = f"it is {abs(seconds):,.0f} s {where} the time that has passed; nothing expires by it"
        yield Condition("clock-jumped", "", since, why)


RULES = (_processes, _no_pool, _dark, _backup, _order, _sinks, _dropped, _clock)
