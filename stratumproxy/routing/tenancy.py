"""Whose a miner is: the first tenant of the file that its name, listener and address fit."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import NamedTuple

from stratumproxy.config import Config
from stratumproxy.config.hosting import DEFAULT
from stratumproxy.config.networks import Networks
from stratumproxy.config.wildcards import Patterns


class _Rule(NamedTuple):
    """Who a tenant's miners are, on a listener that they can come by."""

    tenant: str
    named: bool
    """Whether the worker's name matters."""
    placed: bool
    """Whether the address matters."""


LAST = 1 << 30
"""The place of what comes after every tenant."""


class _Listener:
    """The rules that hold for one listener, by the tenant's place in the file."""

    def __init__(self) -> None:
        self.rules: dict[int, _Rule] = {}
        self.everybody = LAST
        """Whose everybody is that is no tenant's before it."""
        self.anywhere = LAST
        """The first one to which the address does not matter."""

    def add(self, place: int, rule: _Rule) -> None:
        self.rules[place] = rule
        if not rule.placed:
            self.anywhere = min(self.anywhere, place)
            if not rule.named:
                self.everybody = min(self.everybody, place)


class Tenancy:
    """What the configuration says about whose a miner is.

    Args:
        config: what is configured.
    """

    def __init__(self, config: Config) -> None:
        self._rest = DEFAULT if config.unknown_workers == "serve" else None
        self._patterns = Patterns()
        self._networks = Networks()
        self._listeners = {each.called: _Listener() for each in config.listen}
        for place, tenant in enumerate(config.tenant):
            # A name that may be any says nothing.
            named = bool(tenant.workers) and "*" not in tenant.workers
            for pattern in tenant.workers if named else ():
                self._patterns.add(pattern, place)
            for network in tenant.addresses:
                self._networks.add(ip_network(network), place)
            rule = _Rule(tenant.name, named, bool(tenant.addresses))
            for name, listener in self._listeners.items():
                if not tenant.listen or name in tenant.listen:
                    listener.add(place, rule)

    def sure(self, listener: str, host: str) -> str | None:
        """Whose a miner is whatever its worker's name.

        Args:
            listener: what its listener is called.
            host: its address, an IPv6 one in brackets or not.

        Returns:
            The tenant's name; None where it depends on the worker's name, or nobody is let in.
        """
        at = self._listeners[listener]
        if not at.rules:
            return self._rest
        here = self._networks.of(host)
        place = min((each for each in here if each in at.rules), default=LAST)
        if (rule := at.rules.get(min(place, at.anywhere))) is None:
            return self._rest
        return None if rule.named else rule.tenant

    def of(self, listener: str, host: str, name: str) -> str | None:
        """Whose a miner is.

        Args:
            listener: what its listener is called.
            host: its address, an IPv6 one in brackets or not.
            name: its worker's name, the first that it authorizes.

        Returns:
            The tenant's name; None if it is nobody's, and such are refused.
        """
        at = self._listeners[listener]
        if not at.rules:
            return self._rest
        fit, here = self._patterns.of(name), self._networks.of(host)
        for place in sorted(fit | here):
            if place > at.everybody:
                break
            rule = at.rules.get(place)
            if rule and (not rule.named or place in fit) and (not rule.placed or place in here):
                return rule.tenant
        return self._tenant(at, at.everybody)

    def reach(self, listener: str) -> tuple[str, ...]:
        """The tenants whose miners can come by a listener, in order.

        Args:
            listener: what it is called.
        """
        at = self._listeners[listener]
        return self._tenants(at, at.rules)

    def by_name(self, listener: str) -> tuple[str, ...]:
        """Of those, the tenants that it may take a name to tell from others.

        A miner of theirs is given bytes of the extranonce before it is known whose it is.

        Args:
            listener: what it is called.
        """
        at = self._listeners[listener]
        first = min((place for place, rule in at.rules.items() if rule.named), default=LAST)
        if first >= at.everybody:
            return ()
        return self._tenants(at, (place for place in at.rules if place >= first))

    def _tenants(self, at: _Listener, places: Iterable[int]) -> tuple[str, ...]:
        found = [at.rules[place].tenant for place in places if place < at.everybody]
        last = self._tenant(at, at.everybody)
        return (*found, *([] if last is None else [last]))

    def _tenant(self, at: _Listener, place: int) -> str | None:
        return self._rest if place == LAST else at.rules[place].tenant
