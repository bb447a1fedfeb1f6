"""The ledger: batches of records into an SQLite file, each exactly once."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import orjson

from stratumproxy.config.control import Ledger as Settings
from stratumproxy.errors import SinkError
from stratumproxy.ledger import connections, receipts, retention
from stratumproxy.ledger.buckets import Buckets
from stratumproxy.ledger.database import explained, open_for_writing, transaction
from stratumproxy.ledger.names import Names
from stratumproxy.ledger.owner import Owner
from stratumproxy.ledger.receipts import Run
from stratumproxy.ledger.schema import FIVE_MINUTES
from stratumproxy.ledger.stored import JOBS, SHARES
from stratumproxy.telemetry.clock import Clock
from stratumproxy.telemetry.records import Batch, EventRecord, JobRecord, ShareRecord

SILENT_SECONDS = 3600.0
"""A run that tells nothing for that long is gone, and its miners with it."""


class Ledger:
    """Keeps every share that was sent to a pool, and every worker's work over time: a `Sink`.

    Nothing is opened before the first `open` or `take`, and after an error the file is opened anew,
    so whatever was wrong with it may be mended under way.

    Args:
        settings: the table `ledger` of the configuration; its path is not empty.
        clock: by which old rows are taken out.
        owner: what this process has to be before it writes; None if nobody else in it writes.
    """

    def __init__(self, settings: Settings, clock: Clock, owner: Owner | None = None) -> None:
        self._path = settings.path
        self._clock = clock
        self._expiring = retention.expiring(settings)
        self._owner = owner or Owner(settings.path)
        self._one_at_a_time = Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._names: Names
        self._age: retention.Age

    def open(self) -> None:
        """Open the file, or make it, or bring it to this version; nothing if it is open.

        Raises:
            SinkError: it can't be, another process writes to it, or the open one is not there any
                more.
        """
        self._owner.claim()
        if self._connection is not None and self._identity() != self._file:
            # What SQLite writes now would be lost with the next name that is given up.
            raise SinkError(
                f"{self._path}: moved or removed while it was in use; put it back, with its -wal, "
                "or restart to begin a new one"
            )
        if self._connection is None:
            self._connection = open_for_writing(self._path)
            self._names = Names(self._connection)
            with explained(self._path):
                self._age = retention.Age(self._clock, retention.reached(self._connection))
            self._file = self._identity()

    def take(self, batches: Sequence[Batch]) -> None:
        """Keep batches that are not in the ledger yet, in one transaction.

        They are on the disk when this returns. A call costs an fsync, and rewrites the pages of all
        workers it is about, so one every few seconds with all that gathered is cheapest.

        Args:
            batches: of any runs, those of one run in order.

        Raises:
            SinkError: it can't; it has kept none of them.
        """
        with self._one_at_a_time:
            self.open()
            assert self._connection is not None
            try:
                with explained(self._path):
                    self._expire(self._connection, sum(len(batch.shares) for batch in batches))
                    with transaction(self._connection):
                        self._keep(self._connection, batches)
            except SinkError:
                self._let_go()
                raise
            except BaseException:
                self._names.forget()
                raise

    def delivered(self) -> None:
        """Nothing is handed on from here."""

    def close(self) -> None:
        """Let go of the file, for this process or another, when another thread has kept in it."""
        with self._one_at_a_time:
            self._let_go()
            self._owner.release()

    def _let_go(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = Path(self._path).stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _expire(self, connection: sqlite3.Connection, shares: int) -> None:
        # First of all, so that it makes room on a full disk.
        now = self._age.now()
        with transaction(connection):
            retention.keep_age(connection, self._age)
            rows = retention.ROWS + 2 * shares
            retention.expire(connection, self._expiring, self._names, now, rows)
            if silent := receipts.silent(connection, now - SILENT_SECONDS):
                buckets = Buckets(self._names)
                for run in silent:
                    connections.end(connection, run, self._names, buckets)
                buckets.write(connection)

    def _keep(self, connection: sqlite3.Connection, batches: Sequence[Batch]) -> None:
        buckets = Buckets(self._names)
        for batch in batches:
            run = receipts.receive(connection, batch)
            if run is not None:
                self._end(connection, batch.ended, buckets)
                self._names.unproven = frozenset(batch.unproven)
                self._names.site = batch.site
                self._enter(connection, run, batch, buckets)
        buckets.write(connection)

    def _end(self, connection: sqlite3.Connection, ended: Sequence[str], buckets: Buckets) -> None:
        runs = receipts.not_ended(connection) if ended else {}
        for name in ended:
            if (run := runs.get(name)) is not None:
                connections.end(connection, run, self._names, buckets)

    def _enter(
        self, connection: sqlite3.Connection, run: Run, batch: Batch, buckets: Buckets
    ) -> None:
        for work in batch.work:
            buckets.work(work, batch.at)
        shares = [self._share_row(share, buckets) for share in batch.shares]
        connection.executemany(SHARES.insert, shares)
        for miner in batch.miners:
            connections.enter(connection, run, miner, batch.at, self._names, buckets)
        connection.executemany(JOBS.insert, map(self._job_row, batch.jobs))
        connection.executemany(_INSERT_EVENT, map(_event_row, batch.events))
        start = int(batch.at) // FIVE_MINUTES.step * FIVE_MINUTES.step
        dropped = ((start, kind, count) for kind, count in batch.dropped.items())
        connection.executemany(_ADD_DROPPED, dropped)

    def _share_row(self, share: ShareRecord, buckets: Buckets) -> tuple[object, ...]:
        worker = self._names.worker(share.worker, share.at, share.tenant)
        pool = self._names.pool(share)
        reason = self._names.reason(share.reason, by_pool=True)
        buckets.share(share, worker, pool, reason)
        return SHARES.row(share, {"worker": worker, "pool": pool, "reason": reason})

    def _job_row(self, job: JobRecord) -> tuple[object, ...]:
        return JOBS.row(job, {"pool": self._names.pool(job)})


def _event_row(event: EventRecord) -> tuple[object, ...]:
    return event.at, event.level, event.event, orjson.dumps(event.values, default=str).decode()


_INSERT_EVENT = 'INSERT INTO events (at, level, event, "values") VALUES (?, ?, ?, ?)'

_ADD_DROPPED = (
    "INSERT INTO dropped (start, kind, count) VALUES (?, ?, ?) "
    "ON CONFLICT (start, kind) DO UPDATE SET count = count + excluded.count"
)
