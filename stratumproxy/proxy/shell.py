"""What the core needs of the world around it."""

from typing import Protocol

from stratumproxy.upstream.channel import Channel


class Shell(Protocol):
    """The world around the core."""

    def session_wanted(self, channel: Channel) -> None:
        """Keep a session for this channel, from now on."""

    def session_unwanted(self, channel: Channel) -> None:
        """The channel's session, or the wait for one, is not needed any more."""

    def serve_soon(self) -> None:
        """There are miners to serve: call `Proxy.serve` until it is done."""

    def nothing_in_flight(self) -> None:
        """The last share that waited for a pool's verdict has it."""

    def random_bits(self) -> int:
        """32 random bits."""
