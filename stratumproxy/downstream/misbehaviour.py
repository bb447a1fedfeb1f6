"""How miners behave: messages a second, the share of invalid shares, and who is banned for it.

Nothing here is called for a share that is accepted: a miner's own counters are looked at once in a
few seconds, and when several lines arrive at once, as floods do. What is accepted is work that the
miner was asked for, and vardiff its limit; so it counts as a flood only far beyond that, where a
miner goes on with a job that is too easy for it.

A site of thousands of miners has one address, so no address is ever banned: one broken machine
would cost all others their work. Banned is a worker name at an address, and only while no other
connection under that name is there, since some sites use one name for everything.
"""

from collections import Counter

from stratumproxy.config import Limits
from stratumproxy.downstream.networks import within
from stratumproxy.telemetry.bans import Bans

SHARE_BURST = 10.0
"""Seconds of `shares_per_second` that a miner may be ahead: vardiff has seen it by then."""


class Behaviour:
    """How one miner behaves.

    Args:
        now: seconds, when it connected.
    """

    __slots__ = (
        "_accepted",
        "_at",
        "_invalid",
        "_level",
        "_messages",
        "_share_level",
        "_shares",
        "warned",
    )

    def __init__(self, now: float) -> None:
        self._at = now
        self._messages = 0
        self._level = 0.0
        self._shares = 0
        self._share_level = 0.0
        self._accepted = 0
        self._invalid = 0
        self.warned = False
        """Its last window was one of mostly invalid shares."""

    def floods(self, messages: int, shares: int, limits: Limits, now: float) -> bool:
        """Whether it sends too much: leaky buckets, of `message_burst` and of `SHARE_BURST`.

        Args:
            messages: how many it sent so far, accepted shares aside.
            shares: how many of its shares were accepted so far.
            limits: what it may.
            now: seconds.
        """
        passed = now - self._at
        leaked = passed * limits.messages_per_second
        self._level = max(0.0, self._level - leaked) + messages - self._messages
        leaked = passed * limits.shares_per_second
        self._share_level = max(0.0, self._share_level - leaked) + shares - self._shares
        self._at, self._messages, self._shares = now, messages, shares
        return (
            self._level > limits.message_burst
            or self._share_level > limits.shares_per_second * SHARE_BURST
        )

    def invalid(self, accepted: int, invalid: int, limits: Limits) -> bool | None:
        """Judge the window of shares that ended.

        Args:
            accepted: shares that counted, since it connected.
            invalid: shares that were refused for what they are, since it connected.
            limits: the size of a window, and the share of invalid ones that is too much.

        Returns:
            Whether too many were invalid; None if the window has not ended.
        """
        bad = invalid - self._invalid
        shares = accepted - self._accepted + bad
        if shares < limits.invalid_share_window:
            return None
        self._accepted, self._invalid = accepted, invalid
        return bad * 100 > limits.invalid_share_percent * shares


class Misbehaviour:
    """How everybody behaves, and who is banned for it.

    Args:
        limits: as configured; may be replaced.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._connections: Counter[str] = Counter()
        self.bans = Bans()

    @property
    def limits(self) -> Limits:
        """What is allowed from now on."""
        return self._limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._limits = limits
        self._exempt = within(limits.exempt)

    def is_exempt(self, host: str) -> bool:
        """Whether nothing of this is for miners from there."""
        return self._exempt(host)

    def has_room(self, host: str) -> bool:
        """Whether one more connection from there is within the limit."""
        most = self._limits.connections_per_address
        return not most or self._connections[host] < most or self.is_exempt(host)

    def connected(self, host: str, now: float) -> Behaviour | None:
        """A miner connected from there; None if nothing is noted about it."""
        self._connections[host] += 1
        return None if self.is_exempt(host) else Behaviour(now)

    def disconnected(self, host: str) -> None:
        """One of them is gone."""
        self._connections[host] -= 1
        if not self._connections[host]:
            del self._connections[host]
