"""What the API answers from, in one place: handed to every endpoint."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Protocol

import trio
from starlette.datastructures import Headers

from stratumproxy.config import Config
from stratumproxy.config.address import parse_listen
from stratumproxy.config.control import Api
from stratumproxy.config.hosting import Tenant
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.watch import Watch
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.web.revisions import Revisions
from stratumproxy.web.streams import Streams
from stratumproxy.web.tenant_summary import TenantSummaries
from stratumproxy.web.tokens import Tokens
from stratumproxy.web.turns import TenantsTurns
from stratumproxy.web.veil import Veil

LEDGER_READERS = 2
"""Threads that read the ledger at a time; more requests wait, so that reading starves nothing."""


LONG_ANSWERS = 1
"""Of the whole fleet, made at a time. They are made in turns, between which others are answered; a
hundred at once would make one turn of all of theirs."""


class Orders(Protocol):
    """Where orders for the data plane go."""

    async def give(self, action: str, arguments: dict[str, Any], by: str) -> dict[str, Any]:
        """Have it done, and say what was done.

        Args:
            action: ``disconnect``, ``ban``, ``switch-pool``, ``weights``, ``difficulty``,
                ``accept`` or ``reload``.
            arguments: the request's.
            by: who gives it.

        Raises:
            StratumProxyError: it can't be done; the text is one line that says why.
        """


FORWARDED = (b"forwarded", b"via", b"x-forwarded-", b"x-real-ip")
"""How headers begin by which proxies say for whom they ask: RFC 7239, RFC 9110 (section 7.6.3), and
what was usual before."""


def no_groups(name: str) -> dict[str, str]:
    """The groups of a worker where none are configured."""
    return {}


class Access:
    """Who may come from where, as `[api]` says.

    Args:
        config: where it listens, and its tokens, whose files are read here once.
        tenants: whose tokens there are besides.
    """

    def __init__(self, config: Api, tenants: Sequence[Tenant] = ()) -> None:
        host = parse_listen(config.listen)[0] if config.listen else "127.0.0.1"
        loopback = host is not None and ip_address(host).is_loopback
        self._trusts_local = loopback and not config.read_needs_token
        self.hosts = {"localhost", "127.0.0.1", "::1"} | ({host} if host else set())
        """What a browser on this machine calls us; anything else is another site's name."""
        self.tokens = Tokens(config, tenants)

    def local(self, headers: Headers) -> bool:
        """Whether a request is this machine's own, which may read without the token.

        One that a proxy on this machine forwards is not, if the proxy says so in its headers.
        """
        return self._trusts_local and not any(name.startswith(FORWARDED) for name, _ in headers.raw)


@dataclass(slots=True)
class Site:
    """Everything that endpoints need."""

    fleet: Fleet
    watch: Watch
    """Of what is not as usual with the proxy."""
    access: Access
    clock: Callable[[], float]
    """Seconds that pass evenly, as the fleet is told them."""
    streams: Streams
    ledger: LedgerReader | None = None
    orders: Orders | None = None
    config: Callable[[], Config | None] = lambda: None
    """The configuration that holds now; None if nobody knows."""
    unix: Callable[[float], float] = lambda at: at
    """The time of day at a moment of even time."""
    groups_of: Callable[[str], dict[str, str]] = no_groups
    """The groups of a worker, by its name."""
    readers: trio.CapacityLimiter = field(
        default_factory=lambda: trio.CapacityLimiter(LEDGER_READERS)
    )
    makers: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(LONG_ANSWERS))

    summaries: TenantSummaries = field(init=False)
    turns: TenantsTurns = field(default_factory=TenantsTurns)
    revisions: Revisions = field(default_factory=Revisions)
    veil: Veil = field(default_factory=Veil)

    def __post_init__(self) -> None:
        self.summaries = TenantSummaries(self.fleet, self.watch)

    def now(self) -> float:
        """Even time: what the fleet and all that is reckoned goes by."""
        return self.clock()

    def today(self) -> float:
        """The time of day, in Unix seconds: what people and the ledger go by."""
        return self.unix(self.clock())
