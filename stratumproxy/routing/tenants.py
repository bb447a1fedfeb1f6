"""All tenants, their targets and our ports: who belongs to whom."""

from collections.abc import Iterator

from stratumproxy.config import Config, Difficulty
from stratumproxy.config.hosting import DEFAULT
from stratumproxy.config.tenants import UpstreamTable
from stratumproxy.downstream.miner import Miner
from stratumproxy.mining.vardiff import Vardiff
from stratumproxy.routing.listener import Listener
from stratumproxy.routing.splitting import Split
from stratumproxy.routing.target import NO_LIMIT, Target
from stratumproxy.routing.tenancy import Tenancy
from stratumproxy.routing.tenant import Tenant


class Tenants:
    """Tenants by name, as configured.

    Args:
        config: what is configured.
    """

    def __init__(self, config: Config) -> None:
        self._by_name: dict[str, Tenant] = {}
        self.targets: list[Target] = []
        """Of all tenants; retired ones at the end."""
        self.listeners = [Listener(at, each.called) for at, each in enumerate(config.listen)]
        self._tenancy = Tenancy(config)
        self._only: Tenant | None = None
        """Whose everybody is, where nobody else is configured."""
        self._upstreams: dict[Target, tuple[UpstreamTable, ...]] = {}
        self.configure(config)

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> Tenant:
        return self._by_name[name]

    def get(self, name: str) -> Tenant | None:
        """The one of a name."""
        return self._by_name.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def configure(self, config: Config) -> None:
        """Have those that are configured; what is there of the same name goes on."""
        before, old_targets = self._by_name, self.targets
        self._tenancy = Tenancy(config)
        self._by_name, self.targets, self._upstreams = {}, [], {}
        for table in config.tenants:
            tenant = self._by_name[table.name] = before.get(table.name) or Tenant(table.name)
            tenant.most = table.max_miners or NO_LIMIT
            tenant.vardiff = vardiff_of(table.difficulty)
            there = {target.name: target for target in tenant.targets}
            targets = []
            for each in table.targets:
                target = there.get(each.name) or Target(table.name, each.name)
                self._upstreams[target] = each.upstreams
                targets.append(target)
            tenant.targets = targets
            if len(targets) < 2:
                tenant.split = None
            elif tenant.split is None:
                tenant.split = Split(table.name, table.targets, targets, config.split)
            else:
                tenant.split.change(table.targets, targets, config.split)
            self.targets += targets
        self._only = self._by_name[DEFAULT] if not config.tenant else None
        for target in old_targets:
            if target not in self.targets:
                target.retired = True
                self._upstreams[target] = ()
                self.targets.append(target)
        for listener, listen in zip(self.listeners, config.listen, strict=False):
            listener.name = name = listen.called
            reach = self._tenancy.by_name(name) or self._tenancy.reach(name) or self._by_name
            listener.tenants = [self[tenant] for tenant in reach]
        self.learn()

    def upstreams(self, target: Target) -> tuple[UpstreamTable, ...]:
        """What a target mines on, in order; nothing if it is retired."""
        return self._upstreams[target]

    def forget(self, target: Target) -> None:
        """A retired target has nothing any more that is under way."""
        self.targets.remove(target)
        del self._upstreams[target]

    def learn(self) -> None:
        """What is known of the pools has changed."""
        for tenant in self:
            tenant.learn()
        for listener in self.listeners:
            listener.learn()

    @property
    def serving(self) -> list[Target]:
        """Targets that are configured."""
        return [target for target in self.targets if not target.retired]

    # -- whose a miner is ------------------------------------------------------------------------

    def sure(self, listener: Listener, host: str) -> Tenant | None:
        """To whom every miner belongs that comes from there; None if its name decides that."""
        if self._only is not None:
            return self._only
        name = self._tenancy.sure(listener.name, host)
        return self._by_name[name] if name is not None else None

    def of(self, miner: Miner, name: str) -> Tenant | None:
        """To whom a miner belongs that authorizes under a name; None if to nobody."""
        if self._only is not None:
            return self._only
        tenant = self._tenancy.of(miner.listener.name, miner.host, name)
        return self._by_name[tenant] if tenant is not None else None


def vardiff_of(difficulty: Difficulty) -> Vardiff:
    """What is configured of what miners are asked for."""
    return Vardiff(
        start=difficulty.start,
        min=difficulty.min,
        max=difficulty.max,
        shares_per_minute=difficulty.shares_per_minute,
        window=difficulty.retarget_seconds,
        enabled=difficulty.vardiff,
    )
