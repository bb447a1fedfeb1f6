"""Where it is credited what miners find."""

from typing import NamedTuple

from stratumproxy.telemetry.records import COIN


class Account(NamedTuple):
    """An account at a pool: where what was mined is credited."""

    pool: str
    """The pool's name; empty for no pool at all."""
    user: str
    """What we are called there."""
    coin: str = COIN


NOWHERE = Account("", "")
"""Where shares are counted that were on no pool's job."""
