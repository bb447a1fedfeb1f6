"""Reasons: the code that miners know, and the name that is counted."""

import pytest

from stratumproxy.mining import rejects
from stratumproxy.mining.rejects import Reject
from stratumproxy.shares.verdict import REJECTED, Verdict

ALL = [value for value in vars(rejects).values() if isinstance(value, Reject)]


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict >= REJECTED])
def test_every_verdict_that_is_none_has_its_reject(verdict: Verdict) -> None:
    assert rejects.OF_VERDICT[verdict].reason


def test_no_share_has_one() -> None:
    assert all(verdict >= REJECTED for verdict in rejects.OF_VERDICT)


@pytest.mark.parametrize(
    ("reject", "code"),
    [
        (rejects.STALE, 21),
        (rejects.DUPLICATE, 22),
        (rejects.LOW_DIFFICULTY, 23),
        (rejects.UNAUTHORIZED, 24),
        (rejects.NOT_SUBSCRIBED, 25),
    ],
)
def test_codes_that_mean_one_thing(reject: Reject, code: int) -> None:
    assert reject.code == code
    others = [each for each in (*ALL, *rejects.OF_VERDICT.values()) if each != reject]
    assert code not in [other.code for other in others]


@pytest.mark.parametrize("reject", ALL, ids=lambda reject: reject.reason)
def test_the_rest_is_20(reject: Reject) -> None:
    assert 20 <= reject.code <= 25
    assert reject.text


def test_names_differ() -> None:
    assert len({reject.reason for reject in ALL}) == len(ALL)
