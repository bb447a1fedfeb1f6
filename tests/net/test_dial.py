"""Streams to pools on real sockets: TLS, who is trusted and who is not, and SOCKS5."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial

import pytest
import trio
import trustme

from stratumproxy.config import Pool
from stratumproxy.errors import PoolError
from stratumproxy.net.dial import dial
from tests.net.socks_server import SocksServer
from tests.net.tls_files import (
    AUTHORITY,
    OTHER,
    fingerprint,
    server_context,
    write_authority,
)
from tests.ports import KeptPort
from tests.waiting import PATIENCE

Play = Callable[[trio.SocketStream], Awaitable[None]]


def pool(port: int, *, scheme: str = "stratum+ssl", host: str = "127.0.0.1", **settings) -> Pool:
    settings = {"connect_timeout_seconds": 2 * PATIENCE, **settings}
    return Pool(url=f"{scheme}://{host}:{port}", user="farm", **settings)


@asynccontextmanager
async def serving(play: Play) -> AsyncIterator[int]:
    """A server's port on the loopback."""

    async def serve(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):
            await play(stream)

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            start = partial(trio.serve_tcp, serve, 0, host="127.0.0.1")
            listeners = await nursery.start(start)
            yield listeners[0].socket.getsockname()[1]
            nursery.cancel_scope.cancel()


def echo(certificate: trustme.LeafCert | None) -> Play:
    """Says everything again, within TLS if there is a certificate."""

    async def play(plain: trio.SocketStream) -> None:
        stream: trio.abc.Stream = plain
        if certificate is not None:
            stream = trio.SSLStream(
                plain, server_context(certificate), server_side=True, https_compatible=True
            )
        async for data in stream:
            await stream.send_all(data)

    return play


async def check_echo(given: Pool) -> None:
    stream = await dial(given, given.host, given.port)
    await stream.send_all(b"hello\n")
    assert await stream.receive_some(100) == b"hello\n"
    await trio.aclose_forcefully(stream)


async def refusal(given: Pool) -> str:
    with pytest.raises(PoolError) as refused:
        await dial(given, given.host, given.port)
    assert "\n" not in str(refused.value)
    return re.sub(r"127\.0\.0\.1:\d+", "POOL", str(refused.value))


# -- TLS -----------------------------------------------------------------------------------------


async def test_a_certificate_of_the_named_authority(tmp_path):
    async with serving(echo(AUTHORITY.issue_cert("127.0.0.1"))) as port:
        await check_echo(pool(port, tls_ca=write_authority(tmp_path)))


async def test_a_name(tmp_path):
    async with serving(echo(AUTHORITY.issue_cert("localhost"))) as port:
        ca = write_authority(tmp_path)
        await check_echo(pool(port, scheme="stratum+tls", host="localhost", tls_ca=ca))


async def test_the_system_does_not_trust_anybody():
    async with serving(echo(AUTHORITY.issue_cert("127.0.0.1"))) as port:
        assert (await refusal(pool(port))).startswith("the certificate of POOL is refused: ")


async def test_another_authority(tmp_path):
    async with serving(echo(OTHER.issue_cert("127.0.0.1"))) as port:
        said = await refusal(pool(port, tls_ca=write_authority(tmp_path)))
        assert said.startswith("the certificate of POOL is refused: ")


async def test_another_name(tmp_path):
    async with serving(echo(AUTHORITY.issue_cert("pool.example"))) as port:
        said = await refusal(pool(port, tls_ca=write_authority(tmp_path)))
        assert said == (
            "the certificate of POOL is refused: IP address mismatch, "
            "certificate is not valid for '127.0.0.1'"
        )


async def test_an_expired_one(tmp_path):
    old = AUTHORITY.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    async with serving(echo(old)) as port:
        said = await refusal(pool(port, tls_ca=write_authority(tmp_path)))
        assert said == "the certificate of POOL is refused: certificate has expired"


async def test_a_pinned_one_needs_neither_authority_nor_name_nor_date():
    old = OTHER.issue_cert("pool.example", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    async with serving(echo(old)) as port:
        await check_echo(pool(port, tls_fingerprint=fingerprint(old)))


async def test_another_than_the_pinned_one():
    there, pinned = AUTHORITY.issue_cert("127.0.0.1"), AUTHORITY.issue_cert("127.0.0.1")
    async with serving(echo(there)) as port:
        assert await refusal(pool(port, tls_fingerprint=fingerprint(pinned))) == (
            "the certificate of POOL is another than tls_fingerprint says: "
            f"its SHA-256 is {fingerprint(there)}, expected {fingerprint(pinned)}"
        )


async def test_a_pool_without_tls():
    async def play(stream: trio.SocketStream) -> None:
        await stream.receive_some(1)
        await stream.send_all(b'{"id":null,"result":null,"error":[-32700,"Parse error",null]}\n')
        await trio.sleep_forever()

    async with serving(play) as port:
        said = await refusal(pool(port))
        assert said == "POOL does not speak TLS; is it the port for stratum+tcp?"


async def test_a_pool_that_hangs_up_in_the_handshake():
    async def play(stream: trio.SocketStream) -> None:
        await stream.receive_some(100_000)
        await stream.aclose()

    async with serving(play) as port:
        assert await refusal(pool(port)) in (
            "POOL hung up during the TLS handshake",
            "the connection to POOL broke during the TLS handshake",
        )


async def test_a_handshake_that_never_ends():
    async def play(stream: trio.SocketStream) -> None:
        await trio.sleep_forever()

    async with serving(play) as port:
        given = pool(port, connect_timeout_seconds=0.2)
        assert await refusal(given) == "no connection to POOL in time"


async def test_authorities_that_are_gone_since_they_were_read(tmp_path):
    async with serving(echo(AUTHORITY.issue_cert("127.0.0.1"))) as port:
        given = pool(port, tls_ca=write_authority(tmp_path))
        (tmp_path / "authority.pem").unlink()
        said = await refusal(given)
        assert said.startswith("no TLS with POOL: ")
        assert said.endswith("authority.pem' can't be read: No such file or directory")


# -- SOCKS5 --------------------------------------------------------------------------------------


async def test_by_a_socks_server_which_looks_the_name_up():
    async with serving(echo(None)) as there:
        socks = SocksServer(("127.0.0.1", there))
        async with serving(socks.serve) as port:
            proxy = f"socks5://127.0.0.1:{port}"
            await check_echo(pool(3333, scheme="stratum+tcp", host="pool.onion", proxy=proxy))
    assert socks.asked == [("pool.onion", 3333)]


async def test_with_user_and_password_and_tls_for_the_pools_name(tmp_path):
    async with serving(echo(AUTHORITY.issue_cert("pool.example"))) as there:
        socks = SocksServer(("127.0.0.1", there), login=True)
        async with serving(socks.serve) as port:
            proxy = f"socks5://farm:hunter2@127.0.0.1:{port}"
            ca = write_authority(tmp_path)
            await check_echo(pool(3333, host="pool.example", proxy=proxy, tls_ca=ca))
    assert socks.asked == [("pool.example", 3333)]


@pytest.mark.parametrize("credentials", ["", "farm:wrong@"])
async def test_a_socks_server_that_lets_nobody_in(credentials):
    socks = SocksServer(None, login=True)
    async with serving(socks.serve) as port:
        proxy = f"socks5://{credentials}127.0.0.1:{port}"
        said = await refusal(pool(3333, scheme="stratum+tcp", host="pool.example", proxy=proxy))
    assert said.startswith("can't connect to pool.example:3333 by the SOCKS server POOL: ")
    assert "wrong" not in said
    assert socks.asked == []


async def test_a_socks_server_that_reaches_nothing():
    async with serving(SocksServer(None).serve) as port:
        proxy = f"socks5://127.0.0.1:{port}"
        said = await refusal(pool(3333, scheme="stratum+tcp", host="pool.example", proxy=proxy))
    assert said == (
        "can't connect to pool.example:3333 by the SOCKS server POOL: "
        "Connection refused by destination host"
    )


async def test_no_socks_server():
    with KeptPort() as port:
        proxy = f"socks5://127.0.0.1:{port.number}"
        said = await refusal(pool(3333, scheme="stratum+tcp", host="pool.example", proxy=proxy))
    assert said == (
        "can't connect to pool.example:3333 by the SOCKS server POOL: Connection refused"
    )


async def test_a_socks_server_that_speaks_something_else():
    async with serving(echo(None)) as port:
        proxy = f"socks5://127.0.0.1:{port}"
        said = await refusal(pool(3333, scheme="stratum+tcp", host="pool.example", proxy=proxy))
    assert said.startswith("can't connect to pool.example:3333 by the SOCKS server POOL: ")
