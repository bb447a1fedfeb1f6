"""A miner's socket that takes less than it is sent."""

import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.net.connection import Connection
from stratumproxy.net.port import MinerPort
from tests.net.harbour import arrived


class Port:
    """What a connection needs of its port, and what it asked of it."""

    def __init__(self, out_limit: int = 1 << 20) -> None:
        self.out_limit = out_limit
        self.watching = False
        self.watches = 0
        self.reasons: list[str] = []
        self.gathered: dict[int, bytes] | None = None

    def watch_write(self, connection: Connection, on: bool) -> None:
        assert connection.open
        assert on is not self.watching, "asked for twice"
        self.watching = on
        self.watches += on

    def closed(self, connection: Connection, reason: str) -> None:
        self.reasons.append(reason)
        connection.release()


class Both:
    """A connection and the miner at its other end, with little room between them."""

    def __init__(self, out_limit: int = 1 << 20) -> None:
        ours, self.miner = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        ours.setblocking(False)
        self.miner.setblocking(False)
        port: Any = Port(out_limit)
        self.port = port
        self.connection = Connection(self.port, ours.detach())

    def read(self, most: int = 1 << 20) -> bytes:
        """What the miner can read now."""
        data = b""
        with suppress(BlockingIOError):
            while len(data) < most and (piece := self.miner.recv(most - len(data))):
                data += piece
        return data

    def fill(self) -> bytes:
        """Send until the kernel takes no more; what was sent."""
        sent = b""
        while not self.port.watching:
            line = b"%06d\n" % (len(sent) // 7)
            self.connection.send(line)
            sent += line
        return sent

    def close(self) -> None:
        if self.connection.open:
            self.connection.release()
        self.miner.close()


@pytest.fixture
def both() -> Iterator[Both]:
    made = Both()
    yield made
    made.close()


def test_what_fits_goes_at_once(both):
    both.connection.send(b"one\n")
    both.connection.send(b"two\n")
    assert both.read() == b"one\ntwo\n"
    assert both.port.watches == 0


def test_in_a_turn_all_is_gathered(both):
    both.port.gathered = {}
    both.connection.send(b"one\n")
    both.connection.send(b"")
    both.connection.send(b"two\n")
    assert both.read() == b""
    assert both.port.gathered == {both.connection.fd: b"one\ntwo\n"}


def test_nothing_that_is_gathered_overtakes_what_waits(both):
    sent = both.fill()
    both.port.gathered = {}
    both.connection.send(b"new\n")
    assert both.port.gathered == {}
    got = both.read()
    both.connection.flush()
    assert got + both.read() == sent + b"new\n"


def test_what_was_gathered_is_sent_before_the_end(both):
    both.port.gathered = {}
    both.connection.send(b"goodbye\n")
    both.connection.close("enough")
    assert both.read() == b"goodbye\n"
    assert both.port.gathered == {}
    assert both.port.reasons == ["enough"]


@pytest.mark.parametrize(
    ("count", "reasons"), [(6, []), (-errno.EPIPE, ["sending failed: Broken pipe"])]
)
def test_the_port_says_what_was_taken(both, count, reasons):
    both.connection.sent(b"hello\n", count)
    assert both.port.reasons == reasons
    assert not both.port.watching


def test_what_the_port_could_not_send_waits(both):
    both.connection.sent(b"hello\n", 2)
    assert both.port.watching
    both.connection.flush()
    assert both.read() == b"llo\n"
    assert not both.port.watching


def test_nothing_is_nothing(both):
    both.connection.send(b"")
    both.connection.flush()
    assert both.read() == b""
    assert both.port.watches == 0


def test_what_does_not_fit_waits_and_goes_in_order(both):
    sent = both.fill()
    both.connection.send(b"later\n")
    both.connection.send(b"latest\n")
    sent += b"later\nlatest\n"
    got = b""
    while both.port.watching:
        got += both.read()
        both.connection.flush()
    got += both.read()
    assert got == sent
    assert both.port.watches == 1
    assert both.port.reasons == []


def test_nothing_overtakes_what_waits(both):
    """There is room again, but the port has not flushed yet."""
    sent = both.fill()
    got = both.read()
    both.connection.send(b"new\n")
    got += both.read()
    assert got == sent[: len(got)]
    both.connection.flush()
    assert got + both.read() == sent + b"new\n"


def test_afterwards_it_sends_at_once_again(both):
    both.fill()
    both.read()
    both.connection.flush()
    both.read()
    assert not both.port.watching
    both.connection.send(b"again\n")
    assert both.read() == b"again\n"


def test_a_flush_without_room_changes_nothing(both):
    sent = both.fill()
    both.connection.flush()
    assert both.port.watching
    got = both.read()
    both.connection.flush()
    assert got + both.read() == sent


def test_one_that_does_not_read_is_dropped_past_the_limit():
    both = Both(out_limit=1000)
    both.fill()
    for _ in range(9):
        both.connection.send(bytes(100))
    assert both.port.reasons == []
    while both.connection.open:
        both.connection.send(bytes(100))
    assert both.port.reasons == ["it does not read what it is sent"]
    both.connection.send(b"to nobody\n")
    both.connection.flush()
    both.connection.close("once more")
    assert len(both.port.reasons) == 1
    both.close()


def test_one_message_past_the_limit_drops_only_one_that_does_not_read():
    both = Both(out_limit=1000)
    both.fill()
    both.connection.send(bytes(2000))
    assert both.port.reasons == ["it does not read what it is sent"]
    both.close()


@pytest.mark.parametrize("waiting", [False, True])
def test_a_broken_connection_is_closed_once_with_a_reason(waiting):
    both = Both()
    if waiting:
        both.fill()
    both.miner.close()
    both.connection.send(b"anybody?\n")
    both.connection.flush()
    both.connection.send(b"anybody?\n")
    assert both.port.reasons == ["sending failed: Broken pipe"]
    assert not both.connection.open
    both.close()


def test_a_reset_is_no_surprise():
    listener = socket.create_server(("127.0.0.1", 0))
    miner = socket.create_connection(listener.getsockname())
    ours, _ = listener.accept()
    ours.setblocking(False)
    port: Any = Port()
    miner.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    miner.close()
    arrived(ours)
    connection = Connection(port, ours.detach())
    connection.send(b"anybody?\n")
    assert len(port.reasons) == 1
    assert port.reasons[0].startswith("sending failed: ")
    listener.close()


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("send"), st.binary(max_size=3000)),
            st.tuples(st.just("read"), st.integers(1, 9000)),
            st.tuples(st.just("flush"), st.none()),
            st.tuples(st.just("turn"), st.lists(st.binary(max_size=3000), max_size=3)),
        ),
        max_size=40,
    )
)
def test_every_byte_arrives_once_and_in_order(steps):
    both = Both()
    sent = got = b""
    for step, value in steps:
        if step == "send":
            both.connection.send(value)
            sent += value
        elif step == "turn":
            with MinerPort.turn(both.port):
                for piece in value:
                    both.connection.send(piece)
            sent += b"".join(value)
        elif step == "read":
            got += both.read(value)
        elif both.port.watching:
            both.connection.flush()
        assert got == sent[: len(got)]
    while both.port.watching:
        got += both.read()
        both.connection.flush()
    assert got + both.read() == sent
    both.close()
