"""Miners that mean harm, or are broken: nobody else notices."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import trio

from tests.waiting import PATIENCE

JSON_BOMB = b"[" * 5000

LINES = [
    b"",
    b"\x00\x01\x02",
    b"\xff\xfe\xfd",
    b"GET / HTTP/1.1",
    b"\x16\x03\x01\x02\x00\x01",
    b"null",
    b"[]",
    b"4",
    b'"mining.submit"',
    b"{}",
    JSON_BOMB,
    b'{"id":%b%b,"method":"mining.ping","params":[]}' % (b"[" * 400, b"]" * 400),
    b'{"id":%b%b,"method":"mining.submit","params":[]}' % (b"[" * 400, b"]" * 400),
    b'{"id":%b%b,"method":"mining.nothing","params":[]}' % (b"[" * 400, b"]" * 400),
    b'{"id":{"a":1e999},"method":"mining.ping"}',
    b'{"id":184467440737095516150,"method":"mining.ping"}',
    b'{"id":1,"method":"mining.subscribe","params":"abc"}',
    b'{"id":1,"method":"mining.subscribe","params":[{},[],null]}',
    b'{"id":1,"method":"mining.subscribe","params":["x","%b"]}' % (b"0" * 9000),
    b'{"id":1,"method":"mining.subscribe","params":["x","zz"]}',
    b'{"id":1,"method":"mining.authorize","params":[null]}',
    b'{"id":1,"method":"mining.authorize","params":["%b"]}' % (b"a" * 9000),
    b'{"id":1,"method":"mining.authorize","params":["w","d=nan"]}',
    b'{"id":1,"method":"mining.authorize","params":["w","d=1e400"]}',
    b'{"id":1,"method":"mining.authorize","params":["w","d=%b"]}' % (b"9" * 200),
    b'{"id":1,"method":"mining.configure","params":[[[]],[]]}',
    b'{"id":1,"method":"mining.configure","params":[["version-rolling"],'
    b'{"version-rolling.mask":-1}]}',
    b'{"id":1,"method":"mining.configure","params":[["minimum-difficulty"],'
    b'{"minimum-difficulty.value":1e308}]}',
    b'{"id":1,"method":"mining.suggest_difficulty","params":[-1]}',
    b'{"id":1,"method":"mining.suggest_difficulty","params":[1e-320]}',
    b'{"id":1,"method":"mining.suggest_difficulty(%b"}' % (b"9" * 5000),
    b'{"id":1,"method":"mining.suggest_target","params":["%b"]}' % (b"0" * 64),
    b'{"id":1,"method":"mining.suggest_target","params":["%b"]}' % (b"_" * 64),
    b'{"id":1,"method":["mining.submit"],"params":[]}',
    b'{"id":1,"method":"mining.submit","params":{"a":1,"b":2,"c":3,"d":4,"e":5}}',
    b'{"id":1,"method":"mining.submit","params":"abcde"}',
    b'{"id":1,"method":"mining.submit","params":7}',
    b'{"id":1,"method":"mining.submit"}',
]
"""What a port scanner, a broken firmware or an attacker says."""

SHARES = [
    b'["w","J",null,null,null]',
    b'["w","J",1,2,3]',
    b'["w","J",[],{},true]',
    b'["w","J","","",""]',
    b'["w","J","00","65000000","00000000"]',
    b'["w","J","00000000","-1","00000000"]',
    b'["w","J","00000000","65000000","0x1"]',
    b'["w","J","0000000_","6500000_","0000000_"]',
    b'["w","J","000000000","65000000","00000000"]',
    b'["w","J","%b","%b","%b"]' % (b"0" * 2000, b"0" * 2000, b"0" * 2000),
    b'["w","J","00000000","65000000","00000000","ffffffff"]',
    b'["w","J","00000000","65000000","00000000",4]',
    b'["w","J","00000000","65000000","00000000","1_000000"]',
    b'["w","J","00000000","65000000","00000000","00000000","00"]',
    b'["w","J","\\u0660\\u0660\\u0660\\u0660\\u0660\\u0660\\u0660\\u0660","65000000","00000000"]',
    b'["w",{},"00000000","65000000","00000000"]',
    b'["w","no such job","00000000","65000000","00000000"]',
    b'[null,"J","00000000","65000000","00000000"]',
    b'[["w"],"J","00000000","65000000","00000000"]',
]
"""Params of mining.submit; J stands for the job id."""

HELLO = (
    b'{"id":1,"method":"mining.subscribe","params":["evil/1.0"]}\n'
    b'{"id":2,"method":"mining.authorize","params":["w","x"]}\n'
)


async def all_said(stream: trio.SocketStream) -> bytes:
    """What there is to hear, until the connection ends."""
    heard = b""
    with suppress(trio.BrokenResourceError):
        async for data in stream:
            heard += bytes(data)
    return heard


async def say(stream: trio.SocketStream, data: bytes) -> None:
    with suppress(trio.BrokenResourceError):
        await stream.send_all(data)


async def garbage(stream: trio.SocketStream) -> None:
    """Noise, as fast as it goes."""
    with suppress(trio.BrokenResourceError):
        while True:
            await stream.send_all(bytes(range(1, 10)) * 1000)


async def pings(stream: trio.SocketStream) -> None:
    """Requests as fast as they go, and every answer read."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(all_said, stream)
        with suppress(trio.BrokenResourceError):
            while True:
                await stream.send_all(b'{"id":1,"method":"mining.ping","params":[]}\n' * 1000)


async def half_a_line(stream: trio.SocketStream) -> None:
    """A line that never ends, a byte at a time."""
    await stream.send_all(HELLO)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(all_said, stream)
        with suppress(trio.BrokenResourceError):
            while True:
                await stream.send_all(b" ")
                await trio.lowlevel.checkpoint()


async def asks_and_does_not_read(stream: trio.SocketStream) -> None:
    """The answers pile up."""
    with suppress(trio.BrokenResourceError):
        while True:
            await stream.send_all(b'{"id":1,"method":"mining.subscribe","params":[]}\n' * 100)


async def does_not_read(stream: trio.SocketStream) -> None:
    """Gets jobs, and does not read them."""
    await say(stream, HELLO)
    await trio.sleep_forever()


Plan = Callable[[trio.SocketStream], Awaitable[None]]


@pytest.mark.parametrize(
    "plan", [garbage, pings, half_a_line, asks_and_does_not_read, does_not_read]
)
async def test_the_others_mine_on(site, plan: Plan, nursery):
    pool = await site.pool(clean_every=0)
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, 20)
    await miners.each(accepted=1)

    async def again_and_again() -> None:
        while True:
            async with await trio.open_tcp_stream(*proxy.address) as stream:
                await plan(stream)

    for _ in range(3):
        nursery.start_soon(again_and_again)
    before = miners.accepted()
    await miners.each(accepted=3, since=before)
    nursery.cancel_scope.cancel()
    await miners.stop()
    end = await proxy.stop()
    site.check_counts(miners, end, pool)
    site.check_every_hash(miners, pool)
    assert miners.fleet.reconnects == 0
    assert end.rejected == {}


async def test_one_that_does_not_read_its_jobs_is_dropped(site):
    pool = await site.pool(clean_every=0, job_interval=0, coinbase_size=15_000)
    proxy = await site.proxy(pool, limits="out_buffer_bytes = 4096")
    miners = await site.miners(proxy, 3, hashrates=(2000.0,))
    await site.until(lambda: miners.fleet.mining == 3)
    async with await trio.open_tcp_stream(*proxy.address) as deaf:
        deaf.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 4096)
        await deaf.send_all(HELLO)
        await proxy.next_snapshot(lambda now: now.mining == 4)
        while proxy.now.mining == 4:  # until the kernel, too, has no room for it any more
            jobs = [miner.counts.jobs for miner in miners]
            pool.pool.new_job(pool.pool.job.ntime + 1)
            await site.until(
                lambda jobs=jobs: all(
                    miner.counts.jobs > had for miner, had in zip(miners, jobs, strict=True)
                )
            )
        before = miners.accepted()
        await miners.each(accepted=1, since=before)
    await miners.stop()
    end = await proxy.stop()
    site.check_counts(miners, end, pool)
    assert miners.fleet.reconnects == 0


@pytest.mark.parametrize("at", ["start", "mining"])
async def test_no_line_harms_anybody_else(site, at):
    """Each line on a connection of its own; whether it is answered or hung up on is its matter."""
    pool = await site.pool(clean_every=0)
    proxy = await site.proxy(pool)
    miners = await site.miners(proxy, 5)
    await miners.each(accepted=1)
    job_id = next(iter(miners)).job.job_id.encode()
    lines = list(LINES)
    if at == "mining":
        lines += [
            b'{"id":7,"method":"mining.submit","params":%b}'
            % share.replace(b'"J"', b'"%b"' % job_id)
            for share in SHARES
        ]
    for line in lines:
        async with await trio.open_tcp_stream(*proxy.address) as stream:
            await say(stream, (HELLO if at == "mining" else b"") + line + b"\n")
            with suppress(trio.BrokenResourceError):
                await stream.send_eof()
            with trio.fail_after(PATIENCE):
                heard = await all_said(stream)
            assert b"Traceback" not in heard
            if b'"id":7' in line:
                assert heard.count(b'"id":7,"result":null,"error":[2') == 1, heard
    before = miners.accepted()
    await miners.each(accepted=2, since=before)
    await miners.stop()
    end = await proxy.stop()
    assert miners.fleet.violations == []
    assert miners.fleet.reconnects == 0
    assert miners.fleet.total().rejected == {}
    assert end.accepted == miners.fleet.total().accepted
    assert pool.pool.total.rejected == {}
    assert list(pool.pool.violations) == []
