"""Everything that can stand between: a balancer, TLS on both sides, a SOCKS server."""

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from types import SimpleNamespace

import trio

from stratumproxy.config import loads
from tests.end_to_end.conftest import MINER_DIFFICULTY, Proxy
from tests.net.socks_server import SocksServer
from tests.net.tls_files import (
    AUTHORITY,
    client_context,
    server_context,
    write_authority,
    write_certificate,
)
from tests.waiting import PATIENCE

Dial = Callable[[trio.SocketStream], Awaitable[trio.abc.Stream]]


async def relay(nursery: trio.Nursery, dial: Dial, here: ssl.SSLContext | None = None) -> int:
    """Pass connections on, and take TLS off them if there is a context; the port to connect to."""

    async def serve(plain: trio.SocketStream) -> None:
        stream: trio.abc.Stream = plain
        if here is not None:
            stream = trio.SSLStream(plain, here, server_side=True, https_compatible=True)
        with suppress(OSError):
            there = await dial(plain)
            try:
                async with trio.open_nursery() as both:
                    both.start_soon(pass_on, stream, there, both.cancel_scope)
                    both.start_soon(pass_on, there, stream, both.cancel_scope)
            finally:
                await trio.aclose_forcefully(there)

    return await served(nursery, serve)


async def served(nursery: trio.Nursery, serve: Callable[..., Awaitable[None]]) -> int:
    listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
    return listeners[0].socket.getsockname()[1]


async def pass_on(here: trio.abc.Stream, there: trio.abc.Stream, both: trio.CancelScope) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        async for data in here:
            await there.send_all(data)
    both.cancel()


async def test_a_balancer_tls_and_a_socks_server(site, tmp_path):
    """Miners, a balancer that adds TLS and a PROXY header, the proxy, SOCKS, TLS, the pool."""
    pool = await site.pool()
    certificate, key = write_certificate(tmp_path, AUTHORITY.issue_cert("proxy.example"))
    proxy = Proxy()

    async def dial_pool(_: trio.SocketStream) -> trio.abc.Stream:
        return await trio.open_tcp_stream(*pool.address)

    async def dial_proxy(miner: trio.SocketStream) -> trio.abc.Stream:
        plain = await trio.open_tcp_stream(*proxy.address)
        _, port = miner.socket.getpeername()
        await plain.send_all(b"PROXY TCP4 10.1.2.3 10.0.0.1 %d 3333\r\n" % port)
        return trio.SSLStream(
            plain, client_context(), server_hostname="proxy.example", https_compatible=True
        )

    async with trio.open_nursery() as nursery:
        context = server_context(AUTHORITY.issue_cert("pool.example"))
        behind = await relay(nursery, dial_pool, context)
        socks = SocksServer(("127.0.0.1", behind), login=True)
        socks_port = await served(nursery, socks.serve)
        config = loads(f"""
            [[listen]]
            address = "127.0.0.1:0"
            tls_certificate = "{certificate}"
            tls_key = "{key}"
            proxy_protocol_from = ["127.0.0.1"]
            [[pool]]
            url = "stratum+ssl://pool.example:3333"
            user = "farm"
            tls_ca = "{write_authority(tmp_path)}"
            proxy = "socks5://farm:hunter2@127.0.0.1:{socks_port}"
            [difficulty]
            start = {MINER_DIFFICULTY}
            min = {MINER_DIFFICULTY}
            vardiff = false
        """)
        with trio.fail_after(PATIENCE):
            [proxy.address] = await nursery.start(proxy.run, config)
        balancer = SimpleNamespace(address=("127.0.0.1", await relay(nursery, dial_proxy)))
        miners = await site.miners(balancer, 10)
        await miners.each(accepted=5)
        await miners.last_job(pool)
        await miners.stop()
        end = await proxy.stop()
        nursery.cancel_scope.cancel()
    site.check_counts(miners, end, pool)
    site.check_every_hash(miners, pool)
    assert end.drops == {}
    assert set(socks.asked) == {("pool.example", 3333)}
