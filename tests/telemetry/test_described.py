"""Each field of a record is described once, and all that keeps or shows records follows from it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Annotated, NamedTuple

import orjson

from stratumproxy.kafka.schema import schema
from stratumproxy.ledger.schema import migrate
from stratumproxy.ledger.stored import JOBS, SHARES, Stored
from stratumproxy.telemetry.described import DIFFICULTY, REQUIRED, About, fields
from stratumproxy.telemetry.records import EventRecord, JobRecord, ShareRecord, WorkRecord
from stratumproxy.web.described import model_of

ROOT = Path(__file__).parents[2]


class Before(NamedTuple):
    """Something."""

    at: float
    name: str


class After(NamedTuple):
    """Something, and more of it."""

    at: float
    name: str
    level: Annotated[float, About("How much.", DIFFICULTY)] = 0.5
    kind: str = "plain"
    maybe: float | None = None


def test_a_field_has_a_name_a_type_what_it_is_about_and_perhaps_a_default() -> None:
    at, _, level, *_ = fields(After)
    assert (at.type, at.about, at.default) == (float, About(), REQUIRED)
    assert (level.type, level.default) == (float, 0.5)
    assert (level.about.text, level.about.unit) == ("How much.", DIFFICULTY)


def test_a_table_from_before_gets_the_columns_that_it_lacks() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE TABLE things (id INTEGER PRIMARY KEY, at REAL NOT NULL, name TEXT NOT NULL)"
        )
        connection.execute(Stored(Before, "things").insert, (1.0, "old"))
        stored = Stored(After, "things")
        assert [each.name for each in stored.missing(connection)] == ["level", "kind", "maybe"]
        stored.add_missing(connection)
        assert not stored.missing(connection)
        new = After(2.0, "new", 7, "other", 1.5)
        connection.execute(stored.insert, stored.row(new))
        rows = connection.execute(f"SELECT {stored.columns} FROM things ORDER BY id")
        assert [stored.read(row) for row in rows] == [After(1.0, "old"), new]


def test_the_tables_that_are_made_today_lack_nothing() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, "memory")
        assert not SHARES.missing(connection) + JOBS.missing(connection)


def test_messages_and_models_have_all_fields() -> None:
    definitions = schema()["$defs"]
    for kind, record in (
        ("share", ShareRecord),
        ("work", WorkRecord),
        ("job", JobRecord),
        ("event", EventRecord),
    ):
        names = [each.name for each in fields(record)]
        assert set(names) <= set(definitions[kind]["properties"])
        assert list(model_of("Model", record).model_fields) == names


def test_the_schema_of_the_messages_is_fresh() -> None:
    written = (ROOT / "configs" / "messages.schema.json").read_bytes()
    assert orjson.loads(written) == schema(), "run `make docs`"
