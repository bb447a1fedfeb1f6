"""Whose miners mine where, in plain values: what routing goes by, whatever the file looked like."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from stratumproxy.config.difficulty import Difficulty
from stratumproxy.config.endpoints import Pool
from stratumproxy.config.hosting import (
    DEFAULT,
    Target,
    Tenant,
    Upstream,
    WhenDown,
    WorkerNames,
)


@dataclass(frozen=True, slots=True)
class UpstreamTable:
    """A place in a target's order: a pool, the account there, and how workers are called."""

    pool: str
    """The pool's name."""
    user: str
    password: str = field(repr=False)
    worker_names: WorkerNames
    worker_format: str


@dataclass(frozen=True, slots=True)
class TargetTable:
    """A part of a tenant's work, and where it goes."""

    name: str
    """Unlike the other targets' of the tenant."""
    weight: int | float
    """Beside the others' weights, of which one at least is above 0."""
    when_down: WhenDown
    upstreams: tuple[UpstreamTable, ...]
    """In order; one at least."""


@dataclass(frozen=True, slots=True)
class TenantTable:
    """A tenant, and how its miners are treated. Who its miners are: `routing/tenancy.py`."""

    name: str
    difficulty: Difficulty
    max_miners: int | None
    """None: no limit of its own."""
    targets: tuple[TargetTable, ...]
    """One at least."""


def tenants_of(
    tenants: Sequence[Tenant],
    targets: Sequence[Target],
    pools: Sequence[Pool],
    difficulty: Difficulty,
) -> tuple[TenantTable, ...]:
    """Every tenant, in the file's order, and at the end `DEFAULT` for what belongs to none.

    Args:
        tenants: the [[tenant]] tables.
        targets: the [[target]] tables.
        pools: the [[pool]] tables: what a tenant without targets mines on.
        difficulty: what holds for all.
    """
    passwords = {pool.name: pool.password for pool in pools}
    on_pools = TargetTable(
        name=DEFAULT,
        weight=1,
        when_down="others",
        upstreams=tuple(
            UpstreamTable(
                pool.name,
                pool.user,
                pool.password,
                Upstream.model_fields["worker_names"].default,
                Upstream.model_fields["worker_format"].default,
            )
            for pool in pools
        ),
    )

    def resolved(tables: Sequence[Target]) -> tuple[TargetTable, ...]:
        return tuple(
            TargetTable(
                name=name,
                weight=table.weight,
                when_down=table.when_down,
                upstreams=tuple(
                    UpstreamTable(
                        each.pool,
                        each.user,
                        passwords[each.pool] if each.password is None else each.password,
                        each.worker_names,
                        each.worker_format,
                    )
                    for each in table.pools
                ),
            )
            for name, table in zip(
                target_names([each.name for each in tables]), tables, strict=True
            )
        ) or (on_pools,)

    own = (
        TenantTable(
            table.name, table.difficulty.over(difficulty), table.max_miners, resolved(table.target)
        )
        for table in tenants
    )
    return (*own, TenantTable(DEFAULT, difficulty, None, resolved(targets)))


def target_names(written: Sequence[str]) -> list[str]:
    """What a tenant's targets are called.

    Args:
        written: each one's `name`; empty where it has none.
    """
    if len(written) == 1:
        return [written[0] or DEFAULT]
    return [name or str(number) for number, name in enumerate(written, start=1)]
