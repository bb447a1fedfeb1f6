"""The fewest moves that bring the machines' rates near to what is wanted."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from math import inf
from operator import itemgetter

Entry = tuple[float, int]
"""A machine's rate and number."""


def wanted(
    weights: Sequence[float],
    debts: Sequence[float],
    rate: float,
    horizon: float,
    most: Sequence[float],
) -> list[float]:
    """The rate that each target should have, for its part and to pay back its debt.

    Args:
        weights: of each, parts of 1.
        debts: work that each lacks; their sum is 0.
        rate: work a second of all machines.
        horizon: seconds in which the debts are paid back, as far as that can be.
        most: work a second that each may have; what it can't is spread over the others.
    """
    raw = [max(w * rate + d / horizon, 0.0) for w, d in zip(weights, debts, strict=True)]
    result = [0.0] * len(raw)
    left, free = rate, list(range(len(raw)))
    while free:
        total = sum(raw[k] for k in free)
        for k in free:
            result[k] = left * raw[k] / total if total else left / len(free)
        full = [k for k in free if result[k] > most[k]]
        if not full:
            break
        for k in full:
            result[k] = most[k]
            left -= most[k]
        free = [k for k in free if k not in full]
    return result


def plan(
    rosters: Sequence[Iterable[Entry]],
    over: Sequence[float],
    room: Sequence[float],
    resting: Collection[int],
    limit: int,
) -> list[tuple[int, int]]:
    """Move, one at a time, the machine that fits best from who has most too much to who lacks most.

    A machine goes only if that makes the error smaller (the sum of squares), so if its rate is
    below surplus and lack together: that rounds without bias, and to a part that is smaller than
    any machine it gives one for a time.

    Args:
        rosters: the machines of each target.
        over: the rate that each has too much; below 0: that it lacks.
        room: the rate that each can still take.
        resting: numbers of machines that stay where they are.
        limit: moves at most.

    Returns:
        Numbers of machines, and the index of the target that each is to mine for.
    """
    over, room = list(over), list(room)
    lists: dict[int, list[Entry]] = {}
    moves: list[tuple[int, int]] = []
    done: set[int] = set()
    while len(moves) < limit and len(done) < len(over):
        b = over.index(min(over))
        a = max((k for k in range(len(over)) if k not in done), key=over.__getitem__)
        if over[a] <= 0 or over[b] >= 0:
            break
        entries = lists.get(a)
        if entries is None:
            # By the rate alone: that takes a third of the time that it takes to compare pairs.
            entries = sorted(rosters[a], key=itemgetter(0))
            if resting:
                entries = [each for each in entries if each[1] not in resting]
            lists[a] = entries
        place = _fitting(entries, over[a], -over[b], room[b])
        if place is None:
            done.add(a)
            continue
        rate, number = entries.pop(place)
        over[a] -= rate
        over[b] += rate
        room[a] += rate
        room[b] -= rate
        moves.append((number, b))
    return moves


def _fitting(entries: Sequence[Entry], surplus: float, lack: float, room: float) -> int | None:
    """Where the machine stands that fits best; None if none makes the error smaller."""
    gap = min(surplus, lack, room)
    # Strictly, and by more than floats are off: or two could swap for ever.
    most = min(0.999 * (surplus + lack), room)
    above = bisect_left(entries, (gap,))
    best, least = None, inf
    for place in (above - 1, above):
        if 0 <= place < len(entries) and 0 < entries[place][0] <= most:
            error = abs(entries[place][0] - gap)
            if error < least:
                best, least = place, error
    return best
