"""The link to a pool: connect, mine, and connect again when it is lost."""

import random
from collections.abc import Callable

import trio

from stratumproxy.config import Pool
from stratumproxy.errors import PoolError, ProtocolError
from stratumproxy.net.dial import dial
from stratumproxy.proxy.lane import Lane
from stratumproxy.proxy.pool import PoolSession, ReconnectAsked
from stratumproxy.proxy.proxy import Proxy

READ_BYTES = 65536
HUNG_UP = "the pool closed the connection"
BROKE = "the connection broke"


class PoolLink:
    """Keeps one lane's session with one pool alive.

    Args:
        proxy: what mines on it.
        lane: the lane it serves.
        index: the pool's place in the configured order.
        pool: the pool's configuration.
        clock: seconds.
    """

    def __init__(
        self, proxy: Proxy, lane: Lane, index: int, pool: Pool, clock: Callable[[], float]
    ) -> None:
        self._proxy = proxy
        self._lane = lane
        self.index = index
        """It changes when the configuration is read again."""
        self._pool = pool
        self._clock = clock
        self._output = trio.Event()
        self._broken = ""
        self._resume = ""
        self._ask_mask = pool.mask
        self._knows_configure = False
        """It answered a handshake that began with mining.configure."""
        self._address = (pool.host, pool.port)

    def _wake(self) -> None:
        self._output.set()

    async def run(self) -> None:
        """Connect again and again, until cancelled."""
        pause = self._pool.backoff_min_seconds
        while True:
            session = PoolSession(
                self._pool.user,
                self._pool.password,
                self._ask_mask,
                self._resume,
                self._wake,
            )
            reason, wait = "", 0.0
            try:
                wait = await self._session(session)
                reason = "the pool asked to reconnect"
            except PoolError as error:
                reason = str(error)
            except ProtocolError as error:
                reason = f"the pool does not speak Stratum: {error}"
            if session.ready:
                pause = self._pool.backoff_min_seconds
            self._learn(session, reason)
            self._proxy.pool_lost(self._lane, self.index, session, reason, self._clock())
            delay = max(wait, pause * random.uniform(0.5, 1.0))
            self._proxy.sparse.warning(
                "pool session lost",
                pool=self._pool.name,
                lane=self._lane.number,
                reason=reason,
                again_in_seconds=round(delay, 1),
            )
            await trio.sleep(delay)
            pause = min(pause * 2, self._pool.backoff_max_seconds)

    def _learn(self, session: PoolSession, reason: str) -> None:
        """What to ask for in the next handshake, after how this session went."""
        hung_up = not session.answered and reason in (HUNG_UP, BROKE)
        if session.answered and self._ask_mask:
            self._knows_configure = True
        if hung_up and not self._knows_configure:
            # Some old pools hang up on mining.configure; do without it every other time.
            self._ask_mask = 0 if self._ask_mask else self._pool.mask
        elif session.ready:
            self._ask_mask = self._pool.mask  # the hang-up may have had another cause
        if session.ready:
            self._resume = session.session_id
        elif session.answered or hung_up:
            self._resume = ""  # it may be what the pool did not like

    async def _session(self, session: PoolSession) -> float:
        """One connection, from connect to its end.

        Returns:
            Seconds to wait before connecting again, when the pool asked for that.

        Raises:
            PoolError, ProtocolError: why it ended, in all other cases.
        """
        host, port = self._address
        self._address = (self._pool.host, self._pool.port)
        stream = await dial(self._pool, host, port)
        self._broken = ""
        ended: PoolError | ProtocolError | None = None
        wait = 0.0
        try:
            async with trio.open_nursery() as nursery:
                self._output.set()  # the handshake waits in outgoing
                nursery.start_soon(self._write, session, stream, nursery.cancel_scope)
                try:
                    wait = await self._read(session, stream)
                except (PoolError, ProtocolError) as error:
                    ended = error
                nursery.cancel_scope.cancel()
        finally:
            # Without TLS's goodbye, for which a pool that does not read would let us wait.
            await trio.aclose_forcefully(stream)
        if self._broken:
            raise PoolError(self._broken)
        if ended is not None:
            raise ended
        return wait

    async def _read(self, session: PoolSession, stream: trio.abc.Stream) -> float:
        patience = self._pool.silence_seconds
        ready_by = trio.current_time() + patience
        while True:
            until = trio.current_time() + patience
            try:
                with trio.fail_at(until if session.ready else ready_by):
                    data = await stream.receive_some(READ_BYTES)
            except trio.TooSlowError:
                if session.answered and not session.ready:
                    raise PoolError(f"the pool gave no work within {patience} seconds") from None
                raise PoolError(f"the pool was silent for {patience} seconds") from None
            except trio.BrokenResourceError:
                raise PoolError(BROKE) from None
            # A link that was cancelled just now has nothing to tell the proxy any more.
            await trio.lowlevel.checkpoint_if_cancelled()
            if not data:
                raise PoolError(HUNG_UP)
            now = self._clock()
            events = session.receive(bytes(data), now)
            self._proxy.pool_events(self._lane, self.index, session, events, now)
            if session.outgoing:
                self._output.set()
            for event in events:
                if isinstance(event, ReconnectAsked) and self._follow(event):
                    return event.wait

    async def _write(
        self, session: PoolSession, stream: trio.abc.Stream, scope: trio.CancelScope
    ) -> None:
        """Send what gathers in `outgoing`, until cancelled or the connection breaks."""
        try:
            while True:
                await self._output.wait()
                self._output = trio.Event()
                while session.outgoing:
                    data = bytes(session.outgoing)
                    session.outgoing.clear()
                    with trio.fail_after(self._pool.reply_timeout_seconds):
                        await stream.send_all(data)
        except trio.TooSlowError:
            self._broken = "the pool does not read what it is sent"
        except trio.BrokenResourceError:
            self._broken = BROKE
        scope.cancel()

    def _follow(self, asked: ReconnectAsked) -> bool:
        """Where to connect next, if the pool may send us there."""
        host, port = asked.host or self._pool.host, asked.port or self._pool.port
        rule = self._pool.allow_redirect
        allowed = (
            host.lower() == self._pool.host.lower()
            or rule == "any"
            or (rule == "same-domain" and _domain(host) == _domain(self._pool.host))
        )
        if not allowed:
            self._proxy.notices.warning(
                "the pool asked to reconnect elsewhere, and allow_redirect forbids it",
                pool=self._pool.name,
                host=host,
                allow_redirect=rule,
            )
            return False
        self._address = (host, port)
        return True


def _domain(host: str) -> str:
    """The last two labels of a host name; an address is a domain of its own (cgminer util.c)."""
    labels = host.lower().rstrip(".").split(".")
    if ":" in host or labels[-1].isdigit():
        return host
    return ".".join(labels[-2:])
