"""Who is banned, and what that rests on: known to every process alike.

What one knows it tells as rows, with the seconds that are left, for each process has a clock of its
own. A ban for misconduct is of a worker at an address, an operator's is of a worker wherever it
comes from. A worker is a tenant's name.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from stratumproxy.errors import TelemetryError

MOST = 10_000
"""Names at addresses that are remembered; past it the oldest is forgotten."""

MOST_ORDERED = 1000
"""Names that an operator may ban at a time."""

MOST_OF_A_TENANT = 250
"""Of these, of one tenant's workers: who may order for it alone leaves room for the others."""

MOST_TOLD = 1000
"""Names at addresses, the newest, that are told to whoever is new."""

MOST_BYTES = 48 << 10
"""Of rows in one message. A process takes orders of 64 KiB."""

ANYWHERE = "*"
"""The address of an operator's ban."""

ANYBODYS = ""
"""The tenant of a ban that is of a name, whose ever it is."""


class Ban(NamedTuple):
    """A ban; or a first offence, which the next one makes a ban."""

    host: str
    """An address, or `ANYWHERE`."""
    name: str
    """Of a worker."""
    seconds: float
    """Until it is over."""
    banned: bool
    tenant: str = ANYBODYS
    """Whose worker."""


class Bans:
    """All that a process knows."""

    def __init__(self) -> None:
        self._offenders: OrderedDict[tuple[str, str, str], tuple[float, bool]] = OrderedDict()
        """By address, name and tenant."""
        self._ordered: dict[tuple[str, str], float] = {}
        """By name and tenant."""

    def offence(
        self,
        host: str,
        name: str,
        seconds: float,
        now: float,
        *,
        alone: bool,
        tenant: str = ANYBODYS,
    ) -> Ban:
        """A miner is dropped for its conduct.

        Args:
            host: its address.
            name: its worker's.
            seconds: how long that is remembered, and how long a ban is; 0 bans nobody.
            now: seconds, on the clock of all other `now`.
            alone: no other connection is under that name. Some sites use one for everything.
            tenant: whose worker.

        Returns:
            How it stands with it: banned if it did that before, and is alone.
        """
        self._forget(now)
        until, _ = self._offenders.get((host, name, tenant), (now, False))
        banned = until > now and alone
        self._note((host, name, tenant), now + seconds, banned)
        return Ban(host, name, seconds, banned, tenant)

    def order(self, name: str, seconds: float, now: float, tenant: str = ANYBODYS) -> bool:
        """Take in nobody under a name, from wherever: the operator says so.

        Returns:
            False if there are too many names like that already.
        """
        self._ordered = {each: end for each, end in self._ordered.items() if end > now}
        if (name, tenant) not in self._ordered and not self._has_room(tenant):
            return False
        self._ordered[name, tenant] = now + seconds
        return True

    def _has_room(self, tenant: str) -> bool:
        own = sum(whose == tenant for _, whose in self._ordered)
        return len(self._ordered) < MOST_ORDERED and (tenant == ANYBODYS or own < MOST_OF_A_TENANT)

    def banned_for(self, host: str, name: str, now: float, tenant: str = ANYBODYS) -> float:
        """Seconds that a worker is banned from there for its conduct; 0 if it is not."""
        until, banned = self._offenders.get((host, name, tenant), (now, False))
        return until - now if banned and until > now else 0.0

    def shut_out(self, name: str, now: float, tenant: str = ANYBODYS) -> float:
        """Seconds that a worker is not taken in by the operator's order; 0 if it may be."""
        if not self._ordered:
            return 0.0
        ends = (self._ordered.get((name, each), now) for each in (tenant, ANYBODYS))
        return max(max(ends) - now, 0.0)

    def hear(self, bans: Iterable[Ban], now: float) -> list[Ban]:
        """Take over what another process knows.

        Returns:
            What of it was new.
        """
        new = []
        for each in bans:
            host, name, _, _, tenant = each
            if host == ANYWHERE:
                before, banned = self._ordered.get((name, tenant), now), True
            else:
                before, banned = self._offenders.get((host, name, tenant), (now, False))
            # A second, for what is told takes a moment.
            if each.seconds <= before - now + 1 and banned >= each.banned:
                continue
            if host == ANYWHERE:
                self.order(name, each.seconds, now, tenant)
            else:
                self._note((host, name, tenant), now + each.seconds, each.banned)
            new.append(each)
        return new

    def tell(self, now: float) -> list[Ban]:
        """What another process should know."""
        ordered = [
            Ban(ANYWHERE, name, end - now, True, tenant)
            for (name, tenant), end in self._ordered.items()
        ]
        newest = list(self._offenders.items())[-MOST_TOLD:]
        offenders = [
            Ban(host, name, until - now, banned, tenant)
            for (host, name, tenant), (until, banned) in newest
        ]
        return [ban for ban in (*ordered, *offenders) if ban.seconds > 0]

    def _note(self, whom: tuple[str, str, str], until: float, banned: bool) -> None:
        self._offenders.pop(whom, None)
        self._offenders[whom] = until, banned
        if len(self._offenders) > MOST:
            self._offenders.popitem(last=False)

    def _forget(self, now: float) -> None:
        """What is over: the oldest is the first, since each lasts about as long as the others."""
        while self._offenders:
            first = next(iter(self._offenders))
            if self._offenders[first][0] > now:
                break
            del self._offenders[first]


def encode_bans(bans: Iterable[Ban]) -> Iterator[list[tuple[object, ...]]]:
    """Bans as JSON can have them, in messages of `MOST_BYTES` at most."""
    rows: list[tuple[object, ...]] = []
    size = 0
    for ban in bans:
        row = tuple(ban)
        taken = len(orjson.dumps(row)) + 1
        if rows and size + taken > MOST_BYTES:
            yield rows
            rows, size = [], 0
        rows.append(row)
        size += taken
    if rows:
        yield rows


def decode_bans(rows: object) -> list[Ban]:
    """What `encode_bans` made of bans.

    Raises:
        TelemetryError: it is something else.
    """
    try:
        bans = [Ban(*row) for row in rows]  # type: ignore[attr-defined]
    except TypeError as error:
        raise TelemetryError(f"these are not bans: {error}") from None
    for host, name, seconds, banned, tenant in bans:
        types = type(host), type(name), type(tenant), type(banned)
        if types != (str, str, str, bool) or type(seconds) not in (int, float):
            raise TelemetryError("these are not bans: something is of another type")
    return bans
