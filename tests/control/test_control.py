"""Control and mining processes on real channels, either of which may end at any moment."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock, wait_all_tasks_blocked

from stratumproxy.control import delivery
from stratumproxy.control import intake as module
from stratumproxy.control.control import Control
from stratumproxy.errors import StratumProxyError
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.conditions import KINDS
from tests.clocks import Time, at
from tests.control.conftest import MOMENT
from tests.control.process import AT, SNAPSHOT, working
from tests.control.sinks import Memory
from tests.fleet.telling import snapshot

NOW = 1000.0


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "GATHER", 0.0)
    # Nor is anybody given up because this machine is busy.
    monkeypatch.setattr("stratumproxy.control.control.LEAVE_SECONDS", MOMENT)
    monkeypatch.setattr("stratumproxy.control.control.FINISH_SECONDS", MOMENT)
    monkeypatch.setattr("stratumproxy.control.orders.TIMEOUT", MOMENT)


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Two channels: the mining process's end, the control process's end."""
    found = [socket.socketpair() for _ in range(2)]
    for pair in found:
        for sock in pair:
            sock.setblocking(False)
    yield found
    for pair in found:
        for sock in pair:
            sock.close()


class Run:
    """A control process."""

    def __init__(self, run: str, ends: list[socket.socket], sink: Memory) -> None:
        self.sink = sink
        self.fleet = Fleet(NOW)
        self.control = Control(run, ends, fleet=self.fleet, sinks={"sink": sink}, clock=at(NOW))
        self.stop = trio.Event()
        self.ended = trio.Event()

    async def run(self) -> None:
        await self.control.run(self.stop)
        self.ended.set()

    async def stopped(self) -> None:
        self.stop.set()
        with trio.fail_after(MOMENT):
            await self.ended.wait()

    async def give(self, action: str, **arguments: Any) -> dict[str, Any]:
        return await self.control.orders.give(action, arguments)


@asynccontextmanager
async def controlling(
    *ends: socket.socket, run: str = "control", sink: Memory | None = None
) -> AsyncIterator[Run]:
    running = Run(run, list(ends), sink or Memory())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(running.run)
        yield running
        nursery.cancel_scope.cancel()


async def test_what_a_process_tells_is_shown_kept_and_acknowledged(pairs, until):
    [(ours, theirs), _] = pairs
    async with working(ours) as process, controlling(theirs) as run:
        process.tell(3)
        process.show()
        await until(lambda: run.sink.seqs() == [1, 2, 3])
        await until(lambda: not process.outbox.unacknowledged)
        assert run.fleet.roll.get(("default", "farm.1")).accepted == 3
        await until(lambda: run.fleet.processes.snapshot() == SNAPSHOT)
        assert [*run.fleet.processes.running] == ["run"]
        await run.stopped()
        assert run.sink.closed


async def test_every_process_is_heard(pairs, until):
    [(ours, theirs), (our_other, their_other)] = pairs
    async with (
        working(ours, "one") as one,
        working(our_other, "two", 1) as two,
        controlling(theirs, their_other) as run,
    ):
        one.tell(2)
        two.tell(3)
        await until(lambda: (run.sink.seqs("one"), run.sink.seqs("two")) == ([1, 2], [1, 2, 3]))
        await until(lambda: not one.outbox.unacknowledged)
        await until(lambda: not two.outbox.unacknowledged)


async def test_it_is_killed_and_another_takes_all_over(pairs, until):
    """What was on its way is told again, and comes in order; what was kept is kept once."""
    [(ours, theirs), _] = pairs
    sink = Memory()
    async with working(ours) as process:
        for turn in range(20):
            async with controlling(theirs, run=f"control-{turn}", sink=sink):
                process.tell(50)
                for _ in range(turn):
                    await trio.lowlevel.checkpoint()
            process.tell(50)
        async with controlling(theirs, sink=sink) as run:
            process.tell(50)
            await until(lambda: not process.outbox.unacknowledged)
            assert not run.fleet.lost
    assert sink.seqs() == list(range(1, process.told + 1))


async def test_a_process_is_killed_in_the_middle_of_a_line(pairs, until):
    [(ours, theirs), _] = pairs
    async with controlling(theirs) as run:
        async with working(ours, "one") as process:
            process.tell(3)
            await until(lambda: run.sink.seqs("one") == [1, 2, 3])
        ours.send(b'{"run":"one","process":0,"seq":4,"at":10')
        async with working(ours, "two") as process:
            process.tell(3)
            await until(lambda: run.sink.seqs("two") == [1, 2, 3])
            await until(lambda: not process.outbox.unacknowledged)
        assert run.sink.seqs("one") == [1, 2, 3]
        assert not run.fleet.lost


@pytest.mark.parametrize(
    "noise", [b"not JSON", b"[]", b"{}", b'{"seq":1}', b'{"seq":"1","run":2}', b'{"snapshot":5}']
)
async def test_whatever_is_said_beside_it_the_rest_arrives(noise, pairs, until):
    [(ours, theirs), _] = pairs
    async with controlling(theirs) as run:
        ours.send(b"\n" + noise + b"\n")
        async with working(ours) as process:
            process.tell(3)
            await until(lambda: not process.outbox.unacknowledged)
        assert run.sink.seqs() == [1, 2, 3]


async def test_a_gap_is_named_and_put_on_record(pairs, until, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 1)
    [(ours, theirs), _] = pairs
    with capture_logs() as logs:
        async with working(ours) as process, controlling(theirs) as run:
            process.tell(1)
            await until(lambda: not process.outbox.unacknowledged)
            process.outbox._seq += 3
            process.tell(1)
            await until(lambda: not process.outbox.unacknowledged)
            assert run.fleet.lost["batches"] == 3
            assert run.sink.seqs() == [1, 5]
            await until(lambda: run.sink.seqs("control") == [1])
    lost = "batches of a mining process's records are lost"
    [told] = [entry for entry in logs if entry["event"] == lost]
    assert told["process"] == 0
    assert (told["run"], told["first"], told["last"]) == ("run", 2, 4)
    [batch] = [batch for batch in run.sink.kept if batch.run == "control"]
    assert batch.events[0].values == {"process": 0, "run": "run", "first": 2, "last": 4}


async def test_what_a_process_did_not_live_to_tell_is_named(pairs, until):
    [(ours, theirs), _] = pairs
    with capture_logs() as logs:
        async with controlling(theirs) as run:
            async with working(ours, "one") as process:
                process.tell(1)
                await until(lambda: not process.outbox.unacknowledged)
                process.show()  # 3 accepted, of which one was told
                await until(run.fleet.processes.snapshot)
            async with working(ours, "two") as process:
                process.tell(1)
                await until(lambda: not process.outbox.unacknowledged)
            assert run.fleet.lost["shares"] == 2
            await until(lambda: run.sink.seqs("control") == [1])
    [told] = [entry for entry in logs if entry["event"].startswith("a mining process ended before")]
    assert (told["process"], told["run"], told["after"], told["accepted"]) == (0, "one", 1, 2)


async def test_a_batch_that_makes_no_sense_is_a_gap_and_stops_nothing(pairs, until):
    [(ours, theirs), _] = pairs
    with capture_logs() as logs:
        async with controlling(theirs) as run:
            ours.send(b'\n{"run":"run","seq":1,"work":5}\n')
            async with working(ours) as process:
                process.outbox._seq = 1
                process.tell(2)
                await until(lambda: not process.outbox.unacknowledged)
            assert run.fleet.lost["batches"] == 1
    assert "a mining process says what can't be understood; please report it" in [
        entry["event"] for entry in logs
    ]


async def test_at_the_stop_what_has_come_is_kept(pairs):
    [(ours, theirs), _] = pairs
    async with working(ours) as process:
        await wait_all_tasks_blocked()
        async with controlling(theirs) as run:
            for _ in range(20):
                process.tell(20)
                await trio.lowlevel.checkpoint()
            await wait_all_tasks_blocked()
            await run.stopped()
            assert len(run.sink.seqs()) == process.told


async def test_it_ends_with_the_channels(pairs, until):
    [(ours, theirs), _] = pairs
    async with controlling(theirs) as run:
        async with working(ours) as process:
            process.tell(5)
            await until(lambda: not process.outbox.unacknowledged)
        ours.close()
        with trio.fail_after(MOMENT):
            await run.ended.wait()
        assert run.sink.seqs() == [1, 2, 3, 4, 5]


async def test_a_sink_that_hangs_does_not_hold_up_the_stop(pairs, until, monkeypatch):
    monkeypatch.setattr("stratumproxy.control.control.FINISH_SECONDS", 0.05)
    [(ours, theirs), _] = pairs
    sink = Memory()
    sink.go.clear()
    async with working(ours) as process, controlling(theirs, sink=sink) as run:
        process.tell()
        await until(lambda: sink.calls)
        await run.stopped()
        sink.go.set()


async def test_nor_does_a_full_one(pairs, until, monkeypatch):
    monkeypatch.setattr("stratumproxy.control.control.LEAVE_SECONDS", 0.05)
    monkeypatch.setattr("stratumproxy.control.control.FINISH_SECONDS", 0.05)
    monkeypatch.setattr(delivery, "HELD_BYTES", 500)
    [(ours, theirs), _] = pairs
    sink = Memory("full")
    async with working(ours) as process, controlling(theirs, sink=sink) as run:
        process.tell(50)
        await until(lambda: sink.calls)
        await run.stopped()


@pytest.mark.parametrize("seconds", [86_400.0 * 100, -3600.0])
async def test_what_is_not_as_usual_is_told_once_and_once_when_it_is_over(
    seconds: float, autojump_clock: MockClock
) -> None:
    """A wall clock that jumps is one such thing, and it moves nothing."""
    time, fleet, sink = Time(NOW), Fleet(NOW), Memory()
    control = Control("control", [], fleet=fleet, sinks={"sink": sink}, clock=time.clock)
    tended: list[float] = []
    fleet.tend = tended.append  # type: ignore[method-assign, assignment]

    async def look(looks: int) -> None:
        for _ in range(looks):
            time.passes(1)
            fleet.snapshot(0, "run", snapshot(), time.clock.now())
            tended.pop()
            with trio.move_on_after(1.5):
                await control._look()

    await look(10)
    with capture_logs() as logs:
        for each in (seconds, -seconds):
            time.jumps(each)
            await look(30)
    jumped = KINDS["clock-jumped"]
    assert [log["event"] for log in logs] == [jumped.begins, jumped.ends]
    assert {(log["log_level"], log["condition"]) for log in logs} == {("warning", "clock-jumped")}
    assert logs[1]["lasted_seconds"] == 30
    events = [entry.record.event for entry in fleet.journal.events]
    assert events == [jumped.ends, jumped.begins]
    assert tended == [NOW + passed for passed in range(1, 71)]


async def test_what_keeps_miners_from_being_served_is_an_error(autojump_clock: MockClock) -> None:
    time, fleet = Time(NOW), Fleet(NOW)
    control = Control("control", [], fleet=fleet, sinks={}, clock=time.clock)
    with capture_logs() as logs:
        for _ in range(10):
            time.passes(1)
            with trio.move_on_after(1.5):
                await control._look()
    told = [(log["condition"], log["log_level"]) for log in logs]
    assert told == [("no-process", "error"), ("no-pool", "error")]
    assert {entry.record.level for entry in fleet.journal.events} == {"warning"}


async def test_how_old_a_batch_is_is_told_with_it(pairs, until, monkeypatch):
    """A control process that begins meanwhile counts what was found before as of then."""
    [(ours, theirs), _] = pairs
    async with working(ours) as process, controlling(theirs) as run:
        counted: list[tuple[float, float]] = []
        apply = lambda batch, now, at: counted.append((now, at))  # noqa: E731
        monkeypatch.setattr(run.fleet, "apply", apply)
        process.outbox.add(AT - 40)
        process.outbox.add(AT)
        process.outbox.add(AT + 1e9)  # a clock that was set back since
        await until(lambda: len(counted) == 3)
    assert counted == [(NOW, NOW - 40), (NOW, NOW), (NOW, NOW)]


# -- orders ----------------------------------------------------------------------------------------


async def test_an_order_goes_to_every_process_and_what_they_did_is_added_up(pairs):
    [(ours, theirs), (our_other, their_other)] = pairs
    async with (
        working(ours, "one") as one,
        working(our_other, "two", 1) as two,
        controlling(theirs, their_other) as run,
    ):
        one.obey = lambda order: {"result": {"miners": 2, "of": ["a"], "any": False}}
        two.obey = lambda order: {"result": {"miners": 3, "of": ["b"], "any": True, "more": 1}}
        done = await run.give("disconnect", worker="farm.1")
        assert done == {"miners": 5, "of": ["a", "b"], "any": True, "more": 1}
        [order] = one.orders
        assert (order["action"], order["worker"]) == ("disconnect", "farm.1")
        assert [each["do"] for each in two.orders] == [order["do"]]


async def test_an_order_is_on_record_with_who_gave_it(pairs):
    [(ours, theirs), _] = pairs
    async with working(ours) as process, controlling(theirs) as run:
        process.obey = lambda order: {"result": {"miners": 2}}
        await run.control.orders.give("ban", {"worker": "farm.1", "seconds": 60.0}, "10.0.0.9")
        [event] = [entry.record for entry in run.fleet.journal.events]
    assert event.event == "an operator's order"
    values = {"action": "ban", "by": "10.0.0.9", "worker": "farm.1", "seconds": 60.0, "miners": 2}
    assert event.values == values


async def test_an_order_of_pools_is_a_condition_until_it_is_taken_back(pairs):
    [(ours, theirs), _] = pairs
    async with working(ours) as process, controlling(theirs) as run:
        process.obey = lambda order: {"result": {"pool": order.get("pool"), "ready": True}}
        await run.control.orders.give("switch-pool", {"pool": "spare"}, "10.0.0.9")
        [order] = [each for each in run.control.watch.look(NOW) if each.kind == "pool-order"]
        assert (order.subject, order.since) == ("spare", NOW)
        assert order.why == "by 10.0.0.9, until a restart: it could not be kept"
        await run.control.orders.give("switch-pool", {"pool": ""}, "10.0.0.9")
        assert "pool-order" not in {each.kind for each in run.control.watch.look(NOW)}


async def test_a_process_that_can_not_is_named_and_if_none_can_it_is_an_error(pairs):
    [(ours, theirs), (our_other, their_other)] = pairs
    async with (
        working(ours, "one") as one,
        working(our_other, "two", 1) as two,
        controlling(theirs, their_other) as run,
    ):
        one.obey = lambda order: {"result": {"miners": 2}}
        two.obey = lambda order: {"error": "no such miner"}
        assert await run.give("disconnect") == {"miners": 2, "failed": {"1": "no such miner"}}
        one.obey = two.obey
        with pytest.raises(StratumProxyError, match=r"^no such miner$"):
            await run.give("disconnect")


async def test_nobody_is_waited_for_for_ever(pairs, monkeypatch):
    monkeypatch.setattr("stratumproxy.control.orders.TIMEOUT", 0.2)
    [(ours, theirs), _] = pairs
    async with working(ours) as process, controlling(theirs) as run:
        process.obey = lambda order: None
        with pytest.raises(StratumProxyError, match=r"no answer within 0\.2 s"):
            await run.give("ban", worker="farm.1", seconds=5)


async def test_orders_do_not_pile_up_for_one_that_reads_nothing(pairs, monkeypatch):
    monkeypatch.setattr("stratumproxy.control.orders.TIMEOUT", 0.0)
    [(_, theirs), _] = pairs
    async with controlling(theirs) as run:
        said = []
        for _ in range(2000):
            with pytest.raises(StratumProxyError) as raised:
                await run.give("ban", worker="x" * 1000)
            said.append(str(raised.value))
        assert set(said) == {"no answer within 0 s", "it reads no orders"}
        assert said[-1] == "it reads no orders"


async def test_reload_is_asked_of_the_supervisor(pairs, monkeypatch):
    sent = []
    monkeypatch.setattr("os.kill", lambda *args: sent.append(args))
    [(_, theirs), _] = pairs
    fleet = Fleet(NOW)
    control = Control("run", [theirs], fleet=fleet, sinks={}, supervisor=4711, clock=at(NOW))
    assert await control.orders.give("reload", {})
    assert sent == [(4711, 1)]
    with pytest.raises(StratumProxyError, match="no configuration file"):
        await Control("run", [theirs], fleet=fleet, sinks={}, clock=at(NOW)).orders.give(
            "reload", {}
        )


async def test_a_mistake_in_the_picture_keeps_nothing_from_being_kept(pairs, until, monkeypatch):
    [(ours, theirs), _] = pairs
    async with working(ours) as process, controlling(theirs) as run:
        monkeypatch.setattr(run.fleet, "apply", lambda *args: 1 / 0)
        with capture_logs() as logs:
            process.tell(3)
            await until(lambda: run.sink.seqs() == [1, 2, 3])
        assert [log["event"] for log in logs] == [
            "the picture of the fleet is not right; please report it"
        ]
        assert "exc_info" in logs[0]
        await run.stopped()


async def test_what_one_process_knows_of_bans_the_others_are_told(pairs, until):
    [(ours, theirs), (our_other, their_other)] = pairs
    with capture_logs() as logs:
        async with (
            working(ours, "one") as one,
            working(our_other, "two", 1) as two,
            controlling(theirs, their_other),
        ):
            one.outbox.say({"bans": [["*", "x", "long", True]]})
            one.outbox.say({"offence": ["10.0.0.7"]})
            for _ in range(2):
                one.outbox.say({"offence": ["10.0.0.7", "farm.1", 600, True, "acme"]})
            await until(lambda: len(two.orders) == len(one.orders) == 2)
            assert [order["bans"] for order in two.orders] == [
                [["10.0.0.7", "farm.1", 600, False, "acme"]],
                [["10.0.0.7", "farm.1", 600, True, "acme"]],
            ]
            two.show()
            await until(lambda: len(two.orders) == 3)
            assert two.orders[-1]["bans"][0][3] is True
    said = [each["event"] for each in logs]
    assert "a mining process says what can't be understood; please report it" in said
    assert "a worker is banned from an address" in said


async def test_each_process_is_told_how_many_miners_others_have(pairs, autojump_clock):
    """Of a tenant with a limit, once all have said how many they have themselves."""
    (one, end_one), (other, end_other) = pairs
    async with (
        controlling(end_one, end_other),
        working(one, "run-0") as first,
        working(other, "run-1", number=1) as second,
    ):
        first.outbox.show(snapshot(limited={"acme": 5}))
        await trio.sleep(3)
        assert not first.orders
        second.outbox.show(snapshot(limited={"acme": 2}))
        await trio.sleep(3)
        told = [[each["miners"] for each in process.orders] for process in (first, second)]
        assert told == [[{"acme": 2}], [{"acme": 5}]]


def ended(sink: Memory) -> list[str]:
    return [run for batch in sink.kept for run in batch.ended]


async def test_a_run_that_is_over_just_before_the_stop_is_ended(pairs):
    [(_, theirs), _] = pairs
    async with controlling(theirs) as run:
        run.control.ended(["before"])
        await wait_all_tasks_blocked()  # the first look waits for the next
        run.control.ended(["then"])
        await run.stopped()
    assert ended(run.sink) == ["before", "then"]


async def test_a_run_is_ended_once_however_long_the_stop_takes(pairs, until, monkeypatch):
    [(_, theirs), _] = pairs
    async with controlling(theirs) as run:
        looks = []
        monkeypatch.setattr(run.control._keep, "look", lambda: looks.append(1))
        run.sink.go.clear()
        run.control.ended(["before"])
        run.stop.set()
        await until(lambda: len(looks) == 3)
        run.sink.go.set()
        await run.stopped()
    assert ended(run.sink) == ["before"]
