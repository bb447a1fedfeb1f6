"""Whom a miner mines for that authorizes under a name, or why it may not."""

from stratumproxy.downstream.drops import BANNED, BANNED_BY_ORDER, NO_POOL
from stratumproxy.downstream.house import Refusal
from stratumproxy.downstream.miner import Miner
from stratumproxy.routing.tenant import Tenant
from stratumproxy.routing.tenants import Tenants
from stratumproxy.telemetry.bans import Bans


def admit(miner: Miner, name: str, tenants: Tenants, bans: Bans, now: float) -> Tenant | Refusal:
    """To whom it belongs; the first name that it authorizes says so.

    Args:
        miner: who authorizes.
        name: what it calls itself.
        tenants: all there are.
        bans: who is banned.
        now: the time.
    """
    tenant = tenants.of(miner, name)
    if tenant is None:
        return Refusal("No customer has a worker of this name; ask who hosts the machine")
    if seconds := bans.shut_out(name, now, tenant.name):
        return Refusal(f"Banned for {seconds:.0f} s more by the operator", BANNED_BY_ORDER)
    if miner.behaviour is not None:
        seconds = bans.banned_for(miner.host, name, now, tenant.name)
        if seconds:
            text = f"Banned for {seconds:.0f} s more: too many invalid shares, or a flood"
            return Refusal(text, BANNED)
    if miner.worker is not None:
        if tenant is not miner.tenant:
            return Refusal("This connection is another customer's already")
        return tenant
    if tenant.is_full:
        return Refusal(f"{tenant.name} has {tenant.most} miners already")
    if tenant.turning_away:
        return Refusal("No pool is ready", NO_POOL)
    return tenant
