"""A tenant's machines in a period, and when each of them was there, from the ledger."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import pairwise

from stratumproxy.ledger.schema import DAYS
from stratumproxy.ledger.served import Block, Machine, Served
from stratumproxy.statement.presence import GONE_SECONDS, Presence, Stretch, stretches

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
    contested = {id for id, those in others.items() if those}
    holed = {
        machine.id
        for machine in found
        if (machine.last - machine.first) // DAY + 1 - machine.days >= GONE_SECONDS // DAY
    }
    days = served.days(contested | holed, first, last)
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


def _merged(parts: Iterable[list[Block]]) -> list[Block]:
    """Blocks of several workers as those of one name, in order, cut where one begins or ends."""
    several = [part for part in parts if part]
    if len(several) == 1:
        return several[0]
    blocks = [block for part in several for block in part]
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
    """With hours in place of the days in which a name changed hands, where these are kept."""
    cut = {id: _cut(blocks) for id, blocks in named.items()}
    wanted: dict[int, set[int]] = defaultdict(set)
    for blocks in cut.values():
        for block, changed in blocks:
            if changed:
                wanted[block.start] |= block.proven.keys()
    hours = {day: served.hours(workers, day) for day, workers in sorted(wanted.items())}
    found = {}
    for id, blocks in cut.items():
        finer = []
        for block, changed in blocks:
            of_day = hours[block.start] if changed else {}
            finer += _merged(of_day.get(worker, []) for worker in block.proven) or [block]
        found[id] = finer
    return found


def _cut(blocks: Iterable[Block]) -> list[tuple[Block, bool]]:
    """With days in which the name changed hands by themselves, each with whether it is one."""
    cut: list[tuple[Block, bool]] = []
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
