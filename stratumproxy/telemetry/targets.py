"""Whether there is something to mine on for each tenant's targets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TargetSnapshot:
    """One target."""

    tenant: str
    target: str
    """Which of the tenant's; empty if there is but one."""
    dark_for: float | None = None
    """Seconds for which there has been nothing to mine on; None if there is something."""
    why: str = ""
    """How its pools do, if it is dark, in their own words where they gave any."""


def merge_targets(targets: Iterable[TargetSnapshot]) -> tuple[TargetSnapshot, ...]:
    """Those of one target as one: dark if it is so in every process."""
    by_target: dict[tuple[str, str], list[TargetSnapshot]] = {}
    for target in targets:
        by_target.setdefault((target.tenant, target.target), []).append(target)
    return tuple(map(_merge, by_target.values()))


def _merge(targets: Sequence[TargetSnapshot]) -> TargetSnapshot:
    return min(targets, key=lambda each: -1.0 if each.dark_for is None else each.dark_for)
