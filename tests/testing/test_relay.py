"""The relay on sockets: what goes in comes out, late, in pieces, or not at all."""

import io
from contextlib import suppress
from functools import partial

import pytest
import trio

from stratumproxy.testing import PoolSettings, SimulatedMiner, SimulatedPool, run_miner, serve_pool
from stratumproxy.testing.faults import Faults
from stratumproxy.testing.relay import serve_relay
from stratumproxy.testing.transcript import Recorder, read_transcript
from tests.ports import KeptPort
from tests.waiting import PATIENCE

Events = list[tuple[str, dict[str, object]]]


@pytest.fixture
async def pool_address(nursery: trio.Nursery) -> tuple[str, int]:
    return await nursery.start(serve_pool, SimulatedPool(PoolSettings(difficulty=1e-8)))


@pytest.mark.parametrize(
    "faults",
    [Faults(), Faults(latency=0.01, jitter=0.01), Faults(piece_bytes=50, piece_seconds=0.0005)],
    ids=["none", "late", "trickled"],
)
async def test_a_miner_mines_through_it(
    pool_address: tuple[str, int], nursery: trio.Nursery, faults: Faults
) -> None:
    file = io.BytesIO()
    serve = partial(serve_relay, pool_address, faults=faults, recorder=Recorder(file, 0.0))
    address = await nursery.start(serve)
    miner = SimulatedMiner("cgminer", strict=True)
    stop = trio.Event()
    miner.on_event = lambda event, facts: stop.set() if event == "share" else None
    with trio.fail_after(PATIENCE):
        await run_miner(miner, address, stop=stop, drain=PATIENCE)
    assert miner.counts.accepted > 0
    said = list(read_transcript(file.getvalue().splitlines()))
    assert b"mining.configure" in said[0].line
    assert {each.side for each in said} == {"miner", "server"}


@pytest.mark.parametrize(
    ("setting", "event"), [("cut_after", "cut"), ("half_open_after", "half_open")]
)
async def test_ends(
    pool_address: tuple[str, int], nursery: trio.Nursery, setting: str, event: str
) -> None:
    events: Events = []
    serve = partial(
        serve_relay,
        pool_address,
        faults=Faults(**{setting: 200}),
        on_event=lambda name, facts: events.append((name, facts)),
    )
    stream = await trio.open_tcp_stream(*await nursery.start(serve))
    heard = b""
    with trio.move_on_after(1.0 if event == "half_open" else PATIENCE) as waiting:
        await stream.send_all(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
        await stream.send_all(b'{"id":2,"method":"mining.authorize","params":["w","x"]}\n')
        with suppress(trio.BrokenResourceError):
            while data := await stream.receive_some():
                heard += data
    assert waiting.cancelled_caught is (event == "half_open")
    assert b"mining.notify" not in heard
    assert (event, {"connection": 1}) in events
    await stream.aclose()


async def test_a_server_that_is_not_there(nursery: trio.Nursery) -> None:
    events: Events = []
    with KeptPort() as nobody:
        serve = partial(
            serve_relay, nobody.address, on_event=lambda name, facts: events.append((name, facts))
        )
        async with await trio.open_tcp_stream(*await nursery.start(serve)) as stream:
            assert await stream.receive_some() == b""
    assert events[0][0] == "unreachable"
