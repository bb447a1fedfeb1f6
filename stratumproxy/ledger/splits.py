"""Accounts of splits by work, which go on over restarts: as they stood when they were kept last."""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from typing import NamedTuple

from stratumproxy.ledger.database import explained, open_for_writing, transaction
from stratumproxy.ledger.weights import keep_weights


class KeptDebt(NamedTuple):
    """What a run did for a target of a tenant's account, or what nobody who lives did."""

    target: str
    run: str
    """Empty for what is no living run's."""
    part: float
    """Of all work, that the target is to have."""
    configured: float
    """The same by the configuration, where an operator ordered something else."""
    debt: float
    """Work that it lacks."""
    delivered: float
    """Work that it had."""
    forgiven: float
    """What was struck off its debt."""


class KeptSplit(NamedTuple):
    """A tenant's account."""

    tenant: str
    began: float
    """Unix seconds."""
    at: float
    """When it stood like this, in Unix seconds."""
    rate: float
    """Work a second of the whole farm, of late."""
    by: str
    """Who ordered its weights; empty if they are as configured."""
    debts: list[KeptDebt]


def splits(connection: sqlite3.Connection) -> list[KeptSplit]:
    """All accounts."""
    found = {
        tenant: KeptSplit(tenant, began, at, rate, by, [])
        for tenant, began, at, rate, by in connection.execute(
            'SELECT tenant, began, at, rate, "by" FROM splits'
        )
    }
    for tenant, *debt in connection.execute(
        "SELECT tenant, target, run, part, configured, debt, delivered, forgiven FROM split_debts"
    ):
        if tenant in found:
            found[tenant].debts.append(KeptDebt(*debt))
    return list(found.values())


def keep(path: str, splits: Collection[KeptSplit]) -> None:
    """Keep accounts in place of all that were kept, and that their weights held. They are on the
    disk then.

    Args:
        path: the ledger, which another thread may be writing.
        splits: all that there are.

    Raises:
        SinkError: it can't be written.
    """
    with closing(open_for_writing(path)) as connection, explained(path), transaction(connection):
        for split in splits:
            parts = {debt.target: debt.part for debt in split.debts}
            keep_weights(connection, split.tenant, split.began, split.at, parts)
        connection.execute("DELETE FROM splits")
        connection.execute("DELETE FROM split_debts")
        for split in splits:
            connection.execute("INSERT INTO splits VALUES (?, ?, ?, ?, ?)", split[:5])
            connection.executemany(
                "INSERT INTO split_debts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(split.tenant, *debt) for debt in split.debts],
            )
