"""From when to when a statement is, and where days begin for whom it is for."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from stratumproxy.errors import StratumProxyError
from stratumproxy.ledger.period import parse_time

MOST_DAYS = 1830
"""Five years: rows at most."""


FIRST, LAST = (datetime(*day, tzinfo=UTC).timestamp() for day in ((1, 1, 2), (9999, 12, 30)))
"""Days that every zone's calendar has. What is excused for good may begin before and end after."""


class StatementError(StratumProxyError):
    """There is no statement of what was asked for: what is wrong, and what to do."""


class Period(NamedTuple):
    """A stretch of time as people say it."""

    since: float
    """Unix seconds."""
    until: float
    """Not included."""
    zone: ZoneInfo
    """Whose days count."""

    def days(self) -> list[float]:
        """Where days begin within it, with its own beginning and end: 23 to 25 hours apart."""
        first = datetime.fromtimestamp(self.since, self.zone).date()
        edges, day = [self.since], first
        while True:
            day += timedelta(days=1)
            begins = midnight(day, self.zone)
            if begins >= self.until:
                return [*edges, self.until]
            edges.append(begins)

    def text(self, at: float) -> str:
        """A moment, for people, as near to it as the calendar goes."""
        at = min(max(at, FIRST), LAST)
        return datetime.fromtimestamp(at, self.zone).isoformat(" ", "minutes")[:16]

    def day(self, at: float) -> str:
        """The day that a moment is in."""
        return datetime.fromtimestamp(at, self.zone).date().isoformat()


def midnight(day: date, zone: ZoneInfo) -> float:
    """When a day begins, in Unix seconds. Where clocks go forward at midnight, that is when."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def parse_zone(name: str) -> ZoneInfo:
    """A time zone of the IANA database, such as Europe/Oslo.

    Raises:
        StatementError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        hint = "" if _known("Europe/Oslo") else "; this machine has no time zones: install tzdata"
        raise StatementError(
            f"no time zone {name[:100]!r}: name one as the IANA does, such as Europe/Oslo or "
            f"UTC{hint}"
        ) from None


def _known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except LookupError:
        return False
    return True


def parse_period(since: str, until: str, zone: ZoneInfo, now: float) -> Period:
    """A period from its ends as people write them.

    Args:
        since: as `parse_time` has it; a date or time without an offset is in the zone.
        until: alike; not included.
        zone: whose days count.
        now: Unix seconds.

    Raises:
        StatementError: one of them is no time, or they are the wrong way round, or too far apart.
    """
    return bounded(Period(_end("from", since, zone, now), _end("to", until, zone, now), zone))


def _end(name: str, text: str, zone: ZoneInfo, now: float) -> float:
    try:
        return parse_time(text, now, zone)
    except ValueError as error:
        raise StatementError(f"{name}: {error}") from None


def bounded(period: Period) -> Period:
    """The same.

    Raises:
        StatementError: its ends are the wrong way round, or too far apart.
    """
    if not period.since < period.until:
        raise StatementError(
            "from: is not before to, which is not included: one day is --from 2026-11-01 "
            "--to 2026-11-02"
        )
    if period.until - period.since > MOST_DAYS * 86_400:
        raise StatementError(f"from {MOST_DAYS} days before to at most")
    try:
        for end in (period.since - 86_400, period.until + 86_400):
            datetime.fromtimestamp(end, UTC)
    except (OverflowError, ValueError, OSError):
        raise StatementError("from, to: no calendar has these") from None
    return period
