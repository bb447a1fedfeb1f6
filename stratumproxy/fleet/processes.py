"""The processes of the data plane: what each told last, and what is left of those that are gone."""

from collections import OrderedDict
from dataclasses import dataclass, field

from stratumproxy.fleet.hashrate import FINEST, HASHES_PER_DIFFICULTY, Figure
from stratumproxy.telemetry.records import MinerRecord
from stratumproxy.telemetry.snapshot import Snapshot, merge

TOGETHER = 1.0
"""Seconds after this process that a run may have started and still be one that another was told of
before: its first snapshot comes so late."""

REMEMBERED = 64
"""Ended runs that are still known as such: none of their miners comes back by a late batch."""


@dataclass(slots=True)
class Process:
    """One run of one process."""

    number: int
    """As the supervisor counts them."""
    run: str
    """Differs from that of every other, at whatever site."""
    heard: float
    """When it told anything last."""
    seq: int = 0
    """The newest batch that was counted."""
    complete_since: float | None = None
    """From when on all that it did is counted here; None before the first batch."""
    snapshot: Snapshot | None = None
    started: float | None = None
    """When it started; None before its first snapshot."""
    counted: tuple[float, float, int] = (0.0, 0.0, 0)
    """From when on it is counted here, and the work and shares that it had by then."""
    shown: float = 0.0
    """When its snapshot was taken."""
    miners: dict[int, MinerRecord] = field(default_factory=dict)
    strangers: set[int] = field(default_factory=set)
    """Of these, the ids of those without a worker on the roll."""
    site: str = ""
    """Where it is; empty before its first batch."""

    def miner_id(self, miner: MinerRecord) -> str:
        """What the API calls a miner."""
        return f"{self.number}-{self.run}:{miner.id}"


class Processes:
    """All of them, by their run: that another has the same number says nothing of it."""

    def __init__(self) -> None:
        self.running: dict[str, Process] = {}
        self._ended: OrderedDict[str, Process] = OrderedDict()
        self._past: Snapshot | None = None
        self.before: Snapshot | None = None
        """What had been counted already by the runs that were there before this process."""
        self.counted: dict[str, int] = {}
        """The newest batch of runs that others counted before us."""
        self.took_over = False
        """Whether any of those still runs: then not all miners are new since."""

    def named(self) -> dict[str, Process]:
        """Those that run, by what an operator calls them: a number, and its site if there are
        others. Of two with one name the newer one: the other has ended, and it was not told yet.
        """
        several = len({process.site for process in self.running.values()}) > 1
        return {
            f"{process.number} at {process.site}" if several else str(process.number): process
            for process in self.running.values()
        }

    def ended(self, run: str) -> Process | None:
        """That run, if it has ended and is remembered."""
        return self._ended.get(run)

    def start(self, number: int, run: str, now: float) -> Process:
        """A run that was not known yet."""
        seq = self.counted.pop(run, 0)
        self.took_over |= seq > 0
        process = self.running[run] = Process(number, run, now, seq)
        return process

    def show(self, process: Process, snapshot: Snapshot, now: float, began: float) -> None:
        """How a run stands now.

        Args:
            process: it.
            snapshot: what it tells.
            now: the time.
            began: when this process, which is told, did.
        """
        if process.started is None:
            process.started = now - snapshot.uptime
            process.counted = max(process.started, began), 0.0, 0
            if process.started < began + TOGETHER:
                self.before = merge([self.before, snapshot]) if self.before else snapshot
                process.counted = now, snapshot.work, snapshot.accepted
        process.snapshot, process.shown = snapshot, now

    def shown(self) -> Figure:
        """The hashrate of those that run, by what they counted since they are counted here."""
        rate, longest, shares = 0.0, 0.0, 0
        for process in self.running.values():
            since, work, accepted = process.counted
            seconds = process.shown - since
            if process.snapshot is not None and seconds > 0:
                rate += (process.snapshot.work - work) * HASHES_PER_DIFFICULTY / seconds
                shares += process.snapshot.accepted - accepted
                longest = max(longest, seconds)
        return Figure(rate if longest >= FINEST else None, longest, shares, None)

    def end(self, run: str, now: float) -> Process:
        """A run is gone; it is given back with the miners it had. One that was never heard of is
        remembered, too: what it told may be on its way.
        """
        if (gone := self._ended.get(run)) is not None:
            return gone
        process = self.running.pop(run, None)
        if process is None:
            process = Process(0, run, now, self.counted.pop(run, 0))
        if process.snapshot is not None:
            past = process.snapshot.past()
            self._past = merge([self._past, past]) if self._past is not None else past
        self._ended[run] = process
        if len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        return process

    def snapshot(self) -> Snapshot | None:
        """All together, the past included; None before the first snapshot."""
        known = [process.snapshot for process in self.running.values() if process.snapshot]
        if self._past is not None:
            known.append(self._past)
        return merge(known) if known else None
