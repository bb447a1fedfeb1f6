"""Who is proven, and how many in what time."""

import pytest

from stratumproxy.accounting.account import Account
from stratumproxy.accounting.proof import Proof
from stratumproxy.accounting.workers import Worker

POOL, BACKUP = Account("pool", "farm"), Account("backup", "farm")


def credited(name: str) -> Worker:
    worker = Worker(name)
    worker.on(POOL).accepted = 1
    return worker


@pytest.fixture
def again() -> dict[str, None]:
    return {}


@pytest.fixture
def proof(again: dict[str, None]) -> Proof[str]:
    return Proof(again)


def test_a_share_that_counts_proves_a_worker_for_good(proof: Proof[str]) -> None:
    worker = Worker("rig")
    worker.on(POOL).refuse("stale", 0)
    assert not proof.proven(worker)
    worker.on(BACKUP).accepted = 1
    worker.on(POOL)
    assert proof.proven(worker)
    worker.take()
    assert proof.proven(worker)


def test_names_that_were_told_of_without_proof(proof: Proof[str]) -> None:
    proven, refused, late = credited("proven"), Worker("refused"), Worker("late")
    assert proof.proven(proven)
    for worker in (proven, refused, late, refused):
        proof.told(worker)
    late.on(POOL).accepted = 1
    assert proof.proven(late)
    assert proof.names() == ["refused"]
    assert proof.names() == []


def test_its_miners_are_told_of_again(proof: Proof[str], again: dict[str, None]) -> None:
    worker = credited("rig")
    for miner in ("first", "gone", "last"):
        proof.connected(worker, miner)
    proof.disconnected(worker, "gone")
    proof.connected(Worker("another"), "other")
    assert proof.proven(worker)
    assert list(again) == ["first", "last"]
    proof.connected(worker, "later")
    proof.disconnected(worker, "later")
    assert list(proof._miners.values()) == [{"other": None}]


def test_nothing_is_kept_of_who_is_gone(proof: Proof[str]) -> None:
    for number in range(3):
        worker = Worker(str(number))
        proof.connected(worker, "miner")
        proof.disconnected(worker, "miner")
        proof.disconnected(worker, "miner")
    assert not proof._miners


def test_so_many_at_once_and_then_so_many_a_minute(proof: Proof[str]) -> None:
    def proven(now: float) -> int:
        proof.pace(10, 3, now)
        return sum(proof.proven(credited(str(number))) for number in range(20))

    assert proven(1000) == 3
    assert proven(1000) == 0
    assert proven(1006) == 1
    assert proven(1018) == 2
    assert proven(9999) == 3


def test_who_found_no_room_finds_it_later(proof: Proof[str]) -> None:
    proof.pace(10, 1, 1000)
    assert proof.proven(credited("first"))
    worker = credited("second")
    assert not proof.proven(worker)
    worker.take()
    proof.pace(10, 1, 1006)
    assert not proof.proven(worker), "what it did was told without its name"
    worker.row.accepted = 1
    assert proof.proven(worker)
