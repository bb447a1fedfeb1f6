"""Miners that have to go: a few at a time, for the reason that counts."""

import pytest

from stratumproxy.downstream.drops import DOES_NOT_FIT, NO_POOL, ORDERED
from stratumproxy.proxy.drain import RECONSIDERED
from tests.proxy.playbook import Playbook, opened


def farm(names: str = "abc") -> Playbook:
    play = opened()
    for name in names:
        play.joins(name)
    return play


def leave(play: Playbook, names: str, reason: str) -> None:
    play.proxy.drain.add([play.miner(name).session for name in names], reason)


def closed(play: Playbook, names: str = "abc") -> list[str | None]:
    return [play.miner(name).closed for name in names]


def test_those_who_came_first_go_first() -> None:
    play = farm()
    leave(play, "b", ORDERED)
    leave(play, "ab", ORDERED)
    play.proxy.drain.let_go(1)
    assert closed(play) == [None, ORDERED, None]
    assert len(play.proxy.drain) == 1
    play.proxy.drain.let_go(5)
    assert closed(play) == [ORDERED, ORDERED, None]


def test_who_went_is_not_waited_for() -> None:
    play = farm()
    leave(play, "ab", ORDERED)
    play.aside("a -- hangs up")
    assert len(play.proxy.drain) == 1
    play.proxy.drain.let_go(1)
    assert closed(play)[1] == ORDERED


@pytest.mark.parametrize("reason", RECONSIDERED)
def test_who_need_not_go_any_more_stays(reason: str) -> None:
    play = farm()
    leave(play, "a", reason)
    play.proxy.drain.let_go(1)
    assert (closed(play)[0], len(play.proxy.drain)) == (None, 0)


@pytest.mark.parametrize("reason", RECONSIDERED)
def test_but_not_if_an_operator_wants_it_to_go(reason: str) -> None:
    play = farm()
    leave(play, "a", reason)
    leave(play, "a", ORDERED)
    leave(play, "a", reason)
    play.proxy.drain.let_go(1)
    assert closed(play)[0] == ORDERED


def test_without_a_pool_they_go() -> None:
    play = farm()
    play.aside("pool -- hangs up")
    leave(play, "a", NO_POOL)
    leave(play, "b", DOES_NOT_FIT)
    play.proxy.drain.let_go(2)
    assert closed(play) == [NO_POOL, DOES_NOT_FIT, None]
