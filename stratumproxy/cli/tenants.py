"""What `check` says of tenants: who mines where, what can't go well, and what a reload costs."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stratumproxy.cli import splits
from stratumproxy.config import Config
from stratumproxy.config.explain import number
from stratumproxy.config.hosting import DEFAULT, Tenant
from stratumproxy.config.reload import reloaded
from stratumproxy.config.tenants import TargetTable, TenantTable
from stratumproxy.mining.extranonce import Layout
from stratumproxy.routing.tenancy import Tenancy

LEAST_BY_NAME = 4
"""Bytes of extranonce2 that a pool has to give for miners whose name says whose they are: what is
theirs of it is given out before the name is there, and has to fit whatever it turns out to be."""


def who_mines_where(config: Config) -> Iterator[tuple[str, list[str]]]:
    """Each tenant, and a line for each of its targets; nothing where none is written."""
    if not config.tenant and not config.target:
        return
    rules: dict[str, Tenant] = {each.name: each for each in config.tenant}
    for tenant in config.tenants:
        if tenant.name == DEFAULT and config.unknown_workers == "refuse":
            yield "Whoever belongs to no tenant", ["is refused"]
            continue
        rule = rules.get(tenant.name)
        lines = [*_targets(tenant), *splits.reached(tenant)]
        if rule is None:
            yield "Whoever belongs to no tenant", lines
        else:
            yield f"Tenant {tenant.name}: {_whose(rule)}", [*lines, *_own(rule)]


def _own(rule: Tenant) -> Iterator[str]:
    """What a tenant has besides."""
    if differs := rule.difficulty.model_dump(exclude_none=True):
        told = (f"{name} {_written(value)}" for name, value in differs.items())
        yield f"difficulty: {', '.join(told)}"
    if rule.max_miners is not None:
        yield f"{rule.max_miners} miners at most"
    if rule.token_file:
        yield f"its figures are read by the token in {rule.token_file}"


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, float) else str(value)


def _whose(rule: Tenant) -> str:
    parts = [
        f"{what} {' or '.join(given)}"
        for what, given in (
            ("named", rule.workers),
            ("on", rule.listen),
            ("at", rule.addresses),
        )
        if given
    ]
    return ", ".join(parts)


def _targets(tenant: TenantTable) -> Iterator[str]:
    whole = sum(target.weight for target in tenant.targets)
    for target in tenant.targets:
        part = f"{number(round(100 * target.weight / whole, 3))} %"
        yield f"{target.name:<16} {part:>8}  {_order(target)}"


def _order(target: TargetTable) -> str:
    names = {
        "account": "",
        "each": ", each under its name",
        "auto": ", under its name if it can be",
    }
    order = ", then ".join(
        f"{each.pool} as {each.user}{names[each.worker_names]}" for each in target.upstreams
    )
    return order if target.when_down == "others" else f"{order}; held when none works"


def concerns(config: Config) -> Iterator[str]:
    """What can be run, and will not do what it seems to, or not for long."""
    tenancy = Tenancy(config)
    sizes = {pool.name: pool.extranonce2_size for pool in config.pool}
    alone = {pool.name for pool in config.pool if pool.miners_per_session == 1}
    for listener in (each.called for each in config.listen):
        by_name = tenancy.by_name(listener)
        if len(by_name) < 2:
            continue
        for pool, tenants in _pools(config, by_name).items():
            size = sizes[pool]
            if pool in alone:
                why = "takes one miner on a session (miners_per_session = 1)"
            elif size is not None and size < LEAST_BY_NAME:
                why = f"gives {size} bytes of extranonce2"
            else:
                continue
            yield (
                f"On {listener} the worker's name says whose a miner is, which needs pools with "
                f"{LEAST_BY_NAME} bytes of extranonce2 at least, and sessions that are shared: "
                f"{pool} of {_listed(tenants)} {why}. Give {_their(tenants)} a listener, or "
                "addresses (listen =, addresses =), or another pool."
            )
    yield from splits.concerns(config)
    used = {pool for tenant in config.tenants for pool in _pools_of(tenant)}
    for name in sizes:
        if name not in used:
            yield f"No target has the pool {name}: nobody mines on it."
    for each in config.tenant:
        if not any(each.name in tenancy.reach(listen.called) for listen in config.listen):
            yield f"Nobody can be {each.name}: whoever comes by its listeners is another tenant's."


def _pools(config: Config, tenants: Sequence[str]) -> dict[str, list[str]]:
    """The pools that tenants may come to, and which of them."""
    found: dict[str, list[str]] = {}
    for tenant in config.tenants:
        if tenant.name in tenants:
            for pool in _pools_of(tenant):
                found.setdefault(pool, []).append(tenant.name)
    return found


def _pools_of(tenant: TenantTable) -> list[str]:
    return list(dict.fromkeys(each.pool for target in tenant.targets for each in target.upstreams))


def _listed(names: Sequence[str]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _their(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"


class Cost(NamedTuple):
    """What a reload changes, and for whom it is felt."""

    changes: list[str]
    """Names of what changes."""
    restart: list[str]
    """Names of what changes with the next restart only."""
    reconnects: list[str]
    """Whose miners may have to reconnect, a sentence each."""
    unknown: list[str]
    """Pools of which it is not configured how much room they give."""


def cost_of_reload(running: Config, wanted: Config) -> Cost:
    """What it would cost to have a running proxy read another configuration.

    Args:
        running: what it runs with.
        wanted: what it is to read.
    """
    applied, changes, restart = reloaded(running, wanted)
    reconnects: list[str] = []
    unknown: dict[str, None] = {}
    for before, after in zip(running.listen, applied.listen, strict=True):
        held, _ = _room(running, before.called)
        room, silent = _room(applied, after.called)
        came = [name for name in silent if name not in {each.name for each in running.pool}]
        unknown.update(dict.fromkeys(came))
        if not held or not room:
            continue
        least, name = min((size, name) for name, size in room.items())
        layout = Layout.of(min(held.values()))
        most = max(layout.rolling.total, layout.plain.total)
        if least < most:
            reconnects.append(
                f"Miners on {after.called} hold up to {most} bytes of extranonce, and {name} gives "
                f"{least}: those that come to it and do not take mining.set_extranonce reconnect, "
                "a few at a time."
            )
    return Cost(changes, restart, reconnects, list(unknown))


def _room(config: Config, listener: str) -> tuple[dict[str, int], list[str]]:
    """How much room the pools of a listener's miners are configured to give, and who says not."""
    sizes = {pool.name: pool.extranonce2_size for pool in config.pool}
    names = _pools(config, Tenancy(config).reach(listener))
    known = {name: size for name in names if (size := sizes[name]) is not None}
    return known, [name for name in names if sizes[name] is None]
