"""Days as a customer has them."""

from datetime import UTC, datetime

import pytest

from stratumproxy.statement import StatementError, parse_zone
from stratumproxy.statement.period import parse_period

NOW = 1_793_534_400.0  # 2026-11-01T12:00, UTC


def days(since: str, until: str, zone: str) -> list[str]:
    edges = parse_period(since, until, parse_zone(zone), NOW).days()
    return [datetime.fromtimestamp(at, UTC).strftime("%m-%dT%H:%M") for at in edges]


def test_a_day_may_have_23_hours_or_25() -> None:
    spring = days("2026-03-28", "2026-03-31", "Europe/Oslo")
    assert spring == ["03-27T23:00", "03-28T23:00", "03-29T22:00", "03-30T22:00"]
    autumn = days("2026-10-25", "2026-10-27", "Europe/Oslo")
    assert autumn == ["10-24T22:00", "10-25T23:00", "10-26T23:00"]


def test_where_clocks_go_forward_at_midnight() -> None:
    """In Beirut midnight of 2026-03-29 is 1 o'clock."""
    assert days("2026-03-28", "2026-03-30", "Asia/Beirut") == [
        "03-27T22:00", "03-28T22:00", "03-29T21:00",
    ]  # fmt: skip


def test_a_period_may_begin_and_end_within_days() -> None:
    assert days("2026-10-01T06:00", "2026-10-02T07:30+00:00", "Asia/Kathmandu") == [
        "10-01T00:15", "10-01T18:15", "10-02T07:30",
    ]  # fmt: skip


def test_yesterday_is_the_customers() -> None:
    assert days("yesterday", "today", "Pacific/Kiritimati") == ["10-31T10:00", "11-01T10:00"]


@pytest.mark.parametrize(
    ("since", "until", "error"),
    [
        ("2026-11-02", "2026-11-01", "from: is not before to"),
        ("2026-11-01", "2026-11-01", "--from 2026-11-01 --to 2026-11-02"),
        ("soon", "2026-11-01", "from: expected a time such as"),
        ("2026-11-01", "later", "to: expected a time such as"),
        ("2016-11-01", "2026-11-01", "1830 days before to at most"),
        ("9998-01-01", "9999-12-31", "no calendar has these"),
    ],
)
def test_what_is_wrong(since: str, until: str, error: str) -> None:
    with pytest.raises(StatementError, match=error):
        parse_period(since, until, parse_zone("UTC"), NOW)


@pytest.mark.parametrize("name", ["Oslo", "../etc/passwd", "", "a\0b", "Europe/oslo "])
def test_what_is_no_zone(name: str) -> None:
    with pytest.raises(StatementError, match="such as Europe/Oslo"):
        parse_zone(name)
