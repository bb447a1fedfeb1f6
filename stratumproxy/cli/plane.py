"""The control plane put together: channels, the fleet's picture, sinks, and the API on it."""

import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
import trio

from stratumproxy.cli.accounts import Accounts
from stratumproxy.cli.baseline import Baseline
from stratumproxy.cli.before import Before
from stratumproxy.cli.given_up import is_given_up
from stratumproxy.cli.past import keep_orders, known_orders
from stratumproxy.cli.suspects import Suspects
from stratumproxy.config import Config
from stratumproxy.config.groups import groups_by
from stratumproxy.control.control import Control
from stratumproxy.errors import SinkError, StratumProxyError
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.conditions import PoolOrder
from stratumproxy.ledger import Ledger, LedgerReader, Standing
from stratumproxy.ledger.database import put_together
from stratumproxy.ledger.owner import Owner
from stratumproxy.net.unblocked import lines_lost
from stratumproxy.telemetry.clock import Clock
from stratumproxy.telemetry.records import Batch
from stratumproxy.telemetry.sink import Delivered, Sink
from stratumproxy.web.app import make_app
from stratumproxy.web.server import serve

API_PAUSE = 5.0
"""Seconds until the API is started again."""

KEEP_SECONDS = 3.0
"""At the stop, for what was found since it was kept last: what splits owe, which workers are slow,
an order. On a machine where much else stops as well, one fsync may take a second."""

CLOSE_SECONDS = 2.0
"""At the end, for the API to be gone, and then for the ledger to be left as one file."""


class Plane:
    """The control plane of one proxy.

    Args:
        config: what is kept and shown.
        sockets: the control plane's end of each mining process's channel.
        run: differs from one start to the next.
        clock: of this process.
        supervisor: who reads the configuration again, if anybody does.
        live: the runs there are, by who started them; None if nobody says.
    """

    def __init__(
        self,
        config: Config,
        sockets: Sequence[socket.socket],
        *,
        run: str,
        clock: Clock,
        supervisor: int | None = None,
        live: Collection[str] | None = None,
    ) -> None:
        self._config = self._newest = config
        self._clock = clock
        self._live = live
        self.fleet = Fleet(clock.now())
        path = config.ledger.path
        self._reader = LedgerReader(path, given_up=is_given_up) if path else None
        self._reading = trio.CapacityLimiter(1)
        self._owner = Owner(path)
        self._ledger = Ledger(config.ledger, clock, self._owner) if path else None
        self._keeper = trio.CapacityLimiter(1)
        self.control = Control(
            run,
            sockets,
            fleet=self.fleet,
            sinks=_sinks(config, self._ledger),
            supervisor=supervisor,
            clock=clock,
            keep_orders=self._keep_orders,
            lines_lost=lines_lost,
            site=config.place,
        )
        self._before = Before(path, self._owner, self.fleet, clock, self._go_on, self._reading)
        self._baseline = Baseline(self.fleet, path, self._owner, clock, self._reading)
        self._accounts = Accounts(self.control.splits, path, self._owner, clock)
        self._suspects = Suspects(
            self.control.splits, self.control.accused, self._reader, clock.unix, self._reading
        )
        self.control.orders.here["accept"] = self._baseline.accept

    def heed(self, config: Config) -> None:
        """A newer configuration holds: of ours, what statements go by."""
        self._newest = config

    async def run(self, stop: trio.Event, api: socket.socket | None) -> None:
        """Keep and show until `stop`, or until the channels are at their end.

        Args:
            stop: when set, what has come is kept, and the API ends within a second.
            api: listens for the API; closed in the end.
        """
        ending = trio.Event()

        async def end_with(stop: trio.Event) -> None:
            await stop.wait()
            ending.set()

        async with trio.open_nursery() as showing:
            if api is not None:
                showing.start_soon(self._show, api, ending)
            async with trio.open_nursery() as keeping:
                keeping.start_soon(self._recall)
                await self._before.stood.wait()
                keeping.start_soon(end_with, stop)
                keeping.start_soon(self._accounts.run)
                keeping.start_soon(self._suspects.run)
                await self.control.run(stop)
                keeping.cancel_scope.cancel()
            ending.set()
            with trio.move_on_after(KEEP_SECONDS):
                async with trio.open_nursery() as last:
                    last.start_soon(self._baseline.keep)
                    last.start_soon(self.control.preference.keep)
                    last.start_soon(self._accounts.finish)
            showing.cancel_scope.deadline = trio.current_time() + CLOSE_SECONDS
        with trio.move_on_after(CLOSE_SECONDS):
            # It begins when all threads that were given up have ended, and closed what they read.
            await trio.to_thread.run_sync(
                self._close, abandon_on_cancel=True, limiter=self._reading
            )

    def _go_on(self, standing: Standing) -> None:
        """Go on with how the ledger stands, before anything more is kept in it."""
        self.fleet.processes.counted.update(standing.counted)
        if self._live is not None:
            places = "", self._config.place
            self.control.ended(
                [
                    name
                    for name, run in standing.not_ended.items()
                    if name not in self._live and run.site in places
                ]
            )
        self.control.preference.recall(known_orders(standing.orders, self._clock))
        self._accounts.recall(standing.splits)

    async def _keep_orders(self, orders: Sequence[PoolOrder]) -> bool:
        """Keep the operator's orders of pools for the next start; whether they could be."""
        if not self._config.ledger.path:
            return False

        def keep() -> None:
            self._owner.claim()
            keep_orders(self._config.ledger.path, orders, self._clock)

        try:
            await trio.to_thread.run_sync(keep, abandon_on_cancel=True, limiter=self._keeper)
        except SinkError as error:
            structlog.get_logger().warning("an order can't be kept", problem=str(error))
            return False
        return True

    async def _recall(self) -> None:
        """Add what workers did before this process began, once it is known; then what is usual."""
        await self._before.run()
        await self._baseline.run()

    async def _show(self, api: socket.socket, ending: trio.Event) -> None:
        """Serve the API, and again if that ends by a mistake: it must not end what is kept."""
        with api:
            while not ending.is_set():
                try:
                    await self._serve(api, ending)
                except Exception:
                    structlog.get_logger().exception(
                        "the API has failed and is started again; please report it",
                        again_in_seconds=API_PAUSE,
                    )
                    with trio.move_on_after(API_PAUSE):
                        await ending.wait()

    async def _serve(self, api: socket.socket, ending: trio.Event) -> None:
        make = partial(
            make_app,
            self.fleet,
            config=self._config.api,
            tenants=self._config.tenant,
            groups_of=groups_by(self._config.groups.pattern),
            clock=self._clock.now,
            unix=self._clock.unix,
            ledger=self._reader,
            orders=self.control.orders,
            sinks=self.control.sinks,
            watch=self.control.watch,
            whole=lambda: self._newest,
        )
        # It reads the token and the page, and nobody waits for a disk.
        app: Any = await trio.to_thread.run_sync(make, abandon_on_cancel=True)
        with trio.socket.from_stdlib_socket(api.dup()) as sock:
            listeners, most = [trio.SocketListener(sock)], self._config.api.connections
            await serve(app, listeners, ending, connections=most)

    def _close(self) -> None:
        """Leave the ledger as one file: whoever has it open last has to see to that."""
        if self._ledger is not None and self._reader is not None:
            self._reader.close()
            self._ledger.close()  # nobody has, if what it was given last took too long
            with suppress(SinkError):
                put_together(self._config.ledger.path)
        self._owner.release()


class OpenedLater:
    """A sink that is opened when it is first given something.

    So one that can't be opened is a sink that keeps nothing for now, and no reason not to start.

    Args:
        opened: opens it.
    """

    def __init__(self, opened: Callable[[], Sink]) -> None:
        self._opened = opened
        self._sink: Sink | None = None

    def take(self, batches: Sequence[Batch]) -> None:
        """Open it, if it is not open, and have it keep batches.

        Raises:
            SinkError: it can't be opened, or can't keep them.
        """
        if self._sink is None:
            try:
                self._sink = self._opened()
            except StratumProxyError as error:
                raise SinkError(str(error)) from None
        self._sink.take(batches)

    def delivered(self) -> Delivered | None:
        """How it does at handing on what it keeps, once it is open."""
        return None if self._sink is None else self._sink.delivered()

    def close(self) -> None:
        """Let go of what was opened."""
        if self._sink is not None:
            self._sink.close()


def _sinks(config: Config, ledger: Ledger | None) -> dict[str, Sink]:
    sinks: dict[str, Sink] = {}
    if ledger is not None:
        sinks["ledger"] = ledger
    if config.kafka.brokers:
        from stratumproxy.kafka.sink import KafkaSink  # whoever has no Kafka need not load this

        sinks["kafka"] = OpenedLater(lambda: KafkaSink(config.kafka))
    return sinks
