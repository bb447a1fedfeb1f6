"""Broken and hostile peers on a real port: an error or the end, counted, and no one else harmed."""

import os
from contextlib import AsyncExitStack, suppress

import pytest
import trio

from stratumproxy.telemetry.notices import LINES, WINDOW
from tests.hostile.conftest import HELLO, open_files
from tests.waiting import PATIENCE

SOAK = bool(os.environ.get("STRATUMPROXY_SOAK"))
CONNECTS = 10_000 if SOAK else 2000

NOT_STRATUM = [
    b"\x00\n",
    b"\x00" * 100 + b"\n",
    b"\xff\xfe{}\n",
    b'{"id":1,"method":"\xc3\x28"}\n',
    b"[" * 5000 + b"\n",
    b'{"a":' * 1500 + b"\n",
    b"7" * 5000 + b"\n",
    b'{"id":{},"method":"mining.ping"}\n',
    b"null\n",
    b"[]\n",
    b'"mining.submit"\n',
    b'{"id":1,"method":"mining.ping","params":[]\n',
]

ERRORS = [
    b'{"id":9,"method":"mining.submit","params":"abc"}\n',
    b'{"id":9,"method":"mining.submit","params":[1,2,3,4,5]}\n',
    b'{"id":9,"method":["mining.submit"],"params":[]}\n',
    b'{"id":9,"method":"mining.authorize","params":[{}]}\n',
    b'{"id":9,"method":"mining.suggest_difficulty","params":[-1e308]}\n',
    b'{"id":9,"method":"mining.nothing","method":"mining.nonsense"}\n',
]


async def test_what_is_not_stratum_is_hung_up_on_and_counted(siege):
    attack = await siege()
    for data in NOT_STRATUM:
        assert await attack.provoke(data) == b""
        assert b"error" not in await attack.provoke(HELLO + data)
    await attack.provoke(b"x" * 20_000)
    await attack.provoke(HELLO, b" " * 20_000)
    heard = await attack.provoke(b"GET / HTTP/1.1\r\nHost: proxy\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Stratum port" in heard
    assert await attack.provoke(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") == b""
    assert await attack.over() == {
        "not-stratum": 2 * len(NOT_STRATUM),
        "line-too-long": 2,
        "http-on-port": 1,
        "tls-on-port": 1,
    }


@pytest.mark.parametrize("line", ERRORS)
async def test_what_is_wrong_in_stratum_is_answered(siege, line):
    attack = await siege()
    heard = b""
    async with await trio.open_tcp_stream(*attack.proxy.address) as stream:
        await stream.send_all(HELLO + line)
        with trio.fail_after(PATIENCE):
            while b'{"id":9,"result":null,"error":[2' not in heard:
                data = await stream.receive_some()
                assert data, heard
                heard += data
            await stream.send_eof()
            async for _ in stream:
                pass  # a job may have come: to leave with it unread would be a reset
    assert await attack.over() == {}


async def test_those_that_never_get_ready_are_let_go(siege):
    """They say nothing, half a line, or subscribe and no more."""
    attack = await siege()
    await attack.proxy.limit(handshake_seconds=1)  # the honest have theirs behind them
    async with trio.open_nursery() as nursery:
        for data in (b"", b'{"id":1,"method":"mini', HELLO.splitlines(keepends=True)[0]):
            nursery.start_soon(attack.provoke, data)
    assert await attack.over() == {"handshake-timeout": 3}


async def test_half_lines_for_ever(siege):
    attack = await siege("idle_seconds = 3")

    async def drip() -> None:
        async with await trio.open_tcp_stream(*attack.proxy.address) as stream:
            await stream.send_all(HELLO)
            while True:
                try:
                    await stream.send_all(b" ")
                except trio.BrokenResourceError:
                    return
                await trio.sleep(0.05)

    with trio.fail_after(PATIENCE):
        await drip()
    await attack.dropped(idle=1)
    assert (await attack.over())["idle"] == 1


async def test_floods_end_and_the_second_bans_the_worker(siege):
    attack = await siege("messages_per_second = 20\nmessage_burst = 200")
    ping = b'{"id":5,"method":"mining.ping","params":[]}\n'
    for _ in range(2):
        await attack.provoke(HELLO, *[ping * 100] * 20)
    await attack.dropped(flood=2)
    heard = await attack.provoke(HELLO)
    assert b'{"id":2,"result":null,"error":[24,"Banned for ' in heard
    await attack.provoke(b"\n" * 1000, b"\n" * 1000)
    assert await attack.over() == {"flood": 3, "banned": 1}


async def test_invalid_shares_end_in_a_drop(siege):
    attack = await siege("invalid_share_window = 20\nmessage_burst = 1000000")
    share = b'{"id":5,"method":"mining.submit","params":["evil","x","00","00","00"]}\n'
    wrong = b'{"id":5,"method":"mining.submit","params":["other","x","00","00","00"]}\n'

    async def cheat() -> None:
        async with await trio.open_tcp_stream(*attack.proxy.address) as stream:
            await stream.send_all(HELLO + share)
            while True:
                try:
                    await stream.send_all(wrong * 20)
                    await stream.receive_some()
                except trio.BrokenResourceError:
                    return
                await trio.sleep(0.05)

    with trio.fail_after(PATIENCE):
        await cheat()
    await attack.dropped(invalid_shares=1)
    await attack.others_mine_on()


async def test_one_that_does_not_read(siege):
    attack = await siege("message_burst = 10000000")
    async with await trio.open_tcp_stream(*attack.proxy.address) as stream:
        with suppress(trio.BrokenResourceError), trio.fail_after(PATIENCE):
            while True:
                await stream.send_all(HELLO * 50)
    await attack.dropped(slow_reader=1)
    assert await attack.over() == {"slow-reader": 1}


async def test_connects_that_subscribe_share_one_session(siege):
    """Each has a slot for a moment; the pool sees no more of it than the first session."""
    attack = await siege("connections_per_address = 1000")
    before = open_files()

    async def come(stack: AsyncExitStack) -> None:
        stream = await trio.open_tcp_stream(*attack.proxy.address)
        await stack.enter_async_context(stream)
        await stream.send_all(HELLO)
        assert await stream.receive_some()

    for _ in range(CONNECTS // 100):
        async with AsyncExitStack() as stack, trio.open_nursery() as crowd:
            for _ in range(100):
                crowd.start_soon(come, stack)
    await attack.others_mine_on()
    await attack.proxy.next_snapshot(lambda now: now.connected == 5)
    assert attack.pool_sessions == 1
    assert open_files() <= before
    assert set(await attack.over()) <= {"broken"}  # left with something unread


async def test_connects_from_one_address(siege, logged):
    attack = await siege("connections_per_address = 20")
    before = open_files()
    for _ in range(CONNECTS // 100):
        async with AsyncExitStack() as stack:
            for _ in range(100):
                await stack.enter_async_context(await trio.open_tcp_stream(*attack.proxy.address))
    await attack.others_mine_on()
    await attack.proxy.next_snapshot(lambda now: now.connected == 5)
    assert open_files() <= before
    drops = await attack.over()
    assert drops["too-many-from-address"] >= CONNECTS // 2
    lines = [line for line in logged if line["log_level"] != "debug"]
    told = [line for line in lines if line["event"] == "miner dropped"]
    more = [line for line in lines if line["event"] == "and more like it"]
    assert len(told) <= LINES * (attack.proxy.snapshots // WINDOW + 2)
    assert len(told) + sum(line["count"] for line in more) <= sum(drops.values())
