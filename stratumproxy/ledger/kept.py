"""How finely the ledger still knows a time, and from which level a stretch of time is read.

Each level has the same sums, but finer ones are not kept as long. So a moment is known to five
minutes, to an hour or to a day (UTC), by how long ago it was, and what is asked from one moment to
another is cut there. Where it is cut depends on the moment alone, so that stretches which meet add
up to the whole, whatever was asked with them.
"""

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from stratumproxy.ledger.history import STARTS
from stratumproxy.ledger.schema import DAYS, FIVE_MINUTES, FLEET, HOURS, LEVELS, Level


class Part(NamedTuple):
    """A stretch that is read from one level; both ends are multiples of its length."""

    level: Level
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Kept:
    """Since when there is anything, and hours and five minutes are whole, in Unix seconds."""

    begins: int
    hours: int
    five_minutes: int

    def level(self, at: float) -> Level:
        """The finest that is kept of then."""
        if at >= self.five_minutes or at < self.begins:
            return FIVE_MINUTES
        return HOURS if at >= self.hours else DAYS

    def cut(self, at: float) -> int:
        """The moment nearest to that at which sums can be cut."""
        step = self.level(at).step
        return int((at + step / 2) // step) * step

    def before(self, at: float) -> int:
        """Where the bucket begins that it is in, of those that are kept of then."""
        step = self.level(at).step
        return int(at // step) * step

    def after(self, at: float) -> int:
        """Where the next one begins; the moment itself if one begins there."""
        begin = self.before(at)
        return begin if begin == at else begin + self.level(at).step

    def parts(self, since: int, until: int) -> list[Part]:
        """What to add up, each bucket once.

        Args:
            since: from when on, as `cut` gives it.
            until: until when, alike.
        """
        return _parts(COARSEST_FIRST, since, until)

    def fewest(self, since: int, until: int) -> list[tuple[int, Part]]:
        """What to add up, or to take away again (-1), so that the fewest rows are read.

        23 hours of a day are that day less an hour. It comes to the same but for the rounding of
        what are no whole numbers, and for what can't be taken away: the best of them, and what is
        not known of the whole.
        """
        return _fewest(COARSEST_FIRST, since, until)[1]


COARSEST_FIRST = tuple(reversed(LEVELS))


def _parts(levels: tuple[Level, ...], since: int, until: int) -> list[Part]:
    if since >= until:
        return []
    level, *finer = levels
    begin, end = _inner(level, since, until)
    if not finer:
        return [Part(level, since, until)]
    rest = tuple(finer)
    if begin >= end:
        return _parts(rest, since, until)
    return [*_parts(rest, since, begin), Part(level, begin, end), *_parts(rest, end, until)]


def _inner(level: Level, since: int, until: int) -> tuple[int, int]:
    """The whole buckets between."""
    return -(-since // level.step) * level.step, until // level.step * level.step


Signed = list[tuple[int, Part]]


def _fewest(levels: tuple[Level, ...], since: int, until: int) -> tuple[int, Signed]:
    """How many buckets that takes, and which."""
    if since >= until:
        return 0, []
    level, *finer = levels
    begin, end = _inner(level, since, until)
    if not finer:
        return (until - since) // level.step, [(1, Part(level, since, until))]
    rest = tuple(finer)
    if begin > end:
        return _fewest(rest, since, until)
    found: Signed = [(1, Part(level, begin, end))] if begin < end else []
    cost = (end - begin) // level.step
    for inside, outside, bucket in (
        ((since, begin), (begin - level.step, since), (begin - level.step, begin)),
        ((end, until), (until, end + level.step), (end, end + level.step)),
    ):
        direct = _fewest(rest, *inside)
        around, parts = _fewest(rest, *outside)
        if around + 1 < direct[0]:
            taken: Signed = [(-sign, part) for sign, part in parts]
            direct = around + 1, [(1, Part(level, *bucket)), *taken]
        cost += direct[0]
        found += direct[1]
    return cost, found


def kept(connection: sqlite3.Connection) -> Kept:
    """What a ledger has. Its oldest rows of a level may be on their way out, so the first hour or
    day counts of which no less is there than the level above has.
    """
    (begins,) = connection.execute("SELECT min(start) FROM days").fetchone()
    hours = _whole_since(connection, HOURS, DAYS)
    return Kept(begins or 0, hours, max(hours, _whole_since(connection, FIVE_MINUTES, HOURS)))


def _whole_since(connection: sqlite3.Connection, level: Level, above: Level) -> int:
    (oldest,) = connection.execute(f"SELECT min(start) FROM {level.table}").fetchone()
    (newest,) = connection.execute(f"SELECT max(start) FROM {above.table}").fetchone()
    if oldest is None or newest is None:
        return 0
    start = int(oldest // above.step) * above.step
    while start <= newest and _counts(connection, level, start, above.step) != _counts(
        connection, above, start, above.step
    ):
        start += above.step
    return start


def _counts(connection: sqlite3.Connection, level: Level, since: int, seconds: int) -> list[object]:
    """Of all that can be counted in whole numbers."""
    between = {"first": since, "end": since + seconds, "step": level.step}
    on = f"ON b.start = starts.start AND b.worker = {FLEET}"
    sums = connection.execute(
        f"{STARTS} SELECT sum(accepted), sum(rejected), sum(forwarded), sum(connects), "
        f"sum(disconnects) FROM starts JOIN {level.table} AS b {on}",
        between,
    ).fetchone()
    rejects = connection.execute(
        f"{STARTS} SELECT sum(count) FROM starts JOIN {level.table}_rejects AS b {on}", between
    ).fetchone()
    return [*sums, *rejects]
