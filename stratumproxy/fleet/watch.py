"""Looks at the proxy again and again: since when each condition holds, and which begin and end."""

from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

from stratumproxy.fleet.conditions import (
    Condition,
    Dropped,
    Picture,
    PoolOrder,
    conditions,
)
from stratumproxy.fleet.fleet import Fleet
from stratumproxy.telemetry.clock import Jump
from stratumproxy.telemetry.sink import SinkState

LATELY = 300.0
"""Seconds after something was dropped for which that holds: long enough for somebody to see it who
looks now and then, and for Prometheus to ask several times."""

SAME = 5.0
"""Seconds by which two beginnings of one condition may differ: they are reckoned anew each time."""

SETTLED = 5.0
"""Seconds after the start from which on the log tells: until then processes are still to be heard
of, and pools to connect."""

TOLD_EVERY = 60.0
"""Seconds from one line about a beginning to the next of the same, however often it comes and goes;
what lasts is told in the end."""


class Turn(NamedTuple):
    """A condition that the log is to be told of."""

    condition: Condition
    lasted: float | None
    """Seconds, if it is over; None if it begins."""


class Watch:
    """The conditions of one proxy, for everybody who shows them.

    Args:
        fleet: what the data plane tells.
        sinks: asked for how the sinks do.
        orders: asked for the operator's orders of pools that are in force.
        jump: asked for the jump of the wall clock that lasts.
        lines_lost: asked for the lines of the log that this process could not write.
    """

    def __init__(
        self,
        fleet: Fleet,
        *,
        sinks: Callable[[], Sequence[SinkState]] = tuple,
        orders: Callable[[], Sequence[PoolOrder]] = tuple,
        jump: Callable[[], Jump | None] = lambda: None,
        lines_lost: Callable[[], int] = int,
    ) -> None:
        self._fleet = fleet
        self._sinks = sinks
        self._orders = orders
        self._jump = jump
        self._lines_lost = lines_lost
        self._dropped: dict[str, _Stretch] = {}
        self._known: dict[tuple[str, str], Condition] = {}
        self._told: dict[tuple[str, str], Condition] = {}
        """Those whose beginning the log was told, and whose end it was not."""
        self._told_at: dict[tuple[str, str], float] = {}

    def look(self, now: float) -> list[Condition]:
        """All that holds now, the worst first; each says since when.

        Args:
            now: even time.
        """
        picture = Picture(
            now,
            self._fleet.processes.named(),
            self._orders(),
            self._sinks(),
            self._lately(now),
            self._jump(),
        )
        found = [self._dated(each, now) for each in conditions(picture)]
        self._known = {(each.kind, each.subject): each for each in found}
        return found

    def turns(self, now: float) -> list[Turn]:
        """Look, and say what the log is to be told since this was called last."""
        current = {(each.kind, each.subject): each for each in self.look(now)}
        if now - self._fleet.started < SETTLED:
            return []
        turns = []
        for key in [key for key in self._told if key not in current]:
            over = self._told.pop(key)
            turns.append(Turn(over, now - (over.since or now)))
        self._told_at = {key: at for key, at in self._told_at.items() if now - at < TOLD_EVERY}
        for key, each in current.items():
            if key not in self._told and key not in self._told_at:
                turns.append(Turn(each, None))
                self._told[key], self._told_at[key] = each, now
        return turns

    def _dated(self, condition: Condition, now: float) -> Condition:
        known = self._known.get((condition.kind, condition.subject))
        since = now if condition.since is None else condition.since
        if known is not None and known.since is not None:
            same = condition.since is None or abs(condition.since - known.since) < SAME
            since = known.since if same else since
        return condition._replace(since=since)

    def dropped(self) -> dict[str, int]:
        """What there was no room for since this process started, by kind; one of `keys.LOST`.

        What sinks do not have is in their own states.
        """
        processes = self._fleet.processes
        lines = self._lines_lost()
        if (snapshot := processes.snapshot()) is not None:
            lines += snapshot.log_lines_lost
        if processes.before is not None:
            lines -= processes.before.log_lines_lost
        return {**self._fleet.lost, "names": self._fleet.strangers.dropped, "log-lines": lines}

    def _lately(self, now: float) -> dict[str, Dropped]:
        counts = self.dropped()
        counts |= {f"{sink.name} batches": sink.lost for sink in self._sinks()}
        counts |= {
            f"{sink.name} messages": sink.delivered.skipped
            for sink in self._sinks()
            if sink.delivered is not None
        }
        for kind, count in counts.items():
            stretch = self._dropped.setdefault(kind, _Stretch())
            stretch.see(count, now)
        return {
            kind: Dropped(each.count, each.since)
            for kind, each in self._dropped.items()
            if now - each.rose < LATELY
        }


class _Stretch:
    """A counter, and when it rose."""

    def __init__(self) -> None:
        self.count = 0
        self.since = self.rose = -inf

    def see(self, count: int, now: float) -> None:
        """It stands at that."""
        if count > self.count:
            if now - self.rose >= LATELY:
                self.since = now
            self.rose = now
        self.count = count
