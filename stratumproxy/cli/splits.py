"""What `check` says of splits: how near to its part each target can be kept, by few machines."""

from collections.abc import Iterator
from math import ceil

from stratumproxy.config import Config
from stratumproxy.config.explain import number
from stratumproxy.config.tenants import TenantTable
from stratumproxy.routing.split import are_same, parts_of_1, reach

FEW = (1, 3, 10)
"""Numbers of machines that it is said for; with more, blocks and chance decide, not the largest
machine."""

MANY = 1e9
"""Machines that nobody has; a part may be smaller than one of so many."""

POINT = 36.0
"""Seconds of the farm: a point (percent) of an hour."""


def reached(tenant: TenantTable) -> Iterator[str]:
    """What the parts of a tenant can be kept to; nothing where it has but one target."""
    if len(_shared(tenant)) < 2:
        return
    counts: tuple[int, ...] = FEW
    if tenant.max_miners is not None:
        counts = (*(count for count in FEW if count < tenant.max_miners), tenant.max_miners)
    said = ", ".join(f"{number(_points(count))} with {count}" for count in counts)
    yield f"to about as many points (percent) of an hour, by machines that are alike: {said}"
    for target, part in _shared(tenant).items():
        if 1 / part > FEW[-1]:
            machines = ceil(min(1 / part, MANY))
            yield f"{target} has less than one machine of fewer than {machines}: one for a time"


def concerns(config: Config) -> Iterator[str]:
    """Splits that the machines there can be are too few for."""
    room = config.limits.connections * config.processes
    for tenant in config.tenants:
        parts = _shared(tenant)
        most = min(tenant.max_miners or room, room)
        if len(parts) < 2:
            continue
        if reach(1, most) > POINT:
            yield (
                f"{tenant.name} has {most} miners at most, and {len(parts)} targets: with so few "
                f"a split is off by some {number(_points(most))} points (percent) in an hour, as "
                "nothing smaller than a machine can be moved."
            )
        small = [target for target, part in parts.items() if part * most < 1]
        if small:
            yield (
                f"{' and '.join(small)} of {tenant.name} should have less than one machine of the "
                f"{most} that there may be: it gets one for a part of the time, which its pool "
                "sees as a machine that comes and goes."
            )


def begun_anew(running: Config, wanted: Config) -> Iterator[str]:
    """Splits of which a reload begins the account anew.

    Args:
        running: the configuration that is running.
        wanted: the one to be read.
    """
    parts = {tenant.name: _parts(tenant) for tenant in wanted.tenants}
    for tenant in running.tenants:
        before, after = _parts(tenant), parts.get(tenant.name)
        if len(before) > 1 and after is not None and not are_same(before, after):
            yield (
                f"What the targets of {tenant.name} are owed is forgotten: with other targets or "
                "weights their account begins at nothing, and weights that were ordered are over."
            )


def _parts(tenant: TenantTable) -> dict[str, float]:
    return parts_of_1({target.name: target.weight for target in tenant.targets})


def _shared(tenant: TenantTable) -> dict[str, float]:
    """Parts of 1 of the targets that get any of the work."""
    return {name: part for name, part in _parts(tenant).items() if part > 0}


def _points(count: int) -> float:
    """How far so many alike machines are off in an hour, whatever is done."""
    return float(f"{reach(1, count) / POINT:.2g}")
