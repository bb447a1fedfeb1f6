"""Sessions that nobody has authorized on: few, whoever asks, and used again at once."""

from typing import Any

import pytest

from stratumproxy.routing.lobby import PRESSED
from tests.proxy.playbook import Playbook, notify

MOST = 3


class Small:
    """A pool that gives two bytes, so each miner needs a session of its own."""

    def __init__(self, *, size: int = 2, **settings: Any) -> None:
        limits = {"unauthorized_sessions": MOST, **settings.pop("limits", {})}
        self.play = Playbook(limits=limits, **settings)
        self.play.opens(size=size, job=notify("1", room=4 + size))
        self.play.skip()
        self.size = size
        self.opened = {0}
        self.lines = 0

    def subscribes(self, name: str) -> None:
        """A miner connects from the address before the dash, and says no more than that."""
        self.play.aside(f"{name.replace('-', ':')} >> 1 mining.subscribe []")
        self.answer()

    def authorizes(self, name: str) -> None:
        peer = name.replace("-", ":")
        self.play.aside(f'{peer} >> 2 mining.authorize ["{name}"]')
        self.answer()

    def leaves(self, name: str) -> None:
        self.play.aside(f"{name.replace('-', ':')} -- hangs up")
        self.answer()

    def passes(self, seconds: float) -> None:
        self.play.aside(f"clock -- {seconds} s")
        self.answer()

    def answer(self) -> None:
        """The pool has each new session ready, on an extranonce1 of its own."""
        for group in self.play.proxy.router.groups:
            if group.number not in self.opened:
                self.opened.add(group.number)
                job = notify(f"{group.number}", room=4 + self.size)
                self.play.opens(
                    f"pool.{group.number}",
                    size=self.size,
                    extranonce1=f"{group.number:08x}",
                    job=job,
                )
        self.play.skip()

    @property
    def sessions(self) -> int:
        """Beside the first one, which is always there."""
        return len(self.play.proxy.router.groups) - 1

    def waits(self, name: str) -> bool:
        return not self.play.miner(name.replace("-", ":")).extranonce1

    def closed(self, name: str) -> str | None:
        return self.play.miner(name.replace("-", ":")).closed


@pytest.fixture
def small() -> Small:
    return Small()


def test_connections_that_only_subscribe_open_few_sessions(small: Small) -> None:
    """300 of them opened 300 sessions at the pool, and as many at the backup."""
    for number in range(300):
        small.subscribes(f"x-{number}")
    assert small.sessions == MOST
    assert sum(not small.waits(f"x-{number}") for number in range(300)) == MOST + 1


@pytest.mark.parametrize("settings", [{"pool": {"miners_per_session": 1}, "size": 8}])
def test_so_it_is_where_a_pool_allows_one_miner_a_session(settings: dict[str, Any]) -> None:
    small = Small(**settings)
    for number in range(20):
        small.subscribes(f"x-{number}")
    assert small.sessions == MOST


def test_whoever_authorizes_makes_room_for_the_next(small: Small) -> None:
    for number in range(20):
        small.subscribes(f"x-{number}")
    for number in range(20):
        assert not small.waits(f"x-{number}")
        small.authorizes(f"x-{number}")
        small.passes(1)
    assert small.sessions == 19
    assert len({small.play.miner(f"x:{number}").extranonce1 for number in range(20)}) == 20


def test_who_says_it_all_at_once_does_not_wait_for_others(small: Small) -> None:
    for number in range(20):
        small.subscribes(f"x-{number}")
    for name in ("y-1", "y-2"):
        small.subscribes(name)
        assert small.waits(name)
        small.authorizes(name)
        assert small.play.miner(name.replace("-", ":")).session.mining
    small.play.aside('z:1 >> 1 mining.authorize ["z"]')
    small.subscribes("z-1")
    assert not small.waits("z-1")


def test_a_session_whose_miner_leaves_is_the_next_ones_at_once(small: Small) -> None:
    for number in range(MOST + 2):
        small.subscribes(f"x-{number}")
    assert small.waits("x-4")
    small.leaves("x-2")
    assert small.play.miner("x:4").extranonce1 == small.play.miner("x:2").extranonce1
    assert small.sessions == MOST


def test_who_does_not_authorize_while_others_wait_has_to_go(small: Small) -> None:
    for number in range(MOST + 2):
        small.subscribes(f"x-{number}")
    small.passes(PRESSED + 1)
    assert not small.waits("x-4")
    assert small.closed("x-0") == "it did not subscribe and authorize in time"
    assert small.closed("x-4") is None
    small.authorizes("x-4")
    assert small.sessions == MOST


def test_without_anybody_waiting_it_has_the_usual_time() -> None:
    small = Small(limits={"handshake_seconds": 30})
    small.subscribes("x-0")
    small.passes(20)
    assert small.closed("x-0") is None
    small.passes(20)
    assert small.closed("x-0") == "it did not subscribe and authorize in time"


def test_who_waits_for_a_session_has_it_too() -> None:
    small = Small(limits={"handshake_seconds": 30, "unauthorized_sessions": 1})
    for name in ("x-0", "x-1"):
        small.subscribes(name)
    small.play.aside("y:0 >> 1 mining.subscribe []")  # and its pool is silent from now on
    small.play.aside("clock -- 40 s")
    assert small.play.miner("y:0").closed == "it did not subscribe and authorize in time"


def test_an_address_with_one_miner_does_not_wait_for_one_with_many(small: Small) -> None:
    for number in range(50):
        small.subscribes(f"x-{number}")
    small.subscribes("y-0")
    small.leaves("x-0")
    assert small.waits("y-0")
    small.leaves("x-1")
    assert not small.waits("y-0")


def test_one_that_waits_and_leaves_is_forgotten(small: Small) -> None:
    for number in range(MOST + 3):
        small.subscribes(f"x-{number}")
    small.leaves("x-4")
    small.leaves("x-0")
    assert not small.waits("x-5")
    assert not small.play.proxy.router.lobby._waiting


def test_sessions_of_strangers_that_left_are_not_all_kept(small: Small) -> None:
    """Anybody can authorize: what is kept for a return is of those whose shares counted."""
    for number in range(20):
        small.subscribes(f"x-{number}")
        small.authorizes(f"x-{number}")
    small.play.miner("x:5").session.accepted = 1
    for number in range(20):
        small.leaves(f"x-{number}")
    small.passes(2)
    assert small.sessions == MOST + 1


def test_how_many_is_read_again_with_the_configuration(small: Small) -> None:
    for number in range(20):
        small.subscribes(f"x-{number}")
    small.play.reconfigure("pool", limits={"unauthorized_sessions": MOST + 2})
    small.passes(1)
    assert small.sessions == MOST + 2
