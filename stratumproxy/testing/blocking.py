"""The simulated pool and miners for code without an event loop: they live in a thread."""

import threading
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import trio

from stratumproxy.errors import StratumProxyError, first_of
from stratumproxy.testing.fleet import run_miner
from stratumproxy.testing.miner import SimulatedMiner
from stratumproxy.testing.miner_session import MinerCounts
from stratumproxy.testing.pool import ShareCounts, SimulatedPool
from stratumproxy.testing.rules import Violation
from stratumproxy.testing.serve import serve_pool
from stratumproxy.testing.settings import PoolSettings
from stratumproxy.testing.styles import Style

PATIENCE = 30.0
"""Seconds that something is waited for, unless told otherwise."""

Value = TypeVar("Value")


class _InThread:
    """A trio loop in a thread of its own, as long as a ``with`` block or until `close`."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._changed = threading.Condition()
        self._token: trio.lowlevel.TrioToken
        self._nursery: trio.Nursery
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it; what it has open is closed."""
        if self._thread.is_alive():
            self._call(self._nursery.cancel_scope.cancel)
            self._thread.join()

    def _run(self) -> None:
        try:
            trio.run(self._main)
        except* (StratumProxyError, OSError) as group:
            self._failure = group
        self._notice()

    async def _main(self) -> None:
        async with trio.open_nursery() as self._nursery:
            self._token = trio.lowlevel.current_trio_token()
            self._ready.set()
            await trio.sleep_forever()

    def _start(self, start: Callable[..., Awaitable[Any]]) -> Any:
        """Start a task that tells when it is ready, and what."""
        return trio.from_thread.run(self._nursery.start, start, trio_token=self._token)

    def _call(self, function: Callable[..., Value], *arguments: Any) -> Value:
        """Call something where the loop is, between two of its steps."""
        return trio.from_thread.run_sync(function, *arguments, trio_token=self._token)

    def _notice(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def wait(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait until a condition holds; it is looked at whenever something happened.

        Raises:
            TimeoutError: it did not come to hold in so many seconds.
            StratumProxyError: what should have brought it about has failed.
        """
        with self._changed:
            met = self._changed.wait_for(lambda: condition() or self._failed, seconds)
        if not condition():
            if self._failure is not None:
                raise StratumProxyError(str(first_of(self._failure)))
            assert not met
            raise TimeoutError(f"it did not happen in {seconds:g} s")

    @property
    def _failed(self) -> bool:
        return self._failure is not None


class BlockingPool(_InThread):
    """A simulated pool on a port of this machine.

    >>> with BlockingPool(difficulty=1e-7) as pool:
    ...     my_miner.connect(pool.host, pool.port)
    ...     pool.wait(lambda: pool.total.accepted >= 3)

    Args:
        settings: those of `PoolSettings`, by name.
    """

    def __init__(self, **settings: Any) -> None:
        self.simulated = SimulatedPool(PoolSettings(**settings))
        """The pool itself: look at it as you like; change it by the methods here."""
        self.simulated.watchers.add(self._notice)
        super().__init__()
        self.host: str
        self.port: int
        self.host, self.port = self._start(self._serve)

    async def _serve(self, *, task_status: trio.TaskStatus[tuple[str, int]]) -> None:
        await serve_pool(self.simulated, task_status=task_status)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port

    @property
    def url(self) -> str:
        """``stratum+tcp://host:port``."""
        return f"stratum+tcp://{self.host}:{self.port}"

    @property
    def settings(self) -> PoolSettings:
        """They may be changed at any time."""
        return self.simulated.settings

    @property
    def total(self) -> ShareCounts:
        """Shares, as it counted them."""
        return self.simulated.total

    @property
    def violations(self) -> list[Violation]:
        """What clients did that no client should."""
        return self.simulated.violations

    def new_job(self, *, clean: bool | None = None) -> None:
        """Send all clients the next job."""
        self._call(lambda: self.simulated.new_job(time.time(), clean=clean))

    def set_difficulty(self, difficulty: float) -> None:
        """Send all clients another difficulty; it binds from the next job."""
        self._call(self.simulated.set_difficulty, difficulty)

    def reconnect(self, host: str = "", port: int | str = "", wait: int = 0) -> None:
        """Send all clients ``client.reconnect``."""
        self._call(self.simulated.reconnect, host, port, wait)

    def restart(self) -> None:
        """Cut all connections, and forget all jobs and sessions."""
        self._call(self.simulated.restart)

    def drop_connections(self) -> None:
        """Cut all connections."""
        self._call(self.simulated.drop_connections)


class BlockingMiner(_InThread):
    """A simulated miner that mines on a server until it is closed.

    Args:
        address: the server's host and port.
        style: one of `STYLES`, or a name of one.
        worker: the user name.
        password: the password.
        hashrate: hashes a second.
        seed: of nonces and extranonce2s.
    """

    def __init__(
        self,
        address: tuple[str, int],
        style: Style | str = "cgminer",
        worker: str = "worker",
        password: str = "x",
        *,
        hashrate: float = 20_000.0,
        seed: int = 0,
    ) -> None:
        self.simulated = SimulatedMiner(style, worker, password, seed=seed)
        """The miner itself: look at it as you like."""
        self.simulated.on_event = lambda event, facts: self._notice()
        super().__init__()
        self._stop = self._call(trio.Event)
        self._call(self._nursery.start_soon, self._mine, address, hashrate)

    async def _mine(self, address: tuple[str, int], hashrate: float) -> None:
        await run_miner(self.simulated, address, stop=self._stop, hashrate=hashrate)

    @property
    def counts(self) -> MinerCounts:
        """Its shares and jobs."""
        return self.simulated.counts

    @property
    def violations(self) -> list[Violation]:
        """What the server did that it must not."""
        return self.simulated.violations

    def wait_accepted(self, shares: int, seconds: float = PATIENCE) -> None:
        """Wait until the server took so many shares.

        Raises:
            TimeoutError: it did not; says what the miner saw.
        """
        try:
            self.wait(lambda: self.counts.accepted >= shares, seconds)
        except TimeoutError:
            raise TimeoutError(
                f"{self.counts.accepted} of {shares} shares accepted in {seconds:g} s: "
                f"{self.simulated.connects} connections, {self.counts.jobs} jobs, "
                f"{dict(self.counts.rejected)} rejected, {self.violations}"
            ) from None
