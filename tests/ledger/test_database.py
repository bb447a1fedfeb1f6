"""Opening a ledger, and what is said when it can't be."""

import itertools
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from stratumproxy.errors import SinkError
from stratumproxy.ledger import LedgerReader
from stratumproxy.ledger.database import (
    explained,
    open_for_reading,
    open_for_writing,
    transaction,
)
from tests.ledger.told import DAY, batch, keep, open_ledger, query, work

DOCS = Path(__file__).parents[2] / "docs" / "ledger.md"


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


@pytest.mark.parametrize("which", ["", "-wal", "-shm", "-journal"])
def test_a_pipe_instead_of_a_file(path: Path, which: str) -> None:
    os.mkfifo(f"{path}{which}")
    with pytest.raises(SinkError, match=rf"{path}{which}: it is a pipe; expected a file"):
        open_for_writing(str(path))
    path.touch()
    with pytest.raises(SinkError, match=rf"{path}{which}: it is a pipe; expected a file"):
        open_for_reading(str(path))


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


def test_the_documented_backup_ends_while_the_ledger_is_written(path: Path) -> None:
    """A copy page by page begins anew with every write, and never ends on a large one."""
    sqlite = shutil.which("sqlite3")
    if sqlite is None:
        pytest.skip("the sqlite3 shell is not here; on Debian: apt install sqlite3")
    (command,) = re.findall(r"`sqlite3 ledger\.sqlite3 (\".*?\")`", DOCS.read_text())
    copy = path.with_name("copy.sqlite3")
    (statement,) = shlex.split(command.replace("copy.sqlite3", str(copy)))
    seq = itertools.count(2)
    with closing(open_ledger(path)) as ledger:
        ledger.take([batch(1, work=[work(f"rig{n}") for n in range(20_000)])])
        with subprocess.Popen([sqlite, str(path), statement], stderr=subprocess.PIPE) as backup:
            while backup.poll() is None:
                ledger.take([batch(next(seq), work=[work("rig0")])])
            assert backup.stderr is not None
            assert (backup.returncode, backup.stderr.read()) == (0, b"")
    assert next(seq) > 2, "there was no write meanwhile"
    assert query(copy, "PRAGMA integrity_check") == [("ok",)]
    with closing(LedgerReader(str(copy))) as reader:
        history = reader.history("rig0", "5y", DAY)
    assert history is not None
    ((batches,),) = query(copy, "SELECT high FROM receipts")
    assert history.points[-1].sums.accepted == batches
    keep(copy, [batch(next(seq), work=[work("rig0")])])
