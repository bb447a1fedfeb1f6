"""/api/events: server-sent events. A summary a second, and every job and event as it comes.

Nothing is queued for a stream: each takes what is new when it can send, so one that is slow gets
fewer summaries, and one that does not read costs what its socket holds, and is hung up on.
"""

from math import floor

import trio
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from stratumproxy.web.errors import Refusal
from stratumproxy.web.operation import Nothing, Operation
from stratumproxy.web.site import Site
from stratumproxy.web.streams import encoded
from stratumproxy.web.viewer import Viewer

STALLED = 10.0
"""Seconds that one send may take before the client counts as one that does not read."""

RETRY = 2000
"""Milliseconds after which a browser tries again."""


class EventStream(Response):
    """One client's stream, until it leaves or the server stops.

    Args:
        site: what it tells of.
        viewer: who listens.
    """

    media_type = "text/event-stream"

    def __init__(self, site: Site, viewer: Viewer) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._site = site
        self._viewer = viewer
        self._streams = site.streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the client leaves."""
        newest = self._newest_of(Headers(scope=scope).get("last-event-id", ""))
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        with self._streams.opened(self._viewer.tenant):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._until_gone, receive, nursery.cancel_scope)
                await self._tell(send, newest)
                nursery.cancel_scope.cancel()

    def _newest_of(self, id: str) -> int:
        """What the client has already; what is there now, if it does not say."""
        if self._viewer.tenant is None and id.isascii() and id.isdigit() and len(id) <= 18:
            return int(id)
        return self._site.fleet.journal.newest

    async def _until_gone(self, receive: Receive, scope: trio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async def _tell(self, send: Send, newest: int) -> None:
        """Send what is new each second, until that takes too long."""
        greeting = b"retry: %d\n\n" % RETRY
        while True:
            entries, newest = self._streams.since(newest, self._viewer)
            started = trio.current_time()
            now, today = self._site.now(), self._site.today()
            tenant = self._viewer.tenant
            if tenant is None:
                summary = self._streams.summary(now, today, floor(started))
            else:
                summary = encoded("summary", await self._site.summaries.of(tenant, now, today))
            body = greeting + entries + summary
            greeting = b""
            try:
                with trio.move_on_after(STALLED):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            finally:
                # Counted here: that it was hung up on may be told by `receive` first.
                stalled = trio.current_time() - started >= STALLED
                self._streams.dropped += stalled
            if stalled:
                return
            await trio.sleep_until(floor(trio.current_time()) + 1)


async def answer(site: Site, given: Nothing, viewer: Viewer) -> Response:
    """Server-sent events: `summary` each second, as /api/summary; `job` and `event` as they come.

    Jobs and events have ids: with the header Last-Event-ID come those after it that are still in
    memory. A client that does not read is hung up on. A tenant's token hears of its own jobs and
    events, without ids, and has a quarter of all streams at most.
    """
    if site.streams.full(viewer.tenant):
        raise Refusal(503, "there are as many event streams as [api] event_streams allows")
    return EventStream(site, viewer)


OPERATIONS = [
    Operation("GET", "/api/events", answer, media="text/event-stream", reach="own", errors=(503,))
]
