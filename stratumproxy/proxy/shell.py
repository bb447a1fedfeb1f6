"""What the core needs of the world around it: the shell, and the connection under each miner."""

from typing import Protocol

from stratumproxy.upstream.channel import Channel


class Link(Protocol):
    """The connection under a session, as the session sees it."""

    def send(self, data: bytes) -> None:
        """Send, or keep for sending; never blocks, never raises."""

    def close(self, reason: str) -> None:
        """Close the connection, soon; never raises."""


class Shell(Protocol):
    """What the core needs of the world around it."""

    def session_wanted(self, channel: Channel) -> None:
        """Keep a session for this channel, from now on."""

    def session_unwanted(self, channel: Channel) -> None:
        """The channel's session, or the wait for one, is not needed any more."""

    def fan_out(self) -> None:
        """There is a job to fan out: call `Proxy.serve` until it is done."""

    def all_settled(self) -> None:
        """The last share that waited for a pool's verdict has it."""

    def random_bits(self) -> int:
        """32 random bits."""
