"""Times as people write them."""

import re
from datetime import UTC, datetime

_AGO = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_SECONDS = re.compile(r"\d{9,11}(\.\d{1,9})?", re.ASCII)


def parse_time(text: str, now: float) -> float:
    """A moment, in Unix seconds: ``24h`` ago (m, h, d, w), or as `parse_moment` has it.

    Raises:
        ValueError: it is none.
    """
    if match := _AGO.fullmatch(text.strip()):
        return now - int(match[1]) * _UNITS[match[2]]
    if text.strip() == "now":
        return now
    return parse_moment(text)


def parse_moment(text: str) -> float:
    """A date or time, in Unix seconds.

    Args:
        text: ``2026-11-01``, ``2026-11-01T06:00``, ``2026-11-01 06:00:00+02:00`` (UTC unless it
            says otherwise), or Unix seconds.

    Raises:
        ValueError: it is none.
    """
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(
            f"expected a time such as 24h, 2026-11-01, 2026-11-01T06:00 or Unix seconds, not "
            f"{text!r}"
        ) from None


def as_text(at: float) -> str:
    """A moment for people, to the minute, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
