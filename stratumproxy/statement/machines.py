"""A tenant's machines in a period, and when each of them was there, from the ledger."""

from collections import defaultdict
from collections.abc import Collection, Iterable

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
    """Blocks of several workers as those of one name, in order."""
    at: dict[tuple[int, int], dict[int, float]] = {}
    for block in (block for part in parts for block in part):
        at.setdefault((block.start, block.seconds), {}).update(block.proven)
    return [Block(*when, proven) for when, proven in sorted(at.items())]


def _by_hour(served: Served, named: dict[int, list[Block]]) -> dict[int, list[Block]]:
    """With hours in place of the days in which a name changed hands, where these are kept."""
    wanted: dict[int, set[int]] = defaultdict(set)
    changed: dict[int, set[int]] = defaultdict(set)
    for id, blocks in named.items():
        before: Collection[int] = blocks[0].proven.keys()
        for block in blocks:
            if len(block.proven) > 1 or block.proven.keys() != before:
                changed[id].add(block.start)
                wanted[block.start] |= block.proven.keys()
            before = block.proven.keys()
    hours = {day: served.hours(workers, day) for day, workers in sorted(wanted.items())}
    found = {}
    for id, blocks in named.items():
        finer = []
        for block in blocks:
            of_day = hours.get(block.start, {}) if block.start in changed[id] else {}
            finer += _merged(of_day.get(worker, []) for worker in block.proven) or [block]
        found[id] = finer
    return found
