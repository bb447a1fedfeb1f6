"""The parts of a tenant's work that its targets had: delivered, credited, and what was promised."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from stratumproxy.ledger.buckets import Sums
from stratumproxy.ledger.served import Served


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one of several targets had of the work. Work is in shares of difficulty 1."""

    target: str
    promised: float | None
    """Its part by the weights, 1 is all; None where these did not hold for all of the time."""
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
    promised = served.promised(since)
    found: defaultdict[str, list[Sums]] = defaultdict(list)
    for id, sums in served.sums(since, until).items():
        account = served.accounts[id]
        if account.pool:
            found[account.target].append(sums)
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
