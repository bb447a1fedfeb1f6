"""Counting, with names and reasons that come from the network."""

from stratumproxy.accounting.account import NOWHERE, Account
from stratumproxy.accounting.books import Tally, Verdicts
from stratumproxy.accounting.row import Row
from stratumproxy.accounting.workers import Worker, Workers
from stratumproxy.telemetry.records import WorkRecord


def test_rejects_by_reason() -> None:
    tally = Tally()
    for reason in ("stale", "duplicate", "stale"):
        tally.reject(reason)
    assert tally.rejected == {"stale": 2, "duplicate": 1}


def test_a_pools_own_words_are_bounded() -> None:
    tally = Verdicts()
    for number in range(1000):
        tally.reject(f"reason {number}")
    tally.reject("reason 0")
    assert tally.rejected == 1001
    assert len(tally.reasons) == Verdicts.MAX_REASONS + 1
    assert tally.reasons["reason 0"] == 2
    assert tally.reasons["other"] == 1000 - Verdicts.MAX_REASONS
    assert sum(tally.reasons.values()) == tally.rejected


def test_a_worker_is_one_over_all_its_connections() -> None:
    workers = Workers()
    assert workers.get("a") is workers.get("a")
    assert workers.get("a") is not workers.get("b")
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


def test_other_counts_do_not_add_reasons_without_end() -> None:
    tally = Verdicts()
    for number in range(3):
        other = Verdicts()
        for reason in range(Verdicts.MAX_REASONS):
            other.reject(f"{number}-{reason}")
        tally.add(other)
    assert len(tally.reasons) == Verdicts.MAX_REASONS + 1
    assert tally.reasons["other"] == 2 * Verdicts.MAX_REASONS
    assert tally.rejected == sum(tally.reasons.values())


def test_one_that_is_connected_is_not_forgotten() -> None:
    forgotten: list[str] = []
    workers = Workers(2, lambda worker: forgotten.append(worker.name))
    workers.get("a").connections = 1
    workers.get("b")
    workers.get("c")
    assert forgotten == ["b"]
    workers.get("c").connections = 1
    workers.get("d").connections = 1
    assert forgotten == ["b"], "there may be more than so many, if all are connected"
    assert len(workers) == 3
    for worker in workers.all():
        worker.connections = 0
    workers.get("e")
    assert len(workers) == 2, "and as soon as they are not, there are no more"
    assert "e" in workers


MAIN, BACKUP = Account("main", "farm"), Account("backup", "farm", "BCH")
TERMS = object()


def test_a_row_for_each_account() -> None:
    worker = Worker("a")
    worker.on(NOWHERE).refuse("stale")
    row = worker.on(MAIN)
    assert row is worker.row, "the first account takes over what came before it"
    row.accepted, row.work, row.best = 2, 16.0, 9.0
    worker.on(BACKUP).refuse("pool", 8.0, 0.5)
    assert worker.on(MAIN) is row
    assert [WorkRecord(*record) for record in worker.take()] == [
        WorkRecord("a", "main", 2, 16.0, {"stale": 1}, 0.0, 9.0, 0.0, 0.0, 0.0, account="farm"),
        WorkRecord(
            "a", "backup", 0, 0.0, {"pool": 1}, 8.0, 0.0, 0.0, 0.5, 0.0, account="farm", coin="BCH"
        ),
    ]
    assert worker.take() == []
    assert (worker.row, worker.others) == (Row(MAIN), None)


def test_two_accounts_of_one_pool_are_two() -> None:
    worker = Worker("a")
    for user in ("farm", "customer"):
        worker.turn(Account("main", user), TERMS, 8, 64, 100.0).count += 1
    assert sorted((row.account.user, row.accepted) for row in worker.rows()) == [
        ("customer", 1),
        ("farm", 1),
    ]


def test_shares_are_of_the_account_that_they_were_found_for() -> None:
    worker = Worker("a")
    worker.turn(MAIN, TERMS, 8, 64, 100.0).count += 3
    worker.on(BACKUP).refuse("pool", 8.0)  # a late verdict of another pool
    worker.streak.count += 1
    worker.turn(BACKUP, object(), 16, 16, 101.0).count += 1
    worker.turn(MAIN, TERMS, 8, 64, 102.0).count += 1
    assert {
        (row.account.pool, row.accepted, row.work, row.squares, row.expected)
        for row in worker.rows()
    } == {("main", 5, 40, 5 * 64, 5 / 8), ("backup", 1, 16, 256, 1)}
    assert worker.rows() == []


def test_what_is_taken_from_a_worker_is_not_added_to_any_more() -> None:
    worker = Worker("a")
    worker.turn(MAIN, TERMS, 8, 64, 100.0).count += 1
    (row,) = worker.rows()
    worker.streak.count += 1
    assert row.accepted == 1
    row.add(worker.rows()[0])
    assert (row.accepted, row.work, row.squares, row.expected) == (2, 16, 128, 0.25)


def test_two_tenants_workers_of_one_name_are_two() -> None:
    workers = Workers()
    assert workers.get("a", "one") is workers.get("a", "one")
    assert workers.get("a", "one") is not workers.get("a", "other")
    assert len(workers) == 2


def test_the_times_of_a_pool_that_is_gone_are_its_heirs() -> None:
    one, other = Verdicts(), Verdicts()
    one.round_trip.add(0.1)
    other.round_trip.add(0.2)
    one.add(other)
    assert one.round_trip.count == 2
