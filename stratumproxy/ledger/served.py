"""What the ledger has of one tenant: its accounts, machines, and their sums over stretches of time.

The fleet's rows are kept by account, and an account is one tenant's, so they are the tenant's sums
over all its machines: a month by hour is some hundred look-ups, however many machines there are.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from stratumproxy.errors import SinkError
from stratumproxy.ledger import receipts
from stratumproxy.ledger.accounts import PoolAccount, ids_of, tenants
from stratumproxy.ledger.buckets import NAMES, Sums, sum_of, summed
from stratumproxy.ledger.history import STARTS
from stratumproxy.ledger.kept import Part, kept
from stratumproxy.ledger.names import NAMELESS
from stratumproxy.ledger.receipts import Gap
from stratumproxy.ledger.schema import DAYS, FLEET, HOURS
from stratumproxy.ledger.weights import Held, held
from stratumproxy.telemetry.records import EventRecord

SUMS = summed()
ADDED = tuple(name for name in NAMES if name not in ("best", "connects", "disconnects"))
"""What is told of each worker."""

MOST_SPANS = 50
"""Stretches of time in one question, each of five parts at most; SQLite takes 500 of these."""
MOST_EVENTS = 10_000
MOST_GAPS = 1000

Rejects = dict[str, int]
"""How many, by reason."""


class Machine(NamedTuple):
    """A worker of the tenant, and the days (UTC) in which shares of it counted."""

    id: int
    name: str
    since: float
    """When the ledger first heard of it."""
    first: int
    last: int
    """Where the first and the last of these days begin."""
    days: int
    """How many there are."""


class Block(NamedTuple):
    """Days or hours in which shares of a name counted, and how long these prove it mined."""

    start: int
    seconds: int
    proven: dict[int, float]
    """By worker: one name may be several tenants', one after the other."""


class Run(NamedTuple):
    """A process of the data plane, as long as it was heard of."""

    site: str
    since: float
    until: float
    ended: bool


class Served:
    """Answers about a tenant, all at one moment of the ledger.

    Args:
        connection: of the ledger, in a transaction.
        tenant: its name.

    Raises:
        SinkError: the ledger has no such tenant.
    """

    def __init__(self, connection: sqlite3.Connection, tenant: str) -> None:
        self._connection = connection
        self.tenant = tenant
        self.accounts: dict[int, PoolAccount] = {
            each.id: each for each in tenants(connection, tenant)
        }
        """By id; one without a pool has what was on no pool's job."""
        if not self.accounts:
            rows = connection.execute("SELECT DISTINCT tenant FROM pools ORDER BY 1").fetchall()
            known = ", ".join(name for (name,) in rows) or "none yet"
            raise SinkError(f"the ledger has no tenant {tenant!r}; it has: {known}")
        self._ids = ids_of(self.accounts.values())
        self.kept = kept(connection)
        row = connection.execute(
            "SELECT id FROM workers WHERE tenant = ? AND name = ?", (tenant, NAMELESS)
        ).fetchone()
        self.nameless: int | None = row and row[0]
        """Stands for all names that are not proven; None if there is nothing of such."""

    def weights(self) -> list[Held]:
        """Which part of the work each target was to have, the oldest first."""
        return held(self._connection, self.tenant)

    # -- sums ------------------------------------------------------------------------------------

    def sums(self, since: int, until: int, worker: int = FLEET) -> dict[int, Sums]:
        """By account: of all machines together, or of one.

        Args:
            since: Unix seconds, as `Kept.cut` gives them.
            until: alike.
            worker: its id.
        """
        found: dict[int, list[Sums]] = defaultdict(list)
        for part in self.kept.parts(since, until):
            for pool, *values in self._connection.execute(
                f"{STARTS} SELECT b.pool, {SUMS} FROM starts CROSS JOIN {part.level.table} AS b "
                "ON b.start = starts.start AND b.worker = :worker "
                f"AND b.pool IN {self._ids} GROUP BY b.pool",
                _between(part, worker),
            ):
                found[pool].append(Sums(*values))
        return {pool: together(parts) for pool, parts in found.items()}

    def rejects(self, since: int, until: int) -> dict[int, tuple[Rejects, Rejects]]:
        """By account: rejects by our own reasons, and by the pool's words."""
        found: dict[int, tuple[Rejects, Rejects]] = defaultdict(lambda: ({}, {}))
        for part in self.kept.parts(since, until):
            for pool, by_pool, text, count in self._connection.execute(
                f"{STARTS} SELECT b.pool, by_pool, text, sum(count) FROM starts "
                f"CROSS JOIN {part.level.table}_rejects AS b ON b.start = starts.start "
                f"AND b.worker = :worker AND b.pool IN {self._ids} "
                "JOIN reasons ON reasons.id = b.reason GROUP BY b.pool, b.reason",
                _between(part, FLEET),
            ):
                of = found[pool][by_pool]
                of[text] = of.get(text, 0) + count
        return found

    def proven(self, since: int, until: int) -> float | None:
        """Seconds that all machines with a name proved, together; None if some were not counted."""
        total = together(self.sums(since, until).values()).proven_seconds
        if self.nameless is not None:
            nobodys = together(self.sums(since, until, self.nameless).values()).proven_seconds
            total = None if total is None or nobodys is None else total - nobodys
        return total

    def by_worker(self, since: int, until: int) -> dict[int, Sums]:
        """By worker, the one that stands for unproven names among them; `best` is of none.

        Who did nothing then is left out: a day less what came after it leaves a rest of fractions.
        """
        every = self._every([(since, until)], ", ".join(map(sum_of, ADDED)), ADDED)
        all = {worker: Sums(**dict(zip(ADDED, values, strict=True))) for worker, *values in every}
        return {
            worker: sums
            for worker, sums in all.items()
            if sums.accepted or sums.rejected or sums.forwarded
        }

    def rejects_by_worker(self, since: int, until: int) -> dict[int, Rejects]:
        """By worker: rejects by our own reasons."""
        found: dict[int, Rejects] = defaultdict(dict)
        texts: dict[int, str] = dict(
            self._connection.execute("SELECT id, text FROM reasons WHERE NOT by_pool")
        )
        for worker, count, reason in self._every(
            [(since, until)], "sum(b.count), b.reason", ("count",), "_rejects", "reason"
        ):
            if reason in texts and count:
                found[worker][texts[reason]] = count
        return found

    def proven_by_worker(self, spans: Sequence[tuple[int, int]]) -> dict[int, float | None]:
        """Seconds proven by worker in all of these together; None where some were not counted."""
        found: dict[int, float | None] = {}
        for n in range(0, len(spans), MOST_SPANS):
            proven = sum_of("proven_seconds")
            for worker, seconds in self._every(
                spans[n : n + MOST_SPANS], proven, ("proven_seconds",)
            ):
                before = found.get(worker, 0.0)
                found[worker] = None if before is None or seconds is None else before + seconds
        return found

    def _every(
        self,
        spans: Sequence[tuple[int, int]],
        wanted: str,
        added: Iterable[str],
        table: str = "",
        by: str = "",
    ) -> Iterable[tuple[Any, ...]]:
        """Sums by worker, over all at once: bringing rows together is most of the work."""
        parts = [part for span in spans for part in self.kept.fewest(*span)]
        if not parts:
            return []
        also = f", b.{by}" if by else ""
        rows = " UNION ALL ".join(
            f"SELECT b.worker, {', '.join(f'{sign} * b.{name} AS {name}' for name in added)}{also} "
            f"FROM {part.level.table}{table} AS b WHERE {self._own}"
            for sign, part in parts
        )
        ends = [end for _, part in parts for end in (part.since, part.until)]
        return self._connection.execute(
            f"SELECT b.worker, {wanted} FROM ({rows}) AS b GROUP BY b.worker{also}", ends
        )

    @property
    def _own(self) -> str:
        return f"b.start >= ? AND b.start < ? AND b.worker <> {FLEET} AND b.pool IN {self._ids}"

    # -- machines --------------------------------------------------------------------------------

    def machines(self, since: int, until: int) -> list[Machine]:
        """Those of which shares counted in these days (UTC), by name.

        Args:
            since: where a day begins.
            until: where one ends.
        """
        days = {
            worker: values
            for worker, *values in self._connection.execute(
                "SELECT b.worker, min(b.start), max(b.start), count(DISTINCT b.start) "
                f"FROM days AS b WHERE {self._own} AND b.accepted GROUP BY b.worker",
                (since, until),
            )
        }
        names = self._connection.execute(
            "SELECT id, name, since FROM workers WHERE tenant = ? AND name <> ? ORDER BY name",
            (self.tenant, NAMELESS),
        )
        return [Machine(*row, *days[row[0]]) for row in names if row[0] in days]

    def others(self) -> dict[int, list[int]]:
        """Workers of other tenants that have the name of one of this tenant's, by that one's id."""
        found: dict[int, list[int]] = defaultdict(list)
        for own, other in self._connection.execute(
            "SELECT own.id, other.id FROM workers AS other CROSS JOIN workers AS own "
            "ON own.tenant = ?1 AND own.name = other.name "
            "WHERE other.tenant <> ?1 AND other.name <> ?2",
            (self.tenant, NAMELESS),
        ):
            found[own].append(other)
        return found

    def days(self, workers: Collection[int], since: int, until: int) -> dict[int, list[Block]]:
        """The days in which shares of these counted, by worker, those that follow on as one."""
        return self._blocks(workers, Part(DAYS, since, until))

    def hours(self, workers: Collection[int], day: int) -> dict[int, list[Block]]:
        """The hours of a day in which shares of these counted; none if they are not kept."""
        return self._blocks(workers, Part(HOURS, day, day + DAYS.step))

    def _blocks(self, workers: Collection[int], part: Part) -> dict[int, list[Block]]:
        found: dict[int, list[Block]] = {}
        holed = []
        # Almost all have no bucket without a share between their first and their last.
        for worker, first, last, count, proven in self._connection.execute(
            "SELECT b.worker, min(b.start), max(b.start), count(DISTINCT b.start), "
            f"sum(coalesce(b.proven_seconds, 1)) FROM {part.level.table} AS b "
            "WHERE b.start >= ? AND b.start < ? AND b.accepted "
            "AND b.worker IN (SELECT value FROM json_each(?)) GROUP BY b.worker",
            (part.since, part.until, orjson.dumps(sorted(workers)).decode()),
        ):
            if last - first == (count - 1) * part.level.step:
                found[worker] = [Block(first, count * part.level.step, {worker: proven})]
            else:
                holed.append(worker)
        return found | self._islands(holed, part) if holed else found

    def _islands(self, workers: Collection[int], part: Part) -> dict[int, list[Block]]:
        found: dict[int, list[Block]] = defaultdict(list)
        # Of buckets that follow on, start and place differ by the same: they are one island.
        for worker, start, count, proven in self._connection.execute(
            "WITH wanted AS (SELECT value AS id FROM json_each(?)) "
            "SELECT worker, min(start), count(*), sum(proven) FROM ("
            f" SELECT worker, start, proven, start / {part.level.step} - row_number() OVER "
            " (PARTITION BY worker ORDER BY start) AS island FROM ("
            "  SELECT b.worker, b.start, sum(coalesce(b.proven_seconds, 1)) AS proven "
            f"  FROM {part.level.table} AS b WHERE b.start >= ? AND b.start < ? AND b.accepted "
            "  AND b.worker IN (SELECT id FROM wanted) GROUP BY b.start, b.worker)"
            ") GROUP BY worker, island ORDER BY worker, start",
            (orjson.dumps(sorted(workers)).decode(), part.since, part.until),
        ):
            found[worker].append(Block(start, count * part.level.step, {worker: proven}))
        return found

    # -- what went wrong -------------------------------------------------------------------------

    def conditions(self, since: float, until: float, kinds: Iterable[str]) -> list[EventRecord]:
        """Events of these conditions of the proxy, and of the tenant, the oldest first."""
        whose = self.tenant, self.tenant
        rows = self._connection.execute(
            'SELECT at, level, event, "values" FROM events WHERE at >= ? AND at < ? AND '
            "json_extract(\"values\", '$.condition') IN (SELECT value FROM json_each(?)) "
            "AND coalesce(json_extract(\"values\", '$.tenant'), ?) = ? "
            "ORDER BY at, id LIMIT ?",
            (since, until, orjson.dumps(list(kinds)).decode(), *whose, MOST_EVENTS),
        )
        return [
            EventRecord(at, level, event, orjson.loads(values)) for at, level, event, values in rows
        ]

    def events_since(self) -> float | None:
        """When the oldest event was that is kept."""
        (at,) = self._connection.execute("SELECT min(at) FROM events").fetchone()
        return None if at is None else float(at)

    def runs(self) -> list[Run]:
        """Processes that serve miners, at the sites that the tenant mines at."""
        rows = self._connection.execute(
            "SELECT site, min(first_at), max(last_at), ended FROM runs "
            "JOIN receipts ON receipts.run = runs.id WHERE process >= 0 AND site IN "
            f"(SELECT site FROM pools WHERE id IN {self._ids}) GROUP BY runs.id ORDER BY 2"
        )
        return [Run(site, since, until, bool(ended)) for site, since, until, ended in rows]

    def control_starts(self) -> list[float]:
        """When each control process was first heard of, in order."""
        rows = self._connection.execute(
            "SELECT min(first_at) FROM runs JOIN receipts ON receipts.run = runs.id "
            "WHERE process < 0 GROUP BY runs.id ORDER BY 1"
        )
        return [at for (at,) in rows]

    def gaps(self, since: int, until: int) -> list[Gap]:
        """Batches that never came, of whichever site."""
        return list(receipts.gaps(self._connection, since, until, MOST_GAPS))

    def dropped(self, since: int, until: int) -> int:
        """Share records, of whichever tenant, that the ledger never got."""
        (count,) = self._connection.execute(
            "SELECT sum(count) FROM dropped WHERE kind = 'shares' AND start >= ? AND start < ?",
            (since, until),
        ).fetchone()
        return count or 0


def _between(part: Part, worker: int) -> dict[str, int]:
    return {"first": part.since, "end": part.until, "step": part.level.step, "worker": worker}


def together(parts: Iterable[Sums]) -> Sums:
    """All of them as one."""
    total = Sums()
    for part in parts:
        for name in NAMES:
            one, other = getattr(total, name), getattr(part, name)
            if name == "best":
                setattr(total, name, max(one, other))
            else:
                setattr(total, name, None if one is None or other is None else one + other)
    return total
