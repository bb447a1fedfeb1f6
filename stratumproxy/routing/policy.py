"""In which order pools are mined on."""

from collections.abc import Callable, Sequence
from typing import Protocol

from stratumproxy.upstream.pool import Pool


class Policy(Protocol):
    """Says which pool comes before which."""

    def rank(self, pool: Pool) -> int:
        """A pool's place in the order, the lowest first."""


class Priority:
    """The configured order, but for the pool that an operator put before all others.

    Args:
        pools: says which there are, in the configured order; retired ones at the end.
    """

    def __init__(self, pools: Callable[[], Sequence[Pool]]) -> None:
        self._pools = pools
        self.preferred = ""
        """Name of the pool that the operator prefers; empty for the configured order."""

    def rank(self, pool: Pool) -> int:
        """A pool's place: what the operator prefers comes first, then the rest."""
        preferred = pool.name == self.preferred and pool.retired is None
        return -1 if preferred else self._pools().index(pool)
