"""The operator's order of pools in the ledger."""

from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.errors import SinkError
from stratumproxy.ledger import Standing
from stratumproxy.ledger.order import KeptOrder, keep

ORDER = KeptOrder("spare", "10.0.0.9", 1_800_000_000.0)


def kept(path: Path) -> list[KeptOrder]:
    with closing(Standing(str(path))) as standing:
        return standing.orders


def test_it_is_kept_in_place_of_the_last_one(path: Path) -> None:
    """In a ledger that nothing was kept in before, too."""
    keep(str(path), [ORDER._replace(pool="other")])
    keep(str(path), [ORDER])
    assert kept(path) == [ORDER]


def test_that_there_is_none_is_kept(path: Path) -> None:
    keep(str(path), [ORDER])
    keep(str(path), [])
    assert kept(path) == []


def test_where_it_can_not_be_kept(tmp_path: Path) -> None:
    with pytest.raises(SinkError):
        keep(str(tmp_path / "nowhere" / "ledger"), [ORDER])


def test_each_target_may_have_one(path: Path) -> None:
    orders = [ORDER, ORDER._replace(tenant="acme"), ORDER._replace(tenant="acme", target="a")]
    keep(str(path), reversed(orders))
    assert kept(path) == orders
