"""Times as people write them."""

import pytest

from stratumproxy.ledger.period import as_text, parse_moment, parse_time
from tests.ledger.told import DAY


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2023-11-15", DAY),
        ("2023-11-15T06:00", DAY + 6 * 3600),
        (" 2023-11-15 06:00:30Z ", DAY + 6 * 3600 + 30),
        ("2023-11-15T06:00+02:00", DAY + 4 * 3600),
        (str(DAY), DAY),
        (f"{DAY}.5", DAY + 0.5),
    ],
)
def test_moments(text: str, at: float) -> None:
    assert parse_moment(text) == at
    assert parse_time(text, 0.0) == at


@pytest.mark.parametrize(
    ("text", "ago"),
    [("now", 0), ("30m", 1800), ("24h", 86_400), ("7d", 604_800), ("2w", 1_209_600)],
)
def test_ago(text: str, ago: float) -> None:
    assert parse_time(text, DAY) == DAY - ago


def test_days_by_their_names() -> None:
    for now in (DAY, DAY + 86_399.5):
        assert parse_time("today", now) == DAY
        assert parse_time("yesterday", now) == DAY - 86_400


@pytest.mark.parametrize("text", ["", "tomorrow", "24", "-1h", "h", "1e9", "2023-13-01", "9" * 30])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time such as 24h, yesterday, 2026-11-01"):
        parse_time(text, DAY)


def test_as_text() -> None:
    assert as_text(DAY + 3661) == "2023-11-15 01:01"
