"""/api/groups: sums by the parts of workers' names."""

import pytest

from stratumproxy.web.groups import MOST_VALUES, GroupsAnswer
from tests.fleet.telling import Told, miner, work
from tests.web.asking import Web


def groups_of(name: str) -> dict[str, str]:
    """``hall.rack.rig``, of which only halls need be there."""
    parts = name.split(".")
    return dict(zip(("hall", "rack"), parts[:-1], strict=False))


async def test_without_a_pattern_there_are_none(web: Web) -> None:
    assert await web.read("/api/groups", GroupsAnswer) == {"groups": []}


async def test_each_worker_is_in_each_of_its_groups() -> None:
    told = Told()
    names = ["a.r1.x", "a.r1.y", "a.r2.x", "b.x", "alone"]
    told.miners(*(miner(number, name) for number, name in enumerate(names)))
    told.works(*(work(name, 10) for name in names), after=60)
    told.works(*(work(name, 10) for name in names), after=60)
    worker = told.worker("a.r1.y")
    worker.attention, worker.missing, worker.usual.rate = ("slow",), 5e12, 2e13
    found = await Web(told, groups_of=groups_of).read("/api/groups", GroupsAnswer)
    hall, rack = found["groups"]
    assert (hall["name"], hall["total"], rack["name"], rack["total"]) == ("hall", 2, "rack", 2)
    a, b = hall["values"]
    assert (a["value"], a["workers"], a["miners"], b["workers"]) == ("a", 3, 3, 1)
    assert a["hashrate"]["5m"] == pytest.approx(3 * b["hashrate"]["5m"], rel=1e-6)
    assert (a["attention"]["slow"], b["attention"]["slow"]) == (1, 0)
    assert (a["missing"], a["of_usual"], b["of_usual"]) == (5e12, 0.75, None)
    assert [each["value"] for each in rack["values"]] == ["r1", "r2"]


async def test_one_tenants_workers_alone() -> None:
    told = Told()
    told.works(work("a.x")._replace(tenant="acme"), work("a.x"), work("b.x"))
    found = await Web(told, groups_of=groups_of).read("/api/groups?tenant=acme", GroupsAnswer)
    (hall,) = found["groups"]
    assert [(each["value"], each["workers"]) for each in hall["values"]] == [("a", 1)]


async def test_who_makes_names_up_pushes_out_no_rack() -> None:
    told = Told()
    made_up = [f"0{number}.x" for number in range(MOST_VALUES + 5)]
    told.works(*map(work, [*made_up, "real.x", "real.y"]))
    (hall,) = (await Web(told, groups_of=groups_of).read("/api/groups", GroupsAnswer))["groups"]
    assert (hall["total"], len(hall["values"])) == (MOST_VALUES + 6, MOST_VALUES)
    assert hall["values"][-1]["value"] == "real"
