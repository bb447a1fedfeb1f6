"""In which order logins are mined by: what is configured, and what an operator puts before it."""

from collections.abc import Sequence
from typing import Protocol

from stratumproxy.upstream.login import Login


class Policy(Protocol):
    """Says which login comes before which."""

    def rank(self, login: Login) -> float:
        """A login's place in the order, the lowest first."""


class Priority:
    """The order of the configuration, retired logins last.

    Args:
        logins: in that order.
    """

    def __init__(self, logins: Sequence[Login]) -> None:
        self._logins = logins

    def rank(self, login: Login) -> float:
        """Its place in the file."""
        return self._logins.index(login)


def policy_of(logins: Sequence[Login]) -> Policy:
    """The policy that is configured: there is but one.

    Args:
        logins: in the configured order; retired ones at the end.
    """
    return Priority(logins)


class Order:
    """A policy, and the pool that an operator put before all others.

    Args:
        policy: may be replaced.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.preferred = ""
        """Name of the pool that the operator prefers for all targets; empty for none."""
        self.own = ""
        """The same for this target alone, which goes before that."""

    def rank(self, login: Login) -> float:
        """What the operator prefers comes first, the rest by the policy."""
        if login.pool.name == (self.own or self.preferred) and login.retired is None:
            return float("-inf")
        return self.policy.rank(login)
