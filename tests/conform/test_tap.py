"""A pool's end of a connection, listened in on."""

from collections import deque

import trio
import trio.testing

from stratumproxy.conform.tap import Tap


async def test_lines_are_noted_and_travel_in_their_own_way(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    lines: deque[str] = deque()
    heard: list[bytes] = []
    tap = Tap(ours, lines, heard.append, end="\r\n", pieces=3)
    pieces: list[bytes] = []

    async def listen() -> None:
        while len(b"".join(pieces)) < 8:
            pieces.append(bytes(await theirs.receive_some()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        await tap.send_all(b"abcdef\n")
    assert (len(pieces), b"".join(pieces)) == (3, b"abcdef\r\n")
    await theirs.send_all(b"one\ntw")
    assert await tap.receive_some() == b"one\ntw"
    await theirs.send_all(b"o\n")
    await tap.receive_some()
    await theirs.aclose()
    assert await tap.receive_some() == b""
    assert heard == [b"one", b"two"]
    assert list(lines) == [">> abcdef", "<< one", "<< two", "-- the miner hung up"]
    await tap.wait_send_all_might_not_block()
    await tap.aclose()
