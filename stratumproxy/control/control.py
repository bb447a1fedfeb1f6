"""The control process at work: between the processes' channels, the fleet's picture, and sinks."""

import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, ParamSpec

import structlog
import trio

from stratumproxy.control.accused import Accused
from stratumproxy.control.bans import SharedBans
from stratumproxy.control.channel import Channel
from stratumproxy.control.intake import Gap, Told
from stratumproxy.control.keep import Keep
from stratumproxy.control.limits import SharedLimits
from stratumproxy.control.orders import Orders
from stratumproxy.control.preference import Preference
from stratumproxy.control.reckoning import Reckoning, Untold
from stratumproxy.control.seldom import Seldom
from stratumproxy.control.splits import Row, SharedSplits
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.conditions import KINDS, PoolOrder, Severity
from stratumproxy.fleet.watch import Watch
from stratumproxy.telemetry.bans import Ban, encode_bans
from stratumproxy.telemetry.clock import Clock
from stratumproxy.telemetry.sink import Sink, SinkState
from stratumproxy.telemetry.snapshot import Snapshot

LEAVE_SECONDS = 1.0
"""For what has come to be taken in at the stop."""

FINISH_SECONDS = 3.0
"""For sinks to keep it, then."""

MOST_OVER = 4096
"""Runs that are remembered to be over."""

P = ParamSpec("P")

Level = Literal["info", "warning", "error"]

LEVELS: dict[Severity, Level] = {"critical": "error", "warning": "warning", "notice": "info"}
"""At which the log tells of a condition."""


async def _not_kept(orders: Sequence[PoolOrder]) -> bool:
    return False


class Control:
    """Takes in what mining processes tell, has it kept, and tells them what to do.

    Args:
        run: differs from one start of the control process to the next.
        sockets: this end of each mining process's channel, in their order; non-blocking.
        fleet: the picture that is kept up to date.
        sinks: who keeps records, by name.
        supervisor: the process that reads the configuration again on SIGHUP, if there is one.
        clock: even time for the picture, and the time of day for records.
        keep_orders: keeps the operator's orders of pools for the next start, if there is where to.
        lines_lost: asked for the lines of the log that this process could not write.
        site: where this is, as it is configured.
    """

    def __init__(
        self,
        run: str,
        sockets: Sequence[socket.socket],
        *,
        fleet: Fleet,
        sinks: Mapping[str, Sink],
        supervisor: int | None = None,
        clock: Clock,
        keep_orders: Callable[[Sequence[PoolOrder]], Awaitable[bool]] = _not_kept,
        lines_lost: Callable[[], int] = int,
        site: str = "",
    ) -> None:
        self._fleet = fleet
        self._clock = clock
        self._log = structlog.get_logger()
        self._mistakes = Seldom()
        self._keep = Keep(
            run,
            sinks,
            clock=clock,
            acknowledge=self._acknowledge,
            event=fleet.journal.event,
            site=site,
        )
        self.preference = Preference(
            fleet,
            clock,
            give=lambda arguments: self.orders.to_processes("switch-pool", arguments),
            keep=keep_orders,
            record=self.record,
        )
        self.watch = Watch(
            fleet,
            sinks=self._keep.states,
            orders=lambda: self.preference.orders,
            jump=lambda: clock.jump,
            lines_lost=lines_lost,
        )
        self._over: dict[str, None] = {}
        """Runs that are over, of which it was said so."""
        self._ending: list[str] = []
        self._reckonings = [Reckoning() for _ in sockets]
        self._channels: list[Channel] = []
        self.orders = Orders(run, self._channels, supervisor, self.record)
        self.bans = SharedBans(
            fleet,
            clock.now,
            tell=self._tell_bans,
            give=lambda arguments: self.orders.to_processes("ban", arguments),
            record=self.record,
        )
        self.limits = SharedLimits(range(len(sockets)), self._tell_elsewhere)
        self.splits = SharedSplits(
            range(len(sockets)),
            clock.now,
            give=self._give_splits,
            order=lambda arguments: self.orders.to_processes("weights", arguments),
            order_again=self._order_weights,
            record=self.record,
        )
        self.accused = Accused(self._tell_accused, self.record)
        self.orders.here["switch-pool"] = self.preference.switch
        self.orders.here["ban"] = self.bans.ban
        self.orders.here["weights"] = self.splits.order
        self._channels += (
            Channel(
                process,
                sock,
                asker=run,
                batch=self._batch,
                snapshot=self._snapshot,
                offence=self.bans.offence,
                bans=self.bans.heard,
                done=self.orders.done,
            )
            for process, sock in enumerate(sockets)
        )

    def record(self, level: Level, event: str, **values: object) -> None:
        """Say something in the log, and put it on record, where an error is a warning."""
        getattr(self._log, level)(event, **values)
        self._keep.record("info" if level == "info" else "warning", event, values)

    def sinks(self) -> list[SinkState]:
        """How the sinks do."""
        return self._keep.states()

    def ended(self, runs: Sequence[str]) -> None:
        """Runs are over, says who started them, and may say so more than once.

        They end with the look after the next: by then is read what they had told.
        """
        self._ending += [run for run in runs if run not in self._over]
        self._over.update(dict.fromkeys(runs))
        while len(self._over) > MOST_OVER:
            del self._over[next(iter(self._over))]

    async def run(self, stop: trio.Event) -> None:
        """Work until every channel is at its end, or until `stop`.

        Args:
            stop: when set, no more is read than has come by then. In either case all of that is
                kept before this returns, if the sinks do so in time.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._look)
            nursery.start_soon(self.preference.run)
            for channel in self._channels:
                nursery.start_soon(channel.write)
            async with trio.open_nursery() as keeping:
                keeping.start_soon(self._keep.run)
                async with trio.open_nursery() as reading:
                    nursery.start_soon(self._leave, stop, reading.cancel_scope)
                    for channel in self._channels:
                        reading.start_soon(channel.read)
                self._end(len(self._ending))
                self._keep.finish()
                keeping.cancel_scope.deadline = trio.current_time() + FINISH_SECONDS
            nursery.cancel_scope.cancel()

    async def _leave(self, stop: trio.Event, reading: trio.CancelScope) -> None:
        await stop.wait()
        for channel in self._channels:
            channel.leave()
        reading.deadline = trio.current_time() + LEAVE_SECONDS  # there may be no room for it

    def _end(self, count: int) -> None:
        """End so many of the runs that are over, those that were said first."""
        runs, self._ending = self._ending[:count], self._ending[count:]
        for run in runs:
            self._picture(self._fleet.ended, run, self._clock.now())
            self.limits.ended(run)
            self.splits.ended(run)
        if runs:
            self._keep.ended(runs)

    async def _look(self) -> None:
        while True:
            ending = len(self._ending)
            await trio.sleep(1)
            self._end(ending)
            self._clock.look()
            self._picture(self._fleet.tend, self._clock.now())
            self._picture(self._tell_turns)
            self._picture(self._tell_outages)
            self.limits.look()
            self._picture(self.splits.look)
            self.accused.look()
            self._keep.look()
            for channel in self._channels:
                await channel.look()

    def _tell_turns(self) -> None:
        """Say which conditions begin and end."""
        for condition, lasted in self.watch.turns(self._clock.now()):
            kind = KINDS[condition.kind]
            level = LEVELS[kind.severity]
            values: dict[str, object] = {"condition": condition.kind, "why": condition.why}
            if condition.subject:
                values["subject"] = condition.subject
            if condition.tenant:
                values["tenant"] = condition.tenant
            if lasted is None:
                self.record(level, kind.begins, **values)
            else:
                self.record(level, kind.ends, **values, lasted_seconds=round(lasted))

    def _tell_outages(self) -> None:
        """Tell who is lost and who is back: many as one event, and one for those who debug."""
        for told in self._fleet.outages.tend(self._clock.now()):
            if told.machines == 1:
                self._log.debug(f"a machine is {told.turn}", worker=told.common)
                continue
            began = datetime.fromtimestamp(int(self._clock.unix(told.first)), UTC)
            self.record(
                "warning" if told.turn == "lost" else "info",
                f"machines are {told.turn}",
                machines=told.machines,
                names=f"{told.common}*",
                alike=told.alike,
                began=f"{began:%Y-%m-%dT%H:%M:%SZ}",
                within_seconds=round(told.last - told.first, 1),
            )

    async def _batch(self, process: int, told: Told | Gap) -> None:
        if isinstance(told, Gap):
            self._fleet.lost["batches"] += told.last - told.first + 1
            self._report("batches of a mining process's records are lost", process, told)
            return
        if (untold := self._reckonings[process].told(told.batch)) is not None:
            self._fleet.lost["shares"] += untold.accepted + untold.rejected
            event = "a mining process ended before it told of its last shares"
            self._report(event, process, untold)
        now = self._clock.now()
        self._picture(self._fleet.apply, told.batch, now, now - told.age)
        await self._keep.put(told)

    def _picture(self, change: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Change the picture. A mistake in it must not keep anything from being kept."""
        try:
            change(*args, **kwargs)
        except Exception:
            if self._mistakes.due():
                self._log.exception("the picture of the fleet is not right; please report it")

    def _report(self, event: str, process: int, what: Gap | Untold) -> None:
        """Name what is lost, in the log and on record."""
        self.record("error", event, process=process, **what._asdict())

    def _snapshot(self, process: int, run: str, snapshot: Snapshot) -> None:
        self._reckonings[process].shown(run, snapshot)
        self._picture(self._fleet.snapshot, process, run, snapshot, self._clock.now())
        self.bans.met(process, run)
        self.limits.shown(process, run, snapshot.limited)
        self.accused.met(process, run)
        self._picture(self.splits.shown, process, run, snapshot.splits)

    def _tell_bans(self, bans: Sequence[Ban], process: int | None) -> None:
        for channel in self._channels:
            if process in (None, channel.process):
                for rows in encode_bans(bans):
                    channel.order({"do": "bans", "action": "bans", "bans": rows})

    def _tell_elsewhere(self, process: int, miners: dict[str, int]) -> bool:
        order = {"do": "elsewhere", "action": "elsewhere", "miners": miners}
        return self._channels[process].order(order)

    def _tell_accused(self, process: int, workers: dict[str, list[str]]) -> bool:
        order = {"do": "accused", "action": "accused", "workers": workers}
        return self._channels[process].order(order)

    def _give_splits(self, process: int, run: str, rows: list[Row]) -> bool:
        whose = {"process": f"{process}-{run}", "given": rows}
        return self._channels[process].order({"do": "splits", "action": "splits", **whose})

    def _order_weights(self, process: int, tenant: str, weights: dict[str, float]) -> None:
        what = {"tenant": tenant, "weights": weights}
        self._channels[process].order({"do": "weights", "action": "weights", **what})

    def _acknowledge(self, run: str, seq: int) -> None:
        for channel in self._channels:
            if channel.run == run:
                channel.acknowledge(run, seq)
