"""An operator's order of pools, which holds over restarts."""

import sqlite3
from contextlib import closing
from typing import NamedTuple

from stratumproxy.ledger.database import explained, open_for_writing, transaction


class KeptOrder(NamedTuple):
    """An order as the ledger has it."""

    pool: str
    by: str
    """Who gave it."""
    since: float
    """Unix seconds."""


def order(connection: sqlite3.Connection) -> KeptOrder | None:
    """The order that holds, if there is one."""
    row = connection.execute('SELECT pool, "by", since FROM pool_order').fetchone()
    return None if row is None else KeptOrder(*row)


def keep(path: str, order: KeptOrder | None) -> None:
    """Keep an order in place of the last one, or that there is none. It is on the disk then.

    Args:
        path: the ledger, which another thread may be writing.
        order: what holds from now on.

    Raises:
        SinkError: it can't be written.
    """
    with closing(open_for_writing(path)) as connection, explained(path), transaction(connection):
        connection.execute("DELETE FROM pool_order")
        if order is not None:
            connection.execute('INSERT INTO pool_order (pool, "by", since) VALUES (?, ?, ?)', order)
