"""When a machine was there to mine: the time that its uptime is measured against.

The ledger knows of machines by their shares alone. So a machine is there from its first share on,
and until it has been silent for `GONE_SECONDS`: then it was taken away, and before that it is down.
If another tenant's machine of that name mines, it changed hands: it is that tenant's from there on;
unless both mine at a time, which shows by what they prove: then each tenant has one of that name.
What is so of a moment depends on what was before it and not on what is asked for, so the parts of
any period add up. (Of two that have one name that holds once they are known to be two.)
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from stratumproxy.ledger.served import Block

GONE_SECONDS = 14 * 86_400
"""Silence after which a machine is not there any more."""


TWICE = 1.02
"""How much of the time that passed one machine may prove, told late at an edge."""

LATE_SECONDS = 6 * 3600.0
"""A gap between two shares counts when it is over, and no longer one does."""


def is_several(proven: float, seconds: float) -> bool:
    """Whether more was proved in a time than one machine can.

    Args:
        proven: seconds.
        seconds: how long the time was.
    """
    return proven > TWICE * seconds + LATE_SECONDS


class Stretch(NamedTuple):
    """A time in which a machine was there."""

    since: float
    until: float
    weight: float = 1.0
    """The part of it that is this tenant's: less than 1 in an hour in which it changed hands."""


def stretches(blocks: Iterable[Block], worker: int, heard: float) -> list[Stretch]:
    """When a name was a tenant's machine.

    Args:
        blocks: in which shares of that name counted, in order.
        worker: the name as this tenant's.
        heard: when the ledger first heard of it as this tenant's.
    """
    found: list[Stretch] = []
    owner, at = 0, 0.0
    for block in blocks:
        end = block.start + block.seconds
        if owner == worker and at < block.start:
            found.append(Stretch(at, min(block.start, at + GONE_SECONDS)))
        if worker in block.proven:
            # What nobody had before is there from when it was first heard of.
            new = not owner or at + GONE_SECONDS <= block.start
            begin = heard if new and block.start < heard < end else block.start
            found.append(Stretch(begin, end, _part(block.proven, worker)))
        owner, at = next_owner(block.proven, owner), end
    if owner == worker:
        found.append(Stretch(at, at + GONE_SECONDS))
    return _joined(found)


def _part(proven: Mapping[int, float], worker: int) -> float:
    total = sum(proven.values())
    return proven[worker] / total if total else 1 / len(proven)


def next_owner(proven: Mapping[int, float], owner: int) -> int:
    """Whose a name is when a block is over: it changed hands in one that is several's."""
    others = {worker: seconds for worker, seconds in proven.items() if worker != owner} or proven
    return max(others, key=lambda worker: (others[worker], worker))


def _joined(parts: Sequence[Stretch]) -> list[Stretch]:
    joined: list[Stretch] = []
    for part in parts:
        if joined and joined[-1].until >= part.since and joined[-1].weight == part.weight:
            joined[-1] = joined[-1]._replace(until=max(joined[-1].until, part.until))
        else:
            joined.append(part)
    return joined


class Presence:
    """How long machines were there, each and all together, in a period.

    Args:
        machines: by worker; each was there at some time of it.
        since: when the period begins.
        until: when it ends.
    """

    def __init__(
        self, machines: Mapping[int, Sequence[Stretch]], since: float, until: float
    ) -> None:
        self.machines = machines
        self.always = {
            worker
            for worker, ((begin, end, weight), *_) in machines.items()
            if begin <= since and end >= until and weight == 1
        }
        """Those that were there all the time."""
        steps: dict[float, float] = {}
        for each in machines.values():
            for since, until, weight in each:
                steps[since] = steps.get(since, 0.0) + weight
                steps[until] = steps.get(until, 0.0) - weight
        self._times = sorted(steps)
        self._counts = list(accumulate(steps[at] for at in self._times))
        spans = zip(self._times, self._times[1:], self._counts, strict=False)
        self._sums = [0.0, *accumulate((end - begin) * count for begin, end, count in spans)]

    def seconds(self, worker: int, since: float, until: float) -> float:
        """Of a machine, between two times in the period."""
        if worker in self.always:
            return until - since
        return sum(
            max(0.0, min(until, end) - max(since, begin)) * weight
            for begin, end, weight in self.machines[worker]
        )

    def total(self, since: float, until: float) -> float:
        """Of all together."""
        return self._until(until) - self._until(since)

    def _until(self, at: float) -> float:
        place = bisect_right(self._times, at) - 1
        if place < 0:
            return 0.0
        return self._sums[place] + (at - self._times[place]) * self._counts[place]
