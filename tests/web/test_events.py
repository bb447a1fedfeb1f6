"""Server-sent events: live, resumed, bounded."""

import trio
from starlette.types import Message
from trio.testing import MockClock

from stratumproxy.config.control import Api
from stratumproxy.web.events import STALLED, EventStream
from stratumproxy.web.summary import Summary
from stratumproxy.web.viewer import Viewer
from tests.fleet.telling import Told, event, job
from tests.web.asking import Web, problem_of


async def test_a_summary_each_second(web: Web, told: Told, autojump_clock: MockClock) -> None:
    async with web.stream() as heard:
        assert heard.status == 200
        assert heard.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in heard.headers
        assert "content-length" not in heard.headers
        assert await heard.next() == {"retry": "2000"}
        began = trio.current_time()
        for _ in range(5):
            found = await heard.next_of("summary")
            Summary.model_validate(found["data"], strict=True)
        assert 4 <= trio.current_time() - began <= 5


async def test_jobs_and_events_as_they_come(
    web: Web, told: Told, autojump_clock: MockClock
) -> None:
    async with web.stream() as heard:
        await heard.next_of("summary")
        told.tell(jobs=[job(name="new")], events=[event(text="a pool is lost")])
        told_job = await heard.next_of("job")
        assert told_job["data"] == job(name="new")._asdict()
        told_event = await heard.next_of("event")
        assert told_event["data"]["event"] == "a pool is lost"
        assert int(told_event["id"]) == int(told_job["id"]) + 1
        assert "id" not in await heard.next_of("summary"), "it is not what one resumes from"


async def test_whoever_was_away_catches_up(web: Web, told: Told, autojump_clock: MockClock) -> None:
    async with web.stream() as heard:
        told.tell(jobs=[job(name="heard")])
        last = (await heard.next_of("job"))["id"]
    told.tell(jobs=[job(name="missed")], events=[event(text="missed too")])
    async with web.stream(last_event_id=last) as heard:
        assert (await heard.next_of("job"))["data"]["job"] == "missed"
        assert (await heard.next_of("event"))["data"]["event"] == "missed too"


async def test_whoever_was_away_over_a_restart_gets_all_there_is(
    web: Web, autojump_clock: MockClock
) -> None:
    async with web.stream(last_event_id="5") as heard:
        assert (await heard.next_of("job"))["data"]["job"] == "j1"


async def test_an_id_that_is_none_is_no_id(web: Web, told: Told, autojump_clock: MockClock) -> None:
    for id in ("x", "-1", "²", "9" * 40):
        async with web.stream(last_event_id=id) as heard:
            await heard.next()
            assert (await heard.next())["event"] == "summary"


async def test_all_streams_are_sent_one_encoding(
    web: Web, told: Told, autojump_clock: MockClock
) -> None:
    streams = web.app.state.site.streams
    async with web.stream() as first, web.stream() as second:
        await first.next_of("summary")
        await second.next_of("summary")
        assert streams.open == 2
        assert streams.summary(told.now, told.now, 7) is streams.summary(told.now, told.now, 7)
    assert streams.open == 0


async def test_no_more_than_are_allowed(told: Told, autojump_clock: MockClock) -> None:
    web = Web(told, Api(event_streams=1))
    async with web.stream() as heard:
        await heard.next()
        assert "event_streams" in problem_of(await web.get("/api/events", 503))
    async with web.stream() as heard:
        assert heard.status == 200


async def test_one_that_does_not_read_is_hung_up_on(
    web: Web, told: Told, autojump_clock: MockClock
) -> None:
    """It holds one message, and nothing is kept for it."""
    stream = EventStream(web.app.state.site, Viewer())
    sent: list[Message] = []

    async def receive() -> Message:
        await trio.sleep_forever()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) > 2:
            await trio.sleep_forever()

    began = trio.current_time()
    await stream({"type": "http", "method": "GET", "headers": []}, receive, send)
    assert STALLED <= trio.current_time() - began <= STALLED + 2
    assert len(sent) == 3
    assert web.app.state.site.streams.dropped == 1
    assert web.app.state.site.streams.open == 0


async def test_head_says_what_it_would_be(web: Web) -> None:
    answer = await web.http.head("/api/events")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.content == b""


def test_a_second_is_encoded_once(told: Told) -> None:
    streams = Web(told).app.state.site.streams
    assert streams.summary(told.now, told.now, 1) is streams.summary(told.now, told.now, 1)
    assert streams.summary(told.now, told.now, 1) is not streams.summary(told.now, told.now, 2)
    entries, newest = streams.since(0, Viewer())
    assert entries.count(b"event: job\n") == 2
    assert entries.count(b"event: event\n") == 1
    assert streams.since(newest, Viewer()) == (b"", newest)
