"""Sinks that fail, hang and come back: who is given what, and what is acknowledged."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from stratumproxy.control import delivery, keep
from stratumproxy.control.intake import Told
from stratumproxy.control.keep import OWN_PROCESS, Keep
from stratumproxy.telemetry.records import Batch, EventRecord
from tests.clocks import at
from tests.control.conftest import MOMENT
from tests.control.sinks import Memory

NOW = 1000.0


class Kept:
    """What a `Keep` has said."""

    def __init__(self, **sinks: Memory) -> None:
        self.acknowledged: dict[str, int] = {}
        self.events: list[EventRecord] = []
        self.keep = Keep(
            "control",
            sinks,
            clock=at(NOW),
            acknowledge=self._acknowledge,
            event=self.events.append,
        )

    def _acknowledge(self, run: str, seq: int) -> None:
        assert seq > self.acknowledged.get(run, 0)
        self.acknowledged[run] = seq

    async def put(self, *seqs: int, run: str = "run", size: int = 100) -> None:
        for seq in seqs:
            await self.keep.put(Told(Batch(run, 0, seq, NOW), size))

    def state(self, name: str) -> Any:
        [state] = [state for state in self.keep.states() if state.name == name]
        return state


@asynccontextmanager
async def keeping(**sinks: Memory) -> AsyncIterator[Kept]:
    kept = Kept(**sinks)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(kept.keep.run)
        yield kept
        kept.keep.finish()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "GATHER", 0.0)
    monkeypatch.setattr(delivery, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(delivery, "LONGEST_PAUSE", 0.01)


@contextmanager
def logged() -> Iterator[list[dict[str, Any]]]:
    with capture_logs() as logs:
        yield logs


async def test_every_sink_keeps_everything_and_then_it_is_acknowledged(until):
    one, other = Memory(), Memory()
    other.go.clear()
    async with keeping(one=one, other=other) as kept:
        await kept.put(1, 2, 3)
        await until(lambda: one.seqs() == [1, 2, 3])
        assert kept.acknowledged == {}
        other.go.set()
        await until(lambda: kept.acknowledged == {"run": 3})
        assert other.seqs() == [1, 2, 3]
    assert one.closed
    assert other.closed


async def test_without_sinks_it_is_acknowledged_at_once():
    async with keeping() as kept:
        await kept.put(1, 2)
        assert kept.acknowledged == {"run": 2}


async def test_batches_are_gathered(until):
    sink = Memory()
    sink.go.clear()
    async with keeping(sink=sink) as kept:
        await kept.put(1)
        await until(lambda: sink.calls)
        await kept.put(2, 3, 4, 5)
        sink.go.set()
        await until(lambda: kept.acknowledged == {"run": 5})
    assert sink.calls == [1, 4]


async def test_runs_are_acknowledged_one_by_one(until):
    sink = Memory()
    async with keeping(sink=sink) as kept:
        await kept.put(1, 2, run="one")
        await kept.put(7, run="other")
        await until(lambda: kept.acknowledged == {"one": 2, "other": 7})


async def test_a_sink_that_fails_is_given_the_same_again_and_nothing_is_lost(until):
    sink = Memory("the disk is full")
    with logged() as logs:
        async with keeping(sink=sink) as kept:
            await kept.put(1, 2, 3)
            await until(lambda: kept.state("sink").failures > 2)
            state = kept.state("sink")
            assert (state.ok, state.problem, state.waiting) == (False, "the disk is full", 3)
            assert kept.acknowledged == {}
            await kept.put(4)
            sink.problem = ""
            await until(lambda: kept.acknowledged == {"run": 4})
            await until(lambda: kept.state("sink").waiting == 0)
            assert kept.state("sink").ok
            assert kept.state("sink").kept_at == NOW
    assert sink.seqs() == [1, 2, 3, 4]
    assert logs == [], "that is told with all that is not as usual"


async def test_after_a_failure_it_is_given_one_batch_and_then_more_again(until):
    """A few may fit where many do not."""
    sink = Memory()
    sink.go.clear()
    async with keeping(sink=sink) as kept:
        await kept.put(*range(1, 9))
        await until(lambda: sink.calls)
        sink.problem = "full"
        sink.go.set()
        await until(lambda: kept.state("sink").failures)
        sink.problem = ""
        await until(lambda: kept.acknowledged == {"run": 8})
        await until(lambda: kept.state("sink").waiting == 0)
    assert sink.calls[0] == 8
    assert sink.calls[-4:] == [1, 2, 4, 1]


async def test_what_is_put_on_record_goes_to_every_sink_and_is_not_acknowledged(until):
    sink = Memory()
    async with keeping(sink=sink) as kept:
        kept.keep.record("warning", "a pool is lost", {"pool": "main"})
        await until(lambda: len(sink.seqs("control")) == 1)
    assert [(event.event, event.level) for event in kept.events] == [("a pool is lost", "warning")]
    [own] = sink.kept
    assert (own.process, own.events) == (OWN_PROCESS, kept.events)
    assert "control" not in kept.acknowledged


async def test_a_mistake_in_a_sink_is_told_with_all_there_is_and_tried_again(until):
    sink = Memory("a bug")
    with logged() as logs:
        async with keeping(sink=sink) as kept:
            await kept.put(1)
            await until(lambda: kept.state("sink").failures)
            sink.problem = ""
            await until(lambda: kept.acknowledged == {"run": 1})
    assert isinstance(logs[0]["exc_info"], ZeroDivisionError)


async def test_a_batch_that_is_a_mistake_does_not_hold_up_the_others_for_ever(until):
    sink = Memory()
    sink.indigestible = {2}
    with logged() as logs:
        async with keeping(sink=sink) as kept:
            await kept.put(1, 2, 3)
            await until(lambda: sink.seqs() == [1, 3])
            await until(lambda: kept.acknowledged == {"run": 3})
            assert kept.state("sink").lost == 1
    assert sink.calls.count(1) >= delivery.TRIES
    [lost] = [log for log in logs if log["event"].startswith("records are lost")]
    assert (lost["run"], lost["first"], lost["last"]) == ("run", 2, 2)


async def test_what_is_let_go_is_one_line_a_while(until, monkeypatch):
    monkeypatch.setattr(delivery, "HELD_BYTES", 10_000)
    monkeypatch.setattr(keep, "PATIENCE", 0.0)
    good, bad = Memory(), Memory("the disk is full")
    with logged() as logs:
        async with keeping(good=good, bad=bad) as kept:
            for seq in range(1, 301):
                await kept.put(seq)
                await until(lambda seq=seq: seq in good.seqs())
            bad.problem = ""
            await until(lambda: bad.seqs() and bad.seqs()[-1] == 300)
    lines = [log for log in logs if log["event"].startswith("records are lost")]
    assert 0 < len(lines) < 20


async def test_a_mistake_that_goes_on_is_told_once(until):
    sink = Memory("a bug")
    with logged() as logs:
        async with keeping(sink=sink) as kept:
            await kept.put(1)
            await until(lambda: kept.state("sink").failures > 3)
            sink.problem = ""
    assert len(logs) == 1


async def test_one_that_fails_for_long_does_not_keep_the_others_from_theirs(until, monkeypatch):
    bad, good = Memory("gone"), Memory()
    async with keeping(bad=bad, good=good) as kept:
        await kept.put(1, 2)
        await until(lambda: good.seqs() == [1, 2])
        await until(lambda: kept.state("bad").failures)
        kept.keep.look()
        assert kept.acknowledged == {}
        monkeypatch.setattr(keep, "PATIENCE", 0.0)
        await until(lambda: kept.keep.look() or kept.acknowledged == {"run": 2})
        await kept.put(3)
        await until(lambda: kept.keep.look() or kept.acknowledged == {"run": 3})
        bad.problem = ""  # what was acknowledged without it, it is given all the same
        await until(lambda: bad.seqs() == [1, 2, 3])


async def test_one_that_hangs_is_not_waited_for_either(until, monkeypatch):
    monkeypatch.setattr(keep, "PATIENCE", 0.05)
    hangs, good = Memory(), Memory()
    hangs.go.clear()
    async with keeping(hangs=hangs, good=good) as kept:
        await kept.put(1)
        await until(lambda: kept.keep.look() or kept.acknowledged == {"run": 1})
        hangs.go.set()


async def test_all_that_fail_are_waited_for(until, monkeypatch):
    monkeypatch.setattr(keep, "PATIENCE", 0.0)
    one, other = Memory("full"), Memory("full")
    async with keeping(one=one, other=other) as kept:
        await kept.put(1)
        await until(lambda: kept.state("one").failures and kept.state("other").failures)
        kept.keep.look()
        assert kept.acknowledged == {}
        one.problem = other.problem = ""
        await until(lambda: kept.acknowledged == {"run": 1})


async def test_without_room_the_data_plane_waits(until, monkeypatch):
    monkeypatch.setattr(delivery, "HELD_BYTES", 300)
    sink = Memory("full")
    async with keeping(sink=sink) as kept:
        await kept.put(1, 2, 3)
        with trio.move_on_after(0.05) as scope:
            await kept.put(4)
        assert scope.cancelled_caught
        sink.problem = ""
        with trio.fail_after(MOMENT):
            await kept.put(4, 5)
        await until(lambda: kept.acknowledged == {"run": 5})
    assert sink.seqs() == [1, 2, 3, 4, 5]


async def test_what_there_is_no_room_for_any_more_is_lost_to_one_and_named(until, monkeypatch):
    monkeypatch.setattr(delivery, "HELD_BYTES", 30_000)
    monkeypatch.setattr(delivery, "FIRST_PAUSE", 1000.0)  # no batch is being tried meanwhile
    monkeypatch.setattr(keep, "PATIENCE", 0.0)
    bad, good = Memory("gone"), Memory()
    with logged() as logs:
        async with keeping(bad=bad, good=good) as kept:
            await kept.put(1, 2, 3, size=10_000)
            await until(lambda: kept.state("bad").failures)
            await until(lambda: good.seqs() == [1, 2, 3])
            with trio.fail_after(MOMENT):
                await kept.put(4, size=10_000)
            await until(lambda: good.seqs() == [1, 2, 3, 4])
            lost = kept.state("bad").lost
            bad.problem = ""  # at the end it is tried once more
    assert 0 < lost < 4
    assert bad.seqs() == list(range(lost + 1, 5))
    [told] = [entry for entry in logs if entry["event"].startswith("records are lost")]
    assert (told["sink"], told["run"], told["first"], told["last"]) == ("bad", "run", 1, lost)
    [event] = [event for event in kept.events if event.event == "records are lost"]
    assert event.values == {"sink": "bad", "run": "run", "first": 1, "last": lost}


async def test_at_the_end_all_is_kept_without_pauses(monkeypatch):
    monkeypatch.setattr(delivery, "GATHER", 1000.0)
    sink = Memory()
    with trio.fail_after(MOMENT):
        async with keeping(sink=sink) as kept:
            await kept.put(1)
            await kept.put(2)
    assert sink.seqs() == [1, 2]
    assert sink.closed


async def test_what_can_not_be_kept_at_the_end_is_named(monkeypatch):
    monkeypatch.setattr(delivery, "FIRST_PAUSE", 1000.0)
    sink = Memory("full")
    with logged() as logs:
        with trio.fail_after(MOMENT):
            async with keeping(sink=sink) as kept:
                await kept.put(1, 2)
    assert sink.closed
    last = logs[-1]
    assert last["event"] == "records could not be kept before the stop"
    assert {"run": "run", "first": 1, "last": 2} in last["batches"]
