"""The control plane put together: channels, the fleet's picture, sinks, and the API on it."""

import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
import trio

from stratumproxy.config import Config
from stratumproxy.control.control import Control
from stratumproxy.errors import SinkError, StratumProxyError
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.fleet import Done, Earlier
from stratumproxy.ledger import Ledger
from stratumproxy.ledger.buckets import Sums
from stratumproxy.ledger.history import Totals
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.telemetry.records import Batch
from stratumproxy.telemetry.sink import Sink
from stratumproxy.web.app import make_app
from stratumproxy.web.metrics import SinkState
from stratumproxy.web.serve import serve


class Plane:
    """The control plane of one proxy.

    Args:
        config: what is kept and shown.
        sockets: the control plane's end of each worker's channel.
        run: differs from one start to the next.
        clock: the time in Unix seconds.
        supervisor: who reads the configuration again, if anybody does.
    """

    def __init__(
        self,
        config: Config,
        sockets: Sequence[socket.socket],
        *,
        run: str,
        clock: Callable[[], float],
        supervisor: int | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self.fleet = Fleet(clock())
        path = config.ledger.path
        self._reader = LedgerReader(path) if path else None
        self.control = Control(
            run,
            sockets,
            fleet=self.fleet,
            sinks=_sinks(config),
            supervisor=supervisor,
            clock=clock,
        )

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
                showing.start_soon(self._serve, api, ending)
            async with trio.open_nursery() as keeping:
                keeping.start_soon(end_with, stop)
                await self.control.run(stop)
                keeping.cancel_scope.cancel()
            ending.set()

    async def warm(self) -> None:
        """Take from the ledger what the workers did before this process began."""
        now = self._clock()
        try:
            totals = await trio.to_thread.run_sync(self._totals, now)
        except SinkError as error:
            structlog.get_logger().warning(
                "the last day is not known: the ledger can't be read", problem=str(error)
            )
            return
        if totals is None:
            return
        self.fleet.warm(
            (
                Earlier(name, each.since, each.last, _done(each.hour), _done(each.day))
                for name, each in totals.workers.items()
            ),
            now,
            hour_since=totals.hour_since,
            day_since=totals.day_since,
            counted={},
        )

    def _totals(self, now: float) -> Totals | None:
        """What the ledger has of the last day; None if there is none yet."""
        if self._reader is None or not Path(self._config.ledger.path).exists():
            return None
        return self._reader.totals(now)

    async def _serve(self, api: socket.socket, ending: trio.Event) -> None:
        app: Any = make_app(
            self.fleet,
            config=self._config.api,
            clock=self._clock,
            ledger=self._reader,
            orders=self.control.orders,
            sinks=self._sink_states,
        )
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(api))
        await serve(app, [listener], ending)

    def _sink_states(self) -> list[SinkState]:
        return [
            SinkState(each.name, each.ok, each.kept_at, each.failures)
            for each in self.control.sinks()
        ]


def _done(sums: Sums) -> Done:
    return Done(sums.work, sums.accepted, sums.rejected)


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

    def close(self) -> None:
        """Let go of what was opened."""
        if self._sink is not None:
            self._sink.close()


def _sinks(config: Config) -> dict[str, Sink]:
    sinks: dict[str, Sink] = {}
    if config.ledger.path:
        sinks["ledger"] = Ledger(config.ledger)
    if config.kafka.brokers:
        from stratumproxy.kafka.sink import KafkaSink  # whoever has no Kafka need not load this

        sinks["kafka"] = OpenedLater(lambda: KafkaSink(config.kafka))
    return sinks
