"""Figures in words."""

import pytest

from stratumproxy.top import words


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0, "0 H/s"),
        (999, "999 H/s"),
        (999.7, "1.00 kH/s"),
        (1.7e18, "1.70 EH/s"),
        (1.1e14, "110 TH/s"),
        (1e30, "1.00e+06 YH/s"),
    ],
)
def test_rate(rate: float, text: str) -> None:
    assert words.rate(rate) == text


def test_short() -> None:
    assert [words.short(value) for value in (0.001, 1, 512, 65536, 1.1e12)] == [
        "0.00100",
        "1",
        "512",
        "65.5k",
        "1.10T",
    ]


def test_percent_and_error() -> None:
    assert [words.percent(part) for part in (0.0012, 0.05, 0.5, 1.0, 2.0)] == [
        "0.12%",
        "5%",
        "50%",
        "100%",
        "200%",
    ]
    assert words.error({"error": 0.008}, "±") == "±0.8%"
    assert words.error({"error": None}, "±") == ""


def test_parts_to_a_hundredth_and_debts() -> None:
    assert [words.exact(part) for part in (0.7, 0.00507, None)] == ["70.00%", "0.51%", "-"]
    assert [words.owed(seconds) for seconds in (12.3, -4.2, 0.4, 7200)] == [
        "lacks 12s",
        "4s too much",
        "even",
        "lacks 2h",
    ]


def test_rejected() -> None:
    assert words.rejected(100, 0) == "0"
    assert words.rejected(995, 5) == "5 (0.5%)"
    assert words.rejected(0, 1000) == "1,000 (100%)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "never"),
        (-3, "0s"),
        (12, "12s"),
        (240, "4m"),
        (3600 * 3, "3h"),
        (86400 * 3, "3d"),
    ],
)
def test_age(seconds: float | None, text: str) -> None:
    assert words.age(seconds) == text


def test_delay() -> None:
    assert [words.delay(seconds) for seconds in (0.0012, 0.038, 0.25, 1.2)] == [
        "1.2 ms",
        "38 ms",
        "0.25 s",
        "1.2 s",
    ]


def test_counts() -> None:
    assert words.counts({"a": 1, "stale": 1200, "none": 0}) == "stale 1,200, a 1"
    assert words.counts({}) == ""


def test_clean_leaves_nothing_that_moves_the_cursor() -> None:
    assert words.clean("a\x1b[2Jb\nc\u202e é") == "a�[2Jb�c� é"


def test_bars() -> None:
    assert words.bars([0, 1, 2, 4, 8], words.BARS) == "▁▂▃▅█"
    assert words.bars([0, 0], words.BARS) == words.bars([], words.BARS) == ""
