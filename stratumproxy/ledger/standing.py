"""The ledger as it stands at one moment, whatever is written to it from then on."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from math import inf
from pathlib import Path

from stratumproxy.errors import NothingKept
from stratumproxy.ledger import pages, parts, receipts, retention
from stratumproxy.ledger.database import INSTRUCTIONS, explained, open_for_reading
from stratumproxy.ledger.history import Shares, Totals, bucket, totals
from stratumproxy.ledger.order import orders
from stratumproxy.ledger.parts import PartShares
from stratumproxy.ledger.schema import Level
from stratumproxy.ledger.splits import splits
from stratumproxy.ledger.usual import UsualWork, usual
from stratumproxy.telemetry.records import EventRecord, JobRecord, WorkerKey


class Standing:
    """For who takes over from what the ledger has: which batches those are, and what they come to.

    What is written later is in neither. To be closed, since until then nothing that is written
    later can be moved from the write-ahead log into the ledger itself; by the thread that opened
    it, since nobody else knows when it has been asked for the last time.

    Args:
        path: the ledger.
        given_up: asked, while a question is under way, whether nobody waits for its answer.

    Raises:
        SinkError: it can't be read.
    """

    @classmethod
    @contextmanager
    def if_any(
        cls, path: str, given_up: Callable[[], bool] = lambda: False
    ) -> Iterator["Standing | None"]:
        """The same, open within; None if there is no ledger, or nothing in it yet.

        Raises:
            SinkError: it can't be read.
        """
        try:
            standing = cls(path, given_up) if Path(path).exists() else None
        except NothingKept:  # it is being made
            standing = None
        if standing is None:
            yield None
        else:
            with closing(standing):
                yield standing

    def __init__(self, path: str, given_up: Callable[[], bool] = lambda: False) -> None:
        self._path = path
        self._connection = open_for_reading(path)
        self._connection.set_progress_handler(given_up, INSTRUCTIONS)
        try:
            with explained(path):
                self._connection.execute("BEGIN")
                self.counted = receipts.newest(self._connection)
                """The newest batch of each run that has not ended."""
                self.not_ended = receipts.not_ended(self._connection)
                """These runs."""
                self.orders = orders(self._connection)
                """The operator's orders of pools that hold."""
                self.splits = splits(self._connection)
                """Accounts of splits by work, as they stood last."""
                self.reached = retention.reached(self._connection)
                """How far time had come when it was written last, in Unix seconds, whatever the
                clock said; None if it never was. It may lag behind, and is never ahead."""
        except BaseException:
            self._connection.close()
            raise

    def totals(self, now: float) -> Totals:
        """The last 24 hours of all workers at once; takes a second or more.

        Raises:
            SinkError: the ledger can't be read, or this was given up.
        """
        with explained(self._path):
            return totals(self._connection, now)

    def newest(self, jobs: int, events: int) -> tuple[list[JobRecord], list[EventRecord]]:
        """So many jobs and events, each the newest first.

        Raises:
            SinkError: the ledger can't be read.
        """
        with explained(self._path):
            return (
                pages.jobs(self._connection, jobs),
                pages.events(self._connection, -inf, inf, events),
            )

    def bucket(self, level: Level, start: int) -> list[Shares]:
        """All workers' shares in one bucket.

        Raises:
            SinkError: the ledger can't be read, or this was given up.
        """
        with explained(self._path):
            return bucket(self._connection, level, start)

    def parts(self, level: Level, start: int) -> list[PartShares]:
        """All targets' shares in one bucket.

        Raises:
            SinkError: the ledger can't be read, or this was given up.
        """
        with explained(self._path):
            return parts.bucket(self._connection, level, start)

    def reasons_of_parts(self, since: int, now: float) -> dict[tuple[str, str], dict[str, int]]:
        """Shares of each target that did not count since an hour's beginning, by our reasons.

        Raises:
            SinkError: the ledger can't be read, or this was given up.
        """
        with explained(self._path):
            return parts.reasons(self._connection, since, now)

    def usual(self, now: float) -> dict[WorkerKey, UsualWork]:
        """What is usual of every worker; takes ten seconds or more.

        Raises:
            SinkError: the ledger can't be read, or this was given up.
        """
        with explained(self._path):
            return usual(self._connection, now)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
