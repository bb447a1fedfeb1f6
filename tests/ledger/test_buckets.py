"""Sums of one transaction."""

from contextlib import closing
from pathlib import Path
from typing import Any

from stratumproxy.ledger.buckets import NAMES, Buckets, Sums, summed
from stratumproxy.ledger.database import open_for_writing, transaction
from stratumproxy.ledger.names import Names
from stratumproxy.ledger.schema import LEVELS
from tests.ledger.told import DAY, reckoned, sums, work


def test_every_sum_is_a_column(path: Path) -> None:
    with closing(open_for_writing(str(path))) as connection:
        for level in LEVELS:
            columns = connection.execute(f"PRAGMA table_info({level.table})").fetchall()
            assert [row[1] for row in columns] == ["start", "worker", "pool", *NAMES]


def test_sums_in_sql(path: Path) -> None:
    assert "max(b.best)" in summed()
    assert summed().count("sum(") == len(NAMES) - 1


def test_each_level_gets_what_is_written(path: Path) -> None:
    with closing(open_for_writing(str(path))) as connection:
        for at in (DAY, DAY + 3599, DAY + 3600, DAY + 86_400):
            with transaction(connection):
                buckets = Buckets(Names(connection))
                buckets.work(work(), at)
                buckets.work(work(best=at), at)
                buckets.write(connection)
    two: dict[str, Any] = {"accepted": 2, "work": 2048.0, **reckoned(2)}
    five_minutes, hours, days = (
        {start: row for (start, *_), row in sums(path, level).items()} for level in LEVELS
    )
    assert five_minutes == {
        DAY: Sums(**two, best=DAY),
        DAY + 3300: Sums(**two, best=DAY + 3599),
        DAY + 3600: Sums(**two, best=DAY + 3600),
        DAY + 86_400: Sums(**two, best=DAY + 86_400),
    }
    assert hours[DAY] == Sums(4, 4096.0, best=DAY + 3599, **reckoned(4))
    assert days[DAY] == Sums(6, 6144.0, best=DAY + 3600, **reckoned(6))
    assert [*days] == [DAY, DAY + 86_400]
