"""Splits through the whole proxy: simulated pools count for themselves what they were given."""

from typing import Any

import pytest

from stratumproxy.proxy.report import Report
from stratumproxy.testing import PoolSettings, SimulatedMiner
from tests.proxy.farm import Farm
from tests.proxy.peers import PoolEnd
from tests.proxy.playbook import EASY

STEP = 5


def target(pool: str, weight: float, **more: Any) -> dict[str, Any]:
    return {"name": pool, "weight": weight, "pools": [{"pool": pool, "user": pool}], **more}


def tables(*targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "target": list(targets),
        "limits": {"invalid_share_percent": 100},
        "failover": {"release_seconds": 3000},
        **more,
    }


class Halls(Farm):
    """Machines that try unequal numbers of hashes each five seconds, and pools that have blocks."""

    def __init__(self, machines: int, *targets: dict[str, Any], size: int = 8) -> None:
        # Every share reaches the pools' difficulty: what they count is what was mined.
        pool = PoolSettings(difficulty=EASY, job_interval=0, extranonce2_size=size)
        super().__init__({"a": pool, "b": pool}, **tables(*targets))
        self.rates: dict[str, int] = {}
        self.talk()
        for number in range(machines):
            self.add(f"m{number}", 8 + 3 * (number % 4))

    def add(self, name: str, rate: int) -> None:
        self.rates[name] = rate
        self.machines[name] = SimulatedMiner("cgminer", name, seed=len(self.rates), strict=True)
        self.connect_miner(name)
        self.talk()

    def runs(self, seconds: int, block: int = 150) -> None:
        for passed in range(STEP, seconds + STEP, STEP):
            self.step(f"clock -- {STEP} s")
            for name, machine in self.machines.items():
                if self.peers[name].closed is None and (rate := self.rates[name]):
                    self.miner(name).says(machine.mine(rate, self.now))
            self.talk()
            if passed % block == 0:
                for pool in self.simulated:
                    if pool not in self.down:
                        self.new_job(pool, clean=True)

    def work(self) -> dict[str, float]:
        return {name: pool.total.work for name, pool in self.simulated.items()}

    def mines_for(self, name: str) -> str:
        return self.miner(name).session.account.target

    def on(self, pool: str) -> int:
        return sum(self.mines_for(name) == pool for name in self.machines)

    def part(self, before: dict[str, float]) -> float:
        """Pool b's part of the work since then, by the pools' own counts."""
        done = {name: work - before[name] for name, work in self.work().items()}
        return done["b"] / sum(done.values())

    def refused(self) -> int:
        return sum(pool.total.rejected.total() for pool in self.simulated.values())


def test_pools_count_what_was_promised_and_refuse_nothing() -> None:
    halls = Halls(10, target("a", 70), target("b", 30))
    assert 1 <= halls.on("b") <= 5
    halls.runs(1800)
    assert halls.part({"a": 0.0, "b": 0.0}) == pytest.approx(0.3, abs=0.02)
    assert halls.refused() == 0
    halls.check()
    told = [event for event, _ in halls.notices]
    assert told.count("a split's account begins at nothing") == 1
    assert "miners are moved for the split" in told


def test_how_each_target_stands_is_told() -> None:
    halls = Halls(10, target("a", 70), target("b", 30))
    halls.runs(600)
    halls.cut("b")
    halls.runs(10)
    a, b = Report(halls.proxy).snapshot(halls.now).splits
    assert (a.tenant, a.target, a.part, b.part) == ("default", "a", 0.7, 0.3)
    assert (a.ready, b.ready, a.miners, b.miners) == (True, False, 10, 0)
    assert {"a": a.delivered, "b": b.delivered} == halls.work()
    assert a.wanted + b.wanted == pytest.approx(a.delivered + b.delivered)
    assert b.debt == pytest.approx(b.wanted - b.delivered) == pytest.approx(-a.debt)
    assert b.rate == 0 < a.rate <= a.total_rate
    assert 0 < a.shown_rate <= min(a.usual_rate, a.total_rate)
    assert a.age == pytest.approx(608, abs=3)
    assert a.reach_seconds > 0 < b.seconds


def test_other_weights_begin_another_account_and_the_same_go_on() -> None:
    halls = Halls(4, target("a", 70), target("b", 30))
    halls.runs(60)
    halls.reconfigure("a", "b", **tables(target("b", 15), target("a", 35)))
    b, a = Report(halls.proxy).snapshot(halls.now).splits
    assert a.delivered > 0 < a.age
    halls.reconfigure("a", "b", **tables(target("a", 50), target("b", 50)))
    a, b = Report(halls.proxy).snapshot(halls.now).splits
    assert {(each.part, each.delivered, each.debt, each.age) for each in (a, b)} == {(0.5, 0, 0, 0)}


def test_one_machine_is_shared_by_time_and_never_mines_a_header_twice() -> None:
    halls = Halls(1, target("a", 50), target("b", 50))
    halls.runs(3000)
    assert halls.part({"a": 0.0, "b": 0.0}) == pytest.approx(0.5, abs=0.06)
    moves = [event for event, _ in halls.notices if event == "miners are moved for the split"]
    assert len(moves) > 5
    assert halls.refused() == 0
    halls.check()


def test_a_target_without_a_pool_leaves_its_miners_to_others_and_is_paid_back() -> None:
    halls = Halls(8, target("a", 50), target("b", 50))
    halls.runs(600)
    halls.cut("b")
    halls.step("clock -- 2 s")
    assert halls.on("b") == 0
    before = halls.work()
    halls.runs(300)
    assert halls.part(before) == 0
    halls.down.clear()
    for end in list(halls.peers.values()):
        if isinstance(end, PoolEnd) and end.closed:
            end.closed = None
            end.connect()
    halls.talk()
    halls.runs(240)
    assert halls.on("b") > 4
    halls.runs(1500)
    assert halls.part({"a": 0.0, "b": 0.0}) == pytest.approx(0.5, abs=0.02)


def test_or_its_miners_wait() -> None:
    halls = Halls(8, target("a", 50), target("b", 50, when_down="hold"))
    halls.runs(60)
    waiting = {name for name in halls.machines if halls.mines_for(name) == "b"}
    assert waiting
    halls.cut("b")
    halls.runs(300)
    sessions = {name: halls.miner(name).session for name in halls.machines}
    assert {name for name, each in sessions.items() if each.account is None} == waiting


def test_weights_change_on_the_fly_and_nobody_is_dropped() -> None:
    halls = Halls(8, target("a", 70), target("b", 30))
    halls.runs(300)
    halls.reconfigure("a", "b", **tables(target("a", 25), target("b", 75)))
    halls.talk()
    before = halls.work()
    halls.runs(1200)
    assert halls.part(before) == pytest.approx(0.75, abs=0.03)
    assert all(halls.peers[name].closed is None for name in halls.machines)
    halls.reconfigure("a", "b", **tables(target("a", 1)))
    halls.talk()
    halls.runs(60)
    assert halls.on("a") == 8
    halls.reconfigure("a", "b", **tables(target("a", 1), target("b", 1)))
    halls.talk()
    halls.runs(600)
    assert 2 <= halls.on("b") <= 6
    assert all(halls.peers[name].closed is None for name in halls.machines)


def test_who_leaves_is_replaced_and_who_comes_is_seated_where_it_lacks() -> None:
    halls = Halls(6, target("a", 50), target("b", 50))
    halls.runs(300)
    for name in [name for name in halls.machines if halls.mines_for(name) == "b"]:
        halls.miner(name).close("power")
        del halls.machines[name]
    for number in range(3):
        halls.add(f"new{number}", 12)
    assert halls.on("b") >= 2
    halls.runs(600)
    assert 2 <= halls.on("b") <= 4


def test_where_a_move_would_cost_a_reconnect_there_is_none() -> None:
    halls = Halls(6, target("a", 50), target("b", 50), size=2)
    at_first = {name: halls.mines_for(name) for name in halls.machines}
    assert set(at_first.values()) == {"a", "b"}
    halls.rates["m0"] = 60
    halls.runs(900)
    assert {name: halls.mines_for(name) for name in halls.machines} == at_first
    split = halls.proxy.router.tenants["default"].split
    assert split is not None
    assert split.band.account.rate > 0, "by it a debt has a cap, which nobody can pay back here"
    assert all(halls.peers[name].closed is None for name in halls.machines)


def test_no_more_are_moved_at_once_than_is_configured_and_a_reload_changes_that() -> None:
    def moved(halls: Halls, *weights: float, **more: Any) -> list[int]:
        before = len(halls.notices)
        both = [target(name, weight) for name, weight in zip("ab", weights, strict=True)]
        halls.reconfigure("a", "b", **tables(*both, **more))
        halls.runs(600)
        return [
            values["miners"]
            for event, values in list(halls.notices)[before:]
            if event == "miners are moved for the split"
        ]

    halls = Halls(20, target("a", 1), target("b", 0))
    one_by_one = moved(halls, 0, 1, split={"at_once_percent": 5})
    assert len(one_by_one) >= 4
    assert set(one_by_one) == {1}
    assert max(moved(halls, 1, 0)) == 5
