"""When a miner hashes, and what happens to what it can't send."""

import socket

import pytest

from stratumproxy.testing import SimulatedMiner
from stratumproxy.testing.link import BATCH, MAX_UNSENT, SMALL_BATCH, MinerLink


class Ready(SimulatedMiner):
    """A miner that notes how much it is to hash."""

    ready = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def mine(self, count: int, now: float = 0.0) -> bytes:
        self.asked.append(count)
        return b""


def link(hashrate: float) -> tuple[Ready, MinerLink]:
    miner = Ready()
    return miner, MinerLink(miner, hashrate, lambda miner: None)


def test_hashes_become_due_with_time() -> None:
    miner, one = link(1024)
    assert one.hash(0.25)
    assert not one.hash(0.25)
    assert one.hash(0.75)
    assert miner.asked == [256, 512]


def test_few_hashes_wait_until_they_are_worth_it() -> None:
    miner, one = link(100)
    assert not one.hash(0.5)
    assert one.hash(0.75)
    assert miner.asked == [75]
    slow, other = link(1)
    assert not other.hash(SMALL_BATCH - 1)
    assert other.hash(SMALL_BATCH)
    assert slow.asked == [SMALL_BATCH]


def test_many_hashes_come_in_batches_and_old_ones_are_forgotten() -> None:
    miner, one = link(2 * BATCH)
    while one.hash(1000.0):
        pass
    assert miner.asked == [BATCH, BATCH]


def test_who_can_not_mine_owes_nothing() -> None:
    miner, one = link(1000)
    miner.ready = False
    assert not one.hash(10.0)
    miner.ready = True
    assert one.hash(10.1)
    assert miner.asked == [pytest.approx(100, abs=1)]


def test_what_the_socket_does_not_take_goes_later() -> None:
    _, one = link(1000)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        one._socket = ours
        sent, line = 0, b"x" * 99_999 + b"\n"
        while not one._unsent:
            one._send(line)
            sent += len(line)
        received = 0
        while received < sent:
            received += len(theirs.recv(1 << 20))
            one.hash(0.0)
        assert received == sent
        assert not one._unsent


def test_a_server_that_never_reads_is_left() -> None:
    _, one = link(1000)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        one._socket = ours
        while len(one._unsent) <= MAX_UNSENT:
            one._send(b"x" * 500_000)
        assert ours.recv(1) == b""
        one._send(b"x")


def test_without_a_connection_nothing_is_sent() -> None:
    _, one = link(1000)
    one._send(b"x")
    assert one._unsent == b""
