"""Settings as text."""

import pytest

from stratumproxy.errors import StratumProxyError
from stratumproxy.testing import STYLES, PoolSettings
from stratumproxy.testing.faults import Faults
from stratumproxy.testing.given import with_settings


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ("difficulty=1e-7", "difficulty", 1e-7),
        ("reject_every=10", "reject_every", 10),
        ("version_mask=0x1fffe000", "version_mask", 0x1FFFE000),
        ("version_mask=none", "version_mask", None),
        ("extranonce1_prefix=0a0b", "extranonce1_prefix", b"\n\x0b"),
        ("supports_configure=no", "supports_configure", False),
        ("silent=ON", "silent", True),
        ("work_after=subscribe", "work_after", "subscribe"),
    ],
)
def test_of_a_pool(given: str, name: str, value: object) -> None:
    assert getattr(with_settings(PoolSettings(), [given]), name) == value


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ("user_agent=mine/1.0", "user_agent", "mine/1.0"),
        ("min_bit_count=2", "min_bit_count", 2),
        ("min_bit_count=two", "min_bit_count", "two"),
        ("min_bit_count=none", "min_bit_count", None),
        ("suggests=0.5", "suggests", 0.5),
        (
            "steps=configure,subscribe+authorize",
            "steps",
            (("configure",), ("subscribe", "authorize")),
        ),
    ],
)
def test_of_a_style(given: str, name: str, value: object) -> None:
    assert getattr(with_settings(STYLES["cgminer"], [given]), name) == value


def test_several_and_the_others_stay() -> None:
    faults = with_settings(Faults(latency=1), ["jitter=0.5", "cut_after=7"])
    assert faults == Faults(latency=1, jitter=0.5, cut_after=7)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("wait=1", "there is no setting 'wait'; there are: "),
        ("difficulty", "difficulty has no value; expected difficulty=VALUE"),
        ("difficulty=much", "difficulty=much: expected a number"),
        ("difficulty=-1", "difficulty: above 0"),
        ("reject_every=1.5", "reject_every=1.5: expected a whole number"),
        ("silent=perhaps", "silent=perhaps: expected yes or no"),
        ("extranonce1_prefix=xy", "expected bytes in hex"),
        ("work_after=lunch", "work_after=lunch: expected one of authorize, subscribe"),
    ],
)
def test_what_is_wrong(given: str, text: str) -> None:
    with pytest.raises(StratumProxyError, match=text):
        with_settings(PoolSettings(), [given])
