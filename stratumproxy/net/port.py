"""The miner port: one task pumps the sockets of all miners.

Why not a task for each: measured on one core, a message costs 24 µs with a task and a stream for
each miner, 15 µs with trio's bare wait_readable, 5 µs this way (docs/architecture.md, "The pump").
"""

import math
import os
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import trio

from stratumproxy.config import Listen
from stratumproxy.downstream.drops import (
    NO_POOL,
    TOO_MANY,
    TOO_MANY_FROM_ADDRESS,
    Reason,
    broken,
)
from stratumproxy.net.connection import Apart, Connection
from stratumproxy.net.entrance import Entrance
from stratumproxy.net.readiness import GONE, READ, WRITE, make_readiness
from stratumproxy.net.sockets import accept_each, send_each
from stratumproxy.proxy.proxy import Proxy
from stratumproxy.telemetry.notices import Notices

BATCH = 256
"""Sockets served before other tasks get a turn: 5 ms at 20 µs each."""

TURN = 64
"""Of these, whose answers go out together: who is judged first waits for the last. More would be no
cheaper."""

GATHER_SECONDS = 0.002
"""From one batch to the next, at least: shares that come within it are served together. A
wake-up costs as much as a share or two, and some thousand shares a second came one by one: with
17,595 miners at 12 a minute this takes a quarter of the CPU, for 2 ms on each reply. A miner that
speaks when nobody else did is answered at once."""

READ_BYTES = 8192
"""Bytes read from one miner in its turn: some 60 shares. A flood waits for everybody else."""

HANDSHAKES = 8
"""TLS handshakes taken a step further in a batch: one signature with RSA takes a millisecond."""

ACCEPT_BATCH = 512
"""Connections accepted in a turn, 10 ms. When a whole site comes back at once they must be taken
faster than they come: what overflows the backlog (4,096 on Linux) tries again a second later."""

PAUSE = 0.25
"""Seconds a listener rests when there is no descriptor left for what it accepts."""


class MinerPort:
    """Listening sockets, and the connections that came in by them.

    Args:
        proxy: where miners' sessions live.
        listeners: bound, listening, non-blocking.
        clock: seconds.
        listens: the configuration of each listener; without it they ask nothing of who connects.
        connections: how many there may be at a time.
        out_limit: bytes that may wait for a miner that does not read.
        notices: where rare events are told.
    """

    def __init__(
        self,
        proxy: Proxy,
        listeners: Sequence[socket.socket],
        *,
        clock: Callable[[], float],
        listens: Sequence[Listen] | None = None,
        connections: int,
        out_limit: int,
        notices: Notices,
    ) -> None:
        self._proxy = proxy
        self.listeners = listeners
        self._clock = clock
        self._most = connections
        self._notices = notices
        self.out_limit = out_limit
        asked: Sequence[Listen | None] = listens or [None] * len(listeners)
        self._entrances = {
            listener.fileno(): Entrance(listen, number)
            for number, (listener, listen) in enumerate(zip(listeners, asked, strict=True))
        }
        self._readiness = make_readiness()
        self._by_fd: dict[int, Connection] = {}
        self.apart: set[int] = set()
        """Descriptors of connections that read for themselves."""
        self.gathered: dict[int, bytes] | None = None
        """In a turn, what is to be sent at its end, by descriptor."""
        self._handshakes = HANDSHAKES

    def __len__(self) -> int:
        return len(self._by_fd)

    # -- the pump --------------------------------------------------------------------------------

    async def pump(self) -> None:
        """Serve miners until cancelled. What each says is answered in the same turn."""
        fd, receive, clock = self._readiness.fileno(), self._readiness.receive, self._clock
        by_fd, apart = self._by_fd, self.apart
        rested = -math.inf
        reply = self._proxy.recorder.reply
        while True:
            await trio.lowlevel.wait_readable(fd)
            woken = trio.current_time()
            if woken < rested:
                await trio.sleep_until(rested)
            rested = trio.current_time() + GATHER_SECONDS
            now = clock()
            self._handshakes = HANDSHAKES
            batch = receive(BATCH, READ_BYTES, apart)
            for first in range(0, len(batch), TURN):
                with self.turn():
                    for ready, what in batch[first : first + TURN]:
                        connection = by_fd.get(ready)
                        if connection is None:
                            continue  # closed by an earlier one of this batch
                        if isinstance(what, bytes):
                            self._hear(connection, what, now)
                        else:
                            self._tend(connection, what, now)
            reply.add(trio.current_time() - woken, len(batch))

    @contextmanager
    def turn(self) -> Iterator[None]:
        """What is sent to miners meanwhile goes out together, at its end.

        There is one at a time, and nobody waits in it. Nor does a miner's end send anything to
        another: that would overtake what is left of this.
        """
        assert self.gathered is None
        gathered: dict[int, bytes] = {}
        self.gathered = gathered
        try:
            yield
        finally:
            self.gathered = None
            for fd, count in send_each(gathered):
                self._by_fd[fd].sent(gathered[fd], count)

    def _hear(self, connection: Connection, data: bytes, now: float) -> None:
        if not data:
            connection.close("")
            return
        try:
            reply = connection.session.receive(data, now)
        except Exception as error:
            self._proxy.drops.end(connection, error)
        else:
            if reply:
                connection.send(reply)

    def _tend(self, connection: Connection, what: int, now: float) -> None:
        """What else is told of a connection than the bytes it had."""
        if what < 0:
            connection.close(broken(f"receiving failed: {os.strerror(-what)}"))
            return
        if what & READ and isinstance(connection, Apart):
            self._receive(connection, now)
        elif what & GONE:
            connection.close(broken("the connection broke"))
        if what & WRITE and connection.open:
            connection.flush()

    def _receive(self, connection: Apart, now: float) -> None:
        try:
            data = connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            connection.close(broken(f"receiving failed: {error.strerror}"))
            return
        self._hear(connection, data, now)

    def watch_write(self, connection: Connection, on: bool) -> None:
        """Watch, or don't, for room to send."""
        self._readiness.watch_write(connection.fd, on)

    # -- connections come and go -----------------------------------------------------------------

    async def accept(self, listener: socket.socket) -> None:
        """Take connections from a listener until cancelled."""
        entrance = self._entrances[listener.fileno()]
        while True:
            await trio.lowlevel.wait_readable(listener)
            try:
                newcomers = accept_each(listener, ACCEPT_BATCH)
            except OSError as error:
                # What waits in the backlog stays there; the listener would be readable for ever,
                # so looking again at once would be a busy loop.
                self._notices.warning("can't accept miners", reason=error.strerror)
                await trio.sleep(PAUSE)
                continue
            now = self._clock()
            closed = NO_POOL if self._proxy.turning_away else None
            for fd, host, port in newcomers:
                host = _written(host)
                trusted = entrance.trusts(host)
                if (reason := closed or self._refusal(host, trusted)) is None:
                    self._welcome(fd, host, port, entrance, trusted, now)
                else:
                    self._proxy.drops.add(reason, f"{host}:{port}")
                    socket.close(fd)

    def _welcome(
        self, fd: int, host: str, port: int, entrance: Entrance, trusted: bool, now: float
    ) -> None:
        connection = entrance.connection(self, fd, header=trusted)
        listener = self._proxy.listeners[entrance.number]
        connection.session = self._proxy.connect(connection, host, port, now, listener)
        self._by_fd[fd] = connection
        if isinstance(connection, Apart):
            self.apart.add(fd)
        self._readiness.add(fd)

    def join(self, connection: Connection) -> None:
        """A connection has nothing before Stratum any more: it is read with all others."""
        self.apart.discard(connection.fd)

    def introduce(self, connection: Connection, address: tuple[str, int]) -> bool:
        """A PROXY header said who it really is.

        Returns:
            Whether it may stay: limits count by that address.
        """
        host, port = _written(address[0]), address[1]
        if not self._proxy.misbehaviour.has_room(host):
            connection.close(TOO_MANY_FROM_ADDRESS)
            return False
        stranger, now = connection.session, self._clock()
        came_in = self._proxy.listeners[stranger.listener.number]
        connection.session = self._proxy.connect(connection, host, port, now, came_in)
        self._proxy.disconnect(stranger, now)
        return True

    def may_shake_hands(self) -> bool:
        """Whether a TLS handshake has its turn: when a whole site comes back, others mine on."""
        self._handshakes -= 1
        return self._handshakes >= 0

    async def reload_certificates(self) -> None:
        """Read certificates and keys again, for connections from now on.

        Raises:
            ConfigError: one of them can't be used; then all stay as they are.
        """
        entrances = list(self._entrances.values())

        def load() -> list[ssl.SSLContext | None]:
            return [entrance.load() for entrance in entrances]

        # No miner waits for a disk.
        fresh = await trio.to_thread.run_sync(load, abandon_on_cancel=True)
        for entrance, context in zip(entrances, fresh, strict=True):
            entrance.context = context

    def _refusal(self, host: str, trusted: bool) -> Reason | None:
        """Why one more miner can't be taken in, if it can't; a balancer is not one."""
        if len(self._by_fd) >= self._most:
            return TOO_MANY
        if not trusted and not self._proxy.misbehaviour.has_room(host):
            return TOO_MANY_FROM_ADDRESS
        return None

    def closed(self, connection: Connection, reason: str) -> None:
        """A connection is to be closed: by the miner if there is no reason."""
        self._readiness.remove(connection.fd)
        self.apart.discard(connection.fd)
        del self._by_fd[connection.fd]
        connection.release()
        session = connection.session
        del connection.session  # no circle is left for the garbage collector
        self._proxy.disconnect(session, self._clock(), reason)
        if reason:
            self._proxy.drops.add(reason, session.peer)

    def limit(self, connections: int, out_limit: int) -> None:
        """Other limits from now on; who is connected stays."""
        self._most = connections
        self.out_limit = out_limit

    def stop_accepting(self) -> None:
        """Close the listeners."""
        for listener in self.listeners:
            listener.close()

    def close(self) -> None:
        """Close everything."""
        self.stop_accepting()
        for connection in list(self._by_fd.values()):
            connection.close("")
        self._readiness.close()


def _written(host: str) -> str:
    """A peer's host as people write it, and look for it in logs."""
    host = host.removeprefix("::ffff:")  # IPv4 on a socket that is open to both
    return f"[{host}]" if ":" in host else host
