"""Opening a ledger, and what is said when it can't be."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from stratumproxy.errors import SinkError
from stratumproxy.ledger.database import (
    explained,
    open_for_reading,
    open_for_writing,
    transaction,
)
from tests.ledger.told import batch, keep, query, work


def test_a_new_one_is_safe_across_kills_and_power_cuts(path: Path) -> None:
    with closing(open_for_writing(str(path))) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"there is no folder .*/a/b; make it: mkdir -p .*/a/b$"):
        open_for_writing(str(tmp_path / "a" / "b" / "ledger"))


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="it can't be opened: it is a folder; name a file in it"):
        open_for_writing(str(tmp_path))


@pytest.mark.parametrize("open", [open_for_reading, open_for_writing])
def test_a_file_that_is_no_database(path: Path, open: object) -> None:
    path.write_text("[pool]\n" * 1000)
    with pytest.raises(SinkError, match="not an SQLite database; name another file"):
        open(str(path))  # type: ignore[operator]
    assert path.read_text().startswith("[pool]")


def test_another_programs_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE workers (x)")
    with pytest.raises(SinkError, match="a database of some other program"):
        open_for_writing(str(path))


def test_a_damaged_file(path: Path) -> None:
    keep(path, [batch(1, work=[work(f"rig{n}") for n in range(2000)])])
    with path.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xff" * 4096 * 40)
    with pytest.raises(SinkError, match="the file is damaged; move it away"):
        keep(path, [batch(2, work=[work(f"rig{n}") for n in range(2000)])])


def test_names_with_signs_that_mean_something_in_an_address(tmp_path: Path) -> None:
    path = tmp_path / "a ledger?mode=memory#1%20ü"
    keep(path, [batch(1)])
    assert query(path, "SELECT high FROM receipts") == [(1,)]
    open_for_reading(str(path)).close()


def test_nothing_to_read(path: Path) -> None:
    with pytest.raises(SinkError, match="there is no such file"):
        open_for_reading(str(path))
    path.touch()
    with pytest.raises(SinkError, match="an empty ledger"):
        open_for_reading(str(path))


def test_a_reader_cannot_write(path: Path) -> None:
    keep(path, [batch(1)])
    with (
        closing(open_for_reading(str(path))) as connection,
        pytest.raises(SinkError, match="it is read-only; make the file and its folder writable"),
        explained(str(path)),
    ):
        connection.execute("DELETE FROM runs")


def test_a_transaction_is_whole_or_nothing(path: Path) -> None:
    with closing(open_for_writing(str(path))) as connection:
        with suppress(KeyError), transaction(connection):
            connection.execute("INSERT INTO pools (name) VALUES ('a')")
            raise KeyError
        with transaction(connection):
            connection.execute("INSERT INTO pools (name) VALUES ('b')")
    assert query(path, "SELECT name FROM pools") == [("b",)]


@pytest.fixture
def closed_folder(path: Path) -> Iterator[Path]:
    """With a ledger in it that nobody has open, and that this user may not write."""
    keep(path, [batch(1)])
    for folder in path.parents[1:]:
        if folder.name.startswith(("pytest-", "popen-")):  # pytest's, and xdist's in it
            folder.chmod(0o755)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    root = os.geteuid() == 0  # to whom nothing is read-only
    if root:
        os.seteuid(65_534)
    yield path
    if root:
        os.seteuid(0)
    path.parent.chmod(0o755)


def test_a_folder_that_this_user_may_not_write(closed_folder: Path) -> None:
    with pytest.raises(SinkError, match="it is read-only; make the file and its folder writable"):
        open_for_writing(str(closed_folder))
    with pytest.raises(SinkError, match="it can't be opened: "):
        open_for_writing(str(closed_folder.parent / "other"))


def test_reads_without_the_files_beside_it(closed_folder: Path) -> None:
    with closing(open_for_reading(str(closed_folder))) as connection:
        assert connection.execute("SELECT high FROM receipts").fetchall() == [(1,)]
