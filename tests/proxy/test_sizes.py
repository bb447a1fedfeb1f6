"""Extranonce sizes from 2 to 16: pools that verify every share, miners of every kind on them."""

import pytest

from stratumproxy.mining.extranonce import Layout
from stratumproxy.testing import STYLES, PoolSettings
from tests.proxy.farm import Farm
from tests.proxy.playbook import Playbook, notify

EASY = {"start": 2e-9, "min": 1e-12, "vardiff": False}
ALL = tuple(STYLES)


def pool(size: int, **knobs: object) -> PoolSettings:
    knobs = {"extranonce2_size": size, "difficulty": 2e-8, "job_interval": 0, **knobs}
    return PoolSettings(**knobs)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", range(2, 17))
def test_every_size_with_every_kind_of_miner(size: int) -> None:
    """With 2 bytes each miner has a session of its own, else all of them share one."""
    farm = Farm({"pool": pool(size)}, difficulty=EASY)
    farm.start(*ALL)
    for turn in range(4):
        farm.mine(100)
        farm.step("clock -- 1 s")
        farm.new_job("pool", clean=turn % 2 == 0)
    farm.mine(100)
    farm.check()
    total = farm.simulated["pool"].total
    assert total.accepted > 20
    assert not total.rejected
    assert len(farm.connections) == (len(ALL) if size == 2 else 1)
    assert all(machine.counts.accepted for machine in farm.machines.values())


@pytest.mark.parametrize("extranonce1_size", [0, 1, 9, 32])
@pytest.mark.parametrize("size", [2, 3, 8])
def test_the_pools_extranonce1_may_have_any_length(extranonce1_size: int, size: int) -> None:
    farm = Farm({"pool": pool(size, extranonce1_size=extranonce1_size)}, difficulty=EASY)
    # with a session of its own the miner has the pool's extranonce1, which may be 16 bytes at most
    if size == 2 and not 0 < extranonce1_size <= 16:
        pytest.skip("no miner could mine there")
    farm.start("cgminer", "cpuminer")
    farm.mine(1000)
    farm.check()
    assert farm.simulated["pool"].total.accepted > 5


@pytest.mark.parametrize(("size", "backup_size"), [(8, 4), (4, 8), (3, 16), (12, 5), (6, 7)])
def test_pools_of_two_sizes_by_a_clean_job_alone(size: int, backup_size: int) -> None:
    """Miners get what fits both, so a switch needs no set_extranonce and no reconnect."""
    farm = Farm(
        {
            "pool": pool(size),
            "backup": pool(backup_size, extranonce1_size=2, version_mask=0x00FFE000),
        },
        difficulty=EASY,
    )
    farm.start(*ALL)
    farm.mine(200)
    before = {name: machine.connects for name, machine in farm.machines.items()}
    farm.cut("pool")
    farm.mine(400)
    farm.check()
    assert farm.simulated["backup"].total.accepted > 20
    assert {name: machine.connects for name, machine in farm.machines.items()} == before
    slots = [farm.miner(name).extranonce1 for name in farm.machines]
    assert len(set(slots)) == len(slots)
    smallest = Layout.of(min(size, backup_size))
    totals = {
        len(each) + farm.miner(name).extranonce2_size
        for name, each in zip(farm.machines, slots, strict=True)
    }
    assert totals <= {smallest.rolling.total, smallest.plain.total}


@pytest.mark.parametrize("size", [2, 8])
def test_a_pool_cut_and_back_with_another_extranonce1(size: int) -> None:
    farm = Farm({"pool": pool(size)}, difficulty=EASY)
    farm.start(*ALL)
    farm.mine(200)
    farm.cut("pool", pool(size, extranonce1_prefix=b"\xaa\xbb"))
    farm.new_job("pool", clean=True)
    if size == 2:
        # whoever can't be told of another extranonce1 has to reconnect
        for _ in range(len(ALL)):
            farm.step("clock -- 1 s")
        farm.talk()
        for name in farm.machines:
            if farm.peers[name].closed is not None:
                farm.connect_miner(name)
        farm.talk()
    farm.mine(400)
    farm.check()
    if size == 8:
        assert all(machine.connects == 1 for machine in farm.machines.values())
    else:
        told = [name for name, machine in farm.machines.items() if machine.connects == 1]
        assert {name.split("-")[0] for name in told} >= {"bitaxe", "antminer"}


@pytest.mark.parametrize(("before", "after"), [(4, 8), (8, 12), (3, 4), (6, 16)])
def test_a_pool_that_comes_back_with_more_room(before: int, after: int) -> None:
    farm = Farm({"pool": pool(before)}, difficulty=EASY)
    farm.start(*ALL)
    farm.mine(100)
    farm.cut("pool", pool(after, extranonce1_size=6))
    farm.mine(200)
    farm.check()
    assert all(machine.connects == 1 for machine in farm.machines.values())
    assert farm.simulated["pool"].total.accepted > 20
    late = "nerdminer"
    farm.start(late)
    farm.mine(100)
    farm.check()


@pytest.mark.parametrize(("before", "after"), [(8, 4), (12, 3), (6, 5), (4, 3)])
def test_a_pool_that_comes_back_with_less_room(before: int, after: int) -> None:
    """Who asked for set_extranonce stays; the others are let go and come back."""
    farm = Farm({"pool": pool(before)}, difficulty=EASY)
    farm.start(*ALL)
    farm.mine(100)
    farm.cut("pool", pool(after))
    for _ in range(len(ALL)):
        farm.step("clock -- 1 s")
    farm.talk()
    stayed = [name for name in farm.machines if farm.peers[name].closed is None]
    assert {name.split("-")[0] for name in stayed} == {"antminer", "bitaxe"}
    for name in farm.machines:
        if name not in stayed:
            farm.connect_miner(name)
    farm.talk()
    farm.mine(300)
    farm.check()
    assert all(machine.counts.accepted for machine in farm.machines.values())


@pytest.mark.parametrize("backup_size", [9, 12, 16])
def test_a_session_to_itself_on_a_pool_with_plenty_of_room(backup_size: int) -> None:
    """cgminer and WhatsMiner silently never submit with more than 8 bytes of extranonce2."""
    farm = Farm({"pool": pool(2), "backup": pool(backup_size)}, difficulty=EASY)
    farm.start("antminer", "bitaxe")
    farm.cut("pool")
    for _ in range(3):
        farm.step("clock -- 1 s")
    farm.talk()
    farm.start("cpuminer", "nerdminer")
    farm.mine(400)
    farm.check()
    assert all(farm.miner(name).extranonce2_size == 8 for name in farm.machines)
    assert farm.simulated["backup"].total.accepted > 10


def test_sessions_by_miners_per_session() -> None:
    farm = Farm({"pool": pool(8)}, difficulty=EASY, pool={"miners_per_session": 3})
    farm.start(*ALL)
    farm.mine(300)
    farm.check()
    assert len(farm.connections) == -(-len(ALL) // 3)
    slots = [farm.miner(name).extranonce1 for name in farm.machines]
    assert len(set(slots)) == len(slots), "also across sessions"


def test_another_session_when_one_has_no_slots_left() -> None:
    """254 miners that do not roll, on 3 bytes: one slot each of one byte, 255 in a session."""
    play = Playbook()
    play.opens(size=3, job=notify("1", room=7))
    for number in range(256):
        play.miner(f"m{number}").says(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
    assert [group.members for group in play.proxy.router.groups] == [255, 1]
    assert play.miner("m255").extranonce1 in {play.miner(f"m{n}").extranonce1 for n in range(255)}


def test_a_size_too_small_to_share_is_told() -> None:
    play = Playbook()
    play.opens(size=2)
    assert (
        "an extranonce2 of 2 bytes is too small to share: every miner gets a pool session of its "
        "own",
        {"pool": "pool"},
    ) in play.notices


@pytest.mark.parametrize("size", [-1, 0, 1, 17, "8", 4.0, None, True])
def test_a_size_that_can_not_be_mined_on_is_told(size: object) -> None:
    play = Playbook()
    play.skip()
    play('pool >> 2 result [[], "f0f1", "$size"]', size=size)
    play(f"pool -- closed: the pool's extranonce2 size is {size!r}; 2 to 16 can be mined on")
    assert play.snapshot().pools[0].detail == play.pool().closed
