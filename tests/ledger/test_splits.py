"""Accounts of splits in the ledger."""

from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.errors import SinkError
from stratumproxy.ledger import Standing
from stratumproxy.ledger.splits import KeptDebt, KeptSplit, keep
from tests.ledger.told import query

NOW = 1_800_000_000.0
ACME = KeptSplit(
    "acme",
    NOW - 60,
    NOW,
    12.5,
    "ops",
    [
        KeptDebt("main", "", 0.7, 0.6, -5.0, 100.0, 1.0),
        KeptDebt("main", "run", 0.7, 0.6, 2.0, 10.0, 0.0),
        KeptDebt("spare", "", 0.3, 0.4, 5.0, 40.0, -1.0),
        KeptDebt("spare", "run", 0.3, 0.4, -2.0, 4.0, 0.0),
    ],
)
MOLE = KeptSplit("mole", NOW, NOW, 0.0, "", [])


def kept(path: Path) -> list[KeptSplit]:
    with closing(Standing(str(path))) as standing:
        return standing.splits


def test_they_are_kept_in_place_of_all_that_were(path: Path) -> None:
    """In a ledger that nothing was kept in before, too."""
    keep(str(path), [ACME, MOLE._replace(tenant="gone")])
    keep(str(path), [MOLE, ACME])
    assert kept(path) == [ACME, MOLE]
    keep(str(path), [])
    assert kept(path) == []
    assert query(path, "SELECT count(*) FROM split_debts") == [(0,)]


def test_where_they_can_not_be_kept(tmp_path: Path) -> None:
    with pytest.raises(SinkError):
        keep(str(tmp_path / "nowhere" / "ledger"), [ACME])
