"""A network on trio's own clock for links to pools: what takes minutes is over at once.

The pool's end of each connection is played by the test: a simulated pool, or a few lines.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import orjson
import trio
import trio.testing

from stratumproxy.accounting.account import Account, Earned
from stratumproxy.config import Pool
from stratumproxy.net.link import PoolLink
from stratumproxy.testing import SimulatedPool
from stratumproxy.upstream import pool as upstream
from stratumproxy.upstream.login import Login
from stratumproxy.upstream.session import NewJob
from stratumproxy.upstream.v1 import V1Session

Stream = trio.abc.Stream
Script = Callable[[Stream], Awaitable[None]]


class Core:
    """What a link needs of its channel and of the log, and what it told them."""

    def __init__(self) -> None:
        self.miners = SimpleNamespace(number=0, who=None)
        self.warnings: list[tuple[str, dict[str, Any]]] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.lost: list[str] = []
        self.losses: list[float] = []
        self.moves: list[tuple[float, int]] = []
        """When a session took the place of another, and how many verdicts that still owed."""
        self.events: list[Any] = []
        self.session: V1Session | None = None
        self._mined_on: V1Session | None = None
        """The same, unless it was lost."""

    def hear(self, session, events, now) -> None:
        if self._mined_on not in (None, session):
            assert session.ready
            self.moves.append((now, len(self._mined_on.abandon())))
        self.session = self._mined_on = session
        self.events += events

    def lose(self, session, reason, now) -> None:
        session.abandon()
        self._mined_on = None
        self.lost.append(reason)
        self.losses.append(now)

    def debug(self, event: str, **values: Any) -> None:
        self.told.append((event, values))

    def info(self, event: str, **values: Any) -> None:
        self.told.append((event, values))

    def warning(self, event: str, **values: Any) -> None:
        self.warnings.append((event, values))

    @property
    def jobs(self) -> int:
        return sum(isinstance(event, NewJob) for event in self.events)


class World:
    """The network as a link sees it: each connection goes as the next of the plans says.

    A plan is an error, None for a connection that never comes about, or a script that plays the
    pool and hangs up when it is through. The last plan goes on for ever.
    """

    def __init__(self) -> None:
        self.core: Any = Core()
        self.plans: list[OSError | Script | None] = []
        self.dialled: list[tuple[str, int]] = []
        self.times: list[float] = []
        self.pair: Callable[[], tuple[Stream, Stream]] = trio.testing.memory_stream_pair
        self.open = 0

    def run(
        self, seconds: float, *, meanwhile: Callable[[], Awaitable[None]] | None = None, **settings
    ) -> Core:
        """Let a link run for so many seconds of trio's clock, which go by in no time."""
        given = {"url": "stratum+tcp://eu.pool.example:3333", "user": "farm", **settings}

        async def main() -> None:
            self.core.pool = SimpleNamespace(config=Pool(**given))
            pool = upstream.Pool(self.core.pool.config)
            account = Account("pool", self.core.pool.config.user)
            self.core.login = Login(pool, account, "x", "account", "", self.core, Earned())
            link = PoolLink(self.core, lambda: 0.0, self.core, trio.current_time)
            async with trio.open_nursery() as self._nursery:
                with trio.move_on_after(seconds):
                    async with trio.open_nursery() as ours:
                        ours.start_soon(link.run)
                        if meanwhile is not None:
                            ours.start_soon(meanwhile)
                await trio.testing.wait_all_tasks_blocked()
                assert not self.open, "the link left a connection open"
                self._nursery.cancel_scope.cancel()

        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
        return self.core

    async def dial(self, host: str, port: int) -> Stream:
        self.dialled.append((host, port))
        self.times.append(trio.current_time())
        plan = self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
        if plan is None:
            await trio.sleep_forever()
        if isinstance(plan, OSError):
            raise plan
        ours, theirs = self.pair()
        self.open += 1
        self._nursery.start_soon(self._play, plan, theirs)
        return ours

    async def _play(self, script: Script, stream: Stream) -> None:
        try:
            async with stream:
                await script(stream)
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self.open -= 1


def simulated(pool: SimulatedPool) -> Script:
    """A simulated pool that never hangs up of its own accord."""

    async def script(stream: Stream) -> None:
        connection = pool.connect()
        output = trio.Event()
        connection.on_output = lambda: output.set()

        async def send() -> None:
            nonlocal output
            while True:
                await output.wait()
                output = trio.Event()
                await stream.send_all(connection.take(trio.current_time()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            async for data in stream:
                connection.feed(bytes(data), trio.current_time())
            nursery.cancel_scope.cancel()
        connection.close()

    return script


async def requests(stream: Stream) -> AsyncGenerator[dict[str, Any]]:
    """What is asked, message by message."""
    tail = b""
    async for data in stream:
        *lines, tail = (tail + bytes(data)).split(b"\n")
        for line in lines:
            yield orjson.loads(line)


async def hang_up(_stream: Stream) -> None:
    """A pool that closes every connection at once."""


async def silent(stream: Stream) -> None:
    """A pool that takes everything, and says nothing."""
    async for _ in stream:
        pass


def after_work(then: Script, pool: SimulatedPool | None = None) -> Script:
    """A good pool for one second, and then something else."""
    pool = pool or SimulatedPool()

    async def script(stream: Stream) -> None:
        with trio.move_on_after(1):
            await simulated(pool)(stream)
        await then(stream)

    return script


def say(*lines: bytes) -> Script:
    """Say something, and then nothing more."""

    async def script(stream: Stream) -> None:
        await stream.send_all(b"".join(line + b"\n" for line in lines))
        await silent(stream)

    return script


REFUSED = OSError("all attempts to connect to eu.pool.example:3333 failed")
REFUSED.__cause__ = ConnectionRefusedError(111, "Connection refused")
