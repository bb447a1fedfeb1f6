"""/api/tenants: each target's shares and workers, and whose they are."""

from typing import Any

import pytest

from stratumproxy.fleet.fleet import Earlier
from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY, Rates
from stratumproxy.fleet.worker import Counts
from stratumproxy.web.summary import Summary
from stratumproxy.web.tenants import TenantsAnswer
from tests.fleet.telling import NOW, Told, miner, work
from tests.web.asking import Web


def told() -> Told:
    """Two tenants, one of them with two targets, in two processes."""
    told = Told()
    of: dict[str, dict[str, Any]] = {
        "one": {"tenant": "acme", "target": "1", "pool": "a", "account": "acme-1"},
        "two": {"tenant": "acme", "target": "2", "pool": "b", "account": "acme-2"},
        "beta": {"tenant": "beta", "pool": "a", "account": "beta"},
    }
    told.miners(*(miner(number, f"rig{number}", **of["one"]) for number in range(3)))
    told.tell(process=1, run="run-2", miners=[miner(7, "rig7", **of["two"])])
    told.tell(process=1, run="run-2", miners=[miner(8, "rig0", **of["beta"])])
    told.works(
        work("rig0", 10)._replace(**of["one"]),
        work("rig1", 20, stale=2)._replace(**of["one"]),
        work("rig7", 5, pool=1)._replace(**of["two"]),
        work("rig0", 40)._replace(**of["beta"]),
        after=60,
    )
    return told


async def test_each_target_by_itself() -> None:
    found = (await Web(told()).read("/api/tenants", TenantsAnswer))["tenants"]
    assert [(each["tenant"], each["target"]) for each in found] == [
        ("acme", "1"),
        ("acme", "2"),
        ("beta", ""),
    ]
    one, two, beta = found
    assert (one["miners"], one["workers"], two["miners"], beta["miners"]) == (3, 3, 1, 1)
    assert (one["accepted"], one["work"]) == (30, 30 * 1024.0)
    assert (one["rejected"], two["rejected"], beta["rejected"]) == ({"stale": 2}, {"pool": 1}, {})
    assert (one["pool"], one["account"]) == ("a", "acme-1")
    assert one["attention"] == {"gone": 0, "slow": 0, "rejecting": 0, "reconnecting": 0}
    figure = beta["hashrate"]["5m"]
    assert figure["shares"] == 40
    assert figure["rate"] == pytest.approx(40 * 1024 * HASHES_PER_DIFFICULTY / 60, rel=0.1)
    assert beta["counted_since"] == NOW


async def test_together_they_are_the_whole() -> None:
    web = Web(told())
    summary = await web.read("/api/summary", Summary)
    found = (await web.read("/api/tenants", TenantsAnswer))["tenants"]
    assert sum(each["workers"] for each in found) == summary["workers"]
    assert sum(each["hashrate"]["24h"]["shares"] for each in found) == 75
    for kind, count in summary["attention"].items():
        assert sum(each["attention"][kind] for each in found) == count


async def test_one_tenant_of_all() -> None:
    found = (await Web(told()).read("/api/tenants?tenant=beta", TenantsAnswer))["tenants"]
    assert [each["tenant"] for each in found] == ["beta"]
    assert (await Web(told()).read("/api/tenants?tenant=none", TenantsAnswer)) == {"tenants": []}


async def test_whose_miners_have_not_mined_since_the_start_are_there() -> None:
    told = Told()
    counts = Counts(7, 0, {}, 7.0, 1.0, 1)
    told.fleet.recall(
        [Earlier(("acme", "rig"), NOW - 99, NOW - 9, counts, Rates(NOW, NOW))], NOW, NOW - 80_000
    )
    told.passes(30)
    (acme,) = (await Web(told).read("/api/tenants", TenantsAnswer))["tenants"]
    assert (acme["tenant"], acme["workers"], acme["miners"], acme["accepted"]) == ("acme", 1, 0, 0)
    assert acme["attention"]["gone"] == 1
    assert (acme["pool"], acme["hashrate"]["5m"]["error"]) == ("", None)
