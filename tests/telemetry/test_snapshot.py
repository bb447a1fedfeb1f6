"""Snapshots go over a pipe as JSON, and several become one."""

from dataclasses import replace

import orjson

from stratumproxy.telemetry.histogram import Histogram
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot, merge, merge_pools
from tests.telemetry.test_splits import ONE


def times(*seconds: float) -> Histogram:
    histogram = Histogram()
    for each in seconds:
        histogram.add(each)
    return histogram


def pool(name: str = "main", **values: object) -> PoolSnapshot:
    numbers = dict.fromkeys(
        ("sessions", "miners", "difficulty", "extranonce2_size", "version_mask"), 1
    )
    counts = dict.fromkeys(("accepted", "rejected", "pending", "lost"), 2)
    return PoolSnapshot(
        **{"name": name, "url": "u", "state": "ready", **numbers, **counts, **values}  # type: ignore[arg-type]
    )


SNAPSHOT = Snapshot(
    uptime=7.0,
    connected=3,
    mining=2,
    hashrate=1e12,
    accepted=5,
    work=40.0,
    forwarded=4,
    rejected={"stale": 1},
    drops={"idle": 2},
    connects=9,
    pools=(pool(round_trip=times(0.03)),),
    reply=times(0.001, 0.002),
    fan_out=times(0.1),
    stale_age=times(1.0),
    cpu_seconds=1.5,
    resident_bytes=1 << 20,
    log_lines_lost=7,
    limited={"acme": 3},
    splits=(ONE,),
)


def test_it_comes_back_as_it_was() -> None:
    assert Snapshot.parse(orjson.loads(orjson.dumps(SNAPSHOT))) == SNAPSHOT


def test_times_may_be_missing() -> None:
    values = orjson.loads(orjson.dumps(SNAPSHOT))
    del values["reply"], values["pools"][0]["round_trip"]
    before = orjson.dumps(values)
    snapshot = Snapshot.parse(values)
    assert (snapshot.reply, snapshot.pools[0].round_trip) == (Histogram(), Histogram())
    assert orjson.dumps(values) == before, "what is parsed is left as it is"


def test_one_of_before_there_were_splits_has_none() -> None:
    values = orjson.loads(orjson.dumps(SNAPSHOT))
    del values["splits"]
    assert Snapshot.parse(values).splits == ()


def test_several_are_added_up() -> None:
    both = merge([SNAPSHOT, SNAPSHOT])
    assert (both.accepted, both.connects) == (10, 18)
    assert both.rejected == {"stale": 2}
    assert (both.cpu_seconds, both.resident_bytes) == (3.0, 2 << 20)
    assert (both.log_lines_lost, both.limited) == (14, {"acme": 6})
    assert [each.debt for each in both.splits] == [30.0]
    assert both.reply.count == 4
    assert (both.fan_out.count, both.stale_age.count) == (2, 2)
    assert both.pools[0].round_trip.count == 2


def test_of_one_that_is_gone_its_counts_stay() -> None:
    past = SNAPSHOT.past()
    assert (past.connected, past.hashrate, past.resident_bytes) == (0, 0, 0)
    assert (past.accepted, past.cpu_seconds, past.reply.count) == (5, 1.5, 2)
    assert (past.limited, past.splits) == ({}, ())
    assert (past.pools[0].pending, past.pools[0].lost) == (0, 4)


def test_a_pool_is_mined_on_since_the_first_process_moved_there() -> None:
    late, early = pool(mined_for=5.0, why="main was lost"), pool(mined_for=9.0, why="it is ready")
    (merged,) = merge_pools([late, pool(), early])
    assert (merged.mined_for, merged.why) == (9.0, "it is ready")
    assert merge_pools([pool(), pool()])[0].mined_for is None


def test_what_is_gone_mines_on_nothing() -> None:
    mined = pool(mined_for=9.0, why="it is ready")
    past = replace(SNAPSHOT, pools=(mined,), preferred="main").past()
    assert (past.pools[0].mined_for, past.pools[0].why, past.preferred) == (None, "", "")


def test_what_is_told_of_names_when_processes_differ() -> None:
    """One that could ask the pool already, and one that could not."""
    asked = pool(names="own", names_why="silence", named=0, unnamed=3)
    asking = pool(names="asking", named=2, unnamed=4)
    (merged,) = merge_pools([asking, pool(), asked])
    assert (merged.names, merged.names_why) == ("own", "silence")
    assert (merged.named, merged.unnamed) == (2, 7)
    (past,) = replace(SNAPSHOT, pools=(asking,)).past().pools
    assert (past.named, past.unnamed) == (0, 4)
