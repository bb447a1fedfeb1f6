"""Versions of the ledger's file."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.errors import SinkError
from stratumproxy.ledger import schema
from stratumproxy.ledger.buckets import NAMES
from stratumproxy.ledger.database import open_for_reading, open_for_writing
from stratumproxy.ledger.schema import MIGRATIONS, statements
from tests.ledger.told import DAY, batch, keep, query, work


def version(path: Path) -> int:
    ((found,),) = query(path, "PRAGMA user_version")
    return int(found)


def test_an_empty_file_is_version_0_and_brought_up(path: Path) -> None:
    path.touch()
    keep(path, [batch(1)])
    assert version(path) == len(MIGRATIONS)


def test_the_next_version_keeps_what_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(path, [batch(1, work=[work()])])
    later = "CREATE TABLE more (x);\nINSERT INTO more SELECT name FROM workers;\n"
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, later))
    with pytest.raises(SinkError, match=f"older version {len(MIGRATIONS)}"):
        open_for_reading(str(path))
    keep(path, [batch(2)])
    assert version(path) == len(MIGRATIONS) + 1
    assert query(path, "SELECT x FROM more") == [("rig",)]
    assert query(path, "SELECT high FROM receipts") == [(2,)]


def test_names_of_version_1_are_kept_as_long_as_the_newest_row(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(MIGRATIONS[0])
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("INSERT INTO workers (name, since) VALUES ('rig', 1.0), ('old', 1.0)")
        connection.execute(
            f"INSERT INTO days VALUES ({DAY}, 1, 1, {', '.join('0' * len(NAMES))})",
        )
        connection.commit()
    keep(path, [batch(1)])
    assert query(path, "SELECT name, seen FROM workers") == [("rig", DAY), ("old", DAY)]


def test_a_step_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(path, [batch(1)])
    bad = "CREATE TABLE more (x);\nINSERT INTO nowhere VALUES (1);\n"
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, bad))
    with pytest.raises(SinkError, match="no such table: nowhere"):
        keep(path, [batch(2)])
    assert version(path) == len(MIGRATIONS)
    assert query(path, "SELECT count(*) FROM sqlite_master WHERE name = 'more'") == [(0,)]


@pytest.mark.parametrize("open", [open_for_reading, open_for_writing])
def test_a_newer_version_is_left_alone(
    path: Path, open: Callable[[str], sqlite3.Connection]
) -> None:
    keep(path, [batch(1)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(SinkError, match=r"version 99, from a newer stratumproxy.*upgrade it"):
        open(str(path))
    assert version(path) == 99


def test_a_script_is_cut_into_statements() -> None:
    script = "-- of two\nCREATE TABLE a (x TEXT DEFAULT ';');\nSELECT\n1;\n"
    assert statements(script) == [
        "-- of two\nCREATE TABLE a (x TEXT DEFAULT ';');\n",
        "SELECT\n1;\n",
    ]
    assert all(statement.strip().endswith(";") for statement in statements(MIGRATIONS[0]))


def test_every_query_of_a_worker_or_a_time_has_an_index(path: Path) -> None:
    keep(path, [batch(1)])
    for sql, index in (
        ("SELECT * FROM shares WHERE at > 1", "shares_by_time"),
        ("SELECT * FROM shares WHERE worker = 1 AND at > 1", "shares_by_worker"),
        ("SELECT * FROM shares WHERE pool = 1 AND at > 1", "shares_by_pool"),
        ("SELECT * FROM hours WHERE start = 1 AND worker = 1", "PRIMARY KEY"),
    ):
        plan = query(path, f"EXPLAIN QUERY PLAN {sql}")
        assert index in plan[0][3]
