"""Listening sockets: which addresses they are on, and how it is told when they can't be had."""

import errno
import os
import socket

import pytest

from stratumproxy.errors import StratumProxyError
from stratumproxy.net.listeners import open_listener, open_listeners
from tests.ports import KeptPort
from tests.short import short


def can_connect(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port)).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize(
    ("address", "reached", "not_reached"),
    [
        ("127.0.0.1:0", ["127.0.0.1"], ["::1", "127.0.0.2"]),
        ("[::1]:0", ["::1"], ["127.0.0.1"]),
        ("0.0.0.0:0", ["127.0.0.1", "127.0.0.2"], ["::1"]),
        ("[::]:0", ["::1"], ["127.0.0.1"]),
        (":0", ["127.0.0.1", "::1"], []),
        ("*:0", ["127.0.0.1", "::1"], []),
    ],
)
def test_an_address_is_what_it_says(address, reached, not_reached):
    with open_listeners(short(address)) as [[listener]]:
        assert not listener.getblocking()
        port = listener.getsockname()[1]
        assert all(can_connect(host, port) for host in reached)
        assert not any(can_connect(host, port) for host in not_reached)


def test_every_address_without_ipv6(monkeypatch):
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    with open_listeners(short(":0")) as [[listener]]:
        assert listener.family is socket.AF_INET
        assert can_connect("127.0.0.1", listener.getsockname()[1])


def test_several_listeners_in_their_order():
    with KeptPort() as first, KeptPort("::1") as second:
        addresses = f"127.0.0.1:{first.number}", f"[::1]:{second.number}"
        with open_listeners(short(*addresses)) as [listeners]:
            found = [sock.getsockname()[:2] for sock in listeners]
            assert found == [first.address, second.address]


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", ":0"])
def test_sets_for_several_processes_share_their_ports(address):
    with open_listeners(short(address), 3) as sets:
        assert len({sock.getsockname()[:2] for [sock] in sets}) == 1
        assert len({sock.fileno() for [sock] in sets}) == 3


def test_afterwards_all_are_closed(descriptors):
    before = descriptors()
    with open_listeners(short("127.0.0.1:0", "[::1]:0"), 2):
        pass
    assert descriptors() == before


def test_a_port_can_be_had_again_at_once():
    """Connections of the last run may still be in TIME_WAIT."""
    with KeptPort() as port:
        for _ in range(2):
            with open_listeners(short(f"127.0.0.1:{port.number}")) as [[listener]]:
                miner = socket.create_connection(listener.getsockname())
                listener.setblocking(True)
                listener.accept()[0].close()  # whoever closes first is the one who waits
                miner.close()


@pytest.mark.parametrize("sets", [1, 2])
def test_a_port_that_is_taken_is_named(sets, descriptors):
    before = descriptors()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(StratumProxyError) as raised,
            open_listeners(short("127.0.0.1:0", address), sets),
        ):
            pytest.fail("it opened")
    assert f"can't listen on {address}: Address already in use" in str(raised.value)
    assert "another proxy" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert descriptors() == before


def test_an_address_of_another_machine():
    with pytest.raises(StratumProxyError, match=r"192\.0\.2\.1:3333: Cannot assign .*address"):
        open_listener(short("192.0.2.1:3333").listen[0])


class NoSocket:
    """`socket.socket` on a machine that says no."""

    def __init__(self, number: int) -> None:
        self.error = OSError(number, os.strerror(number))

    def __call__(self, *_args: object) -> socket.socket:
        raise self.error


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EAFNOSUPPORT, r"\[::1\]:3333: Address family not supported"),  # IPv6 is off
        (errno.EMFILE, r"\[::1\]:3333: Too many open files"),
    ],
)
def test_no_socket_at_all(monkeypatch, number, told):
    monkeypatch.setattr(socket, "socket", NoSocket(number))
    with pytest.raises(StratumProxyError, match=told):
        open_listener(short("[::1]:3333").listen[0])


def test_a_port_below_1024_needs_a_right(monkeypatch):
    class Unprivileged(socket.socket):
        def bind(self, _address: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "socket", Unprivileged)
    with pytest.raises(StratumProxyError, match="Permission denied") as raised:
        open_listener(short("127.0.0.1:333").listen[0])
    assert "1024" in str(raised.value)
    assert "another proxy" not in str(raised.value)


def test_a_second_proxy_does_not_slip_in_beside_the_first():
    """The kernel would let it: sockets that share a port are open to all of the same user."""
    with (
        KeptPort() as port,
        open_listeners(short(address := f"127.0.0.1:{port.number}"), 2),
        pytest.raises(StratumProxyError, match="in use"),
        open_listeners(short(address), 2),
    ):
        pytest.fail("it opened")
