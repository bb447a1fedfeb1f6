"""An operator's order of pools: given, given again, kept, known after a restart, and over."""

from collections.abc import Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from stratumproxy.control.preference import ADOPTED, KEEP_EVERY, NOBODYS, OVER, Preference
from stratumproxy.errors import StratumProxyError
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.conditions import PoolOrder
from stratumproxy.telemetry.targets import TargetSnapshot
from tests.clocks import Time
from tests.fleet.telling import NOW, pool, snapshot

TARGETS = ("acme", "a"), ("acme", "b"), ("beta", "")


class World:
    """Processes that obey, a place to keep an order in, and a control process between them."""

    def __init__(self, processes: int = 2) -> None:
        self.preferred = [""] * processes
        self.deaf: set[int] = set()
        """Those that take no order."""
        self.pools = ["main", "spare"]
        self.own = [dict.fromkeys(TARGETS, "") for _ in range(processes)]
        """What each prefers for each target."""
        self.kept: list[list[PoolOrder]] = []
        self.full = False
        self.given: list[str] = []
        self.recorded: list[str] = []
        self.begins()

    def begins(self) -> None:
        """A control process starts."""
        self.time = Time(NOW)
        self.fleet = Fleet(NOW)
        self.preference = Preference(
            self.fleet,
            self.time.clock,
            give=self._give,
            keep=self._keep,
            record=lambda level, event, **values: self.recorded.append(event),
        )

    async def _give(self, arguments: dict[str, Any]) -> dict[str, Any]:
        name, tenant, target = (arguments.get(key) for key in ("pool", "tenant", "target"))
        self.given.append(name)
        if name and name not in self.pools:
            raise StratumProxyError(f"no pool is named {name!r}")
        for number in range(len(self.preferred)):
            if number not in self.deaf and tenant is None:
                self.preferred[number] = name
            elif number not in self.deaf:
                for each in self.own[number]:
                    if each[0] == tenant and target in (None, each[1]):
                        self.own[number][each] = name
        return {"pool": name, "miners": 7, "ready": True}

    async def _keep(self, orders: Sequence[PoolOrder]) -> bool:
        if not self.full:
            self.kept.append(list(orders))
        return not self.full

    async def passes(self, seconds: int) -> None:
        for _ in range(seconds):
            self.time.passes(1)
            pools = tuple(pool(name=name) for name in self.pools)
            for number, preferred in enumerate(self.preferred):
                targets = tuple(
                    TargetSnapshot(*whose, preferred=name)
                    for whose, name in self.own[number].items()
                )
                told = snapshot(pools=pools, preferred=preferred, targets=targets)
                self.fleet.snapshot(number, f"run-{number}", told, self.time.clock.now())
            await self.preference._look()
            await self.preference.keep()


async def switched(world: World, name: str = "spare", **whose: str) -> dict[str, Any]:
    return await world.preference.switch({"pool": name, **whose}, "10.0.0.9")


async def test_it_is_given_and_kept_with_who_gave_it_and_when() -> None:
    world = World()
    await world.passes(10)
    done = await switched(world)
    assert done == {"pool": "spare", "miners": 7, "ready": True, "kept": True}
    assert world.preferred == ["spare", "spare"]
    assert world.preference.order == PoolOrder("spare", "10.0.0.9", NOW + 10, kept=True)
    assert world.kept == [[PoolOrder("spare", "10.0.0.9", NOW + 10, kept=False)]]
    await world.passes(100)
    assert world.given == ["spare"]


async def test_it_is_taken_back() -> None:
    world = World()
    await switched(world)
    await switched(world, "")
    assert world.preference.order is None
    assert world.kept[-1] == []
    await world.passes(100)
    assert world.preferred == ["", ""]


async def test_what_nobody_does_changes_nothing() -> None:
    world = World()
    await switched(world)
    with pytest.raises(StratumProxyError):
        await switched(world, "nowhere")
    assert world.preference.order is not None
    assert world.preference.order.pool == "spare"
    assert len(world.kept) == 1


async def test_a_process_that_was_started_again_is_given_it_again() -> None:
    world = World()
    await switched(world)
    await world.passes(5)
    world.preferred[1] = ""
    await world.passes(1)
    assert world.preferred == ["spare", "spare"]


async def test_one_that_did_not_hear_is_given_it_again() -> None:
    world = World()
    world.deaf.add(1)
    await switched(world)
    await world.passes(3)
    assert world.preferred == ["spare", ""]
    world.deaf.clear()
    await world.passes(3)
    assert world.preferred == ["spare", "spare"]
    given = len(world.given)
    await world.passes(10)
    assert len(world.given) == given


async def test_after_a_restart_of_everything() -> None:
    world = World()
    await switched(world)
    before = world.preference.orders
    world.preferred = ["", ""]
    world.begins()
    world.preference.recall(before)
    await world.passes(1)
    assert world.preferred == ["spare", "spare"]
    assert world.preference.orders == before


async def test_after_a_restart_of_the_control_process_that_had_nowhere_to_keep_it() -> None:
    world = World()
    world.full = True
    await switched(world)
    world.begins()
    await world.passes(1)
    assert world.preference.order == PoolOrder("spare", "somebody", NOW + 1, kept=False)
    await world.passes(100)
    assert world.preferred == ["spare", "spare"]


async def test_later_on_an_order_that_is_nowhere_known_is_none() -> None:
    world = World()
    await world.passes(int(ADOPTED) + 1)
    world.preferred[0] = "spare"
    await world.passes(1)
    assert world.preferred == ["", ""]


async def test_a_pool_that_is_not_configured_any_more_ends_it() -> None:
    world = World()
    await switched(world)
    world.pools, world.preferred = ["main"], ["", ""]
    await world.passes(1)
    assert world.preference.order is None
    assert world.recorded == [OVER]
    assert world.kept[-1] == []


async def test_what_could_not_be_kept_says_so_and_is_tried_again(autojump_clock: MockClock) -> None:
    world = World()
    world.full = True
    done = await switched(world)
    assert done["kept"] is False
    assert world.preference.order is not None
    assert not world.preference.order.kept
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.preference.run)
        await trio.sleep(KEEP_EVERY)
        assert not world.preference.order.kept
        world.full = False
        await trio.sleep(2 * KEEP_EVERY)
        assert world.preference.order.kept
        await trio.sleep(10 * KEEP_EVERY)
        assert len(world.kept) == 1
        nursery.cancel_scope.cancel()


async def test_a_disk_that_hangs_holds_up_nobody(autojump_clock: MockClock) -> None:
    world = World()

    async def hangs(orders: Sequence[PoolOrder]) -> bool:
        await trio.sleep_forever()
        return True

    world.preference._keep = hangs
    assert (await switched(world))["kept"] is False
    assert (await switched(world, ""))["kept"] is False


async def test_one_for_a_tenant_is_for_each_of_its_targets() -> None:
    world = World()
    await world.passes(10)
    await switched(world, tenant="acme")
    a, b = world.preference.orders
    assert a == PoolOrder("spare", "10.0.0.9", NOW + 10, True, "acme", "a")
    assert (b.tenant, b.target) == ("acme", "b")
    assert world.preferred == ["", ""]
    await switched(world, "", tenant="acme", target="a")
    assert [each.target for each in world.preference.orders] == ["b"]
    await switched(world, "main")
    await world.passes(100)
    assert world.preferred == ["main", "main"]
    assert world.own[0] == {("acme", "a"): "", ("acme", "b"): "spare", ("beta", ""): ""}
    assert [(each.pool, each.target) for each in world.kept[-1]] == [("main", ""), ("spare", "b")]
    assert world.given == ["spare", "", "main"]


async def test_one_for_a_target_is_given_again_and_outlives_restarts() -> None:
    world = World()
    await world.passes(1)
    await switched(world, tenant="acme", target="b")
    world.own[1]["acme", "b"] = ""
    await world.passes(1)
    assert world.own[1]["acme", "b"] == "spare"
    kept = world.preference.orders
    world.own[0]["acme", "b"] = ""
    world.begins()
    world.preference.recall(kept)
    await world.passes(1)
    assert world.own[0]["acme", "b"] == "spare"
    world.begins()
    await world.passes(1)
    assert [each.by for each in world.preference.orders] == ["somebody"]


async def test_a_target_that_is_not_configured_any_more_ends_it() -> None:
    world = World()
    await world.passes(1)
    await switched(world, tenant="beta")
    for own in world.own:
        del own["beta", ""]
    await world.passes(1)
    assert world.preference.orders == []
    assert world.recorded == [NOBODYS]
    assert world.kept[-1] == []
