"""For whom is mined, and where it is credited what miners find."""

from typing import NamedTuple

from stratumproxy.telemetry.records import COIN, TARGET, TENANT


class Account(NamedTuple):
    """An account at a pool, as one tenant's target mines for it."""

    pool: str
    """The pool's name; empty for no pool at all."""
    user: str
    """What we are called there."""
    coin: str = COIN
    tenant: str = TENANT
    """Whose shares are credited there."""
    target: str = TARGET
    """What of the tenant's they are mined for."""


class Earned:
    """What a target got: the difficulty asked of all shares that counted on its jobs."""

    __slots__ = ("work",)

    def __init__(self) -> None:
        self.work = 0.0


NOWHERE = Account("", "")
"""Where shares are counted that were on no pool's job."""
