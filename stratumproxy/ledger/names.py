"""Names stand once in the ledger; everything else holds their ids."""

import sqlite3
from collections.abc import Container
from typing import Protocol

from stratumproxy.ledger.schema import DAYS
from stratumproxy.telemetry.records import COIN, TARGET, TENANT

MAX_CACHED = 200_000
"""Names held in memory; past it they are looked up again."""

MAX_REASONS = 1000
"""Pools choose their words, so only so many different ones are kept apart."""

MAX_REASON_LENGTH = 200

NAMELESS = ""
"""Stands for every worker that has no name of its own here."""

OTHER = "other"
"""Stands for every reason past `MAX_REASONS`."""


class Mined(Protocol):
    """A record of what was mined for a pool's account."""

    @property
    def pool(self) -> str:
        """The pool's name; empty for none."""

    @property
    def account(self) -> str:
        """The user there."""

    @property
    def coin(self) -> str:
        """What it mines."""

    @property
    def tenant(self) -> str:
        """Whose it is."""

    @property
    def target(self) -> str:
        """What of the tenant's it was mined for."""


class Names:
    """Ids of names, given out within the transaction that first needs them.

    Args:
        connection: of the ledger, in a transaction whenever a name is asked for.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.unproven: Container[str] = ()
        """Names that are kept only if they are already."""
        self.site = ""
        """Where it was mined what is entered now."""
        self._workers: dict[tuple[str, str], int] = {}
        self._seen: dict[int, int] = {}
        self._pools: dict[tuple[str, ...], int] = {}
        self._reasons: dict[tuple[bool, str], int] = {}

    def forget(self) -> None:
        """Drop what is in memory: a transaction that gave out ids was rolled back."""
        self._workers.clear()
        self._seen.clear()
        self._pools.clear()
        self._reasons.clear()

    def worker(self, name: str, at: float, tenant: str = TENANT) -> int:
        """Of a tenant's worker, first heard of at that time if it is new; of all that have none
        together.
        """
        found = self.own(name, at, tenant)
        return self._worker(NAMELESS, at, tenant) if found is None else found

    def own(self, name: str, at: float, tenant: str = TENANT) -> int | None:
        """Of a tenant's worker, if it has one: its name is kept already, or is from now on."""
        if name in self.unproven and (tenant, name) not in self._workers:
            kept = "SELECT * FROM workers WHERE tenant = ? AND name = ?"
            if self._connection.execute(kept, (tenant, name)).fetchone() is None:
                return None
        return self._worker(name, at, tenant)

    def _worker(self, name: str, at: float, tenant: str) -> int:
        key = tenant, name
        found = self._workers.get(key)
        if found is None:
            if len(self._workers) >= MAX_CACHED:
                self._workers.clear()
                self._seen.clear()
            insert = "INSERT OR IGNORE INTO workers (tenant, name, since) VALUES (?, ?, ?)"
            self._connection.execute(insert, (*key, at))
            select = "SELECT id FROM workers WHERE tenant = ? AND name = ?"
            found = self._workers[key] = self._id(select, *key)
        return found

    def seen(self, worker: int, at: int) -> None:
        """There is something of a worker at that time."""
        day = at // DAYS.step * DAYS.step
        if self._seen.get(worker, -1) < day:
            self._seen[worker] = day
            update = "UPDATE workers SET seen = ?1 WHERE id = ?2 AND seen < ?1"
            self._connection.execute(update, (day, worker))

    def expire(self, before: float, rows: int) -> None:
        """Take out workers that are not connected, and of which there is nothing since then.

        Args:
            before: Unix seconds; of days that began before it nothing is kept anywhere.
            rows: how many at most.
        """
        gone = self._connection.execute(
            "SELECT id, tenant, name FROM workers WHERE seen < ? AND NOT EXISTS "
            "(SELECT * FROM miners WHERE worker = workers.id) ORDER BY seen LIMIT ?",
            (before, rows),
        ).fetchall()
        for table, key in (("workers", "id"), ("usual", "worker")):
            self._connection.executemany(
                f"DELETE FROM {table} WHERE {key} = ?", [(id,) for id, _, _ in gone]
            )
        for id, tenant, name in gone:
            self._workers.pop((tenant, name), None)
            self._seen.pop(id, None)

    def pool(self, record: Mined) -> int:
        """Of the pool's account that it was mined for, at this site."""
        return self._pool(
            record.pool, record.account, record.coin, self.site, record.tenant, record.target
        )

    def no_pool(self, tenant: str) -> int:
        """Of none at all, for a tenant."""
        return self._pool("", "", COIN, self.site, tenant, TARGET)

    def _pool(self, *key: str) -> int:
        found = self._pools.get(key)
        if found is None:
            self._connection.execute(
                "INSERT OR IGNORE INTO pools (name, account, coin, site, tenant, target) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                key,
            )
            found = self._pools[key] = self._id(
                "SELECT id FROM pools WHERE name = ? AND account = ? AND coin = ? AND site = ? "
                "AND tenant = ? AND target = ?",
                *key,
            )
        return found

    def reason(self, text: str, by_pool: bool) -> int:
        """Of a reason: the pool's own words, or one of ours."""
        key = by_pool, text[:MAX_REASON_LENGTH]
        found = self._reasons.get(key)
        if found is None:
            if len(self._reasons) >= 2 * MAX_REASONS:
                self._reasons.clear()
            found = self._reasons[key] = self._new_reason(*key)
        return found

    def _new_reason(self, by_pool: bool, text: str) -> int:
        select = "SELECT id FROM reasons WHERE by_pool = ? AND text = ?"
        row = self._connection.execute(select, (by_pool, text)).fetchone()
        if row is None:
            (count,) = self._connection.execute("SELECT count(*) FROM reasons").fetchone()
            if count >= MAX_REASONS:
                text = OTHER
            insert = "INSERT OR IGNORE INTO reasons (by_pool, text) VALUES (?, ?)"
            self._connection.execute(insert, (by_pool, text))
            return self._id(select, by_pool, text)
        return int(row[0])

    def _id(self, select: str, *values: object) -> int:
        return int(self._connection.execute(select, values).fetchone()[0])
