"""One client: requests answered in their order, at its pace, and not for ever."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
import trio
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from trio.testing import MockClock, lockstep_stream_pair

from stratumproxy.web.conversation import HEAD_SECONDS, Conversation
from stratumproxy.web.crowd import Crowd
from stratumproxy.web.headers import SECURITY
from stratumproxy.web.wire import LINGER_SECONDS, SLICE, WRITE_SECONDS, Wire

GET = b"GET /one%2Fof?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"


class App:
    """Says which request it was; what it was asked, and how that went, is kept."""

    def __init__(self, body: bytes | None = None) -> None:
        self.body = body
        self.scopes: list[Scope] = []
        self.done = 0
        self.messages: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["method"] == "POST":
            self.messages.append(await receive())
            while self.messages[-1].get("more_body"):
                self.messages.append(await receive())
        body = self.body if self.body is not None else b"answer %d" % len(self.scopes)
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self.done += 1


class Talk:
    """The client's side of it."""

    def __init__(self, stream: trio.abc.HalfCloseableStream, conversation: Conversation) -> None:
        self.stream = stream
        self.conversation = conversation
        self.ended = trio.Event()
        self.heard = b""
        self.began = trio.current_time()

    async def say(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def hear(self, what: bytes) -> None:
        """Read until that has come."""
        while what not in self.heard:
            data = await self.stream.receive_some()
            assert data, self.heard
            self.heard += data

    async def hear_all(self) -> bytes:
        """Read until we are hung up on."""
        while data := await self.stream.receive_some():
            self.heard += data
        return self.heard

    async def over(self) -> float:
        """Wait for the end; how long it all took."""
        await self.ended.wait()
        return trio.current_time() - self.began


@asynccontextmanager
async def talking(app: ASGIApp) -> AsyncIterator[Talk]:
    near, far = lockstep_stream_pair()
    crowd = Crowd(100)
    wire = Wire(far, crowd)
    crowd.enter(wire, "10.0.0.1")
    ends = {"client": ("10.0.0.1", 4000), "server": ("10.0.0.2", 80)}
    conversation = Conversation(app, wire, ends, lambda: 1_800_000_000.0)
    talk = Talk(near, conversation)

    async def run() -> None:
        await conversation.run()
        await trio.aclose_forcefully(far)
        talk.ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        yield talk
        await trio.aclose_forcefully(near)


async def test_what_the_application_is_told() -> None:
    app = App()
    async with talking(app) as talk:
        await talk.say(GET)
        await talk.hear(b"answer 1")
    (scope,) = app.scopes
    assert scope["path"] == "/one/of"
    assert scope["raw_path"] == b"/one%2Fof"
    assert scope["query_string"] == b"b=c"
    assert scope["headers"] == [(b"host", b"localhost")]
    assert scope["client"] == ("10.0.0.1", 4000)
    assert (scope["http_version"], scope["scheme"]) == ("1.1", "http")


async def test_requests_that_come_at_once_are_answered_one_after_another(
    autojump_clock: MockClock,
) -> None:
    app = App()
    async with talking(app) as talk:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk.say, GET * 3 + LAST)
            await talk.hear(b"answer 1")
            await trio.testing.wait_all_tasks_blocked()
            assert app.done < 3, "the next is not begun before this one is out"
            await talk.hear_all()
        assert talk.heard.count(b"HTTP/1.1 200 OK") == 4
        assert [scope["path"] for scope in app.scopes] == ["/one/of"] * 3 + ["/last"]


async def test_a_body_is_read_as_the_client_sends_it() -> None:
    app = App()
    async with talking(app) as talk:
        await talk.say(POST + b"he")
        await talk.say(b"llo" + LAST)
        await talk.hear_all()
    assert b"".join(message["body"] for message in app.messages) == b"hello"
    assert [message["more_body"] for message in app.messages][-1:] == [False]
    assert app.done == 2


async def test_one_that_breaks_off_is_a_client_that_left() -> None:
    app = App()
    async with talking(app) as talk:
        await talk.say(POST + b"he")
        await talk.stream.send_eof()
        await talk.hear_all()
    assert app.messages[-1] == {"type": "http.disconnect"}


async def test_a_client_that_asks_whether_to_send_a_body_is_told() -> None:
    app = App()
    async with talking(app) as talk:
        await talk.say(POST[:-2] + b"Expect: 100-continue\r\n\r\n")
        await talk.hear(b"HTTP/1.1 100 Continue\r\n\r\n")
        await talk.say(b"hello")
        await talk.hear(b"answer 1")
    assert talk.heard.count(b"HTTP/1.1") == 2


async def test_an_answer_without_the_body_is_the_last(autojump_clock: MockClock) -> None:
    """What still comes of it is read and thrown away, so that the answer is not lost."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body"})

    async with talking(app) as talk:
        await talk.say(POST + b"he")
        await talk.hear_all()
        await talk.say(b"llo" + GET)
        assert await talk.over() == LINGER_SECONDS
    assert talk.heard.count(b"HTTP/1.1 403") == 1
    assert b"connection: close" in talk.heard.lower()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (POST[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", 400),
        (POST.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"zz\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 3000, 431),
    ],
)
async def test_what_is_no_request_is_answered_as_the_api_answers(sent: bytes, status: int) -> None:
    app = App()
    async with talking(app) as talk, trio.open_nursery() as nursery:
        nursery.start_soon(talk.say, sent)
        heard = await talk.hear_all()
        nursery.cancel_scope.cancel()
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert set(orjson.loads(body)) == {"error", "detail"}
    for name in SECURITY:
        assert name.lower().encode() in head.lower()
    assert app.done == 0


class TestPatience:
    """Nobody is waited for without an end."""

    async def test_one_that_says_nothing_is_told_nothing(self, autojump_clock: MockClock) -> None:
        async with talking(App()) as talk:
            assert await talk.hear_all() == b""
            assert HEAD_SECONDS <= await talk.over() <= HEAD_SECONDS + LINGER_SECONDS

    async def test_one_that_goes_on_saying_little(self, autojump_clock: MockClock) -> None:
        async with talking(App()) as talk, trio.open_nursery() as nursery:

            @nursery.start_soon
            async def dribble() -> None:
                for byte in GET:
                    await talk.say(bytes([byte]))
                    await trio.sleep(HEAD_SECONDS / 5)

            assert (await talk.hear_all()).startswith(b"HTTP/1.1 408")
            assert await talk.over() == HEAD_SECONDS + LINGER_SECONDS
            nursery.cancel_scope.cancel()

    async def test_one_that_does_not_come_back(self, autojump_clock: MockClock) -> None:
        async with talking(App()) as talk:
            await trio.sleep(HEAD_SECONDS / 2)
            await talk.say(GET)
            await talk.hear(b"answer 1")
            await talk.hear_all()
            assert await talk.over() == HEAD_SECONDS * 1.5

    @pytest.mark.parametrize("sent", [b"", GET[:9], GET])
    async def test_one_that_has_said_all_it_will(
        self, sent: bytes, autojump_clock: MockClock
    ) -> None:
        async with talking(App()) as talk:
            if sent:
                await talk.say(sent)
            await talk.stream.send_eof()
            assert (b"answer 1" in await talk.hear_all()) == (sent == GET)
            assert await talk.over() == 0

    async def test_one_that_takes_nothing(self, autojump_clock: MockClock) -> None:
        app = App()
        async with talking(app) as talk:
            await talk.say(GET)
            assert await talk.over() == WRITE_SECONDS
        assert app.done == 0

    async def test_one_that_takes_little(self, autojump_clock: MockClock) -> None:
        """It has the time again for each slice, and no longer."""
        app = App(b"x" * (3 * SLICE))
        async with talking(app) as talk:
            await talk.say(GET)
            await trio.sleep(WRITE_SECONDS * 0.9)
            await talk.hear(b"\r\n\r\n")
            for _ in range(2):
                await trio.sleep(WRITE_SECONDS * 0.9)
                before = len(talk.heard)
                while len(talk.heard) < before + SLICE:
                    talk.heard += await talk.stream.receive_some(before + SLICE - len(talk.heard))
            assert await talk.over() == pytest.approx(WRITE_SECONDS * 3.7)
        assert app.done == 0

    async def test_one_that_does_not_leave_after_the_last_answer(
        self, autojump_clock: MockClock
    ) -> None:
        async with talking(App()) as talk:
            await talk.say(LAST)
            await talk.hear_all()
            assert await talk.over() == LINGER_SECONDS


class TestStreams:
    """An answer without an end, that is about what comes."""

    class App:
        def __init__(self) -> None:
            self.left = False

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"one\n", "more_body": True})
            assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
            assert await receive() == {"type": "http.disconnect"}
            self.left = True

    async def test_the_application_hears_that_the_client_left(self) -> None:
        app = self.App()
        async with talking(app) as talk:
            await talk.say(GET)
            await talk.hear(b"one\n")
            await talk.stream.send_eof()
            await talk.over()
        assert app.left

    async def test_requests_behind_it_have_little_room(self) -> None:
        app = self.App()
        async with talking(app) as talk, trio.open_nursery() as nursery:
            await talk.say(GET)
            await talk.hear(b"one\n")
            nursery.start_soon(talk.say, GET * 1000)
            await talk.hear_all()
            nursery.cancel_scope.cancel()
        assert app.left


class TestTheEnd:
    async def test_an_answer_that_has_not_begun_is_the_last(self) -> None:
        answers = App()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            talk.conversation.finish()
            await answers(scope, receive, send)

        async with talking(app) as talk:
            await talk.say(GET + GET)
            assert (await talk.hear_all()).count(b"connection: close") == 1
        assert answers.done == 1

    @pytest.mark.parametrize(
        ("before", "after", "answers"),
        [(b"", GET, 1), (GET[:9], GET[9:], 1), (GET, GET, 2)],
        ids=["new", "begun", "answered"],
    )
    async def test_one_that_asks_then_is_answered_and_told_that_it_was_the_last(
        self, before: bytes, after: bytes, answers: int
    ) -> None:
        """Its request was under way when we began to end: it must not think that it was lost."""
        app = App()
        async with talking(app) as talk:
            await talk.say(before)
            if answers == 2:
                await talk.hear(b"answer 1")
            talk.conversation.finish()
            await talk.say(after + GET)
            assert b"connection: close\r\n\r\nanswer %d" % answers in await talk.hear_all()
        assert app.done == answers

    async def test_an_application_that_fails_ends_it_and_is_told_of(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            raise ZeroDivisionError

        with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
            async with talking(app) as talk:
                await talk.say(GET)
                await trio.sleep_forever()

    async def test_nor_does_half_an_answer_stay_open(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})

        async with talking(app) as talk:
            await talk.say(GET)
            assert b"0\r\n\r\n" not in await talk.hear_all()
