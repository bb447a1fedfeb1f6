"""The control plane put together, with a mining process on its channel and a browser on its API."""

import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
import trio
from structlog.testing import capture_logs

from stratumproxy.cli import before, plane
from stratumproxy.cli.plane import OpenedLater, Plane
from stratumproxy.errors import SinkError, StratumProxyError
from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY
from stratumproxy.fleet.usual import Known
from stratumproxy.ledger import Standing, schema
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.telemetry.records import Batch, EventRecord, JobRecord, MinerRecord, WorkRecord
from stratumproxy.telemetry.snapshot import Snapshot
from tests.clocks import at
from tests.control.process import Process, working
from tests.control.sinks import Memory
from tests.short import short
from tests.waiting import PATIENCE, until
from tests.web.test_server import sending, until_stuck

__all__ = ["sending"]

NOW = 1_800_000_000.0


class Run:
    """A plane at work."""

    def __init__(self, text: str) -> None:
        self.config = short(more=text)
        self.ready = trio.Event()
        self.stop = trio.Event()
        self.ended = trio.Event()
        self.api = socket.create_server(("127.0.0.1", 0))
        self.api.setblocking(False)
        self.address = self.api.getsockname()
        self.plane: Plane
        self.process: Process

    async def run(self, sock: socket.socket) -> None:
        self.plane = Plane(self.config, [sock], run="control", clock=at(NOW))
        self.ready.set()
        await self.plane.run(self.stop, self.api)
        self.ended.set()

    async def stopped(self) -> None:
        self.stop.set()
        with trio.fail_after(PATIENCE):
            await self.ended.wait()

    async def get(self, path: str) -> dict:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        with trio.fail_after(PATIENCE):
            async with await trio.open_tcp_stream(*self.address) as stream:
                await stream.send_all(request.encode())
                answer = b"".join([bytes(data) async for data in stream])
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), answer
        if b"chunked" in head.lower():
            body = b"".join(body.split(b"\r\n")[1::2])
        return orjson.loads(body)


@asynccontextmanager
async def planned(text: str = "") -> AsyncIterator[Run]:
    ours, theirs = socket.socketpair()
    run = Run(text)
    with ours, theirs, run.api:
        ours.setblocking(False)
        theirs.setblocking(False)
        async with working(ours) as run.process, trio.open_nursery() as nursery:
            nursery.start_soon(run.run, theirs)
            with trio.fail_after(PATIENCE):
                await run.ready.wait()
            yield run
            nursery.cancel_scope.cancel()


async def test_what_a_process_tells_is_seen_by_a_browser():
    async with planned() as run:
        run.process.tell(3)
        run.process.show()
        await until(lambda: not run.process.outbox.unacknowledged)
        found = await run.get("/api/workers")
        assert [each["name"] for each in found["workers"]] == ["farm.1"]
        assert found["workers"][0]["accepted"] == 3
        await run.stopped()


async def test_it_is_kept_in_the_ledger_and_known_after_a_restart(tmp_path):
    path = tmp_path / "ledger"
    settings = f'[ledger]\npath = "{path}"'
    async with planned(settings) as run:
        run.process.tell(3)
        await until(lambda: not run.process.outbox.unacknowledged)
        await run.get("/api/history?span=7d")
        await run.stopped()
    names = sorted(each.name for each in tmp_path.iterdir())
    assert names == ["ledger", "ledger.lock"], "the write-ahead log is in it"
    reader = LedgerReader(str(path))
    assert sum(point.sums.accepted for point in reader.history(None, "1h", NOW).points) == 3
    reader.close()
    async with planned(settings) as run:
        await until(lambda: ("default", "farm.1") in run.plane.fleet.roll)
        assert run.plane.fleet.roll.get(("default", "farm.1")).accepted == 3
        await run.stopped()


async def test_after_an_upgrade_all_that_an_older_ledger_has_is_known(tmp_path, monkeypatch):
    """Before anything is written to it: what is owed would be kept anew over what was."""
    settings = f'[ledger]\npath = "{tmp_path / "ledger"}"'
    async with planned(settings) as run:
        run.process.tell(3)
        await until(lambda: not run.process.outbox.unacknowledged)
        await run.stopped()
    later = (*schema.MIGRATIONS, "CREATE TABLE of_the_next_release (at REAL);")
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    with capture_logs() as logs:
        async with planned(settings) as run:
            await until(lambda: ("default", "farm.1") in run.plane.fleet.roll)
            await run.stopped()
    assert [line for line in logs if line["log_level"] != "info"] == []


async def test_a_second_proxy_on_the_same_ledger_writes_nothing_to_it(tmp_path):
    settings = f'[ledger]\npath = "{tmp_path / "ledger"}"'
    async with planned(settings) as first, planned(settings) as second:
        first.process.tell(3)
        await until(lambda: not first.process.outbox.unacknowledged)
        second.process.tell(3)
        await until(lambda: second.plane.control.sinks()[0].problem)
        assert "writes to this ledger" in second.plane.control.sinks()[0].problem
        half_as_fast(second)
        done = await second.plane.control.orders.give("accept", {"worker": "farm.1"})
        assert not done["kept"]
        assert second.process.outbox.unacknowledged
        await first.stopped()
        await until(lambda: not second.process.outbox.unacknowledged)
        await second.stopped()


async def test_what_is_told_again_after_a_restart_counts_once(tmp_path):
    settings = f'[ledger]\npath = "{tmp_path / "ledger"}"'
    async with planned(settings) as first:
        first.process.tell(3)
        await until(lambda: not first.process.outbox.unacknowledged)
        [told] = first.plane.fleet.processes.running.values()
        await first.stopped()
    async with planned(settings) as run:
        await until(lambda: ("default", "farm.1") in run.plane.fleet.roll)
        again = Batch(
            told.run, 0, told.seq, NOW, work=[WorkRecord("farm.1", "p", 3, 3.0, {}, 0, 1)]
        )
        assert not run.plane.fleet.apply(again, NOW)
        await run.stopped()


def half_as_fast(run: Run) -> None:
    """Its one worker is slow: it does half of what is usual."""
    usual = run.plane.fleet.roll.get(("default", "farm.1")).usual
    usual.recall(Known(2e12, 100))
    usual._turn(True, NOW)
    usual._before = 3600.0, 1e12 * 3600 / HASHES_PER_DIFFICULTY
    run.plane.fleet._turned(run.plane.fleet.roll.get(("default", "farm.1")), NOW)
    run.plane.fleet.tend(NOW + 10)


@pytest.mark.parametrize("accepted", [True, False])
async def test_how_it_stands_with_a_slow_worker_is_known_after_a_restart(tmp_path, accepted):
    """It is slow until it is mended, or somebody says that this is how it is."""
    path = tmp_path / "ledger"
    settings = f'[ledger]\npath = "{path}"'
    async with planned(settings) as run:
        run.process.tell(3)
        await until(lambda: not run.process.outbox.unacknowledged)
        half_as_fast(run)
        assert (await run.get("/api/workers/farm.1"))["attention"] == ["slow"]
        assert (await run.get("/api/summary"))["missing"] == 1e12
        if accepted:
            done = await run.plane.control.orders.give("accept", {"worker": "farm.1"})
            was = {"was": 2e12, "usual": 1e12, "kept": True}
            assert done == {"worker": "farm.1", "tenant": "default", **was}
            assert (await run.get("/api/workers/farm.1"))["attention"] == []
        await run.stopped()
    reader = LedgerReader(str(path))
    said = [each.values["action"] for each in reader.events(0, 2 * NOW)]
    reader.close()
    assert said == ["accept"] * accepted
    async with planned(settings) as run:
        await until(lambda: run.plane.fleet.usuals)
        worker = await run.get("/api/workers/farm.1")
        assert (worker["usual"], worker["usual_hours"]) == ((1e12 if accepted else 2e12), 0)
        run.plane.fleet.tend(NOW + 100)
        assert run.plane.fleet.roll.get(("default", "farm.1")).usual.slow is not accepted
        await run.stopped()


async def test_without_a_ledger_what_is_accepted_lasts_as_long_as_this_process():
    async with planned() as run:
        run.process.tell(3)
        await until(lambda: not run.process.outbox.unacknowledged)
        give = run.plane.control.orders.give
        with pytest.raises(StratumProxyError, match="what it does is not known well enough yet"):
            await give("accept", {"worker": "farm.1"})
        with pytest.raises(StratumProxyError, match=r"there is no worker 'farm\.2'"):
            await give("accept", {"worker": "farm.2"})
        half_as_fast(run)
        assert (await give("accept", {"worker": "farm.1"}))["kept"] is False
        await run.stopped()


async def test_an_api_that_fails_takes_nothing_with_it(monkeypatch):
    async def fail(*args, **options):
        fails.append(1)
        raise ZeroDivisionError

    fails = []
    monkeypatch.setattr(plane, "serve", fail)
    monkeypatch.setattr(plane, "API_PAUSE", 0.01)
    with capture_logs() as logs:
        async with planned() as run:
            await until(lambda: len(fails) > 1)
            monkeypatch.undo()
            run.process.tell(3)
            await until(lambda: not run.process.outbox.unacknowledged)
            assert (await run.get("/api/workers"))["total"] == 1
            await run.stopped()
    assert logs[0]["event"].startswith("the API has failed and is started again")


async def test_a_ledger_that_can_not_be_read_is_told_and_no_reason_not_to_start(tmp_path):
    path = tmp_path / "ledger"
    path.write_bytes(b"this is no database, and it is long enough to be seen as none" * 100)
    with capture_logs() as logs:
        async with planned(f'[ledger]\npath = "{path}"') as run:
            assert (await run.get("/health"))["status"] == "ok"
            await run.stopped()
    assert logs[0]["event"] == "the last day is not known: the ledger can't be read"


async def test_a_ledger_on_a_disk_that_hangs_holds_up_neither_the_rest_nor_the_stop(
    tmp_path, monkeypatch
):
    goes_on = threading.Event()

    class Hanging(Standing):
        def __init__(self, *_: object) -> None:
            goes_on.wait(PATIENCE)
            raise SinkError("there is no such disk")

    monkeypatch.setattr(before, "Standing", Hanging)
    monkeypatch.setattr(before, "STANDING_SECONDS", 0.1)
    (tmp_path / "ledger").touch()
    with capture_logs() as logs:
        async with planned(f'[ledger]\npath = "{tmp_path}/ledger"') as run:
            run.process.tell(3)
            await until(lambda: not run.process.outbox.unacknowledged)
            assert (await run.get("/api/workers"))["total"] == 1
            await run.stopped()
    goes_on.set()
    assert logs[0]["problem"] == "the disk takes too long"


async def test_a_token_on_a_disk_that_hangs_holds_up_neither_the_rest_nor_the_stop(
    monkeypatch,
):
    hangs, goes_on = threading.Event(), threading.Event()

    def make(*_: object, **__: object) -> None:
        hangs.set()
        goes_on.wait(PATIENCE)

    monkeypatch.setattr(plane, "make_app", make)
    async with planned() as run:
        run.process.tell(3)
        await until(lambda: not run.process.outbox.unacknowledged)
        await until(hangs.is_set)
        await run.stopped()
        goes_on.set()


async def test_a_client_that_does_not_read_does_not_delay_the_stop(sending):
    async with planned() as run:
        run.process.tell(1)
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with client:
            client.connect(run.address)
            # A small window, and answers that are never read: the sender blocks soon.
            request = b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
            stream = b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
            client.sendall(request * 200 + stream)
            with trio.fail_after(PATIENCE):
                await until_stuck(sending, 1)
            await run.stopped()


async def test_a_sink_that_can_not_be_opened_is_tried_again():
    problems = ["no folder", ""]

    def opened() -> Memory:
        if problem := problems.pop(0):
            raise SinkError(problem)
        return memory

    memory = Memory()
    sink = OpenedLater(opened)
    with pytest.raises(SinkError, match="no folder"):
        sink.take([])
    sink.take([])
    assert memory.calls == [0]
    sink.close()
    assert memory.closed
    OpenedLater(opened).close()


async def test_what_was_shown_before_a_restart_is_shown_after_it(tmp_path):
    """Of all processes: what processes count begins anew, and only the ledger knows what was."""
    settings = f'[ledger]\npath = "{tmp_path / "ledger"}"'
    gone = MinerRecord(1, "farm.1", "10.0.0.7:4028", "cgminer", 1.0, NOW, "pool", False, "")
    refused = WorkRecord("farm.1", "pool", 40, 40.0, {"stale": 18, "pool": 2}, 0.0, 1.0)
    events = [EventRecord(NOW - 1000 * age, "info", "event", {"age": age}) for age in (2, 1)]
    jobs = [JobRecord(NOW, "pool", 0, each, 1, True, 1.0, 1, 0.1, 0.1, 0.1) for each in "ab"]

    async def shown(run: Run) -> dict:
        worker = await run.get("/api/workers/farm.1")
        return {
            "log": await run.get("/api/log"),
            "jobs": await run.get("/api/jobs"),
            "shares": {**(await run.get("/api/summary"))["shares"], "since": None},
            "worker": {key: worker[key] for key in ("address", "agent", "reasons", "attention")},
        }

    async with planned(settings) as run:
        outbox = run.process.outbox
        outbox.add(
            NOW - 60, miners=[gone._replace(open=True)], work=[refused], jobs=jobs, events=events
        )
        run.process.outbox.show(Snapshot(5.0, 1, 1, 1.0, 40, 40.0, 4, {"stale": 18, "pool": 2}))
        outbox.add(NOW, miners=[gone])
        await until(lambda: not outbox.unacknowledged and run.plane.fleet.processes.snapshot())
        before = await shown(run)
        assert [event["values"]["age"] for event in before["log"]["events"]] == [1, 2]
        assert [job["job"] for job in before["jobs"]["jobs"]] == ["b", "a"]
        assert before["shares"]["rejected"] == {"stale": 18, "pool": 2}
        assert before["worker"]["attention"] == ["gone", "rejecting"]
        await run.stopped()
    async with planned(settings) as run:
        run.process.outbox.show(Snapshot(0.0, 0, 0, 0.0, 0, 0.0, 0))
        await until(lambda: ("default", "farm.1") in run.plane.fleet.roll)
        run.plane.fleet.tend(run.plane._clock.now() + 30)
        assert await shown(run) == before
        await run.stopped()
