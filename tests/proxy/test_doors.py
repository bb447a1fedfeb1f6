"""Miners that spoke before a pool was ready: each is answered, in slices."""

import pytest

from stratumproxy.downstream.drops import BUG
from stratumproxy.downstream.v1 import V1Miner
from stratumproxy.proxy import doors as module
from tests.proxy.playbook import Playbook


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Playbook:
    """Three miners that said something, and a pool that is ready now; nobody is answered yet."""
    monkeypatch.setattr(module, "COST", 1000)  # so it is one a slice
    play = Playbook()
    for name in "abc":
        play.aside(f"{name} >> 1 mining.subscribe []")
    play.slices = 0
    play.opens()
    return play


def answered(play: Playbook) -> list[str]:
    return [name for name in "abc" if play.miner(name).extranonce1]


def test_a_few_at_a_time_in_the_order_they_came(play: Playbook) -> None:
    for number, expected in enumerate(("a", "ab", "abc")):
        assert len(play.proxy.doors) == 3 - number
        play.slices = 1
        play._settle()
        assert answered(play) == list(expected)
    assert not play.waiting_fan_out


def test_who_says_more_before_its_turn_is_answered_at_once_and_once(play: Playbook) -> None:
    play.step("c >> 2 mining.ping []")
    assert len(play.miner("c").heard) == 2
    play.slices = 1000
    play._settle()
    assert len(play.miner("c").heard) == 2
    assert answered(play) == ["a", "b", "c"]


def test_who_is_gone_is_passed_over(play: Playbook) -> None:
    play.aside("b -- hangs up")
    play.slices = 1000
    play._settle()
    assert answered(play) == ["a", "c"]


def test_who_comes_later_does_not_wait(play: Playbook) -> None:
    play.aside("d >> 1 mining.subscribe []")
    assert play.miner("d").extranonce1
    assert len(play.proxy.doors) == 3


def test_what_can_not_be_answered_is_the_end_of_that_miner_only(play: Playbook) -> None:
    play.miner("a").session._tail += b"{nonsense\n"
    play.slices = 1000
    play._settle()
    assert play.miner("a").closed is not None
    assert answered(play) == ["b", "c"]


def test_so_is_a_mistake_of_ours(play: Playbook, monkeypatch: pytest.MonkeyPatch) -> None:
    receive = V1Miner.receive

    def broken(miner: V1Miner, data: bytes, now: float) -> bytes:
        if miner.peer == "a:1":
            raise KeyError("never thought of that")
        return receive(miner, data, now)

    monkeypatch.setattr(V1Miner, "receive", broken)
    play.slices = 1000
    play._settle()
    assert play.miner("a").closed == BUG
    assert answered(play) == ["b", "c"]
    assert ("a bug, please report it", {"exc_info": True}) in play.notices
