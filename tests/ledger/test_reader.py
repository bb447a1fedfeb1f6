"""The read side as a whole: beside a writer, in threads, within bounds."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.errors import SinkError
from stratumproxy.ledger import LedgerReader
from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.database import INSTRUCTIONS
from stratumproxy.ledger.reader import MAX_IDLE
from tests.ledger.told import DAY, batch, keep, open_ledger, query, share, work


def test_readers_see_whole_batches_while_one_writes(path: Path) -> None:
    failed: list[BaseException] = []
    written = threading.Event()
    keep(path, [batch(1, work=[work("a"), work("b")], shares=[share()])])

    def read() -> None:
        try:
            over = False
            while not over:
                over = written.is_set()  # each of them looks once at least
                history = reader.history(None, "24h", DAY)
                assert history
                (point,) = history.points
                # Two workers in each batch, and one share.
                assert point.sums.accepted == 2 * point.sums.forwarded
                assert reader.account(Which("main"), DAY, DAY + 3600, by="worker").rows
        except BaseException as error:
            failed.append(error)

    with closing(LedgerReader(str(path))) as reader, closing(open_ledger(path)) as ledger:
        threads = [threading.Thread(target=read) for _ in range(6)]
        for thread in threads:
            thread.start()
        for seq in range(2, 60):
            ledger.take([batch(seq, work=[work("a"), work("b")], shares=[share()])])
        written.set()
        for thread in threads:
            thread.join()
        assert not failed
        assert 1 <= len(reader._idle) <= MAX_IDLE
        history = reader.history(None, "24h", DAY)
        assert history
        assert history.points[0].sums.forwarded == 59


def test_a_query_that_takes_too_long_is_ended(path: Path) -> None:
    keep(path, [batch(1)])
    long = (
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "SELECT max(i) FROM n"
    )
    with closing(LedgerReader(str(path), seconds=0.0)) as reader:
        with (
            pytest.raises(SinkError, match="this takes too long; ask for a shorter time"),
            reader._look() as connection,
        ):
            connection.execute(long, (INSTRUCTIONS,)).fetchone()
        assert reader.jobs() == []


def test_a_ledger_that_was_replaced(path: Path) -> None:
    keep(path, [batch(1, work=[work("old")])])
    with closing(LedgerReader(str(path))) as reader:
        assert reader.history("old", "24h", DAY)
        path.unlink()
        with pytest.raises(SinkError, match="there is no such file"):
            reader.history("old", "24h", DAY)
        keep(path, [batch(1, work=[work("new")])])
        assert reader.history("old", "24h", DAY) is None
        assert reader.history("new", "24h", DAY)


def test_gaps(path: Path) -> None:
    keep(path, [batch(1), batch(3, DAY + 5)])
    with closing(LedgerReader(str(path))) as reader:
        ((run, process, first, last, after, before),) = reader.gaps(DAY, DAY + 10)
    assert (run, process, first, last, after, before) == ("run", 0, 2, 2, DAY, DAY + 5)


def test_reading_leaves_nothing_locked(path: Path) -> None:
    keep(path, [batch(1)])
    with closing(LedgerReader(str(path))) as reader:
        reader.jobs()
        assert query(path, "PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]
