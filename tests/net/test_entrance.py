"""Miners by TLS, and miners behind a balancer, on real sockets."""

import hashlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from stratumproxy.config import Limits, Listen
from stratumproxy.downstream.misbehaviour import Misbehaviour
from stratumproxy.errors import ConfigError, ProtocolError
from stratumproxy.net import entrance
from stratumproxy.net import port as port_module
from stratumproxy.net.entrance import Entrance
from stratumproxy.net.port import MinerPort
from tests.net.harbour import Core, Session, ended, hear
from tests.net.tls_files import (
    AUTHORITY,
    client_context,
    fingerprint,
    write_certificate,
)
from tests.waiting import PATIENCE, until

CERTIFICATE = AUTHORITY.issue_cert("proxy.example")
LOCAL = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
"""A balancer that looks whether we are there."""


def v1(source: str = "10.1.2.3", port: int = 4567) -> bytes:
    return f"PROXY TCP4 {source} 10.0.0.1 {port} 3333\r\n".encode()


class Gate:
    """A port with one listener, and its pump."""

    def __init__(self, listen: Listen) -> None:
        self.core = Core()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listener.setblocking(False)
        core: Any = self.core
        self.port = MinerPort(
            core,
            [self.listener],
            listens=[listen],
            clock=trio.current_time,
            connections=1000,
            out_limit=1 << 20,
            notices=self.core,
        )
        self._miners = ExitStack()

    def call(self, first: bytes = b"") -> socket.socket:
        """A miner connects, and says something."""
        miner = self._miners.enter_context(socket.create_connection(self.listener.getsockname()))
        miner.setblocking(False)
        miner.send(first)
        return miner

    async def secure(
        self, miner: socket.socket, version: ssl.TLSVersion | None = None
    ) -> trio.SSLStream:
        """TLS on a miner's connection, the handshake done."""
        plain = trio.SocketStream(trio.socket.from_stdlib_socket(miner))
        context = client_context()
        if version is not None:
            context.maximum_version = version
        stream = trio.SSLStream(
            plain, context, server_hostname="proxy.example", https_compatible=True
        )
        await stream.do_handshake()
        return stream

    def close(self) -> None:
        self._miners.close()
        self.port.close()

    async def core_received(self, size: int) -> None:
        """Wait until the newest session was handed so many bytes."""
        while sum(map(len, self.last.received)) < size:  # noqa: ASYNC110 no event for a test
            await trio.sleep(0.001)

    @property
    def last(self) -> Session:
        return self.core.sessions[-1]


@asynccontextmanager
async def opened(**settings) -> AsyncIterator[Gate]:
    gate = Gate(Listen(address="127.0.0.1:0", **settings))
    try:
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(gate.port.accept, gate.listener)
                nursery.start_soon(gate.port.pump)
                yield gate
                nursery.cancel_scope.cancel()
    finally:
        gate.close()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    certificate, key = write_certificate(tmp_path, CERTIFICATE)
    return {"tls_certificate": certificate, "tls_key": key}


async def exactly(stream: trio.abc.Stream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = await stream.receive_some(size - len(data))
        assert piece
        data += piece
    return data


# -- TLS -----------------------------------------------------------------------------------------


async def test_a_miner_by_tls(files):
    async with opened(**files) as gate:
        miner = await gate.secure(gate.call())
        for line in (b"one\n", b"two\n"):
            await miner.send_all(line)
            assert await exactly(miner, 4) == line
        assert gate.last.received == [b"one\n", b"two\n"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_much_in_both_directions(files, version):
    """More than a record, more than the kernel takes at once, and what waits is sent on."""
    big = b"".join(b"%07d\n" % number for number in range(100_000))
    async with opened(**files) as gate:
        miner = await gate.secure(gate.call(), version)
        gate.last.answer = lambda data: big if data == b"go\n" else b""
        await miner.send_all(b"go\n")
        assert await exactly(miner, len(big)) == big
        await miner.send_all(big)
        await gate.core_received(len(big) + 3)
        assert b"".join(gate.last.received) == b"go\n" + big


async def test_a_handshake_byte_by_byte(files):
    """The client's end by hand, so that each byte is a segment of its own."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context().wrap_bio(incoming, outgoing, server_hostname="proxy.example")
    async with opened(**files) as gate:
        miner = gate.call()
        miner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for step in (client.do_handshake, lambda: client.write(b"hello\n"), lambda: None):
            while True:
                try:
                    step()
                except ssl.SSLWantReadError:
                    done = False
                else:
                    done = True
                for byte in outgoing.read():
                    miner.send(bytes([byte]))
                    await trio.lowlevel.checkpoint()
                if done:
                    break
                await trio.lowlevel.wait_readable(miner)
                incoming.write(miner.recv(65536))
        await gate.core_received(6)
        assert b"".join(gate.last.received) == b"hello\n"


async def test_plain_bytes_on_a_port_with_tls(files):
    async with opened(**files) as gate:
        miner = gate.call(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
        assert await ended(miner)
        assert gate.core.drops.counts == {"plain-on-tls-port": 1}


async def test_a_handshake_that_makes_no_sense(files):
    async with opened(**files) as gate:
        assert await ended(gate.call(b"\x16\x03\x01\x00\x05hello and more"))
        assert gate.core.drops.counts == {"tls": 1}


async def test_a_miner_that_does_not_trust_us(files):
    async with opened(**files) as gate:
        stream = trio.SSLStream(
            trio.SocketStream(trio.socket.from_stdlib_socket(gate.call())),
            ssl.create_default_context(),
            server_hostname="proxy.example",
        )
        with pytest.raises(trio.BrokenResourceError):
            await stream.do_handshake()
        await trio.aclose_forcefully(stream)
        await gate.core.until(lambda: gate.core.gone)
        assert gate.last.received == []


async def test_a_goodbye_is_no_drop_and_is_answered(files):
    async with opened(**files) as gate:
        miner = await gate.secure(gate.call())
        await miner.send_all(b"last\n")
        assert await exactly(miner, 5) == b"last\n"
        await miner.aclose()
        await gate.core.until(lambda: gate.core.gone)
        assert gate.core.drops.counts == {}


async def test_a_miner_that_is_let_go_hears_a_goodbye(files):
    async with opened(**files) as gate:
        miner = await gate.secure(gate.call())
        await miner.send_all(b"hello\n")  # our end of the handshake is over, too, once it is back
        assert await exactly(miner, 6) == b"hello\n"
        gate.last.link.close("enough")
        assert await miner.receive_some(100) == b""


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_last_words_by_tls_come_before_the_goodbye(files, version):
    def refuse(data: bytes) -> bytes:
        raise ProtocolError("not JSON", last_words=b"goodbye\n")

    async with opened(**files) as gate:
        miner = await gate.secure(gate.call(), version)
        gate.last.answer = refuse
        await miner.send_all(b"hello\n")
        assert await exactly(miner, 8) == b"goodbye\n"
        assert await miner.receive_some(100) == b""


async def test_what_is_said_before_the_handshake_is_over_is_not_sent_plain(files):
    async with opened(**files) as gate:
        miner = gate.call()
        await gate.core.until(lambda: gate.core.sessions)
        gate.last.link.send(b"secret\n")
        gate.last.link.close("enough")
        assert await hear(miner, 100) == b""


async def test_handshakes_leave_others_their_turn(files, monkeypatch):
    """With no more than one step of one handshake in a batch, all of many are through at last."""
    monkeypatch.setattr(port_module, "HANDSHAKES", 1)
    async with opened(**files) as gate:
        done = []

        async def mine() -> None:
            miner = await gate.secure(gate.call())
            await miner.send_all(b"hello\n")
            done.append(await exactly(miner, 6))

        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(mine)
        assert done == [b"hello\n"] * 20


async def test_certificates_are_read_again_for_new_connections(files, tmp_path):
    fresh = AUTHORITY.issue_cert("proxy.example")

    def seen(miner: trio.SSLStream) -> str:
        return hashlib.sha256(miner.getpeercert(binary_form=True)).hexdigest()

    async with opened(**files) as gate:
        before = await gate.secure(gate.call())
        write_certificate(tmp_path, fresh)
        await gate.port.reload_certificates()
        after = await gate.secure(gate.call())
        assert (seen(before), seen(after)) == (fingerprint(CERTIFICATE), fingerprint(fresh))
        await before.send_all(b"still here\n")
        assert await exactly(before, 11) == b"still here\n"

        Path(files["tls_key"]).write_text("no key")  # noqa: ASYNC240
        with pytest.raises(ConfigError, match="no PEM certificate in"):
            await gate.port.reload_certificates()
        assert seen(await gate.secure(gate.call())) == fingerprint(fresh)


async def test_miners_mine_on_while_certificates_are_read_from_a_disk_that_hangs(
    files, monkeypatch
):
    hangs, goes_on = threading.Event(), threading.Event()

    def load(certificate: str, key: str) -> ssl.SSLContext:
        hangs.set()
        goes_on.wait(PATIENCE)
        raise ValueError("there is no such disk")

    async with opened(**files) as gate:
        before = await gate.secure(gate.call())
        monkeypatch.setattr(entrance, "miners_context", load)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gate.port.reload_certificates)
            await until(hangs.is_set)
            await before.send_all(b"still here\n")
            assert await exactly(before, 11) == b"still here\n"
            await gate.secure(gate.call())
            nursery.cancel_scope.cancel()  # nor does the end wait for it
        goes_on.set()


# -- PROXY ---------------------------------------------------------------------------------------

BALANCED = {"proxy_protocol_from": ["127.0.0.0/8"]}


@pytest.mark.parametrize("step", [1, 1000])
async def test_the_header_names_the_miner(step):
    async with opened(**BALANCED) as gate:
        miner = gate.call()
        miner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = v1() + b"hello\n"
        for at in range(0, len(data), step):
            miner.send(data[at : at + step])
            await trio.lowlevel.checkpoint()
        assert await hear(miner, 6) == b"hello\n"
        assert gate.last.peer == "10.1.2.3:4567"
        assert len(gate.core.sessions) - len(gate.core.gone) == 1
        assert len(gate.port) == 1
        miner.send(b"again\n")
        assert await hear(miner, 6) == b"again\n"


async def test_a_balancer_that_speaks_for_itself():
    async with opened(**BALANCED) as gate:
        miner = gate.call(LOCAL + b"hello\n")
        assert await hear(miner, 6) == b"hello\n"
        assert gate.last.peer.startswith("127.0.0.1:")


async def test_after_the_header_a_miner_is_read_like_all_others():
    async with opened(**BALANCED) as gate:
        miner = gate.call(v1() + b"hello\n")
        assert await hear(miner, 6) == b"hello\n"
        assert gate.port.apart == set()


async def test_a_number_that_is_used_again_is_read_like_all_others():
    """One that read for itself is gone; its number is a plain miner's now."""
    async with opened(**BALANCED) as gate:
        miner = gate.call(LOCAL[:5])
        await gate.core.until(lambda: gate.core.sessions)
        miner.close()
        await gate.core.until(lambda: gate.core.gone)
        assert gate.port.apart == set()


async def test_a_header_alone_and_then_nothing():
    async with opened(**BALANCED) as gate:
        miner = gate.call(LOCAL)
        miner.shutdown(socket.SHUT_WR)
        assert await ended(miner)
        assert gate.core.drops.counts == {}


async def test_a_balancer_must_send_a_header():
    async with opened(**BALANCED) as gate:
        assert await ended(gate.call(b'{"id":1}\n'))
        assert gate.core.drops.counts == {"proxy-header": 1}
        assert gate.last.received == []


async def test_a_header_of_anybody_else_is_only_bytes():
    async with opened(proxy_protocol_from=["10.0.0.0/8", "2001:db8::/32"]) as gate:
        miner = gate.call(v1())
        assert await hear(miner, len(v1())) == v1()
        assert gate.last.received == [v1()]
        assert gate.last.peer.startswith("127.0.0.1:")


async def test_limits_count_by_the_miners_address():
    async with opened(**BALANCED) as gate:
        gate.core.misbehaviour = Misbehaviour(Limits(connections_per_address=1))
        gate.core.misbehaviour.connected("10.1.2.3", 0)
        assert await ended(gate.call(v1() + b"hello\n"))
        assert gate.core.drops.counts == {"too-many-from-address": 1}
        assert await hear(gate.call(v1("10.1.2.4") + b"hello\n"), 6) == b"hello\n"


async def test_the_header_comes_before_tls(files):
    async with opened(**files, **BALANCED) as gate:
        miner = await gate.secure(gate.call(v1()))
        await miner.send_all(b"hello\n")
        assert await exactly(miner, 6) == b"hello\n"
        assert gate.last.peer == "10.1.2.3:4567"


def test_a_certificate_that_is_gone(files):
    listen = Listen(address="127.0.0.1:0", **files)
    Path(files["tls_certificate"]).unlink()
    with pytest.raises(ConfigError, match=r"^127\.0\.0\.1:0: '.*' can't be read: No such file"):
        Entrance(listen)
