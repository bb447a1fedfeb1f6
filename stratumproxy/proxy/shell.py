"""What the core needs of the world around it: the shell, and the connection under each miner."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from stratumproxy.proxy.lane import Lane
    from stratumproxy.proxy.pools import PoolState


class Link(Protocol):
    """The connection under a session, as the session sees it."""

    def send(self, data: bytes) -> None:
        """Send, or keep for sending; never blocks, never raises."""

    def close(self, reason: str) -> None:
        """Close the connection, soon; never raises."""


class Shell(Protocol):
    """What the core needs of the world around it."""

    def lane_opened(self, lane: "Lane") -> None:
        """Keep a session with every pool for this lane, from now on."""

    def lane_closed(self, lane: "Lane") -> None:
        """Its sessions are not needed any more."""

    def session_wanted(self, lane: "Lane", pool: "PoolState") -> None:
        """Keep a session with this pool, too, for a lane that is open."""

    def session_unwanted(self, lane: "Lane", pool: "PoolState") -> None:
        """The session with this pool, or the wait for one, is not needed any more."""

    def fan_out(self) -> None:
        """There is a job to fan out: call `Proxy.serve` until it is done."""

    def all_settled(self) -> None:
        """The last share that waited for a pool's verdict has it."""

    def random_bits(self) -> int:
        """32 random bits."""
