"""A mining process's end of the channel on a real socket, with whatever is at the other end."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import trio
import trio.testing

from stratumproxy.net import telemetry as module
from stratumproxy.net.server import serve
from stratumproxy.net.telemetry import Telemetry, of_this_process
from stratumproxy.telemetry.channel import HELLO, START, Lines, encode, encode_ack
from stratumproxy.telemetry.records import Batch, MinerRecord
from tests.proxy.playbook import Playbook, configured
from tests.waiting import PATIENCE


class Ends:
    """A channel, and this side of it."""

    def __init__(self) -> None:
        self.ours, theirs = socket.socketpair()
        self.telemetry = Telemetry(theirs, 2, trio.current_time)
        self.ours.setblocking(False)
        self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(self.ours))
        self._lines = Lines()
        self._heard: list[dict[str, Any]] = []

    async def say(self, data: bytes) -> None:
        await self._stream.send_all(data)

    async def hear(self, key: str) -> dict[str, Any]:
        """The next message that has a key; others are passed over."""
        while True:
            while self._heard:
                if key in (message := self._heard.pop(0)):
                    return message
            self._heard += self._lines.cut(bytes(await self._stream.receive_some(1 << 16)))


@pytest.fixture
async def ends() -> Any:
    ends = Ends()
    yield ends
    ends.ours.close()
    await ends.telemetry._stream.aclose()


@pytest.fixture
async def running(ends: Ends, nursery: trio.Nursery) -> Ends:
    orders: list[Any] = []

    def obey(order: dict[str, Any]) -> dict[str, Any]:
        orders.append(order)
        return {"result": {"number": len(orders)}}

    nursery.start_soon(ends.telemetry.run, obey)
    return ends


async def test_batches_until_they_are_safe(running: Ends) -> None:
    outbox = running.telemetry.outbox
    outbox.add(1)
    outbox.add(2)
    first = await running.hear("seq")
    assert (first["run"], first["process"], first["seq"]) == (outbox.run, 2, 1)
    assert (await running.hear("seq"))["seq"] == 2
    await running.say(START + encode_ack(outbox.run, 1))
    await running.say(b'{"torn' + START + HELLO)
    assert (await running.hear("seq"))["seq"] == 2


async def test_a_wall_clock_that_jumps_for_seconds_is_in_no_record(
    ends: Ends, nursery: trio.Nursery
) -> None:
    """And batches go with the time that they are sent at, by the same clock."""
    nursery.start_soon(ends.telemetry.run, lambda order: {"result": {}})
    told = ends.telemetry._time
    began = told.unix()
    wall = told._wall
    told._wall = lambda: wall() + 8.64e6
    for _ in range(3):
        told.look()
        ends.telemetry.outbox.add(told.unix(), work=[])
        sent, batch = await ends.hear("now"), await ends.hear("seq")
        assert began <= batch["at"] <= sent["now"] < began + 3600


async def test_orders_are_carried_out_and_answered(running: Ends) -> None:
    await running.say(encode({"do": "x-1", "action": "none"}) + encode({"do": 7}))
    assert await running.hear("done") == {"done": "x-1", "result": {"number": 1}}
    assert await running.hear("done") == {"done": 7, "result": {"number": 2}}


async def test_many_orders_at_once_leave_others_their_turn(
    ends: Ends, nursery: trio.Nursery
) -> None:
    turns: list[str] = []

    def obey(order: dict[str, Any]) -> dict[str, Any]:
        turns.append("order")
        return {"result": {}}

    async def mine() -> None:
        while turns.count("order") < 20:
            await trio.lowlevel.checkpoint()
            turns.append("share")

    await ends.say(b"".join(encode({"do": number}) for number in range(20)))
    nursery.start_soon(ends.telemetry.run, obey)
    await mine()
    between = "".join(turn[0] for turn in turns).strip("s")
    assert "ooo" not in between, "of two tasks either may be the first of its turn"


async def test_each_run_has_a_name_of_its_own(ends: Ends) -> None:
    other = Ends()
    assert ends.telemetry.outbox.run != other.telemetry.outbox.run
    assert ends.telemetry.process == f"2-{ends.telemetry.outbox.run}"
    other.ours.close()
    await other.telemetry._stream.aclose()


async def test_who_does_not_read_holds_up_nobody(running: Ends, autojump_clock: Any) -> None:
    outbox = running.telemetry.outbox
    share = ("x" * 1000,)
    while not outbox.full:
        outbox.add(1, shares=[share] * 1000)
        await trio.lowlevel.checkpoint()
    for _ in range(100):
        await trio.testing.wait_all_tasks_blocked()
        outbox.show({"uptime": 1})
    assert outbox.unacknowledged


async def test_the_other_side_is_gone_for_good(ends: Ends) -> None:
    ends.ours.close()
    ends.telemetry.outbox.add(1)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ends.telemetry.run, lambda order: {})
            await trio.testing.wait_all_tasks_blocked()
            ends.telemetry.outbox.add(1)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()


async def test_at_the_end_the_last_batch_is_waited_for(
    running: Ends, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LAST_WORDS", 10 * PATIENCE)
    play = Playbook()
    running.telemetry.recorder.info("the end")
    finished = trio.Event()

    async def finish() -> None:
        await running.telemetry.finish(play.proxy, trio.current_time() + 10 * PATIENCE)
        finished.set()

    nursery.start_soon(finish)
    batch = Batch.decode(await running.hear("seq"))
    assert [event.event for event in batch.events] == ["the end"]
    assert not finished.is_set()
    await running.say(encode_ack(batch.run, batch.seq))
    with trio.fail_after(PATIENCE):
        await finished.wait()


@pytest.mark.parametrize(("left", "waits"), [(60.0, module.LAST_WORDS), (-5.0, module.LEAST)])
async def test_not_for_long_if_nobody_listens(
    ends: Ends, left: float, waits: float, autojump_clock: trio.testing.MockClock
) -> None:
    ends.telemetry.recorder.info("the end")
    began = trio.current_time()
    await ends.telemetry.finish(Playbook().proxy, began + left)
    assert trio.current_time() - began == pytest.approx(waits)


async def test_nothing_to_tell_is_no_wait(ends: Ends, autojump_clock: Any) -> None:
    began = trio.current_time()
    await ends.telemetry.finish(Playbook().proxy, began + 60)
    assert trio.current_time() == began


def test_what_the_process_took() -> None:
    snapshot = of_this_process(Playbook().snapshot())
    assert snapshot.cpu_seconds > 0
    assert snapshot.resident_bytes >= 0


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        sock.setblocking(False)
        yield sock


async def test_a_server_tells_what_happens_on_it(
    ends: Ends, listener: socket.socket, nursery: trio.Nursery
) -> None:
    stop = trio.Event()
    config = configured("pool", pool={"url": "stratum+tcp://127.0.0.1:9"})
    address = listener.getsockname()

    async def run() -> None:
        await serve(config, listeners=[listener], stop=stop, telemetry=ends.telemetry)

    nursery.start_soon(run)
    with trio.fail_after(PATIENCE):
        while not (await ends.hear("seq"))["events"]:
            pass  # that the pool can't be reached
        with socket.create_connection(address):
            while not (miners := (await ends.hear("seq"))["miners"]):
                pass
            assert miners[0][2].startswith("127.0.0.1:")
            while (await ends.hear("snapshot"))["snapshot"]["connected"] != 1:
                pass  # one of the moment before
            await ends.say(encode({"do": 1, "action": "disconnect", "miner": miners[0][0]}))
            assert (await ends.hear("done"))["result"] == {"miners": 1}
            while not (miners := (await ends.hear("seq"))["miners"]):
                pass
            miner = MinerRecord(*miners[0])
            assert (miner.open, miner.reason) == (False, "ordered")
        stop.set()
