"""What is not as usual with the proxy: each kind, alone and told apart."""

from dataclasses import replace
from typing import Any

import pytest

from stratumproxy.fleet.conditions import (
    BEHIND,
    BRIEF,
    KINDS,
    SEVERITIES,
    SILENCE,
    Condition,
    Dropped,
    Picture,
    PoolOrder,
    conditions,
)
from stratumproxy.fleet.processes import Process
from stratumproxy.telemetry.clock import Jump
from stratumproxy.telemetry.sink import Delivered, SinkState
from stratumproxy.telemetry.snapshot import PoolSnapshot
from stratumproxy.telemetry.targets import TargetSnapshot
from tests.fleet.telling import NOW, pool, snapshot

MAIN = pool(name="main", mined_for=100.0, why="it is ready")
SPARE = pool(name="spare")


def mined(worker: int, *pools: PoolSnapshot, heard: float = NOW) -> Process:
    """A process that has told how its pools do."""
    process = Process(worker, f"run-{worker}", heard)
    process.snapshot, process.shown = snapshot(pools=pools), heard
    return process


def picture(*processes: Process, **rest: Any) -> Picture:
    """Of a proxy in which all is well, but for what is given."""
    processes = processes or (mined(0, MAIN, SPARE),)
    return Picture(NOW, {process.number: process for process in processes}, **rest)


def found(*processes: Process, **rest: Any) -> list[tuple[str, str]]:
    return [(each.kind, each.subject) for each in conditions(picture(*processes, **rest))]


def only(*processes: Process, **rest: Any) -> Condition:
    [condition] = conditions(picture(*processes, **rest))
    return condition


def sink(**changes: Any) -> SinkState:
    return SinkState("ledger", True, "", NOW, 0, 3, 0.0, 0)._replace(**changes)


def brokers(**changes: Any) -> Delivered:
    return Delivered("", 0, 1000, 12, 5, 0, 0)._replace(**changes)


def test_nothing_is_wrong() -> None:
    assert found() == []
    assert found(sinks=[sink(), sink(name="kafka", delivered=brokers())]) == []


def test_before_any_process_was_heard() -> None:
    kinds = [each.kind for each in conditions(Picture(NOW))]
    assert kinds == ["no-process", "no-pool"]


def test_a_process_that_is_silent() -> None:
    others = mined(0, MAIN), mined(1, MAIN, heard=NOW - SILENCE)
    assert found(*others) == []
    silent = only(others[0], mined(1, MAIN, heard=NOW - SILENCE - 1))
    assert silent[:3] == ("process-silent", "process 1", NOW - SILENCE - 1)
    assert silent.severity == "critical"


@pytest.mark.parametrize("state", ["connecting", "waiting", ""])
def test_no_pool(state: str) -> None:
    gone = replace(MAIN, state=state, mined_for=None, detail="connection refused")
    assert found(mined(0, gone), mined(1, gone)) == [("no-pool", "")]
    assert "connection refused" in only(mined(0, gone)).why
    assert found(mined(0)) == [("no-pool", "")]


def test_no_pool_for_one_process_of_two() -> None:
    """Its miners stand still, though the pool is ready for the others."""
    gone = replace(MAIN, state="waiting", mined_for=None, detail="too many connections")
    dark = only(mined(0, MAIN), mined(1, gone))
    assert dark[:2] == ("no-pool", "process 1")
    assert dark.why == "main is waiting: too many connections"


def hosts(worker: int, *targets: TargetSnapshot) -> Process:
    """A process that has told how its targets do."""
    return hosting(mined(worker, MAIN), *targets)


def hosting(process: Process, *targets: TargetSnapshot) -> Process:
    """The same, and for whom."""
    assert process.snapshot is not None
    process.snapshot = replace(process.snapshot, targets=targets)
    return process


def target(tenant: str, name: str = "", dark: float | None = None) -> TargetSnapshot:
    return TargetSnapshot(tenant, name, dark, "main gives acme no work" if dark else "")


def test_a_tenant_without_a_pool() -> None:
    others = target("beta"), target("default")
    dark = only(hosts(0, target("acme", dark=30.0), *others))
    assert dark[:3] == ("tenant-no-pool", "acme", NOW - 30)
    assert (dark.why, dark.tenant) == ("main gives acme no work", "acme")
    assert dark.severity == "warning", "others are served"
    assert found(hosts(0, target("acme", dark=BRIEF - 0.1), *others)) == []


def test_a_tenant_without_a_pool_in_one_process_of_two() -> None:
    others = hosts(1, target("acme"), target("beta")), hosts(2, target("acme"), target("beta"))
    dark = hosts(0, target("acme", dark=30.0), target("beta"))
    assert found(dark, *others) == [("tenant-no-pool", "acme, process 0")]
    both = hosts(1, target("acme", dark=20.0), target("beta"))
    assert found(dark, both) == [("tenant-no-pool", "acme")]
    assert only(dark, both).since == NOW - 20, "it had one until then"


def test_a_target_without_a_pool() -> None:
    """The tenant's miners go to its other one."""
    some = target("acme", "a", dark=30.0), target("acme", "b")
    assert found(hosts(0, *some)) == [("target-no-pool", "acme, a")]
    whole = target("acme", "a", dark=30.0), target("acme", "b", dark=10.0)
    assert found(hosts(0, *whole, target("beta"))) == [("tenant-no-pool", "acme")]


def test_without_tenants_no_pool_is_said_once() -> None:
    assert found(hosts(0, target("default", dark=30.0))) == []


def on_spare(seconds: float = 30.0, first: str = "main is ready") -> Process:
    moved = TargetSnapshot(
        "default",
        "",
        first=first,
        backup="spare",
        backup_for=seconds,
        backup_miners=40,
        backup_why="main was lost",
    )
    return hosting(mined(0, MAIN, SPARE), moved)


def test_on_a_backup() -> None:
    backup = only(on_spare(first="main gives farm no work: hung up"))
    assert backup[:3] == ("backup-pool", "spare", NOW - 30)
    assert backup.why == "main gives farm no work: hung up; miners here: 40, as main was lost"
    assert backup.severity == "warning"


def test_on_a_backup_though_the_first_is_ready() -> None:
    assert only(on_spare()).why == "main is ready; miners here: 40, as main was lost"


def test_a_moment_on_a_backup_is_none() -> None:
    """A group of miners that is opened mines on whichever pool is ready first."""
    assert found(on_spare(BRIEF - 0.1)) == []
    assert found(on_spare(BRIEF)) == [("backup-pool", "spare")]


def test_since_the_first_process_moved_and_some_never_did() -> None:
    late = on_spare()
    assert late.snapshot is not None
    late.number = 1
    other = hosting(mined(0, MAIN, SPARE), TargetSnapshot("default", ""))
    backup = only(other, late)
    assert backup[:3] == ("backup-pool", "spare", NOW - 30)


def test_each_target_has_a_first_pool_of_its_own() -> None:
    """The second in the file is zenith's first."""
    both = [replace(MAIN, mined_for=90.0), replace(SPARE, mined_for=90.0)]
    told = mined(0, *both)
    assert told.snapshot is not None
    fine = TargetSnapshot("acme", ""), TargetSnapshot("zenith", "")
    told.snapshot = replace(told.snapshot, targets=fine)
    assert found(told) == []
    moved = replace(
        fine[1],
        backup="main",
        backup_for=30.0,
        backup_miners=4,
        backup_why="spare was lost",
        first="spare gives z no work: hung up",
    )
    told.snapshot = replace(told.snapshot, targets=(fine[0], moved))
    backup = only(told)
    assert backup[:3] == ("backup-pool", "main for zenith", NOW - 30)
    assert backup.why == "spare gives z no work: hung up; miners here: 4, as spare was lost"
    assert backup.tenant == "zenith"
    late = replace(moved, backup_for=BRIEF - 0.1)
    told.snapshot = replace(told.snapshot, targets=(fine[0], late))
    assert found(told) == []


def order(pool: str = "spare", kept: bool = True) -> PoolOrder:
    return PoolOrder(pool, "10.0.0.9", NOW - 600, kept)


def test_an_order_in_force() -> None:
    given = only(orders=[order()])
    assert given[:4] == ("pool-order", "spare", NOW - 600, "by 10.0.0.9, until told otherwise")
    assert given.severity == "notice"
    assert "restart" in only(orders=[order(kept=False)]).why


def test_an_order_for_one() -> None:
    given = only(orders=[order()._replace(tenant="acme", target="a")])
    assert (given.kind, given.subject, given.tenant) == ("pool-order", "spare for acme, a", "acme")
    both = found(orders=[order("main"), order()._replace(tenant="acme")])
    assert both == [("pool-order", "main"), ("pool-order", "spare for acme")]


def test_a_sink_that_fails() -> None:
    failing = only(sinks=[sink(problem="the disk is full", waiting=1200, room=0.1)])
    assert failing[:3] == ("sink-failing", "ledger", None)
    assert failing.why == "the disk is full; 1,200 batches wait, 10% of the room for them"
    assert "4 are lost" in only(sinks=[sink(problem="full", lost=4)]).why


def test_a_sink_that_falls_behind() -> None:
    assert found(sinks=[sink(room=BEHIND)]) == []
    assert only(sinks=[sink(room=0.3)])[:2] == ("sink-behind", "ledger")
    assert found(sinks=[sink(room=0.3, problem="full")]) == [("sink-failing", "ledger")]


def test_brokers_that_take_nothing() -> None:
    away = brokers(problem="all brokers are down", kept_bytes=100)
    undelivered = only(sinks=[sink(name="kafka", delivered=away)])
    assert undelivered[:2] == ("undelivered", "kafka")
    assert undelivered.why == "all brokers are down; 12 messages wait, 10% of the room for them"
    full = sink(name="kafka", problem="the spool is full", delivered=away)
    assert found(sinks=[full]) == [("sink-failing", "kafka"), ("undelivered", "kafka")]


def test_brokers_that_are_slow() -> None:
    behind = only(sinks=[sink(name="kafka", delivered=brokers(kept_bytes=500))])
    assert behind[:2] == ("sink-behind", "kafka")
    assert behind.why == "12 messages wait, 50% of the room for them"


def test_something_was_dropped() -> None:
    dropped = only(dropped={"shares": Dropped(17, NOW - 9)})
    assert dropped[:3] == ("dropped", "shares", NOW - 9)
    assert dropped.why.startswith("17 ")


@pytest.mark.parametrize(("seconds", "words"), [(3600, "3,600 s ahead of"), (-60, "60 s behind")])
def test_a_clock_that_jumped(seconds: float, words: str) -> None:
    jumped = only(jump=Jump(NOW - 3, seconds))
    assert jumped[:3] == ("clock-jumped", "", NOW - 3)
    assert words in jumped.why


def test_the_worst_comes_first() -> None:
    gone = mined(0, replace(MAIN, state="waiting", mined_for=None))
    all_of_it = conditions(picture(gone, orders=[order("main")], sinks=[sink(problem="full")]))
    severities = [SEVERITIES.index(each.severity) for each in all_of_it]
    assert severities == [0, 1, 2]


def test_every_kind_can_be_found() -> None:
    """And each is told in words that differ."""
    texts = [words for _, *each in KINDS.values() for words in each]
    assert len(set(texts)) == len(texts)
    sinks = [
        sink(problem="full"),
        sink(name="kafka", room=0.5),
        sink(name="other", delivered=brokers(problem="down")),
    ]
    one = conditions(Picture(NOW))
    other = conditions(
        picture(
            on_spare(),
            mined(1, MAIN, heard=0.0),
            hosts(2, target("acme", dark=9.0), target("beta", "a", 9.0), target("beta", "b")),
            orders=[order("main")],
            sinks=sinks,
            dropped={"jobs": Dropped(1, NOW)},
            jump=Jump(NOW, 5.0),
        )
    )
    assert {each.kind for each in one + other} == KINDS.keys()
