"""What pools credited each target of a split, since it was promised the part that it has."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from stratumproxy.fleet.part import Part
from stratumproxy.telemetry.splits import SplitSnapshot


class Promise:
    """What the targets of one tenant were promised, and what they had been credited by then.

    Args:
        parts: of all work, by target.
        before: what each target had been credited.
        since: when that was.
    """

    __slots__ = ("before", "parts", "since")

    def __init__(self, parts: dict[str, float], before: dict[str, float], since: float) -> None:
        self.parts = parts
        self.before = before
        self.since = since


class Credited:
    """The same of all tenants.

    Args:
        done: what each target did, by tenant and target.
        now: when this begins.
    """

    def __init__(self, done: Mapping[tuple[str, str], Part], now: float) -> None:
        self._done = done
        self._began = now
        self._promises: dict[str, Promise] = {}

    def look(self, splits: Sequence[SplitSnapshot], now: float) -> None:
        """See what is promised now: other parts are another promise, as to the account."""
        for tenant, targets in groupby(splits, attrgetter("tenant")):
            parts = {each.target: each.part for each in targets}
            known = self._promises.get(tenant)
            if known is None:
                self._promises[tenant] = Promise(parts, {}, self._began)
            elif known.parts != parts:
                before = {target: self._credited(tenant, target) for target in parts}
                self._promises[tenant] = Promise(parts, before, now)

    def since(self, tenant: str) -> float:
        """From when on a tenant's targets are looked at."""
        promise = self._promises.get(tenant)
        return self._began if promise is None else promise.since

    def of(self, tenant: str, target: str) -> float:
        """What pools credited since then: at their difficulty, for each share they accepted."""
        promise = self._promises.get(tenant)
        before = promise.before.get(target, 0.0) if promise is not None else 0.0
        return self._credited(tenant, target) - before

    def _credited(self, tenant: str, target: str) -> float:
        part = self._done.get((tenant, target))
        return 0.0 if part is None else part.credited
