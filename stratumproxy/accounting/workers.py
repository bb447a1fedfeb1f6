"""Workers, and what each did for each account since it was last told."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from stratumproxy.accounting.account import NOWHERE, Account
from stratumproxy.accounting.row import Row
from stratumproxy.accounting.streak import Streak
from stratumproxy.telemetry.records import TENANT

TRIES = 16
"""Workers looked at when one too many is remembered."""


class Worker:
    """One worker name of a tenant, over all its connections.

    Args:
        name: what miners authorize as.
        tenant: whose it is.
    """

    __slots__ = (
        "_difficulty",
        "connections",
        "known",
        "name",
        "others",
        "proven",
        "row",
        "streak",
        "tenant",
    )

    def __init__(self, name: str, tenant: str = TENANT) -> None:
        self.name = name
        self.tenant = tenant
        self.connections = 0
        """Open ones that authorized under it."""
        self._difficulty: tuple[str, float | int] = "", 0
        self.known = True
        """Not forgotten yet by `Workers`."""
        self.proven = False
        """A share of it counted, and there was room for its name: see `accounting.proof`."""
        self.streak = Streak()
        """Its newest shares that count."""
        self.row = Row(NOWHERE)
        """Of the account that these are for."""
        self.others: dict[Account, Row] | None = None
        """Of other accounts, until they are told."""

    def remember_difficulty(self, difficulty: float | int, host: str) -> None:
        """It found enough shares of a difficulty at an address, and is gone."""
        self._difficulty = host, difficulty

    def difficulty_at(self, host: str) -> float | int:
        """Where to start when it comes back to that address; 0 if that is not known.

        Anybody may use a name: what was found elsewhere says nothing of the machine here.
        """
        return self._difficulty[1] if self._difficulty[0] == host else 0

    def on(self, account: Account) -> Row:
        """Its row for an account."""
        if self.row.account == account:
            return self.row
        if self.row.account is NOWHERE:  # what was refused before there was a job
            self.row.account = account
            return self.row
        if self.others is None:
            self.others = {}
        return self.others.setdefault(account, Row(account))

    def turn(
        self,
        account: Account,
        terms: object,
        asked: float | int,
        pool_difficulty: float | int,
        now: float,
    ) -> Streak:
        """A share of it counts that is not like those before; arguments as `Streak.turn` has them.

        Returns:
            The streak, which the share is to be added to.
        """
        self.streak.reckon(self.row)
        row = self.on(account)
        if row is not self.row and self.others is not None:
            self.others[self.row.account] = self.row
            self.row = self.others.pop(account)
        self.streak.turn(terms, asked, pool_difficulty, now)
        return self.streak

    @property
    def credited(self) -> bool:
        """Whether a share of it counts that was not told yet."""
        others = (self.others or {}).values()
        return bool(self.streak.count or self.row.accepted or any(row.accepted for row in others))

    @property
    def told(self) -> bool:
        """There is nothing of it that was not told yet."""
        return not self.streak.count and self.row.told and not self.others

    def rows(self) -> list[Row]:
        """What it did since this was last asked; they are the caller's from now on."""
        self.streak.reckon(self.row)
        rows = [self.row, *(self.others or {}).values()]
        self.row, self.others = Row(self.row.account), None
        return [row for row in rows if not row.told]

    def take(self) -> list[tuple[Any, ...]]:
        """The same as `WorkRecord`s."""
        self.streak.reckon(self.row)
        if self.others is None:  # as with almost all of them
            return [] if self.row.told else [self.row.take(self.tenant, self.name)]
        return [row.take(self.tenant, self.name) for row in self.rows()]


class Workers:
    """Workers by tenant and name, a bounded number of them: names come from the network.

    Args:
        limit: how many are remembered; past it one is forgotten that is not connected: of the
            tenant that has most, the one that authorized longest ago.
        forgotten: called with it.
    """

    def __init__(
        self, limit: int = 100_000, forgotten: Callable[[Worker], None] = lambda worker: None
    ) -> None:
        self._limit = limit
        self._forgotten = forgotten
        self._by_tenant: dict[str, OrderedDict[str, Worker]] = {}
        """By tenant and name. Tenants are configured, so they are few."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, name: object) -> bool:
        return name in self._by_tenant.get(TENANT, ())

    def knows(self, name: str, tenant: str) -> bool:
        """Whether a tenant's worker of that name is remembered."""
        return name in self._by_tenant.get(tenant, ())

    def all(self) -> list[Worker]:
        """All that are remembered."""
        return [worker for workers in self._by_tenant.values() for worker in workers.values()]

    def get(self, name: str, tenant: str = TENANT) -> Worker:
        """The tenant's worker of that name, new if it was not known."""
        workers = self._by_tenant.get(tenant)
        if workers is None:
            workers = self._by_tenant[tenant] = OrderedDict()
        worker = workers.get(name)
        if worker is None:
            if self._count >= self._limit:
                self._forget()
            worker = workers[name] = Worker(name, tenant)
            self._count += 1
        else:
            workers.move_to_end(name)
        return worker

    def _forget(self) -> None:
        """Forget one, or a few where connected ones are in the way; they stay.

        It is one of the tenant's that has most: names that one makes up are not at others' cost.
        """
        workers = max(self._by_tenant.values(), key=len)
        for _ in range(min(TRIES, len(workers))):
            name, worker = next(iter(workers.items()))
            if worker.connections:
                workers.move_to_end(name)
                continue
            del workers[name]
            self._count -= 1
            worker.known = False
            self._forgotten(worker)
            if self._count < self._limit:
                return
