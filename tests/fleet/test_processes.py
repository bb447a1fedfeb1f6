"""Processes of the data plane, running and gone."""

from stratumproxy.fleet.processes import REMEMBERED, Processes
from tests.fleet.telling import NOW, miner, pool, snapshot


def test_all_of_them_are_one_fleet() -> None:
    processes = Processes()
    assert processes.snapshot() is None
    processes.start(0, "a", NOW).snapshot = snapshot(accepted=5)
    processes.start(1, "b", NOW).snapshot = snapshot(accepted=7)
    together = processes.snapshot()
    assert together is not None
    assert (together.accepted, together.connected) == (12, 6)


def test_of_one_that_is_gone_the_counts_stay() -> None:
    processes = Processes()
    processes.start(0, "a", NOW).snapshot = snapshot(accepted=5, pools=(pool(pending=2),))
    process = processes.end("a", NOW)
    assert not processes.running
    assert processes.ended("a") is process
    processes.start(0, "b", NOW).snapshot = snapshot(accepted=1, connected=1)
    together = processes.snapshot()
    assert together is not None
    assert (together.accepted, together.connected) == (6, 1)
    assert together.pools[0].lost == 2, "what was pending will never be known"


def test_one_that_never_told_anything_leaves_nothing() -> None:
    processes = Processes()
    processes.start(0, "a", NOW)
    assert processes.end("a", NOW) is processes.end("a", NOW)
    assert processes.snapshot() is None


def test_the_gone_are_remembered_for_a_while() -> None:
    processes = Processes()
    for number in range(REMEMBERED + 1):
        processes.start(0, f"run {number}", NOW)
        processes.end(f"run {number}", NOW)
    assert processes.ended("run 0") is None
    assert processes.ended("run 1") is not None


def test_what_others_counted_before_us_is_where_we_begin() -> None:
    processes = Processes()
    processes.counted = {"a": 17}
    assert processes.start(0, "a", NOW).seq == 17
    assert processes.start(0, "b", NOW).seq == 0


def test_a_miners_id_names_its_process_and_its_run() -> None:
    process = Processes().start(3, "ab12", NOW)
    assert process.miner_id(miner(77)) == "3-ab12:77"
