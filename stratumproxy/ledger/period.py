"""Times as people write them."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

_AGO = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
DAY = 86_400
_UNITS = {"m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}
_DAYS_AGO = {"today": 0, "yesterday": 1}
_SECONDS = re.compile(r"\d{9,11}(\.\d{1,9})?", re.ASCII)


def parse_time(text: str, now: float, zone: tzinfo = UTC) -> float:
    """A moment, in Unix seconds.

    Args:
        text: ``24h`` ago (m, h, d, w), ``now``, ``today`` or ``yesterday`` (their first moment), or
            as `parse_moment` has it.
        now: Unix seconds.
        zone: where days begin at midnight, and in which times are that say of none.

    Raises:
        ValueError: it is none.
    """
    word = text.strip()
    if match := _AGO.fullmatch(word):
        return now - int(match[1]) * _UNITS[match[2]]
    if word == "now":
        return now
    if word in _DAYS_AGO:
        day = datetime.fromtimestamp(now, zone).date() - timedelta(days=_DAYS_AGO[word])
        return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
    return parse_moment(text, zone)


def parse_moment(text: str, zone: tzinfo = UTC) -> float:
    """A date or time, in Unix seconds.

    Args:
        text: ``2026-11-01``, ``2026-11-01T06:00``, ``2026-11-01 06:00:00+02:00``, or Unix seconds.
        zone: in which it is, unless it says otherwise.

    Raises:
        ValueError: it is none.
    """
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(
            f"expected a time such as 24h, yesterday, 2026-11-01, 2026-11-01T06:00 or Unix "
            f"seconds, not {text!r}"
        ) from None


def as_text(at: float) -> str:
    """A moment for people, to the minute, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
