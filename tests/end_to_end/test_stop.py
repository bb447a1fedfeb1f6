"""What miners hear at the stop."""

import pytest
import trio

from tests.waiting import PATIENCE


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("drain", [0, 1])
async def test_miners_are_asked_to_come_back_if_that_is_wanted(site, asked, drain):
    pool = await site.pool(clean_every=0)
    limits = f"drain_seconds = {drain}\nreconnect_on_stop = {str(asked).lower()}"
    proxy = await site.proxy(pool, limits=limits)
    streams = [await trio.open_tcp_stream(*proxy.address) for _ in range(50)]
    for number, stream in enumerate(streams[1:]):  # the first one never says a word
        await stream.send_all(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
        await stream.send_all(
            b'{"id":2,"method":"mining.authorize","params":["farm.%d","x"]}\n' % number
        )
    await proxy.next_snapshot(lambda now: now.mining == 49)
    await proxy.stop()
    heard = []
    with trio.fail_after(PATIENCE):
        for stream in streams:
            async with stream:
                heard.append(b"".join([bytes(data) async for data in stream]))
    told = [b'"client.reconnect"' in each for each in heard]
    assert told == [False] + [asked] * 49
