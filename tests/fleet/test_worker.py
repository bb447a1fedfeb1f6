"""One worker's counts."""

from typing import Any

from stratumproxy.fleet import Worker
from stratumproxy.fleet.worker import CONNECTS, MAX_REASONS, SHARES, Counts
from tests.fleet.telling import NOW, count, miner, work


def rig() -> Worker:
    return Worker(("default", "rig"), NOW, NOW, NOW)


def test_it_adds_up_what_it_did() -> None:
    worker = rig()
    count(worker, work(accepted=3, stale=1), NOW)
    count(worker, work(accepted=2, stale=2, pool=1), NOW + 5)
    assert (worker.accepted, worker.rejected, worker.work) == (5, 4, 5 * 1024.0)
    assert worker.reasons == {"stale": 3, "pool": 1}
    assert worker.best == 2048.0
    assert worker.last_share == NOW + 5
    assert worker.pool == "pool"


def test_rejects_alone_are_no_share() -> None:
    worker = rig()
    count(worker, work(accepted=0, stale=1), NOW)
    assert worker.last_share is None


def test_reasons_in_a_pools_own_words_are_bounded() -> None:
    worker = rig()
    for number in range(MAX_REASONS + 10):
        reason: dict[str, Any] = {f"word {number}": 1}
        count(worker, work(accepted=0, **reason), NOW)
    assert len(worker.reasons) == MAX_REASONS + 1
    assert worker.reasons["other"] == 10


def test_its_newest_shares_are_so_many_at_least_and_twice_as_many_at_most() -> None:
    worker = rig()
    count(worker, work(accepted=3, stale=1), NOW)
    assert worker.newest == (3, 1)
    count(worker, work(accepted=SHARES - 4), NOW)
    count(worker, work(accepted=SHARES - 1), NOW)
    assert worker.newest == (2 * SHARES - 2, 1)
    count(worker, work(accepted=1), NOW)
    assert worker.newest == (SHARES, 0), "the oldest are not among the newest any more"


def test_it_is_what_its_newest_miner_says() -> None:
    worker = rig()
    worker.connected(miner(1), NOW)
    worker.connected(miner(2, agent="bosminer", difficulty=7.5, pool=""), NOW)
    assert (worker.connections, worker.connects) == (2, 2)
    assert (worker.agent, worker.address, worker.difficulty) == ("bosminer", "10.0.0.1:4002", 7.5)
    assert worker.pool == "pool", "a miner without a pool does not say that there is none"
    worker.left()
    assert (worker.connections, worker.connects) == (1, 2)


def test_it_remembers_when_it_connected_of_late() -> None:
    worker = rig()
    for number in range(CONNECTS - 1):
        worker.connected(miner(number), NOW + number)
    assert worker.earliest_connect is None
    for number in range(CONNECTS - 1, 3 * CONNECTS):
        worker.connected(miner(number), NOW + number)
    assert worker.earliest_connect == NOW + 2 * CONNECTS


def test_what_was_open_before_counting_began_is_no_connect() -> None:
    worker = Worker(("default", "rig"), NOW, NOW - 500, None)
    worker.connected(miner(1), NOW - 500)
    worker.connected(miner(2), NOW + 5)
    assert (worker.connections, worker.connects) == (2, 1)


def test_a_ledgers_counts_say_since_when_they_are() -> None:
    worker = Worker(("default", "rig"), NOW, NOW - 500, None)
    count(worker, work(accepted=2, stale=1), NOW)
    assert worker.counted_since == NOW
    worker.recall(Counts(100, 7, {"stale": 4, "pool": 3}, 5e5, 9e9, 6), NOW - 80_000, (240, 12))
    assert (worker.accepted, worker.rejected, worker.connects) == (102, 8, 6)
    assert worker.reasons == {"stale": 5, "pool": 3}
    assert sum(worker.reasons.values()) == worker.rejected
    assert worker.best == 9e9
    assert worker.newest == (242, 13)
    assert worker.counted_since == NOW - 80_000
