"""How each target stands of a tenant that has several: what it was promised, and what it got."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class SplitSnapshot:
    """One target of a tenant with several. Work is in difficulty; debts of a tenant add up to 0."""

    tenant: str
    target: str
    part: float
    """Of all work, that it is to have; 1 is all."""
    wanted: float
    """Work that it should have had since the account began: its part of all that counted."""
    delivered: float
    """Work that it had."""
    debt: float
    """Work that it lacks; below 0: that it had too much."""
    forgiven: float
    """What was struck off its debt at the cap. Of all processes together `wanted` is `delivered`,
    `debt` and this."""
    rate: float
    """Work a second that mines for it."""
    miners: int
    """That mine for it."""
    ready: bool
    """It has a pool to mine on."""
    total_rate: float
    """Work a second that mines for all targets of the tenant."""
    usual_rate: float
    """The same as shares have shown it of late; some of it may be dark just now."""
    least: float
    """Work that no debt can be kept below: the largest machine's in the time that it stays."""
    age: float
    """Seconds since the account began."""
    configured: float = 0.0
    """`part` by the configuration, where an operator ordered something else."""
    given_debt: float = 0.0
    """What of `debt` the process was given: of what was before it, or what others owe."""
    given_delivered: float = 0.0
    given_forgiven: float = 0.0
    shown_rate: float = 0.0
    """What of `total_rate` machines' own shares have shown."""

    @property
    def seconds(self) -> float:
        """The debt in seconds of the tenant's whole farm."""
        rate = max(self.usual_rate, self.total_rate)
        return self.debt / rate if rate else 0.0

    @property
    def reach_seconds(self) -> float:
        """The debt that these machines can't keep below, in seconds of those that mine now."""
        return self.least / self.total_rate if self.total_rate else 0.0


def merge_splits(splits: Iterable[SplitSnapshot]) -> tuple[SplitSnapshot, ...]:
    """Those of one target as one, in the order in which targets are first met."""
    by_target: dict[tuple[str, str], list[SplitSnapshot]] = {}
    for split in splits:
        by_target.setdefault((split.tenant, split.target), []).append(split)
    return tuple(map(_merge, by_target.values()))


def _merge(splits: Sequence[SplitSnapshot]) -> SplitSnapshot:
    # While weights change, the newer ones are told.
    newest = min(splits, key=lambda each: each.age)
    return replace(
        splits[0],
        part=newest.part,
        configured=newest.configured,
        wanted=sum(each.wanted for each in splits),
        delivered=sum(each.delivered for each in splits),
        debt=sum(each.debt for each in splits),
        forgiven=sum(each.forgiven for each in splits),
        rate=sum(each.rate for each in splits),
        miners=sum(each.miners for each in splits),
        ready=any(each.ready for each in splits),
        total_rate=sum(each.total_rate for each in splits),
        usual_rate=sum(each.usual_rate for each in splits),
        shown_rate=sum(each.shown_rate for each in splits),
        least=max(each.least for each in splits),
        age=max(each.age for each in splits),
        given_debt=sum(each.given_debt for each in splits),
        given_delivered=sum(each.given_delivered for each in splits),
        given_forgiven=sum(each.given_forgiven for each in splits),
    )
