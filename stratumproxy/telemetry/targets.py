"""Where each tenant's targets mine: where they should, on another pool, or nowhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


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
    backup: str = ""
    """The pool that is mined on in place of the one that comes first; empty if there is none."""
    backup_for: float = 0.0
    """Seconds for which it is."""
    backup_miners: int = 0
    backup_why: str = ""
    first: str = ""
    """How the one that comes first does, if there is a backup."""
    preferred: str = ""
    """Name of the pool that an operator put before its others; empty for none."""


def merge_targets(targets: Iterable[TargetSnapshot]) -> tuple[TargetSnapshot, ...]:
    """Those of one target as one: dark if it is so in every process, on a backup if in one."""
    by_target: dict[tuple[str, str], list[TargetSnapshot]] = {}
    for target in targets:
        by_target.setdefault((target.tenant, target.target), []).append(target)
    return tuple(map(_merge, by_target.values()))


def _merge(targets: Sequence[TargetSnapshot]) -> TargetSnapshot:
    dark = min(targets, key=lambda each: -1.0 if each.dark_for is None else each.dark_for)
    backup = max(targets, key=lambda each: each.backup_for)
    return replace(
        backup,
        dark_for=dark.dark_for,
        why=dark.why,
        backup_miners=sum(each.backup_miners for each in targets),
        preferred=max(each.preferred for each in targets),
    )
