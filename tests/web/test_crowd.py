"""Places are few: who has one, and who gives it up."""

from contextlib import ExitStack

import pytest

from stratumproxy.web import crowd as crowd_module
from stratumproxy.web.crowd import OWN, Crowd


class Client:
    """One that is there until it is hung up on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.here = True

    def hang_up(self) -> None:
        self.here = False


class Room:
    """A crowd, and who is in it."""

    def __init__(self, strangers: int) -> None:
        self.crowd = Crowd(strangers + OWN)
        self.stack = ExitStack()
        self.clients: list[Client] = []

    def enter(self, address: str, *, waits: bool = True) -> Client | None:
        client = Client(address)
        if not self.crowd.enter(client, address):
            return None
        if waits:
            self.wait(client)
        self.clients.append(client)
        return client

    def wait(self, client: Client) -> None:
        self.stack.enter_context(self.crowd.waiting_for(client))

    @property
    def here(self) -> list[str]:
        return [client.name for client in self.clients if client.here]


def test_a_new_one_takes_the_place_of_the_one_that_was_silent_for_longest() -> None:
    room = Room(3)
    first, *_ = (room.enter("10.0.0.1") for _ in range(3))
    assert first
    with room.crowd.waiting_for(first):
        pass  # it said something, and is silent again
    room.wait(first)
    assert room.enter("10.0.0.1")
    assert [client.here for client in room.clients] == [True, False, True, True]


def test_the_address_with_the_most_gives_up_the_place() -> None:
    room = Room(4)
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.2"):
        room.enter(address)
    for _ in range(3):
        room.enter("10.0.0.2")
    assert room.here.count("10.0.0.1") == 1
    room.enter("10.0.0.3")
    assert room.here == ["10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.3"]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2001:db8::1", "2001:db8::2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_a_site_is_one_address(one: str, other: str, alike: bool) -> None:
    room = Room(3)
    for address in ("10.9.9.9", one, other):
        room.enter(address)
    room.enter("10.8.8.8")
    assert ("10.9.9.9" in room.here) == alike


def test_whoever_is_being_answered_keeps_its_place() -> None:
    room = Room(2)
    assert room.enter("10.0.0.1", waits=False)
    assert room.enter("10.0.0.1", waits=False)
    assert room.enter("10.0.0.2") is None
    room.wait(room.clients[1])
    assert room.enter("10.0.0.2")
    assert room.here == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_gets_in_whatever_strangers_do(address: str) -> None:
    room = Room(2)
    for _ in range(2):
        room.enter("10.0.0.1", waits=False)
    assert room.enter("10.0.0.2") is None
    for _ in range(OWN):
        assert room.enter(address, waits=False)
    assert room.enter(address) is None


def test_places_are_free_again_when_clients_leave() -> None:
    room = Room(2)
    for _ in range(5):
        one, other = room.enter("10.0.0.1", waits=False), room.enter("10.0.0.1")
        assert one
        assert other
        room.crowd.leave(one)
        room.crowd.leave(one)
        room.crowd.leave(other)
    room.stack.close()
    assert room.here == ["10.0.0.1"] * 10


def test_what_is_held_is_bounded_and_the_first_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd_module, "HELD_BYTES", 100)
    room = Room(4)
    clients = [room.enter(f"10.0.0.{number}", waits=False) for number in range(4)]
    with ExitStack() as held:
        for client, size in zip(clients, (40, 40, 70, 200), strict=True):
            assert client
            held.enter_context(room.crowd.holding(client, size))
            if size == 70:
                assert room.here == ["10.0.0.2", "10.0.0.3"]
        assert room.here == ["10.0.0.3"], "one alone may be as large as it is"
    for client in clients[2:]:
        assert client
        with room.crowd.holding(client, 60):
            pass
    assert room.here == ["10.0.0.3"], "what is out counts no more"
