"""What an operator may order: hang up, ban, mine on another pool, other weights, a difficulty.

Every process of the data plane is given every order, and answers for itself: a worker that is
unknown here may be on another one, or come here later, so that is no error where the order outlasts
the moment.
"""

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from stratumproxy.downstream.drops import BANNED, ORDERED
from stratumproxy.downstream.miner import Miner
from stratumproxy.errors import OrderError, TelemetryError
from stratumproxy.proxy.proxy import Proxy
from stratumproxy.routing.allocation import group_of, tenant_of
from stratumproxy.routing.split import Kept
from stratumproxy.routing.target import Target
from stratumproxy.routing.tenant import Tenant
from stratumproxy.telemetry.bans import ANYBODYS, ANYWHERE, Ban, decode_bans
from stratumproxy.telemetry.records import TENANT

MAX_NAME = 255
MAX_BAN = 366 * 86400.0
"""Seconds."""

AT_ONCE = 256
"""Miners told of another difficulty at once: some 3 ms. More are told in the slices of a fan-out,
with everybody in their groups."""

MAX_FIXED = 100_000
"""Workers whose difficulty may be fixed."""

MAX_WEIGHT = 1e9

Arguments = dict[str, Any]


class Orders:
    """Carries out orders.

    Args:
        proxy: what they are about.
        clock: seconds, the proxy's `now`.
        process: what the ids of its miners begin with for operators: ``worker-run``.
    """

    def __init__(self, proxy: Proxy, clock: Callable[[], float], process: str = "") -> None:
        self._proxy = proxy
        self._clock = clock
        self._process = process

    def __call__(self, order: Arguments) -> dict[str, Any]:
        """Carry out one order.

        Args:
            order: ``action``, and what goes with it. It comes from outside: anything may be wrong.

        Returns:
            ``{"result": …}``, whose numbers may be added up over all processes; or ``{"error": …}``
            with a sentence.
        """
        action = order.get("action")
        carry_out = ACTIONS.get(action) if isinstance(action, str) else None
        try:
            if carry_out is None:
                known = ", ".join(name for name in ACTIONS if name not in UNSPOKEN)
                raise OrderError(f"there is no such action; there are {known}")
            return {"result": carry_out(self, order)}
        except OrderError as error:
            return {"error": str(error)}
        except Exception:
            # A mistake of ours in an order must not stop those who mine.
            self._proxy.drops.warn("a bug, please report it", exc_info=True)
            return {"error": "a bug, please report it: the log says more"}

    # -- the actions -----------------------------------------------------------------------------

    def _none(self, _order: Arguments) -> dict[str, Any]:
        """Nothing: the answer says how far orders have been read."""
        return {}

    def _disconnect(self, order: Arguments) -> dict[str, Any]:
        """Hang up on ``worker``'s miners, or on the ``miner`` of that id."""
        if "miner" in order:
            miners = [self._miner(order["miner"], self._tenant(order))]
        elif not (miners := self._miners_of(_name(order), self._tenant(order))):
            raise OrderError(f"no miner of worker {order['worker']!r} is connected")
        self._proxy.drain.add(miners, ORDERED)
        return {"miners": len(miners)}

    def _ban(self, order: Arguments) -> dict[str, Any]:
        """Hang up on ``worker``'s miners, and take none in under that name for ``seconds``."""
        name, seconds = _name(order), order.get("seconds", 0)
        if type(seconds) not in (int, float) or not 0 < seconds <= MAX_BAN:
            raise OrderError(f"seconds must be a number above 0 and at most {MAX_BAN:.0f}")
        tenant, now = self._tenant(order), self._clock()
        miners = self._miners_of(name, tenant)
        whose = tenant.name if tenant else ANYBODYS
        if not self._proxy.misbehaviour.bans.order(name, seconds, now, whose):
            raise OrderError("too many workers are banned already")
        self._proxy.drain.add(miners, ORDERED)
        return self._about(name, miners, tenant)

    def _bans(self, order: Arguments) -> dict[str, Any]:
        """Know the ``bans`` that other processes know, and hang up on whom they are of."""
        try:
            bans = decode_bans(order.get("bans"))
        except TelemetryError as error:
            raise OrderError(str(error)) from None
        for ban in self._proxy.misbehaviour.bans.hear(bans, self._clock()):
            if ban.banned:
                self._leave(ban)
        return {}

    def _leave(self, ban: Ban) -> None:
        tenants = self._proxy.router.tenants
        tenant = tenants.get(ban.tenant)
        miners = self._miners_of(ban.name, tenant)
        if ban.host == ANYWHERE:
            self._proxy.drain.add(miners, ORDERED)
        else:
            here = [each for each in miners if each.host == ban.host and each.behaviour is not None]
            self._proxy.drain.add(here, BANNED)

    def _elsewhere(self, order: Arguments) -> dict[str, Any]:
        """Know how many ``miners`` other processes have, by tenant."""
        told, tenants = order.get("miners"), self._proxy.router.tenants
        if not isinstance(told, dict) or not all(
            type(count) is int and count >= 0 for count in told.values()
        ):
            raise OrderError("miners must be a count for each tenant")
        for name, count in told.items():
            if (tenant := tenants.get(name)) is not None:
                tenant.elsewhere = count
        return {}

    def _splits(self, order: Arguments) -> dict[str, Any]:
        """Take ``given`` for what of accounts is not this process's own; it is for ``process``."""
        rows, now = order.get("given"), self._clock()
        if order.get("process") != self._process:
            return {}  # it was on its way to one that was here before
        if not isinstance(rows, list) or not all(map(_is_given, rows)):
            raise OrderError("given must be a row for each target")
        by_tenant: dict[str, list[Any]] = {}
        for row in rows:
            by_tenant.setdefault(row[0], []).append(row[1:])
        for name, of in by_tenant.items():
            tenant = self._proxy.router.tenants.get(name)
            if tenant is None or tenant.split is None:
                continue
            targets, weights, debts, delivered, forgiven, rates, ages = zip(*of, strict=True)
            parts, *sums = (
                dict(zip(targets, column, strict=True))
                for column in (weights, debts, delivered, forgiven)
            )
            given = Kept(parts, sums[0], sums[1], sums[2], rates[0])
            # Who has other weights by now has begun another account.
            with suppress(ValueError):
                if tenant.split.correct(given, ages[0], now):
                    owed = tenant.split.owed
                    self._proxy.notices.info("a split's account goes on", tenant=name, debts=owed)
        return {}

    def _accused(self, order: Arguments) -> dict[str, Any]:
        """Give the shares of these ``workers``, by tenant, and of nobody else no say in splits."""
        told = order.get("workers")
        if not isinstance(told, dict) or not all(
            isinstance(names, list) and all(isinstance(name, str) for name in names)
            for names in told.values()
        ):
            raise OrderError("workers must be names for each tenant")
        for tenant in self._proxy.router.tenants:
            if tenant.split is not None:
                tenant.split.accused = frozenset(told.get(tenant.name, ()))
        return {}

    def _weights(self, order: Arguments) -> dict[str, Any]:
        """Split a ``tenant``'s work by ``weights`` of its targets; null: as configured."""
        tenant = self._tenant(order) or self._proxy.router.tenants[TENANT]
        weights = order.get("weights")
        if "weights" not in order:
            raise OrderError("weights are missing; null goes by those that are configured")
        if tenant.split is None:
            raise OrderError(f"there is one target only of tenant {tenant.name!r}")
        if weights is not None and not (
            isinstance(weights, dict)
            and all(_is_number(weight) and weight <= MAX_WEIGHT for weight in weights.values())
        ):
            raise OrderError("weights must be a number up to 1e9 for each target, or null")
        try:
            tenant.split.order(weights)
        except ValueError as error:
            raise OrderError(str(error)) from None
        parts, configured = tenant.split.band.account.weights, tenant.split.configured
        return {"tenant": tenant.name, "parts": parts, "configured": configured}

    def _switch_pool(self, order: Arguments) -> dict[str, Any]:
        """Mine on ``pool`` until told otherwise, while it is ready; "" for the configured order."""
        name, proxy, now = order.get("pool"), self._proxy, self._clock()
        pools = {pool.name: pool for pool in proxy.pools if pool.retired is None}
        if not isinstance(name, str):
            raise OrderError("pool must be a name, or empty for the configured order")
        if name and name not in pools:
            raise OrderError(f"no pool is named {name[:100]!r}; there are {', '.join(pools)}")
        pool, targets = pools.get(name), self._targets(order)
        if pool is not None and targets is not None and not order.get("again"):
            logins = (login for target in targets for login in target.logins)
            theirs = {login.pool.name for login in logins if login.retired is None}
            if name not in theirs:
                raise OrderError(f"they don't mine on {name!r}, but on {', '.join(sorted(theirs))}")
        moved = proxy.router.prefer(pool, now, targets)
        return {
            "pool": name,
            "miners": sum(len(group.miners) for group in moved),
            "ready": pool is None
            or any(each.session is not None for each in proxy.router.channels_to(pool)),
        }

    def _targets(self, order: Arguments) -> list[Target] | None:
        """The targets that are meant; None for all that there are."""
        tenant, name = self._tenant(order), order.get("target")
        if tenant is None:
            if name is not None:
                raise OrderError("say whose target it is: tenant is missing")
            return None
        found = [each for each in tenant.targets if name is None or each.told == name]
        if not found:
            raise OrderError(f"{tenant.name!r} has no target {str(name)[:100]!r}")
        return found

    def _difficulty(self, order: Arguments) -> dict[str, Any]:
        """Ask ``worker`` for ``difficulty`` from now on; null leaves it to vardiff again."""
        name, tenant, difficulty = _name(order), self._tenant(order), order.get("difficulty")
        if "difficulty" not in order:
            raise OrderError("difficulty is missing; null leaves it to vardiff")
        if difficulty is not None and not _is_number(difficulty):
            raise OrderError("difficulty must be a number, or null")
        miners, now = self._miners_of(name, tenant), self._clock()
        tenants = [tenant] if tenant else self._tenants_of(name, miners)
        for each in tenants:
            self._fix(each, name, difficulty)
        for miner in miners:
            miner.fix(difficulty)
        if difficulty is not None and len(miners) <= AT_ONCE:
            for miner in miners:
                if data := miner.renotify(now):
                    miner.link.send(data)
        elif difficulty is not None:
            for group in dict.fromkeys(map(group_of, miners)):
                if group is not None:
                    group.send_again(now)
        return self._about(name, miners, tenant)

    def _fix(self, tenant: Tenant, name: str, difficulty: float | int | None) -> None:
        vardiff, fixed = tenant.vardiff, tenant.fixed
        if difficulty is None:
            fixed.pop(name, None)
            return
        if vardiff.clamp(difficulty) != difficulty:
            raise OrderError(
                f"difficulty must be from {vardiff.min:g} to {vardiff.max:g}, as configured"
            )
        if name not in fixed and len(fixed) >= MAX_FIXED:
            raise OrderError("too many workers have a difficulty that was fixed")
        fixed[name] = difficulty

    # -- who is meant ----------------------------------------------------------------------------

    def _miner(self, miner_id: object, tenant: Tenant | None) -> Miner:
        """The miner of an id: its number, after the process where it is anybody else's.

        If it is said whose it is, one of somebody else's is as one that there is not.
        """
        if not isinstance(miner_id, str | int):
            raise OrderError("miner must be an id")
        process, _, number = str(miner_id).rpartition(":")
        if process in ("", self._process):
            for miner in self._proxy.miners:
                if str(miner.number) == number and tenant in (None, miner.tenant):
                    return miner
        raise OrderError(f"no miner {str(miner_id)[:100]!r} is connected")

    def _miners_of(self, name: str, tenant: Tenant | None = None) -> list[Miner]:
        """The miners of a worker; of all of that name, if it is not said whose it is."""
        named = [miner for miner in self._proxy.miners if miner.worker_of(name) is not None]
        return [miner for miner in named if tenant is None or miner.tenant is tenant]

    def _tenant(self, order: Arguments) -> Tenant | None:
        """Whose worker is meant; None if that is not said."""
        name, tenants = order.get("tenant"), self._proxy.router.tenants
        if name is None:
            return None
        if not isinstance(name, str) or name not in tenants:
            # Who else there is may be none of the asker's business.
            raise OrderError(f"no tenant is named {str(name)[:100]!r}")
        return tenants[name]

    def _tenants_of(self, name: str, miners: Iterable[Miner]) -> list[Tenant]:
        """To whom workers of a name belong."""
        tenants = self._proxy.router.tenants
        found = {tenant_of(miner): None for miner in miners}
        found |= {each: None for each in tenants if name in each.fixed}
        return [each for each in found if each is not None] or [tenants[TENANT]]

    def _about(
        self, name: str, miners: Iterable[Miner], tenant: Tenant | None = None
    ) -> dict[str, Any]:
        of = [tenant] if tenant is not None else self._proxy.router.tenants
        return {
            "worker": name,
            "miners": len(list(miners)),
            "known": any(self._proxy.workers.knows(name, each.name) for each in of),
        }


def _name(order: Arguments) -> str:
    name = order.get("worker")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise OrderError(f"worker must be a name of at most {MAX_NAME} characters")
    return name


def _is_given(row: object) -> bool:
    """A tenant, a target, its part, what it is owed, had and was struck off; rate and age."""
    return (
        isinstance(row, list)
        and len(row) == 8
        and all(isinstance(name, str) for name in row[:2])
        and all(map(_is_number, row[2:]))
        and min(row[2], row[6], row[7]) >= 0
    )


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


UNSPOKEN = ("none", "bans", "elsewhere", "splits", "accused")
"""Actions that are no operator's."""

ACTIONS: dict[str, Callable[[Orders, Arguments], dict[str, Any]]] = {
    "none": Orders._none,
    "disconnect": Orders._disconnect,
    "ban": Orders._ban,
    "bans": Orders._bans,
    "elsewhere": Orders._elsewhere,
    "splits": Orders._splits,
    "accused": Orders._accused,
    "weights": Orders._weights,
    "switch-pool": Orders._switch_pool,
    "difficulty": Orders._difficulty,
}
