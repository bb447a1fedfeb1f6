"""Counting, with names and reasons that come from the network."""

from stratumproxy.proxy.tally import PoolTally, Tally, Worker, Workers


def test_rejects_by_reason() -> None:
    tally = Tally()
    for reason in ("stale", "duplicate", "stale"):
        tally.reject(reason)
    assert tally.rejected == {"stale": 2, "duplicate": 1}


def test_a_pools_own_words_are_bounded() -> None:
    tally = PoolTally()
    for number in range(1000):
        tally.reject(f"reason {number}")
    tally.reject("reason 0")
    assert tally.rejected == 1001
    assert len(tally.reasons) == PoolTally.MAX_REASONS + 1
    assert tally.reasons["reason 0"] == 2
    assert tally.reasons["other"] == 1000 - PoolTally.MAX_REASONS
    assert sum(tally.reasons.values()) == tally.rejected


def test_a_worker_is_one_over_all_its_connections() -> None:
    workers = Workers()
    assert workers.get("a") is workers.get("a")
    assert workers.get("a") is not workers.get("b")
    assert workers.get("a") == Worker("a")
    assert len(workers) == 2


def test_so_many_workers_are_remembered() -> None:
    workers = Workers(limit=3)
    first = {name: workers.get(name) for name in "abc"}
    workers.get("a")  # authorized again
    workers.get("d")
    assert len(workers) == 3
    assert workers.get("a") is first["a"]
    assert workers.get("c") is first["c"]
    assert workers.get("b") is not first["b"], "it was the one that authorized longest ago"
