"""Pools."""

from stratumproxy.web.pools import Pools
from tests.fleet.telling import Told, pool, snapshot
from tests.web.asking import Web


async def test_each_with_its_round_trip(web: Web, told: Told) -> None:
    backup = pool(name="backup", state="waiting", detail="connection refused")
    told.fleet.snapshot(0, "run-1", snapshot(pools=(pool(), backup)), told.now)
    first, second = (await web.read("/api/pools", Pools))["pools"]
    assert (first["name"], first["state"], first["accepted"]) == ("pool", "ready", 5)
    assert first["round_trip"] == {"p50": 0.05, "p99": 0.099}
    assert (second["state"], second["detail"]) == ("waiting", "connection refused")
    assert second["round_trip"] is None


async def test_what_is_mined_on_why_and_who_wanted_it_so(web: Web, told: Told) -> None:
    backup = pool(name="backup", mined_for=40.0, why="an operator ordered it")
    now = snapshot(pools=(pool(), backup), preferred="backup")
    told.fleet.snapshot(0, "run-1", now, told.now)
    first, second = (await web.read("/api/pools", Pools))["pools"]
    assert (first["mined_for"], first["why"], first["ordered"]) == (None, "", False)
    expected = (40.0, "an operator ordered it", True)
    assert (second["mined_for"], second["why"], second["ordered"]) == expected


async def test_none_before_the_first_snapshot() -> None:
    assert await Web(Told()).read("/api/pools", Pools) == {"pools": []}
