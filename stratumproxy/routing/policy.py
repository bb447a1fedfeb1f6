"""In which order pools are mined on: what is configured, and what an operator puts before it."""

from collections.abc import Sequence
from typing import Protocol

from stratumproxy.config import Config
from stratumproxy.upstream.pool import Pool


class Policy(Protocol):
    """Says which pool comes before which."""

    def rank(self, pool: Pool) -> float:
        """A pool's place in the order, the lowest first."""


class Priority:
    """The order of the configuration, retired pools last.

    Args:
        pools: in that order.
    """

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._pools = pools

    def rank(self, pool: Pool) -> float:
        """Its place in the file."""
        return self._pools.index(pool)


def policy_of(_config: Config, pools: Sequence[Pool]) -> Policy:
    """The policy that is configured: there is but one.

    Args:
        pools: in the configured order; retired ones at the end.
    """
    return Priority(pools)


class Order:
    """A policy, and the pool that an operator put before all others.

    Args:
        policy: may be replaced.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.preferred = ""
        """Name of the pool that the operator prefers; empty for none."""

    def rank(self, pool: Pool) -> float:
        """What the operator prefers comes first, the rest by the policy."""
        if pool.name == self.preferred and pool.retired is None:
            return float("-inf")
        return self.policy.rank(pool)
