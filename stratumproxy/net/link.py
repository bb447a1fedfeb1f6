"""The link to a pool: connect, mine, and connect again when it is lost."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress

import trio

from stratumproxy.errors import PoolError, ProtocolError
from stratumproxy.net.dial import dial
from stratumproxy.net.redirect import may_follow, prepare
from stratumproxy.telemetry.notices import Notices
from stratumproxy.upstream.channel import Channel
from stratumproxy.upstream.session import Event, ReconnectAsked, Session, condensed
from stratumproxy.upstream.v1 import V1Session

READ_BYTES = 65536
HUNG_UP = "the pool closed the connection"
BROKE = "the connection broke"
ASKED = "the pool asked to reconnect"

MOVE_SECONDS = 60.0
"""Time for the session that a pool asked for to be ready, while the one before is mined on."""

LINGER_SECONDS = 2.0
"""Time for the last verdicts on the one, once the other is ready."""

EARLY_SECONDS, EARLY_PAUSE = 60.0, 3.0
"""In the first minute after a session was lost, the longest wait between two attempts: a pool that
restarts is back by then."""

REDIRECTS = 3
"""Requests to reconnect in a row, before there was any work, that are followed without a longer
wait each time."""

Ready = tuple[Session, trio.abc.Stream, list[Event]]
"""A session that can be mined on, its connection, and what it said so far."""


class PoolLink:
    """Keeps a channel's session with its pool alive.

    Args:
        channel: whose session it is.
        least: the least that the pool is taken to ask for, whatever it says.
        notices: where rare events are told.
        clock: seconds.
        turn: what the pool said is dealt with in one of these, so that miners' verdicts go out
            together.
    """

    def __init__(
        self,
        channel: Channel,
        least: Callable[[], float | int],
        notices: Notices,
        clock: Callable[[], float],
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._channel = channel
        self._least = least
        self._notices = notices
        self._pool = pool = channel.pool.config
        self._clock = clock
        self._turn = turn
        self._output = trio.Event()
        self._broken = ""
        self._resume = ""
        self._ask_mask = pool.mask
        prepare(pool.allow_redirect, pool.host)
        self._knows_configure = False
        """It answered a handshake that began with mining.configure."""
        self._address = (pool.host, pool.port)
        self._not_before = 0.0
        """trio's time until which the pool asked us to wait."""
        self._reading = trio.CancelScope()
        self._over = False
        """Nothing more is expected of a session that asked to reconnect."""
        self._ready: Ready | None = None
        """What takes the place of such a session."""
        self._next: tuple[Session, trio.abc.Stream] | None = None
        """What took it."""

    def _wake(self) -> None:
        self._output.set()

    async def run(self) -> None:
        """Connect again and again, until cancelled."""
        try:
            await self._run()
        finally:
            for unused in (self._ready, self._next):
                if unused is not None:
                    await trio.aclose_forcefully(unused[1])

    async def _run(self) -> None:
        pause = self._pool.backoff_min_seconds
        lost_at, redirects = -EARLY_SECONDS, 0
        while True:
            session, reason = self._new_session(self._resume), ASKED
            try:
                await self._session(session, None)
                while self._next is not None:
                    (session, stream), self._next = self._next, None
                    await self._session(session, stream)
            except PoolError as error:
                reason = str(error)
            except ProtocolError as error:
                reason = f"the pool does not speak Stratum: {error}"
            # A link that was cancelled just now has nothing to tell the proxy any more.
            await trio.lowlevel.checkpoint_if_cancelled()
            redirects = redirects + 1 if reason == ASKED else 0
            if session.ready:
                pause, lost_at, redirects = self._pool.backoff_min_seconds, trio.current_time(), 0
            self._learn(session, reason)
            wait = self._not_before - trio.current_time()
            if trio.current_time() - lost_at < EARLY_SECONDS:
                pause = min(pause, max(EARLY_PAUSE, self._pool.backoff_min_seconds))
            delay = max(wait, pause * random.uniform(0.5, 1.0))
            self._notices.warning(
                "pool session lost",
                **self._channel.login.said,
                group=self._channel.miners.number,
                reason=reason,
                again_in_seconds=round(delay, 1),
            )
            self._channel.lose(session, reason, self._clock())
            await trio.sleep(delay)
            if not 0 < redirects <= REDIRECTS:
                pause = min(pause * 2, self._pool.backoff_max_seconds)

    def _new_session(self, resume: str) -> Session:
        login, who = self._channel.login, self._channel.miners.who
        return V1Session(
            login.user_for(who),
            login.password,
            self._ask_mask,
            resume,
            self._wake,
            self._least(),
            login.session_names(who),
        )

    def _learn(self, session: Session, reason: str) -> None:
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

    async def _dial(self) -> trio.abc.Stream:
        host, port = self._address
        self._address = (self._pool.host, self._pool.port)
        return await dial(self._pool, host, port)

    async def _session(self, session: Session, stream: trio.abc.Stream | None) -> None:
        """One connection, from connect to its end, which is because the pool asked to reconnect.

        Args:
            session: what is said on it.
            stream: the connection, if there is one already.

        Raises:
            PoolError, ProtocolError: why it ended otherwise, unless another has taken its place.
        """
        if stream is None:
            stream = await self._dial()
        self._broken = ""
        self._over = False
        ended: PoolError | ProtocolError | None = None
        try:
            async with trio.open_nursery() as nursery:
                self._output.set()  # the handshake waits in outgoing
                nursery.start_soon(self._write, session, stream, nursery.cancel_scope)
                try:
                    await self._read(session, stream, nursery)
                except (PoolError, ProtocolError) as error:
                    ended = error
                self._hand_over(session)
                nursery.cancel_scope.cancel()
            self._hand_over(session)
        finally:
            # Without TLS's goodbye, for which a pool that does not read would let us wait.
            await trio.aclose_forcefully(stream)
        if self._next is not None:
            return
        if self._broken:
            raise PoolError(self._broken)
        if ended is not None:
            raise ended

    async def _read(self, session: Session, stream: trio.abc.Stream, nursery: trio.Nursery) -> None:
        leaving = False
        patience = self._pool.silence_seconds
        ready_by = trio.current_time() + patience
        while True:
            until = trio.current_time() + patience
            try:
                with trio.fail_at(until if session.ready else ready_by) as self._reading:
                    data = await stream.receive_some(READ_BYTES)
            except trio.TooSlowError:
                if self._over:
                    return
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
            with self._turn():
                self._channel.hear(session, events, now)
            if session.outgoing:
                self._output.set()
            for event in events:
                if isinstance(event, ReconnectAsked) and self._follow(event):
                    if not session.ready:
                        return
                    if not leaving:
                        nursery.start_soon(self._succeed, session)
                    leaving = True
            if self._over or (self._ready is not None and not session.pending):
                return

    async def _write(
        self, session: Session, stream: trio.abc.Stream, scope: trio.CancelScope
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
        if not may_follow(rule, self._pool.host, host):
            self._notices.warning(
                "the pool asked to reconnect elsewhere, and allow_redirect forbids it",
                **self._channel.login.said,
                host=host,
                allow_redirect=rule,
            )
            return False
        self._notices.info(
            "the pool asked to reconnect, and is followed",
            **self._channel.login.said,
            group=self._channel.miners.number,
            to=f"{host}:{port}",
            wait_seconds=asked.wait,
        )
        self._address = (host, port)
        self._not_before = trio.current_time() + asked.wait
        return True

    # -- from one session to the next, as the pool asked -----------------------------------------

    async def _succeed(self, session: Session) -> None:
        """Have another session ready while this one is mined on, and then an end of this one."""
        pause = self._pool.backoff_min_seconds
        # Never at once: a pool may ask for it again and again.
        wait = self._not_before - trio.current_time()
        await trio.sleep(max(wait, pause * random.uniform(0.5, 1.0)))
        with trio.move_on_after(MOVE_SECONDS):
            while self._ready is None:
                try:
                    self._ready = await self._prepare()
                except (PoolError, ProtocolError) as error:
                    self._notices.warning(
                        "the pool asked to reconnect, and that does not work yet",
                        **self._channel.login.said,
                        group=self._channel.miners.number,
                        reason=str(error),
                    )
                    await trio.sleep(pause * random.uniform(0.5, 1.0))
                    pause = min(pause * 2, self._pool.backoff_max_seconds)
        if self._ready is not None and session.pending:
            with trio.move_on_after(LINGER_SECONDS):  # unless `_read` has heard them all before
                await self._listen(*self._ready)
                await trio.sleep_forever()
        self._over = True
        self._reading.cancel()

    async def _prepare(self) -> Ready:
        """A session that is ready. It takes up no other one: that is alive."""
        session = self._new_session("")
        stream = await self._dial()
        try:
            with trio.fail_after(self._pool.silence_seconds):
                return session, stream, await self._handshake(session, stream)
        except BaseException as error:
            await trio.aclose_forcefully(stream)
            if isinstance(error, trio.TooSlowError):
                raise PoolError(f"no work within {self._pool.silence_seconds} seconds") from None
            if isinstance(error, trio.BrokenResourceError):
                raise PoolError(BROKE) from None
            raise

    async def _handshake(self, session: Session, stream: trio.abc.Stream) -> list[Event]:
        events: list[Event] = []
        while not session.ready:
            data = bytes(session.outgoing)
            session.outgoing.clear()
            if data:
                await stream.send_all(data)
            said = await stream.receive_some(READ_BYTES)
            if not said:
                raise PoolError(HUNG_UP)
            heard = session.receive(bytes(said), self._clock())
            for event in heard:
                if isinstance(event, ReconnectAsked) and self._follow(event):
                    raise PoolError(ASKED)
            events[:] = condensed([*events, *heard])
        return events

    async def _listen(self, session: Session, stream: trio.abc.Stream, events: list[Event]) -> None:
        """Keep up with its jobs, until it ends; whoever mines on it then is told so."""
        with suppress(PoolError, ProtocolError, trio.BrokenResourceError):
            while said := await stream.receive_some(READ_BYTES):
                events[:] = condensed([*events, *session.receive(bytes(said), self._clock())])

    def _hand_over(self, before: Session) -> None:
        """Mine on the session that is ready from now on, if there is one."""
        if self._ready is None:
            return
        (session, stream, events), self._ready = self._ready, None
        self._next = session, stream
        now = self._clock()
        verdicts: list[Event] = [*before.unreported]
        before.unreported = []
        self._channel.hear(before, verdicts, now)
        self._channel.hear(session, events, now)
