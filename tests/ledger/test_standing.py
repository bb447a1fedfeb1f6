"""The ledger at one moment, while it is written."""

from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.errors import SinkError
from stratumproxy.ledger import Standing
from tests.ledger.told import DAY, batch, keep, work


def test_what_is_written_later_is_neither_counted_nor_summed(path: Path) -> None:
    keep(path, [batch(1, work=[work("a")]), batch(2, work=[work("a")])])
    with closing(Standing(str(path))) as standing:
        keep(path, [batch(3, work=[work("a"), work("b")])])
        assert [*standing.counted.values()] == [2]
        totals = standing.totals(DAY + 60)
        assert {name: each.accepted for (_, name), each in totals.workers.items()} == {"a": 2}
    with closing(Standing(str(path))) as standing:
        assert [*standing.counted.values()] == [3]


def test_a_run_that_ended_tells_nothing_again(path: Path) -> None:
    told = batch(1)
    keep(path, [told])
    with closing(Standing(str(path))) as standing:
        assert standing.counted == {told.run: 1}
    keep(path, [batch(7, run="another", ended=[told.run])])
    with closing(Standing(str(path))) as standing:
        assert standing.counted == {"another": 7}


def test_none_that_can_be_read(path: Path) -> None:
    with pytest.raises(SinkError, match="no such file"):
        Standing(str(path))
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(SinkError, match="not an SQLite database"):
        Standing(str(path))
