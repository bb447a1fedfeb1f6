"""Which batches are there, and which are missing."""

import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stratumproxy.ledger.database import open_for_writing
from stratumproxy.ledger.receipts import Gap, Run, gaps, not_ended, receive, silent
from tests.ledger.told import DAY, batch


def test_numbers_in_any_order_make_ranges(path: Path) -> None:
    with closing(open_for_writing(str(path))) as connection:
        for seq in (2, 1, 5, 3, 7, 6):
            assert receive(connection, batch(seq, DAY + seq))
        for seq in (1, 2, 3, 5, 6, 7):
            assert receive(connection, batch(seq)) is None
        rows = connection.execute(
            "SELECT low, high, first_at - ?, last_at - ? FROM receipts", (DAY, DAY)
        )
        assert rows.fetchall() == [(1, 3, 1.0, 3.0), (5, 7, 5.0, 7.0)]


@settings(max_examples=30)
@given(st.lists(st.integers(1, 30)), st.lists(st.integers(1, 30)))
def test_as_sets_do(x: list[int], y: list[int]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_for_writing(f"{folder}/ledger")) as connection,
    ):
        for run, seqs in (("x", x), ("y", y)):
            had: set[int] = set()
            for seq in seqs:
                assert (receive(connection, batch(seq, run=run)) is None) == (seq in had)
                had.add(seq)
            rows = connection.execute(
                "SELECT low, high FROM receipts JOIN runs ON id = receipts.run WHERE runs.run = ?",
                (run,),
            ).fetchall()
            assert {n for low, high in rows for n in range(low, high + 1)} == had
            missing = {
                n
                for gap in gaps(connection, 0, 2 * DAY, 100)
                for n in range(gap.first, gap.last + 1)
                if gap.run == run
            }
            assert missing == set(range(1, max(had, default=1))) - had


def test_gaps_are_named(path: Path) -> None:
    with closing(open_for_writing(str(path))) as connection:
        for seq in (3, 4, 9, 11):
            receive(connection, batch(seq, DAY + seq, run="x", process=7))
        named = [
            Gap("x", 7, 1, 2, None, DAY + 3.0),
            Gap("x", 7, 5, 8, DAY + 4.0, DAY + 9.0),
            Gap("x", 7, 10, 10, DAY + 9.0, DAY + 11.0),
        ]
        assert list(gaps(connection, DAY, DAY + 100, 10)) == named
        assert list(gaps(connection, DAY, DAY + 100, 2)) == named[:2]
        assert list(gaps(connection, DAY + 10, DAY + 100, 10)) == named[2:]
        assert list(gaps(connection, DAY, DAY + 5, 10)) == named[:2]


def test_who_is_silent_and_who_has_ended(path: Path) -> None:
    with closing(open_for_writing(str(path))) as connection:
        receive(connection, batch(1, run="a", process=0, site="north"))
        receive(connection, batch(1, run="b", process=1))
        run = receive(connection, batch(1, DAY + 50, run="c", process=0))
        assert run
        assert not run.ended
        assert silent(connection, DAY + 10) == [Run(1, False, "north"), Run(2, False)]
        connection.execute("UPDATE runs SET ended = 1 WHERE id = 1")
        assert not_ended(connection).keys() == {"b", "c"}
        assert silent(connection, DAY + 10) == [Run(2, False)]
        late = receive(connection, batch(2, run="a", process=0))
        assert late
        assert late.ended
