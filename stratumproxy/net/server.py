"""The server: the core, the sockets, and the tasks between them."""

import random
import socket
import time
from collections.abc import AsyncIterable, Callable, Sequence
from contextlib import nullcontext

import structlog
import trio

from stratumproxy import shares
from stratumproxy.config import Config
from stratumproxy.errors import ConfigError
from stratumproxy.net import sockets
from stratumproxy.net.link import PoolLink
from stratumproxy.net.listeners import open_listeners
from stratumproxy.net.port import MinerPort
from stratumproxy.net.probe import ask_for_names
from stratumproxy.net.telemetry import Telemetry, of_this_process
from stratumproxy.proxy.orders import Orders
from stratumproxy.proxy.proxy import Proxy
from stratumproxy.proxy.report import Report
from stratumproxy.proxy.sweep import SWEEP
from stratumproxy.telemetry.snapshot import Snapshot
from stratumproxy.upstream.channel import Channel
from stratumproxy.upstream.login import Login

FAN_OUT_SLICE = 256
"""Miners sent a job before shares get their turn: some 3 ms."""

JUDGE_EVERY = 0.1
LET_GO_A_SECOND = 200
"""Miners that must reconnect are let go at this pace, so that they come back at it."""


class Server:
    """One proxy on its sockets. Made by `serve`.

    Args:
        config: what to serve.
        listeners: bound and listening.
        clock: seconds.
        telemetry: the channel to the control plane, if there is one.
    """

    def __init__(
        self,
        config: Config,
        listeners: Sequence[socket.socket],
        clock: Callable[[], float],
        telemetry: Telemetry | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._log = structlog.get_logger()
        self._links: dict[Channel, trio.CancelScope] = {}
        self._fan_out = trio.Event()
        self._settled = trio.Event()
        self._nursery: trio.Nursery | None = None
        self._telemetry = telemetry
        self.proxy = Proxy(
            config,
            self,
            clock(),
            first_job=int(time.time()),
            notices=self._log,
            recorder=telemetry.recorder if telemetry is not None else None,
        )
        self.port = MinerPort(
            self.proxy,
            listeners,
            clock=clock,
            listens=config.listen,
            connections=config.limits.connections,
            out_limit=config.limits.out_buffer_bytes,
            notices=self._log,
        )
        self.report = Report(self.proxy)

    def log_start(self, addresses: list[tuple[str, int]]) -> None:
        """Say what is served and how."""
        if not shares.NATIVE:
            self._log.warning(
                "shares are checked in Python, some ten times slower than in C",
                why=shares.why_not_native,
            )
        if not sockets.NATIVE:
            self._log.info("sockets are served from Python, which costs some more than from C")
        for host, port in addresses:
            self._log.info("listening for miners", host=host, port=port, kernel=shares.kernel())

    # -- what the core asks for ------------------------------------------------------------------

    def session_wanted(self, channel: Channel) -> None:
        """Keep a session for this channel, from now on."""
        assert self._nursery is not None
        proxy, pool = self.proxy, channel.pool
        link = PoolLink(
            channel, lambda: proxy.least_of(pool), proxy.notices, self._clock, self.port.turn
        )
        scope = self._links[channel] = trio.CancelScope()
        self._nursery.start_soon(self._run_link, link, scope)

    def session_unwanted(self, channel: Channel) -> None:
        """The channel's session, or the wait for one, is not needed any more."""
        if scope := self._links.pop(channel, None):
            scope.cancel()

    def serve_soon(self) -> None:
        """There are miners to serve."""
        self._fan_out.set()

    def nothing_in_flight(self) -> None:
        """No share waits for a pool's verdict."""
        self._settled.set()

    def random_bits(self) -> int:
        """32 random bits, for session ids: they need to differ, not to be secret."""
        return random.getrandbits(32)

    async def reconfigure(self, config: Config) -> None:
        """Go on with another configuration; no miner is dropped for it.

        What it listens on is as it was; certificates are read again.
        """
        self._config = config
        self.proxy.reconfigure(config, self._clock())
        self.port.limit(config.limits.connections, config.limits.out_buffer_bytes)
        try:
            await self.port.reload_certificates()
        except ConfigError as error:  # changed since the configuration was read
            self._log.error("certificates stay as they are", problems=error.problems)

    # -- tasks -----------------------------------------------------------------------------------

    async def run(
        self,
        on_snapshot: Callable[[Snapshot], None] | None,
        stop: trio.Event,
        configs: AsyncIterable[Config] | None = None,
    ) -> None:
        """Serve until `stop`, then let go in good order."""
        async with trio.open_nursery() as nursery:
            if self._telemetry is not None:
                orders = Orders(self.proxy, self._clock, self._telemetry.process)
                nursery.start_soon(self._telemetry.run, orders)
            deadline = await self._serve(on_snapshot, stop, configs)
            self.port.close()
            if self._telemetry is not None:
                self._telemetry.show(self.snapshot())
                await self._telemetry.finish(self.proxy, deadline)
            nursery.cancel_scope.cancel()

    async def _serve(
        self,
        on_snapshot: Callable[[Snapshot], None] | None,
        stop: trio.Event,
        configs: AsyncIterable[Config] | None,
    ) -> float:
        """Serve until `stop`, and then until the pools gave their verdicts.

        Returns:
            When `drain_seconds` will have passed, on trio's clock.
        """
        async with trio.open_nursery() as pools:
            self._nursery = pools
            self.proxy.start()
            self._ask_pools()
            pools.start_soon(self._fan_out_jobs)
            pools.start_soon(self._judge)
            pools.start_soon(self._tend, on_snapshot)
            if configs is not None:
                pools.start_soon(self._take_configs, configs)
            async with trio.open_nursery() as miners:
                for listener in self.port.listeners:
                    miners.start_soon(self.port.accept, listener)
                miners.start_soon(self.port.pump)
                await stop.wait()
                # Nobody new, and no more shares: verdicts would be due for ever.
                miners.cancel_scope.cancel()
            self.port.stop_accepting()
            deadline = trio.current_time() + self._config.limits.drain_seconds
            await self._drain(deadline)
            self.proxy.give_up(self._clock())
            pools.cancel_scope.cancel()
        return deadline

    def snapshot(self) -> Snapshot:
        """How things stand."""
        return of_this_process(self.report.snapshot(self._clock()))

    async def _run_link(self, link: PoolLink, scope: trio.CancelScope) -> None:
        with scope:
            await link.run()

    def _ask_pools(self) -> None:
        """Find out whether pools take several names on a session, where names go to them."""
        assert self._nursery is not None
        for login in self.proxy.router.to_ask(self._clock()):
            login.pool.sharing.begin()
            self._nursery.start_soon(self._ask_pool, login)

    async def _ask_pool(self, login: Login) -> None:
        assert login.names is not None
        sharing = login.pool.sharing
        answer, introduced = await ask_for_names(
            login.pool.config, login.names.naming, login.password, self._clock
        )
        if answer.shared is None:
            sharing.fail(answer.why, self._clock())
        else:
            sharing.decide(answer.shared, answer.why, introduced, self._clock())

    async def _take_configs(self, configs: AsyncIterable[Config]) -> None:
        async for config in configs:
            await self.reconfigure(config)

    async def _fan_out_jobs(self) -> None:
        """Send jobs in slices; between two of them every other task gets its turn."""
        while True:
            await self._fan_out.wait()
            self._fan_out = trio.Event()
            more = True
            while more:
                with self.port.turn():
                    more = self.proxy.serve(FAN_OUT_SLICE, self._clock)
                await trio.lowlevel.checkpoint()

    async def _judge(self) -> None:
        """Look at every miner once in `SWEEP` seconds, a few at a time."""
        while True:
            await trio.sleep(JUDGE_EVERY)
            count = int(len(self.proxy.miners) * JUDGE_EVERY / SWEEP) + 1
            self.proxy.look(count, self._clock())
            self.proxy.drain.let_go(int(LET_GO_A_SECOND * JUDGE_EVERY))
            if self._telemetry is not None:
                self._telemetry.tick(self.proxy)

    async def _tend(self, on_snapshot: Callable[[Snapshot], None] | None) -> None:
        while True:
            await trio.sleep(1)
            self.proxy.tend(self._clock())
            self._ask_pools()
            snapshot = self.snapshot()
            if on_snapshot is not None:
                on_snapshot(snapshot)
            if self._telemetry is not None:
                self._telemetry.show(snapshot)

    async def _drain(self, deadline: float) -> None:
        """Wait for the pools' verdicts on what was sent to them, for a moment."""
        with trio.move_on_at(deadline):
            if self.proxy.pending:
                self._settled = trio.Event()
                await self._settled.wait()
        if self._config.limits.reconnect_on_stop:
            await self._ask_to_reconnect(deadline)

    async def _ask_to_reconnect(self, deadline: float) -> None:
        """Send miners away, at a gentle pace as far as there is time for it."""
        left = [miner for miner in self.proxy.miners if miner.mining]
        while left:
            turns = max(1, int((deadline - trio.current_time()) / JUDGE_EVERY))
            count = max(int(LET_GO_A_SECOND * JUDGE_EVERY), -(-len(left) // turns))
            for miner in left[:count]:
                miner.link.send(miner.say_reconnect())
            del left[:count]
            if left:
                await trio.sleep(JUDGE_EVERY)


async def serve(
    config: Config,
    *,
    listeners: Sequence[socket.socket] | None = None,
    on_snapshot: Callable[[Snapshot], None] | None = None,
    stop: trio.Event | None = None,
    configs: AsyncIterable[Config] | None = None,
    telemetry: Telemetry | None = None,
    task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED,
) -> Snapshot:
    """Serve miners on the configured pools.

    Args:
        config: what to serve.
        listeners: sockets that listen already; otherwise they are opened as configured.
        on_snapshot: called once a second.
        stop: when set, accept nobody any more, wait for verdicts that are due (up to
            `drain_seconds`), close, and return.
        configs: what to serve from then on, whenever there is another.
        telemetry: the channel to the control plane, if there is one.
        task_status: started with the (host, port) of each listener, once it listens.

    Returns:
        How things stood at the end.

    Raises:
        StratumProxyError: a listener can't be opened.
    """
    with open_listeners(config) if listeners is None else nullcontext([listeners]) as sets:
        server = Server(config, sets[0], trio.current_time, telemetry)
        addresses = [sock.getsockname()[:2] for sock in sets[0]]
        server.log_start(addresses)
        task_status.started(addresses)
        try:
            await server.run(on_snapshot, trio.Event() if stop is None else stop, configs)
        finally:
            server.port.close()
        return server.snapshot()
