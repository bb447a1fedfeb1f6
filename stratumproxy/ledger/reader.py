"""The ledger's read side: connections of its own, that can't write, for any number of threads."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import TypeVar

from stratumproxy.ledger import history, pages, receipts
from stratumproxy.ledger.account import Account, account
from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.database import INSTRUCTIONS, explained, open_for_reading
from stratumproxy.ledger.history import History
from stratumproxy.ledger.pages import SharePage, ShareQuery
from stratumproxy.ledger.receipts import Gap
from stratumproxy.ledger.schema import HOURS, Level
from stratumproxy.telemetry.records import TENANT, EventRecord, JobRecord

T = TypeVar("T")

MAX_IDLE = 4
"""Connections kept open for the next query."""


class LedgerReader:
    """Answers questions about a ledger that another process, or thread, may be writing.

    Each method is one consistent look, bounded in rows and in time, and may be called from any
    thread. A file that was replaced is noticed.

    Args:
        path: the ledger.
        seconds: what a query may take; None for as long as it takes.
        given_up: asked, while a query is under way, whether nobody waits for its answer.
    """

    def __init__(
        self,
        path: str,
        seconds: float | None = 10.0,
        given_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self._path = path
        self._seconds = inf if seconds is None else seconds
        self._given_up = given_up
        self._idle: list[tuple[sqlite3.Connection, tuple[int, int]]] = []

    def history(
        self, worker: str | None, span: str, now: float, tenant: str = TENANT
    ) -> History | None:
        """Work, rejects and connections over time, on all pools together.

        Args:
            worker: a worker's name; None for the fleet.
            span: one of `history.SPANS`: 1h, 24h (by 5 minutes), 7d, 60d (by hour), 5y (by day).
            now: Unix seconds; the bucket it is in comes last, and says how much of it has passed.
            tenant: whose worker it is.

        Returns:
            The course; None if there is no such worker.

        Raises:
            SinkError: the ledger can't be read.
        """
        with self._look() as connection:
            return history.history(connection, worker, span, now, tenant)

    def tenant_history(self, tenant: str, span: str, now: float) -> History:
        """Work and rejects of all of a tenant's workers over time, on all pools together.

        Args:
            tenant: whose.
            span: as `history` takes it.
            now: Unix seconds.

        Raises:
            SinkError: the ledger can't be read.
        """
        with self._look() as connection:
            return history.of_tenant(connection, tenant, span, now)

    def rejects(
        self, worker: str | None, span: str, now: float, tenant: str = TENANT
    ) -> dict[int, dict[str, int]]:
        """Rejects by reason (stale, duplicate, …, pool, lost), by the start of each bucket.

        Arguments and errors are those of `history`; buckets without rejects are left out.
        """
        with self._look() as connection:
            return history.rejects(connection, worker, span, now, tenant)

    def shares(
        self, query: ShareQuery | None = None, before: str | None = None, limit: int = 100
    ) -> SharePage:
        """Shares that were sent to pools, the newest first.

        Args:
            query: which; None for all.
            before: `SharePage.next` of the page before; stays right while shares come and go.
            limit: how many at most; no more than `pages.MAX_PAGE`.

        Raises:
            ValueError: `before` is no cursor.
            SinkError: the ledger can't be read, or this took too long.
        """
        with self._look() as connection:
            return pages.shares(connection, query or ShareQuery(), before, limit)

    def jobs(self, limit: int = 200) -> list[JobRecord]:
        """Jobs of all pools, the newest first, `pages.MAX_PAGE` at most.

        Raises:
            SinkError: the ledger can't be read.
        """
        with self._look() as connection:
            return pages.jobs(connection, limit)

    def events(self, since: float, until: float, limit: int = 500) -> list[EventRecord]:
        """Events from `since` to `until`, the newest first, `pages.MAX_PAGE` at most.

        Raises:
            SinkError: the ledger can't be read.
        """
        with self._look() as connection:
            return pages.events(connection, since, until, limit)

    def pools(self) -> list[str]:
        """Names of the pools that anything is kept of.

        Raises:
            SinkError: the ledger can't be read.
        """
        with self._look() as connection:
            rows = connection.execute("SELECT DISTINCT name FROM pools WHERE name <> '' ORDER BY 1")
            return [name for (name,) in rows]

    def gaps(self, since: float, until: float, limit: int = 1000) -> list[Gap]:
        """Batches that never came, though later ones of their run did, the oldest first.

        Raises:
            SinkError: the ledger can't be read.
        """
        with self._look() as connection:
            return list(receipts.gaps(connection, since, until, limit))

    def dropped(self, since: float, until: float) -> dict[str, int]:
        """Records that the data plane had no room for, by kind; by whole 5 minutes.

        Raises:
            SinkError: the ledger can't be read.
        """
        with self._look() as connection:
            return dict(
                connection.execute(
                    "SELECT kind, sum(count) FROM dropped WHERE start >= ? AND start < ? "
                    "GROUP BY kind",
                    (since, until),
                )
            )

    def account(
        self,
        which: Which,
        since: float,
        until: float,
        level: Level = HOURS,
        by: str | None = None,
    ) -> Account:
        """What an audit goes by.

        Args:
            which: the accounts that it is of, all together.
            since: Unix seconds, moved back to where a step begins.
            until: Unix seconds, moved on to where a step ends.
            level: `HOURS` or `DAYS`. Hours become days where hours were not kept so long.
            by: sum up by that too, one of `account.BY`.

        Raises:
            SinkError: the ledger can't be read, or it has no such account.
        """
        with self._look() as connection:
            return account(connection, which, since, until, level, by)

    def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask what several statements answer together, of one state of the ledger.

        Args:
            question: given the connection, with a transaction that it leaves open.

        Raises:
            SinkError: the ledger can't be read, or `question` raises it.
        """
        with self._look() as connection:
            return question(connection)

    def close(self) -> None:
        """Let go of the file; not while a query is running."""
        while self._idle:
            self._idle.pop()[0].close()

    @contextmanager
    def _look(self) -> Iterator[sqlite3.Connection]:
        """A connection with a transaction, so that several statements see one state."""
        connection, file = self._connection()
        try:
            with explained(self._path):
                end = time.monotonic() + self._seconds
                connection.set_progress_handler(
                    lambda: time.monotonic() > end or self._given_up(), INSTRUCTIONS
                )
                connection.execute("BEGIN")
                yield connection
                connection.execute("ROLLBACK")
                connection.set_progress_handler(None, 0)
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < MAX_IDLE:
            self._idle.append((connection, file))
        else:
            connection.close()

    def _connection(self) -> tuple[sqlite3.Connection, tuple[int, int]]:
        file = self._identity()
        while True:
            try:
                connection, opened = self._idle.pop()
            except IndexError:
                return open_for_reading(self._path), file
            if opened == file:
                return connection, file
            connection.close()

    def _identity(self) -> tuple[int, int]:
        try:
            status = Path(self._path).stat()
        except OSError:
            return 0, 0
        return status.st_dev, status.st_ino
