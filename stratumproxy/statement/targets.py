"""The parts of a tenant's work that its targets had: delivered, credited, and what was promised."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from math import inf
from typing import Any

from stratumproxy.ledger.buckets import Sums
from stratumproxy.ledger.served import Served
from stratumproxy.ledger.weights import Held


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one of several targets had of the work. Work is in shares of difficulty 1."""

    target: str
    promised: float | None
    """Its part by the weights that held, each counting by the work that was done while it did; 1 is
    all. None where something was mined while none did."""
    work: float
    """What counted on its jobs."""
    part: float | None
    """Of all targets' work; None where there is none."""
    credited_work: float
    credited_part: float | None
    """Of all that pools credited; None where that is nothing."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


def targets(served: Served, since: int, until: int) -> list[Delivered]:
    """Each target's part; nothing where there is but one.

    Args:
        served: of the tenant.
        since: Unix seconds, as `Kept.cut` gives them.
        until: alike.
    """
    found: defaultdict[str, list[Sums]] = defaultdict(list)
    for target, sums in _mined(served, since, until):
        found[target].append(sums)
    shares = sum(each.accepted for every in found.values() for each in every)
    promised = _promised(served, since, until, shares)
    names = sorted(found.keys() | promised.keys())
    if len(names) < 2:
        return []
    work = {name: sum(each.work for each in found[name]) for name in names}
    credited = {name: sum(each.credited_work for each in found[name]) for name in names}
    all_work, all_credited = sum(work.values()), sum(credited.values())
    return [
        Delivered(
            name,
            promised.get(name),
            work[name],
            work[name] / all_work if all_work else None,
            credited[name],
            credited[name] / all_credited if all_credited else None,
        )
        for name in names
    ]


def _promised(served: Served, since: int, until: int, shares: int) -> dict[str, float]:
    """The part that each target was to have; empty if that is not known of some of the work.

    When weights changed is known as finely as the work of then is.

    Args:
        served: of the tenant.
        since: Unix seconds, as `Kept.cut` gives them.
        until: alike.
        shares: that count, of that time.
    """
    held: list[Held] = []
    wanted: defaultdict[str, float] = defaultdict(float)
    known, work = 0, 0.0
    for weights in served.weights():
        begin = max(since, served.kept.cut(weights.since))
        end = until if weights.until == inf else min(until, served.kept.cut(weights.until))
        if begin >= end:
            continue
        held.append(weights)
        mined = [sums for _, sums in _mined(served, begin, end)]
        known += sum(each.accepted for each in mined)
        done = sum(each.work for each in mined)
        work += done
        for target, part in weights.parts.items():
            wanted[target] += part * done
    if known != shares:
        return {}
    if work:
        return {target: each / work for target, each in wanted.items()}
    return held[-1].parts if len(held) == 1 else {}


def _mined(served: Served, since: int, until: int) -> list[tuple[str, Sums]]:
    """What counted on pools' jobs, by account: for which target, and how much."""
    return [
        (served.accounts[id].target, sums)
        for id, sums in served.sums(since, until).items()
        if served.accounts[id].pool
    ]
