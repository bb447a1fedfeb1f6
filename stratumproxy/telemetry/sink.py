"""Where records go to stay: the ledger, Kafka."""

from collections.abc import Sequence
from typing import Protocol

from stratumproxy.telemetry.records import Batch


class Sink(Protocol):
    """Keeps batches for good. Called in a thread of its own, never by two at a time."""

    def take(self, batches: Sequence[Batch]) -> None:
        """Keep them; they are safe when this returns.

        Told a batch that it has already, by run and number, it keeps it once.

        Raises:
            SinkError: it can't, and has kept none of them; the same ones are told again later.
        """

    def close(self) -> None:
        """Let go of files and connections."""
