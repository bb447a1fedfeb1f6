"""Where records go to stay: the ledger, Kafka; and how each of them does."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from stratumproxy.telemetry.records import Batch


class Delivered(NamedTuple):
    """How a sink does that hands on to others what it keeps, such as Kafka's brokers."""

    problem: str
    """Why they take nothing, in a line; empty if they do, or were not heard of yet."""
    kept_bytes: int
    """What it holds on disk for them."""
    limit_bytes: int
    """What it may hold."""
    waiting: int
    """Messages that they have not acknowledged."""
    acknowledged: int
    """Messages that they have acknowledged, those sent again included."""
    skipped: int
    """Messages that can never be delivered: 0, or something is broken."""
    restarts: int
    """Connections that failed for good, and were replaced."""

    @property
    def room(self) -> float:
        """The part, 0 to 1, of what it may hold that it does hold."""
        return self.kept_bytes / self.limit_bytes


class SinkState(NamedTuple):
    """How a sink does."""

    name: str
    ok: bool
    """Whether it kept what it was given last, and does not take long over it."""
    problem: str
    """What is wrong, in a line; empty if nothing is."""
    kept_at: float | None
    """When it last kept anything, in even time."""
    failures: int
    """Times that it could not."""
    waiting: int
    """Batches that it has not kept yet."""
    room: float
    """The part, 0 to 1, of the room for these that they take."""
    lost: int
    """Batches that it does not have: there was no room to hold them, or it can't take them."""
    delivered: Delivered | None = None
    """How it does at handing on what it keeps, if it does that."""


class Sink(Protocol):
    """Keeps batches for good. Called in a thread of its own, never by two at a time."""

    def take(self, batches: Sequence[Batch]) -> None:
        """Keep them; they are safe when this returns.

        Told a batch that it has already, by run and number, it keeps it once.

        Raises:
            SinkError: it can't, and has kept none of them; the same ones are told again later.
        """

    def delivered(self) -> Delivered | None:
        """How it does at handing on what it keeps; None if it does not. Any thread may ask."""

    def close(self) -> None:
        """Let go of files and connections."""
