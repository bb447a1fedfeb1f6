"""One client, from its first byte to its last: request after request."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import h11
import trio
from starlette.types import ASGIApp, Scope

from stratumproxy.web.errors import Refusal, problem
from stratumproxy.web.exchange import Exchange
from stratumproxy.web.headers import secure
from stratumproxy.web.http1 import Http1
from stratumproxy.web.wire import Wire

HEAD_SECONDS = 30.0
"""From the end of an answer, or from the beginning, to the end of the next request's head, however
slowly that comes. nginx has 75 and 60 s for the two, Apache 5 s and 20 to 40."""


class Conversation:
    """Serves one client.

    Args:
        app: what answers.
        wire: to the client.
        ends: the addresses of both, as ASGI has them: ``client`` and ``server``.
        clock: Unix seconds.
    """

    def __init__(
        self, app: ASGIApp, wire: Wire, ends: dict[str, Any], clock: Callable[[], float]
    ) -> None:
        self._app = app
        self._wire = wire
        self._ends = ends
        self._clock = clock
        self._http = Http1()

    async def run(self) -> None:
        """Answer until either side has had enough."""
        with self._wire.here:
            while await self._answer_one():
                pass
            await self._wire.linger()

    def finish(self) -> None:
        """End it with the next answer that begins, which says so."""
        self._http.finish()

    async def _answer_one(self) -> bool:
        """Wait for a request, and answer it; return whether another may follow."""
        try:
            request = await self._request()
        except Refusal as refusal:
            return await self._refuse(refusal)
        exchange = Exchange(self._http, self._wire, self._clock())
        with exchange.answering:
            await self._app(self._scope(request), exchange.receive, exchange.send)
        if exchange.refusal is not None and not exchange.started:
            return await self._refuse(exchange.refusal)
        if not exchange.over:
            await self._wire.gone()
        return self._http.next()

    async def _request(self) -> h11.Request:
        with trio.move_on_after(HEAD_SECONDS):
            while (request := self._http.request()) is None:
                data = await self._wire.hear(self._http.room)
                if not data:
                    await self._wire.gone()
                self._http.receive(data)
        if request is None:
            if not self._http.begun:
                await self._wire.gone()
            raise Refusal(408, f"the request did not come within {HEAD_SECONDS:g} seconds")
        return request

    async def _refuse(self, refusal: Refusal) -> bool:
        """Answer what is no request; there is no other after that."""
        response = problem(refusal.status_code, refusal.detail)
        secure(response.headers)
        head = self._http.start(
            response.status_code, response.raw_headers, self._clock(), last=True
        )
        await self._wire.say(head, self._http.send(bytes(response.body), more=False))
        return False

    def _scope(self, request: h11.Request) -> Scope:
        path, _, query = request.target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.http_version.decode(),
            "method": request.method.decode(),
            "scheme": "http",
            "path": unquote(path.decode()),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": list(request.headers),
            **self._ends,
        }
