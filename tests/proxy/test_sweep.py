"""The regular look: every miner once a round, and nobody twice."""

from typing import Any

import pytest

from stratumproxy.downstream.drops import FLOOD, HANDSHAKE, IDLE
from stratumproxy.downstream.v1 import V1Miner
from stratumproxy.proxy.sweep import SWEEP
from tests.proxy.playbook import Playbook, opened


def farm(names: str = "abcd", **settings: Any) -> Playbook:
    play = opened(**settings)
    for name in names:
        play.joins(name)
    return play


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who was looked at."""
    names: list[str] = []
    judge = V1Miner.judge

    def look(miner: V1Miner, now: float, period: float) -> bytes:
        names.append(miner.peer[0])
        return judge(miner, now, period)

    monkeypatch.setattr(V1Miner, "judge", look)
    return names


def test_each_once_a_round_and_the_next_no_earlier(looked: list[str]) -> None:
    play = farm()
    sweep, now = play.proxy, play.now
    sweep.look(10, now + SWEEP - 1)
    assert looked == []
    for moment in range(4):
        sweep.look(1, now + SWEEP + moment)
    assert sorted(looked) == list("abcd")
    sweep.look(1, now + SWEEP + 4)
    assert len(looked) == 4
    sweep.look(10, now + 2 * SWEEP)
    assert len(looked) == 8


def test_who_left_meanwhile_is_passed_over(looked: list[str]) -> None:
    play = farm()
    play.proxy.look(1, play.now + SWEEP)
    for name in "abcd":
        if name not in looked:
            play.aside(f"{name} -- hangs up")
    play.proxy.look(10, play.now + SWEEP)
    assert len(looked) == 1


def test_most_hashrate_is_served_first_from_then_on() -> None:
    play = farm()
    for name, hashrate in zip("abcd", (1.0, 4.0, 2.0, 3.0), strict=True):
        play.miner(name).session.hashrate = hashrate
    play.proxy.look(10, play.now + SWEEP)
    assert [miner.peer[0] for miner in play.proxy.router.groups[0].miners] == list("bdca")


@pytest.mark.parametrize(
    ("limits", "joined", "reason"),
    [({"idle_seconds": 10}, True, IDLE), ({"handshake_seconds": 10}, False, HANDSHAKE)],
)
def test_who_says_nothing_goes(limits: dict[str, Any], joined: bool, reason: str) -> None:
    play = opened(limits=limits)
    if joined:
        play.joins("a")
    play.aside("a -- connects\nclock -- 60 s")
    assert play.miner("a").closed == reason


def test_who_goes_is_sent_no_more_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look could close it twice: by its socket, and for its conduct, with the wrong record."""
    play = farm("a", difficulty={"vardiff": True, "start": 1e-9, "min": 1e-12})
    miner = play.miner("a")
    sent: list[bytes] = []
    monkeypatch.setattr(miner, "send", sent.append)
    monkeypatch.setattr(V1Miner, "misconduct", lambda self, now: FLOOD)
    play.proxy.look(1, play.now + 1000)
    assert (miner.closed, sent) == (FLOOD, [])
