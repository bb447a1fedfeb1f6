"""An operator's orders of pools, which hold over restarts."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple

from stratumproxy.ledger.database import explained, open_for_writing, transaction

COLUMNS = 'pool, "by", since, tenant, target'


class KeptOrder(NamedTuple):
    """An order as the ledger has it."""

    pool: str
    by: str
    """Who gave it."""
    since: float
    """Unix seconds."""
    tenant: str = ""
    """For whom alone; empty for all."""
    target: str = ""
    """For which of the tenant's targets."""


def orders(connection: sqlite3.Connection) -> list[KeptOrder]:
    """The orders that hold."""
    rows = connection.execute(f"SELECT {COLUMNS} FROM pool_order ORDER BY tenant, target")
    return [KeptOrder(*row) for row in rows]


def keep(path: str, orders: Iterable[KeptOrder]) -> None:
    """Keep orders in place of those before. They are on the disk then.

    Args:
        path: the ledger, which another thread may be writing.
        orders: all that hold from now on.

    Raises:
        SinkError: it can't be written.
    """
    with closing(open_for_writing(path)) as connection, explained(path), transaction(connection):
        connection.execute("DELETE FROM pool_order")
        connection.executemany(f"INSERT INTO pool_order ({COLUMNS}) VALUES (?, ?, ?, ?, ?)", orders)
