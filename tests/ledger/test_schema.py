"""Versions of the ledger's file."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.errors import SinkError
from stratumproxy.ledger import schema
from stratumproxy.ledger.buckets import NAMES
from stratumproxy.ledger.database import open_for_reading, open_for_writing
from stratumproxy.ledger.schema import LEVELS, MIGRATIONS, statements
from stratumproxy.telemetry.records import WorkRecord
from tests.ledger.told import DAY, batch, keep, query, reckoned, work


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
            f"INSERT INTO days VALUES ({DAY}, 1, 1, {', '.join('0' * 14)})",
        )
        connection.commit()
    keep(path, [batch(1)])
    assert query(path, "SELECT name, seen FROM workers") == [("rig", DAY), ("old", DAY)]


BEFORE_IDENTITY = 6


def of_version_6(path: Path) -> None:
    """A ledger as it was before it knew whose records are."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("".join(MIGRATIONS[:BEFORE_IDENTITY]))
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION}")
        connection.execute(f"PRAGMA user_version = {BEFORE_IDENTITY}")
        tell_as_version_6(connection)


def tell_as_version_6(connection: sqlite3.Connection) -> None:
    """A worker's share, by the statements that version had."""
    connection.execute("INSERT OR IGNORE INTO workers (name, since) VALUES ('rig', 1.0)")
    connection.execute("INSERT OR IGNORE INTO pools (name) VALUES ('main')")
    ((worker,),) = connection.execute("SELECT id FROM workers WHERE name = 'rig'")
    ((pool,),) = connection.execute("SELECT min(id) FROM pools WHERE name = 'main'")
    for level in LEVELS:
        for of in (0, worker):
            columns = ", ".join(NAMES[:14])
            connection.execute(
                f"INSERT INTO {level.table} (start, worker, pool, {columns}) VALUES "
                f"({DAY}, {of}, {pool}, 1, 1024.0, {', '.join('0' * 12)}) ON CONFLICT "
                "(start, worker, pool) DO UPDATE SET accepted = accepted + 1, work = work + 1024.0"
            )
    connection.commit()


def test_what_was_kept_before_it_was_known_whose_it_is(path: Path) -> None:
    of_version_6(path)
    keep(path, [batch(1, site="north", work=[work(account="farm"), work("new", account="farm")])])
    assert query(path, "SELECT id, tenant, name FROM workers ORDER BY id") == [
        (1, "default", "rig"),
        (2, "default", "new"),
    ]
    assert query(
        path, "SELECT id, name, account, coin, site, tenant, target FROM pools ORDER BY id"
    ) == [
        (1, "main", "", "BTC", "", "default", ""),
        (2, "main", "farm", "BTC", "north", "default", ""),
    ]
    for level in LEVELS:
        rows = query(
            path,
            f"SELECT worker, pool, accepted, squares, expected, proven_seconds FROM {level.table}",
        )
        told = tuple(reckoned(1).values())
        assert rows == [
            (0, 1, 1, None, None, None),
            (0, 2, 2, *reckoned(2).values()),
            (1, 1, 1, None, None, None),
            (1, 2, 1, *told),
            (2, 2, 1, *told),
        ]


def test_what_a_version_told_that_did_not_count_it_is_not_known(path: Path) -> None:
    old = WorkRecord("rig", "main", 1, 1024.0, {}, 0.0, 2000.0)
    keep(path, [batch(1, work=[work(), old._replace(worker="old")])])
    keep(path, [batch(2, work=[old])])
    for level in LEVELS:
        assert query(path, f"SELECT count(*), count(expected) FROM {level.table}") == [(3, 0)]


def test_no_table_of_buckets_is_rebuilt() -> None:
    for statement in statements(MIGRATIONS[BEFORE_IDENTITY]):
        if any(level.table in statement for level in LEVELS):
            assert re.fullmatch(r"ALTER TABLE \w+ ADD COLUMN \w+ REAL;\n", statement)


def test_the_documented_way_back_and_forth(path: Path) -> None:
    """The version before writes to what this one made, if it is let."""
    keep(path, [batch(1, work=[work(account="farm")])])
    back, forth = documented("docs/ledger.md")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(back)
        assert version(path) == BEFORE_IDENTITY
        tell_as_version_6(connection)
        connection.executescript(forth)
    keep(path, [batch(2, work=[work(account="farm")])])
    assert query(path, "SELECT accepted, expected FROM days WHERE worker = 0") == [(3, None)]


def documented(path: str) -> list[str]:
    """Scripts in the docs that set a ledger's version."""
    text = (Path(__file__).parents[2] / path).read_text()
    return [
        part for part in re.findall(r"```sql\n(.*?)```", text, re.DOTALL) if "user_version" in part
    ]


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
