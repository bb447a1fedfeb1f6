"""One request and its answer, as ASGI has them.

Nothing is read ahead of the application, and nothing queued behind it: it reads a body, and writes
an answer, as fast as the client does.
"""

import trio
from starlette.types import Message

from stratumproxy.web.errors import Refusal
from stratumproxy.web.http1 import Http1
from stratumproxy.web.wire import Wire


class Exchange:
    """What an application is called with.

    Args:
        http: the client's connection, at a request whose body was not read.
        wire: the same.
        now: Unix seconds, for the Date header.
    """

    def __init__(self, http: Http1, wire: Wire, now: float) -> None:
        self._http = http
        self._wire = wire
        self._now = now
        self._head = b""
        self._told = False
        self.answering = trio.CancelScope()
        """Cancelled when the request turns out to be none."""
        self.refusal: Refusal | None = None
        """Why."""
        self.started = False
        """Whether there is an answer."""
        self.over = False
        """Whether the client has all of it."""

    async def receive(self) -> Message:
        """A piece of the body; after its end, and where it breaks off, that the client has left."""
        await trio.lowlevel.checkpoint()
        if self._told:
            await self._until_left()
        elif (piece := await self._body()) is not None:
            self._told = not piece
            return {"type": "http.request", "body": piece, "more_body": not self._told}
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """How an answer begins, or a piece of it; it goes out with its first piece."""
        if message["type"] == "http.response.start":
            self.started = True
            self._head = self._http.start(message["status"], message["headers"], self._now)
            return
        more = message.get("more_body", False)
        body = self._http.send(message.get("body", b""), more=more)
        head, self._head = self._head, b""
        await self._wire.say(head, body)
        self.over = not more

    async def _body(self) -> bytes | None:
        """The next piece, empty at the end; None if the client left before."""
        try:
            if go_on := self._http.go_on():
                await self._wire.say(go_on)
            while (piece := self._http.body()) is None:
                data = await self._wire.hear(self._http.room)
                if not data:
                    return None
                self._http.receive(data)
            return piece
        except Refusal as refusal:
            self.refusal = refusal
            self.answering.cancel()
            await trio.sleep_forever()

    async def _until_left(self) -> None:
        """Hear that it has. One that sends more requests than there is room for is as good as."""
        while not self.over and (room := self._http.room):
            data = await self._wire.overhear(room)
            if not data:
                return
            self._http.receive(data)
