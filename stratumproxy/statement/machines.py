"""A tenant's machines in a period, and when each of them was there, from the ledger."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import pairwise, zip_longest
from operator import attrgetter

from stratumproxy.ledger.schema import DAYS
from stratumproxy.ledger.served import Block, Machine, Served
from stratumproxy.statement.presence import (
    GONE_SECONDS,
    Presence,
    Stretch,
    is_several,
    next_owner,
    stretches,
)

DAY = DAYS.step


def machines(served: Served, since: int, until: int) -> tuple[dict[int, str], Presence]:
    """Names by worker, in order, and when each was there. Some were there before, and are down.

    Args:
        served: of the tenant.
        since: Unix seconds.
        until: alike.
    """
    first, last = (since - GONE_SECONDS) // DAY * DAY, -(-until // DAY) * DAY
    found = served.machines(first, last)
    own = {machine.id for machine in found}
    others = {id: those for id, those in served.others().items() if id in own}
    rivals = served.days({other for those in others.values() for other in those}, first, last)
    others = {id: [one for one in those if one in rivals] for id, those in others.items()}
    holed = {
        machine.id
        for machine in found
        if (machine.last - machine.first) // DAY + 1 - machine.days >= GONE_SECONDS // DAY
    }
    days = served.days({id for id, those in others.items() if those} | holed, first, last)
    others = _lent(served, others, days | rivals)
    contested = {id for id, those in others.items() if those}
    blocks = {id: days[id] for id in contested | holed}
    blocks |= _by_hour(
        served, {id: _merged([blocks[id], *(rivals[o] for o in others[id])]) for id in contested}
    )
    there = {machine.id: _there(machine, blocks.get(machine.id)) for machine in found}
    inside = {
        id: [each for each in those if each.since < until and each.until > since]
        for id, those in there.items()
    }
    names = {machine.id: machine.name for machine in found if inside[machine.id]}
    return names, Presence({id: inside[id] for id in names}, since, until)


def _there(machine: Machine, blocks: list[Block] | None) -> list[Stretch]:
    if blocks is None:
        # No silence is long enough to count as gone, so what is between makes no difference.
        seconds = machine.last + DAY - machine.first
        blocks = [Block(machine.first, seconds, {machine.id: 1.0})]
    return stretches(blocks, machine.id, machine.since)


def _lent(
    served: Served, others: dict[int, list[int]], days: dict[int, list[Block]]
) -> dict[int, list[int]]:
    """Without those others that are another machine.

    One that is lent proves no more than passes, be it in a day or in all in which both mine.
    """
    shared: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for id, those in others.items():
        for other in those:
            for start, seconds, of in _merged([days[id], days[other]]):
                for day in range(start, start + seconds, DAY) if len(of) > 1 else ():
                    shared[day].add((id, other))
    proven: dict[tuple[int, int], list[float]] = defaultdict(list)
    for day, pairs in sorted(shared.items()):
        found = served.days({worker for pair in pairs for worker in pair}, day, day + DAY)
        each = {id: block.proven[id] for id, blocks in found.items() for block in blocks}
        for one, other in pairs:
            proven[one, other].append(each[one] + each[other])
    two = {
        pair
        for pair, of_days in proven.items()
        if is_several(max(of_days), DAY) or is_several(sum(of_days), len(of_days) * DAY)
    }
    return {id: [one for one in those if (id, one) not in two] for id, those in others.items()}


def _merged(parts: Iterable[list[Block]]) -> list[Block]:
    """Blocks of several workers as those of one name, in order, cut where one begins or ends."""
    several = [part for part in parts if part]
    if len(several) == 1:
        return several[0]
    blocks = sorted((block for part in several for block in part), key=attrgetter("start"))
    if all(one.start + one.seconds <= other.start for one, other in pairwise(blocks)):
        return blocks
    edges = sorted({edge for each in blocks for edge in (each.start, each.start + each.seconds)})
    merged = []
    for begin, end in pairwise(edges):
        proven = {
            worker: seconds * (end - begin) / block.seconds
            for block in blocks
            if block.start <= begin and end <= block.start + block.seconds
            for worker, seconds in block.proven.items()
        }
        if proven:
            merged.append(Block(begin, end - begin, proven))
    return merged


def _by_hour(served: Served, named: dict[int, list[Block]]) -> dict[int, list[Block]]:
    """With hours in place of the days in which a name changed hands, where these are kept.

    A day that is several's is one. So is the first that is somebody's alone, unless it was that
    one's when the day before was over, which is known as soon as that day is there by the hour.
    """
    cut = {id: _cut(blocks) for id, blocks in named.items()}
    cut = _finer(served, cut, several=True)
    cut = {id: list(_handed(blocks)) for id, blocks in cut.items()}
    cut = _finer(served, cut, several=False)
    return {id: [block for block, _ in blocks] for id, blocks in cut.items()}


Cut = list[tuple[Block, bool]]
"""Blocks, and of each whether it is a day in which the name may have changed hands."""


def _finer(served: Served, cut: dict[int, Cut], *, several: bool) -> dict[int, Cut]:
    """With the hours of such days: of those that are several's, or of those that are not."""
    wanted: dict[int, set[int]] = defaultdict(set)
    for blocks in cut.values():
        for block, changed in blocks:
            if changed and (len(block.proven) > 1) == several:
                wanted[block.start] |= block.proven.keys()
    hours = {day: served.hours(workers, day) for day, workers in sorted(wanted.items())}
    found = {}
    for id, blocks in cut.items():
        finer: Cut = []
        for block, changed in blocks:
            if changed and (len(block.proven) > 1) == several:
                of_day = hours[block.start]
                parts = _merged(of_day.get(worker, []) for worker in block.proven) or [block]
                finer += [(part, False) for part in parts]
            else:
                finer.append((block, changed))
        found[id] = finer
    return found


def _handed(blocks: Cut) -> Iterable[tuple[Block, bool]]:
    """Without those days that begin and end as they are all through: the one's whose it was."""
    owner, end = 0, 0
    for (block, changed), (after, _) in zip_longest(blocks, blocks[1:], fillvalue=(NEVER, False)):
        over = block.start + block.seconds
        within = end == block.start and over == after.start and block.proven.keys() == {owner}
        yield block, changed and not within
        owner, end = next_owner(block.proven, owner), over


NEVER = Block(0, 0, {})


def _cut(blocks: Iterable[Block]) -> Cut:
    """With days in which the name may have changed hands by themselves."""
    cut: Cut = []
    before: Collection[int] | None = None
    for start, seconds, proven in blocks:
        changed = before is not None and proven.keys() != before
        days = seconds // DAY if len(proven) > 1 else int(changed)
        part = {worker: of * DAY / seconds for worker, of in proven.items()}
        cut += [(Block(start + n * DAY, DAY, part), True) for n in range(days)]
        if days * DAY < seconds:
            rest = seconds - days * DAY
            left = {worker: of * rest / seconds for worker, of in proven.items()}
            cut.append((Block(start + days * DAY, rest, left), False))
        before = proven.keys()
    return cut
