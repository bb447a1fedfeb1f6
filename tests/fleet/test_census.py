"""Workers and miners counted by tenant and target."""

from typing import Any

import pytest

from stratumproxy.fleet.census import Census, Count
from stratumproxy.fleet.worker import Worker
from tests.fleet.telling import NOW, count, miner, work


def worker(name: str = "rig", **of: Any) -> Worker:
    found = Worker(("acme", name), NOW, NOW, NOW)
    for attribute, value in of.items():
        setattr(found, attribute, value)
    return found


def test_a_worker_is_counted_where_it_mined_last() -> None:
    census, rig = Census(), worker()
    rig.connected(miner(tenant="acme", target="1"), NOW)
    count(rig, work()._replace(tenant="acme", target="2"), NOW)
    census.worker(rig)
    assert {key: place.workers for key, place in census.items()} == {("acme", "2"): 1}


def test_who_needs_a_person_and_what_is_missing() -> None:
    census = Census()
    for name, attention, usual, missing in (
        ("a", ("gone", "rejecting"), 30.0, 30.0),
        ("b", ("slow",), 20.0, 5.0),
        ("c", (), 50.0, 0.0),
    ):
        rig = worker(name, attention=attention, missing=missing)
        rig.usual.rate = usual
        census.worker(rig)
    place = census["acme", ""]
    assert place.attention == {"gone": 1, "slow": 1, "rejecting": 1, "reconnecting": 0}
    assert (place.usual, place.missing) == (100.0, 35.0)
    assert place.of_usual == pytest.approx(0.65)


def test_nothing_is_usual_yet() -> None:
    assert Count(workers=3).of_usual is None


def test_miners_count_once_it_is_known_whose_they_are() -> None:
    census = Census()
    census.miner(miner(1, ""))
    assert census == {}
    census.miner(miner(2, "a", tenant="acme", target="1", pool=""))
    place = census["acme", "1"]
    assert (place.miners, place.account) == (1, ("", ""))


def test_the_pool_and_account_of_most_miners() -> None:
    census = Census()
    for number, (pool, account) in enumerate([("a", "x"), ("a", "y"), ("a", "x"), ("b", "x")]):
        census.miner(miner(number, pool=pool, account=account))
    assert census["default", ""].account == ("a", "x")
    census.miner(miner(9, pool="b", account="x"))
    assert census["default", ""].account == ("b", "x"), "of two with as many always the same"
