"""What each tenant's targets did: the fleet's rows are by account, and an account is a target's."""

import sqlite3
from collections import defaultdict
from typing import NamedTuple

from stratumproxy.ledger.schema import FLEET, HOURS, Level


class PartShares(NamedTuple):
    """A target's shares in one bucket, as `history.Shares` has a worker's."""

    tenant: str
    target: str
    work: float
    squares: float
    accepted: int
    rejected: int


def bucket(connection: sqlite3.Connection, level: Level, start: int) -> list[PartShares]:
    """All targets' shares in the bucket that begins then; of a target without any there is none."""
    rows = connection.execute(
        "SELECT tenant, target, sum(work), sum(coalesce(squares, work * work / accepted, 0)), "
        f"sum(accepted), sum(rejected) FROM {level.table} AS b "
        f"JOIN pools ON pools.id = b.pool WHERE start = ? AND b.worker = {FLEET} "
        "GROUP BY tenant, target HAVING sum(accepted) OR sum(rejected)",
        (start,),
    )
    return [PartShares(*row) for row in rows]


def reasons(
    connection: sqlite3.Connection, since: int, now: float
) -> dict[tuple[str, str], dict[str, int]]:
    """Shares of each target that did not count, by our own reasons.

    Args:
        connection: of the ledger.
        since: Unix seconds, where an hour begins.
        now: Unix seconds; nothing that is later counts.
    """
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for tenant, target, text, count in connection.execute(
        f"SELECT tenant, target, text, sum(count) FROM {HOURS.table}_rejects AS b "
        "JOIN pools ON pools.id = b.pool JOIN reasons ON reasons.id = b.reason "
        f"WHERE b.start >= ? AND b.start <= ? AND b.worker = {FLEET} AND NOT by_pool "
        "GROUP BY tenant, target, text",
        (since, now),
    ):
        found[tenant, target][text] = count
    return dict(found)
