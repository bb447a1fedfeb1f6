"""What the ledger's tables are, and how a file of an older version becomes one of this.

Names stand once and are ids elsewhere. Time buckets begin at multiples of their length since 1970,
in UTC; they are keyed by time first, so that what is written together lies together, and what
expires together goes together. In the tables of buckets worker 0 is the whole fleet.
"""

import sqlite3
from typing import NamedTuple

from stratumproxy.errors import SinkError
from stratumproxy.ledger.stored import JOBS, SHARES

APPLICATION = 0x53505859
"""``SPXY``, in the header of every ledger: PRAGMA application_id."""

FLEET = 0
"""The id that stands for all workers together."""


class Level(NamedTuple):
    """One length of time buckets."""

    table: str
    step: int
    """Seconds."""


FIVE_MINUTES = Level("five_minutes", 300)
HOURS = Level("hours", 3600)
DAYS = Level("days", 86_400)
LEVELS = (FIVE_MINUTES, HOURS, DAYS)

_NAMES = """
CREATE TABLE workers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, since REAL NOT NULL);
CREATE TABLE pools (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
-- by_pool: the pool's own words, from the verdict on a share; else one of ours.
CREATE TABLE reasons (
    id INTEGER PRIMARY KEY, by_pool INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE (by_pool, text)
);
"""

_RECEIPTS = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    process INTEGER NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX runs_not_ended ON runs (process) WHERE NOT ended;
-- Which batches of a run are in here: numbers from low to high, told from first_at to last_at.
CREATE TABLE receipts (
    run INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    first_at REAL NOT NULL,
    last_at REAL NOT NULL,
    PRIMARY KEY (run, low)
) WITHOUT ROWID;
CREATE TABLE dropped (
    start INTEGER NOT NULL, kind TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (start, kind)
) WITHOUT ROWID;
"""

_RECORDS = """
CREATE TABLE shares (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    worker INTEGER NOT NULL,
    pool INTEGER NOT NULL,
    job TEXT NOT NULL,
    difficulty REAL NOT NULL,
    pool_difficulty REAL NOT NULL,
    met REAL NOT NULL,
    verdict INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    latency REAL NOT NULL
);
CREATE INDEX shares_by_time ON shares (at);
CREATE INDEX shares_by_worker ON shares (worker, at);
CREATE INDEX shares_by_pool ON shares (pool, at);
CREATE INDEX shares_not_credited ON shares (at) WHERE verdict > 0;
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    pool INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    job TEXT NOT NULL,
    height INTEGER NOT NULL,
    clean INTEGER NOT NULL,
    difficulty REAL NOT NULL,
    miners INTEGER NOT NULL,
    first REAL NOT NULL,
    median REAL NOT NULL,
    last REAL NOT NULL
);
CREATE INDEX jobs_by_time ON jobs (at);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    level TEXT NOT NULL,
    event TEXT NOT NULL,
    "values" TEXT NOT NULL
);
CREATE INDEX events_by_time ON events (at);
-- Open connections that have authorized.
CREATE TABLE miners (
    run INTEGER NOT NULL, id INTEGER NOT NULL, worker INTEGER NOT NULL, PRIMARY KEY (run, id)
) WITHOUT ROWID;
CREATE INDEX miners_by_worker ON miners (worker);
"""

_BUCKETS = "".join(
    f"""
CREATE TABLE {level.table} (
    start INTEGER NOT NULL,
    worker INTEGER NOT NULL,
    pool INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    work REAL NOT NULL,
    rejected INTEGER NOT NULL,
    refused_work REAL NOT NULL,
    best REAL NOT NULL,
    forwarded INTEGER NOT NULL,
    forwarded_work REAL NOT NULL,
    credited INTEGER NOT NULL,
    credited_work REAL NOT NULL,
    pool_rejected INTEGER NOT NULL,
    timed_out INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    connects INTEGER NOT NULL,
    disconnects INTEGER NOT NULL,
    PRIMARY KEY (start, worker, pool)
) WITHOUT ROWID;
CREATE TABLE {level.table}_rejects (
    start INTEGER NOT NULL,
    worker INTEGER NOT NULL,
    pool INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (start, worker, pool, reason)
) WITHOUT ROWID;
"""
    for level in LEVELS
)

_SEEN = """
-- seen: start of the newest day in which there is something of it.
ALTER TABLE workers ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
UPDATE workers SET seen = (SELECT coalesce(max(start), 0) FROM days);
CREATE INDEX workers_by_seen ON workers (seen);
"""

_TIMES = """
-- One row: up to when rows have come to expire. It moves on with the time that passes.
CREATE TABLE retention (reached REAL NOT NULL);
INSERT INTO retention SELECT last_at FROM receipts ORDER BY last_at DESC LIMIT 1;
-- What is usual of a worker, where its hours alone do not say: see ledger/usual.py.
CREATE TABLE usual (
    worker INTEGER PRIMARY KEY, rate REAL NOT NULL, since REAL NOT NULL, slow INTEGER NOT NULL
);
"""

_ORDER = """
-- One row at most: the pool that an operator put before all others.
CREATE TABLE pool_order (pool TEXT NOT NULL, "by" TEXT NOT NULL, since REAL NOT NULL);
"""

_WHEREABOUTS = """
-- Of the connection that began last.
ALTER TABLE workers ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN agent TEXT NOT NULL DEFAULT '';
"""

_GROUPS = """
ALTER TABLE jobs RENAME COLUMN lane TO "group";
"""

# A constraint can't be altered, so the few rows of names are written anew. The millions of rows
# that hold their ids are not touched: a column that is added is NULL in all that there are.
_IDENTITY = """
CREATE TABLE tenants_workers (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL DEFAULT 'default',
    name TEXT NOT NULL,
    since REAL NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0,
    address TEXT NOT NULL DEFAULT '',
    agent TEXT NOT NULL DEFAULT '',
    UNIQUE (tenant, name)
);
INSERT INTO tenants_workers (id, name, since, seen, address, agent)
    SELECT id, name, since, seen, address, agent FROM workers;
DROP TABLE workers;
ALTER TABLE tenants_workers RENAME TO workers;
CREATE INDEX workers_by_seen ON workers (seen);
-- A pool's account, as a tenant mines for it at a site. Site and account are empty in what was kept
-- before they were known.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    account TEXT NOT NULL DEFAULT '',
    coin TEXT NOT NULL DEFAULT 'BTC',
    site TEXT NOT NULL DEFAULT '',
    tenant TEXT NOT NULL DEFAULT 'default',
    target TEXT NOT NULL DEFAULT '',
    UNIQUE (name, account, coin, site, tenant, target)
);
INSERT INTO accounts (id, name) SELECT id, name FROM pools;
DROP TABLE pools;
ALTER TABLE accounts RENAME TO pools;
ALTER TABLE runs ADD COLUMN site TEXT NOT NULL DEFAULT '';
""" + "".join(
    f"ALTER TABLE {level.table} ADD COLUMN {name} REAL;\n"
    for level in LEVELS
    for name in ("squares", "expected", "proven_seconds")
)

_SPLITS = """
-- Accounts of splits by work, and what of them each run did; run '': what no living run did.
CREATE TABLE splits (
    tenant TEXT PRIMARY KEY, began REAL NOT NULL, at REAL NOT NULL, rate REAL NOT NULL,
    -- Who ordered the weights; empty if they are as configured.
    "by" TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE split_debts (
    tenant TEXT NOT NULL,
    target TEXT NOT NULL,
    run TEXT NOT NULL,
    part REAL NOT NULL,
    configured REAL NOT NULL,
    debt REAL NOT NULL,
    delivered REAL NOT NULL,
    forgiven REAL NOT NULL,
    PRIMARY KEY (tenant, target, run)
) WITHOUT ROWID;
"""

_ORDERS = """
-- As many rows as there are orders of pools; tenant and target are empty in the one for all.
ALTER TABLE pool_order ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
ALTER TABLE pool_order ADD COLUMN target TEXT NOT NULL DEFAULT '';
"""

_WEIGHTS = """
-- Each target's part of a tenant's work, and when that was to be so.
CREATE TABLE split_weights (
    tenant TEXT NOT NULL,
    since REAL NOT NULL,
    until REAL NOT NULL,
    target TEXT NOT NULL,
    part REAL NOT NULL,
    PRIMARY KEY (tenant, since, target)
) WITHOUT ROWID;
CREATE INDEX split_weights_until ON split_weights (until);
INSERT INTO split_weights
    SELECT DISTINCT tenant, began, at, target, part FROM splits JOIN split_debts USING (tenant);
"""

MIGRATIONS: tuple[str, ...] = (
    _NAMES + _RECEIPTS + _RECORDS + _BUCKETS,
    _SEEN,
    _TIMES,
    _ORDER,
    _WHEREABOUTS,
    _GROUPS,
    _IDENTITY,
    _SPLITS,
    _ORDERS,
    _WEIGHTS,
)
"""What makes version n + 1 of version n, n being its place. Never edited once released."""


def latest() -> int:
    """The version this program writes."""
    return len(MIGRATIONS)


def version_of(connection: sqlite3.Connection, path: str) -> int:
    """The schema version of an open file; 0 for an empty one.

    Raises:
        SinkError: it is a database of another program, or of a newer version of this one.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION:
        raise SinkError(f"{path}: a database of some other program; name another file for a ledger")
    if version > latest():
        raise SinkError(
            f"{path}: a ledger of version {version}, from a newer stratumproxy; this one reads up "
            f"to version {latest()}: upgrade it, or name another file"
        )
    return int(version)


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring an open file to this version, wholly or not at all.

    Raises:
        SinkError: as `version_of` raises it.
        sqlite3.Error: it can't be written.
    """
    version_of(connection, path)
    connection.execute("BEGIN IMMEDIATE")
    # Once more, now that nobody else can be at it.
    for number in range(version_of(connection, path), latest()):
        for statement in statements(MIGRATIONS[number]):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {number + 1}")
    for stored in (SHARES, JOBS):
        stored.add_missing(connection)
    connection.execute("COMMIT")


def statements(script: str) -> list[str]:
    """The statements of a script, which `executescript` would commit one by one."""
    found, statement = [], ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            found.append(statement)
            statement = ""
    return found
