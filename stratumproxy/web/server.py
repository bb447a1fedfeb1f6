"""The application on sockets, by our own HTTP under trio, and a stop that nobody can hold up."""

import time
from collections.abc import Callable
from functools import partial

import structlog
import trio
from starlette.types import ASGIApp

from stratumproxy.web.conversation import Conversation
from stratumproxy.web.crowd import Crowd
from stratumproxy.web.wire import Wire

CONNECTIONS = 1000
"""At a time, unless `[api] connections` says otherwise."""

GRACE = 0.5
"""Seconds that answers under way have when the server stops, and clients to ask for one more: it is
the last on its connection, and says so. Who asks again and again never asks in vain."""


async def serve(
    app: ASGIApp,
    listeners: list[trio.SocketListener],
    stop: trio.Event,
    *,
    connections: int = CONNECTIONS,
    clock: Callable[[], float] = time.time,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until told to stop, and then for `GRACE` seconds at most.

    Args:
        app: an ASGI application. Of the protocol there is HTTP alone: no lifespan, no WebSocket.
        listeners: where; they are closed in the end.
        stop: set to stop.
        connections: how many there may be at a time.
        clock: Unix seconds.
        task_status: told when connections are accepted.
    """
    server = Server(app, connections, clock)
    async with trio.open_nursery() as attending:
        async with trio.open_nursery() as accepting:
            await accepting.start(
                partial(trio.serve_listeners, server.attend, listeners, handler_nursery=attending)
            )
            task_status.started()
            await stop.wait()
            accepting.cancel_scope.cancel()
        server.finish()
        attending.cancel_scope.deadline = trio.current_time() + GRACE


class Server:
    """All clients, and what they are served by.

    Args:
        app: an ASGI application.
        connections: how many there may be at a time.
        clock: Unix seconds.
    """

    def __init__(self, app: ASGIApp, connections: int, clock: Callable[[], float]) -> None:
        self._app = app
        self._clock = clock
        self._crowd = Crowd(connections)
        self._conversations: set[Conversation] = set()
        self._finishing = False

    async def attend(self, stream: trio.SocketStream) -> None:
        """Serve one client to its end."""
        try:
            client, server = stream.socket.getpeername(), stream.socket.getsockname()
        except OSError:  # it has left again
            await trio.aclose_forcefully(stream)
            return
        wire = Wire(stream, self._crowd)
        if not self._crowd.enter(wire, client[0]):
            await trio.aclose_forcefully(stream)
            return
        ends = {"client": client[:2], "server": server[:2]}
        conversation = Conversation(self._app, wire, ends, self._clock)
        self._conversations.add(conversation)
        if self._finishing:
            conversation.finish()
        try:
            await conversation.run()
        except Exception:
            # Whatever it is, it is ours; the other clients must not suffer for it.
            structlog.get_logger().exception("a client was not served; please report it")
        finally:
            self._conversations.discard(conversation)
            self._crowd.leave(wire)
            await trio.aclose_forcefully(stream)

    def finish(self) -> None:
        """Let each client have one more answer."""
        self._finishing = True
        for conversation in self._conversations:
            conversation.finish()
