"""Weights that held: kept again and again, changed, given up, and through a crash."""

from contextlib import closing
from itertools import pairwise
from math import inf
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.ledger.database import open_for_writing
from stratumproxy.ledger.splits import KeptDebt, KeptSplit, keep
from stratumproxy.ledger.weights import Held, held

NOW = 1_800_000_000.0
SOME = {"main": 0.7, "spare": 0.3}
OTHER = {"main": 0.5, "spare": 0.5}


def tell(path: Path, parts: dict[str, float], began: float, at: float) -> None:
    """An account with these parts is kept; without any the tenant has no split any more."""
    debts = [KeptDebt(target, "", part, part, 0.0, 0.0, 0.0) for target, part in parts.items()]
    keep(str(path), [KeptSplit("acme", NOW + began, NOW + at, 0.0, "", debts)] if parts else [])


def told(path: Path) -> list[tuple[float, float, dict[str, float]]]:
    with closing(open_for_writing(str(path))) as connection:
        found = held(connection, "acme")
        assert held(connection, "mole") == []
    return [(each.since - NOW, each.until - NOW, each.parts) for each in found]


def test_they_hold_until_others_do(path: Path) -> None:
    tell(path, SOME, 0, 60)
    assert told(path) == [(0, inf, SOME)]
    tell(path, SOME, 0, 120)
    tell(path, OTHER, 130, 131)
    assert told(path) == [(0, 130, SOME), (130, inf, OTHER)]
    tell(path, SOME, 200, 200)
    assert told(path) == [(0, 130, SOME), (130, 200, OTHER), (200, inf, SOME)]


def test_one_that_was_given_up_held_as_long_as_it_was_kept(path: Path) -> None:
    tell(path, SOME, 0, 60)
    tell(path, {}, 0, 100)
    assert told(path) == [(0, 60, SOME)]
    tell(path, SOME, 1000, 1001)
    assert told(path) == [(0, 60, SOME), (1000, inf, SOME)]


def test_after_a_crash_they_held_until_the_new_ones_did(path: Path) -> None:
    """It went down some seconds after they were kept, and came back with others a day later."""
    tell(path, SOME, 0, 60)
    tell(path, OTHER, 86_400, 86_400)
    assert told(path) == [(0, 86_400, SOME), (86_400, inf, OTHER)]


def test_a_clock_that_was_set_back(path: Path) -> None:
    tell(path, SOME, 0, 3600)
    tell(path, OTHER, 60, 120)
    assert told(path) == [(0, 3600, SOME), (3600, inf, OTHER)]
    tell(path, SOME, 180, 240)
    assert told(path) == [(0, 3600, SOME), (3600, inf, SOME)], "others held for no time at all"


accounts = st.tuples(st.sampled_from([SOME, OTHER, {}]), st.integers(0, 9), st.integers(0, 9))


@given(st.lists(accounts, min_size=1, max_size=8))
def test_they_never_overlap(
    tmp_path_factory, kept: list[tuple[dict[str, float], int, int]]
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite3"
    for parts, began, lasts in kept:
        tell(path, parts, began, began + lasts)
    found = [Held(*each) for each in told(path)]
    assert all(each.parts in (SOME, OTHER) and each.since <= each.until for each in found)
    assert all(one.until <= other.since for one, other in pairwise(found))
    assert [each.until == inf for each in found[-1:]] == [bool(kept[-1][0])] * bool(found)
