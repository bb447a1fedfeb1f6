"""How a kind of record is a table's rows: columns, SQL and back, made of what its fields are.

A field of `telemetry/records.py` has a column of its name, unless it is said here where else it is;
one that a ledger from before does not have is added to its table when that is opened to write.
"""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from stratumproxy.telemetry.described import REQUIRED, Field, fields
from stratumproxy.telemetry.records import VERDICTS, JobRecord, ShareRecord

Record = TypeVar("Record", bound=tuple[Any, ...])

MAX_INTEGER = 2**63 - 1
"""The largest that SQLite has a column for."""

SQL_TYPES: dict[Any, str] = {
    str: "TEXT NOT NULL",
    bool: "INTEGER NOT NULL",
    int: "INTEGER NOT NULL",
    float: "REAL NOT NULL",
    float | None: "REAL",
}


class Link(NamedTuple):
    """A column that holds the id of a name in another table."""

    table: str
    column: str


class Stored(Generic[Record]):
    """Rows of a kind of record.

    Args:
        record: the kind, a `NamedTuple`.
        table: its table, which has an ``id`` besides.
        links: what is a name in another table, by field.
        codes: words that are kept as their place in these, by field.
        beside: fields that it has no column for: they stand with a name in another table.
    """

    def __init__(
        self,
        record: type[Record],
        table: str,
        *,
        links: Mapping[str, Link] = {},
        codes: Mapping[str, tuple[str, ...]] = {},
        beside: Mapping[str, Link] = {},
    ) -> None:
        self._record: Callable[..., Record] = record
        self._table = table
        self._links = links
        self._codes = codes
        self._read = list(fields(record))
        self._fields = [each for each in self._read if each.name not in beside]
        names = [f'"{each.name}"' for each in self._fields]
        marks = ", ".join("?" * len(names))
        self.insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
        """With one parameter for each of `row`."""
        elsewhere = {**links, **beside}
        shown = [elsewhere.get(each.name, Link(table, each.name)) for each in self._read]
        self.columns = ", ".join(f'{link.table}."{link.column}"' for link in shown)
        """To be selected for `read`, from the table and `joins`."""
        self.joins = " ".join(
            f"JOIN {link.table} ON {link.table}.id = {table}.{name}" for name, link in links.items()
        )

    def row(self, record: Record, ids: Mapping[str, int] = {}) -> tuple[object, ...]:
        """A record as the parameters of `insert`.

        Args:
            record: the record.
            ids: those of its names that are in other tables.
        """
        return tuple(
            ids[name] if name in self._links else self._kept(name, kind, getattr(record, name))
            for name, kind, *_ in self._fields
        )

    def _kept(self, name: str, kind: Any, value: Any) -> object:
        if name in self._codes:
            return self._codes[name].index(value)
        if kind is float:
            return float(value)  # a difficulty may be an integer of any size
        return min(value, MAX_INTEGER) if kind is int else value

    def read(self, row: tuple[Any, ...]) -> Record:
        """The record that a row of `columns` is."""
        return self._record(
            **{
                each.name: self._told(each, value)
                for each, value in zip(self._read, row, strict=True)
            }
        )

    def _told(self, field: Field, value: Any) -> object:
        if field.name in self._codes:
            return self._codes[field.name][value]
        return bool(value) if field.type is bool else value

    def missing(self, connection: sqlite3.Connection) -> list[Field]:
        """The fields that the table has no column for."""
        there = {row[1] for row in connection.execute(f"PRAGMA table_info({self._table})")}
        return [each for each in self._fields if each.name not in there]

    def add_missing(self, connection: sqlite3.Connection) -> None:
        """Add columns for fields that records did not have when the table was made.

        It takes no time, however many rows there are: they have the default.
        """
        for name, kind, _, default in self.missing(connection):
            assert default is not REQUIRED, f"{self._table}.{name} has no default"
            literal = "NULL" if default is None else repr(default)
            connection.execute(
                f'ALTER TABLE {self._table} ADD COLUMN "{name}" {SQL_TYPES[kind]} DEFAULT {literal}'
            )


IDENTITY = {name: Link("pools", name) for name in ("tenant", "account", "coin", "target")}
"""What stands in the few rows of other tables: see `names.py`."""

SHARES = Stored(
    ShareRecord,
    "shares",
    links={
        "worker": Link("workers", "name"),
        "pool": Link("pools", "name"),
        "reason": Link("reasons", "text"),
    },
    codes={"verdict": VERDICTS},
    beside=IDENTITY,
)

JOBS = Stored(JobRecord, "jobs", links={"pool": Link("pools", "name")}, beside=IDENTITY)
