"""The connection under a miner, as the miner sees it."""

from typing import Protocol


class Link(Protocol):
    """A connection that can be written to, and closed."""

    def send(self, data: bytes) -> None:
        """Send, or keep for sending; never blocks, never raises."""

    def close(self, reason: str) -> None:
        """Close the connection, soon; never raises."""
