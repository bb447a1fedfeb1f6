"""Workers under their own names, on pools of every style: nothing counts for anybody else.

A miner's shares of the pool's difficulty are known by their hashes. Those that the pool has not
under the miner's name it has under the account's, and the proxy has said how many these are.
"""

from collections import Counter
from typing import get_args

import pytest

from stratumproxy.testing import SecondName
from stratumproxy.upstream import probe, sharing
from tests.waiting import PATIENCE

EACH = """
[[target]]
pools = [{{ pool = "pool-0", user = "acme", worker_names = "{names}" }}]
"""
CUSTOMERS = """
[[tenant]]
name = "acme"
workers = ["acme.*"]
[[tenant.target]]
pools = [{ pool = "pool-0", user = "acme", worker_names = "each" }]
[[tenant]]
name = "zenith"
workers = ["zenith.*"]
[[tenant.target]]
pools = [{ pool = "pool-0", user = "z1" }]
"""
MINERS = 8
SHARED = ("allowed", "per-submit", "always")
STYLES = [style for style in get_args(SecondName) if style != "last"]


def sent(miners, pool) -> Counter[str]:
    """How many shares of each miner the pool took."""
    accepted = set(pool.pool.hashes)
    return Counter(
        miner.worker for miner in miners for share in miner.shares if share.hash in accepted
    )


def named(pool) -> dict[str, int]:
    """How many shares of each name the pool took, the account's aside."""
    counts = {name: each.accepted for name, each in pool.pool.workers.items()}
    counts.pop("acme", None)
    return counts


@pytest.fixture
def impatient(monkeypatch, request):
    """A pool that does not answer is waited for a second, and asked again after one.

    One that does answer has as long as it takes: on a busy machine that may be more.
    """
    style = request.node.callspec.params.get("style") if hasattr(request.node, "callspec") else ""
    monkeypatch.setattr(probe, "PATIENCE", PATIENCE if style in SHARED else 1.0)
    monkeypatch.setattr(sharing, "SOON", 1.0)


async def begin(site, style: SecondName, names: str = "each", **limits):
    pool = await site.pool(second_name=style)
    lines = "".join(f"{name} = {value}\n" for name, value in limits.items())
    proxy = await site.proxy(pool, limits=lines + EACH.format(names=names))
    return pool, proxy, await site.miners(proxy, MINERS, worker="acme")


async def end(site, miners, proxy, pool):
    """The end of it, at which all sides counted the same, name by name.

    Returns:
        How the pool stood when the last share was answered.
    """
    await miners.last_job(pool)
    await miners.stop()
    mining = await proxy.next_snapshot(lambda now: not now.pools[0].pending)
    snapshot = await proxy.stop()
    site.check_counts(miners, snapshot, pool)
    site.check_every_hash(miners, pool)
    by_miner, by_name = sent(miners, pool), named(pool)
    assert by_name.keys() <= by_miner.keys()
    for name, count in by_name.items():
        assert count <= by_miner[name], name
    account = pool.pool.workers.get("acme")
    as_account = account.submitted if account else 0
    assert snapshot.pools[0].unnamed == as_account
    assert by_miner.total() - sum(by_name.values()) == (account.accepted if account else 0)
    assert mining.pools[0].unnamed == as_account
    return mining.pools[0]


@pytest.mark.parametrize("style", STYLES)
async def test_each_share_is_under_its_name(site, impatient, style: SecondName) -> None:
    pool, proxy, miners = await begin(site, style)
    await site.until(lambda: len(named(pool)) == MINERS and min(named(pool).values()) >= 5)
    told = await end(site, miners, proxy, pool)
    assert told.names == ("shared" if style in SHARED else "own")
    assert told.sessions == (1 if style in SHARED else 1 + MINERS)
    assert told.rejected == 0


@pytest.mark.parametrize("style", STYLES)
async def test_and_so_it_is_after_the_pool_has_cut_everybody(
    site, impatient, style: SecondName
) -> None:
    pool, proxy, miners = await begin(site, style)
    await site.until(lambda: len(named(pool)) == MINERS)
    for _ in range(2):
        pool.pool.drop_connections()
        before = named(pool)
        await site.until(
            lambda before=before: all(named(pool)[name] >= before[name] + 3 for name in before)
        )
    await miners.stop()
    await proxy.next_snapshot(lambda now: not now.pools[0].pending)
    await proxy.stop()
    site.check_no_false_true(miners, pool)
    by_miner = sent(miners, pool)
    assert set(named(pool)) == set(by_miner)
    assert all(count <= by_miner[name] for name, count in named(pool).items())


@pytest.mark.parametrize("style", ["ignored", "kick", "not-subscribed"])
async def test_auto_goes_as_the_account_there(site, impatient, style: SecondName) -> None:
    pool, proxy, miners = await begin(site, style, names="auto")
    await proxy.next_snapshot(lambda now: now.pools[0].names == "own")
    await miners.each(accepted=10)
    told = await end(site, miners, proxy, pool)
    assert named(pool) == {}
    assert told.sessions == 1


async def test_past_the_limit_the_rest_is_the_accounts(site, impatient) -> None:
    pool, proxy, miners = await begin(site, "ignored", named_sessions=3)
    await site.until(lambda: len(named(pool)) == 3 and min(named(pool).values()) >= 5)
    await miners.each(accepted=10)
    told = await end(site, miners, proxy, pool)
    assert len(named(pool)) == 3
    assert (told.sessions, told.named) == (4, 3)
    assert told.unnamed > 0


@pytest.mark.parametrize("style", ["allowed", "ignored"])
async def test_two_customers_on_one_pool(site, impatient, style: SecondName) -> None:
    """Each on an account of its own; one wants names, and the other does not."""
    pool = await site.pool(second_name=style)
    proxy = await site.proxy(pool, limits="named_sessions = 50\n" + CUSTOMERS)
    acme = await site.miners(proxy, 4, worker="acme", seed=1)
    zenith = await site.miners(proxy, 4, worker="zenith", seed=1000)
    names = {miner.worker for miner in acme}
    await site.until(lambda: names <= named(pool).keys())
    await zenith.each(accepted=10)
    await acme.last_job(pool)
    for miners in (acme, zenith):
        await miners.stop()
    await proxy.next_snapshot(lambda now: not now.pools[0].pending)
    snapshot = await proxy.stop()
    counted = {name: each.accepted for name, each in pool.pool.workers.items()}
    assert counted.keys() - {"acme"} == {*names, "z1"}
    assert counted["z1"] == sent(zenith, pool).total()
    assert sum(counted.values()) - counted["z1"] == sent(acme, pool).total()
    assert snapshot.pools[0].unnamed == counted.get("acme", 0)
    assert snapshot.pools[0].rejected == 0


async def test_a_pool_that_means_the_last_name_has_the_sum_right(site, impatient) -> None:
    """It says true to each, as pools do that mean each share's own: no message tells them apart."""
    pool, proxy, miners = await begin(site, "last")
    await miners.each(accepted=10)
    await miners.last_job(pool)
    await miners.stop()
    await proxy.next_snapshot(lambda now: not now.pools[0].pending)
    snapshot = await proxy.stop()
    site.check_counts(miners, snapshot, pool)
    assert set(pool.pool.workers) <= {"acme", *(miner.worker for miner in miners)}


async def test_a_pool_that_becomes_another_software(site, impatient) -> None:
    """It takes several names, and after a restart but one: no share is refused for its name."""
    pool, proxy, _ = await begin(site, "allowed")
    await site.until(lambda: len(named(pool)) == MINERS)
    pool.pool.settings.second_name = "kick"
    pool.pool.drop_connections()
    await proxy.next_snapshot(lambda now: now.pools[0].names == "own")
    before = named(pool)
    await site.until(
        lambda: all(named(pool)[name] >= before[name] + 3 for name in before),
    )
    assert pool.pool.total.rejected["unauthorized"] == 0
