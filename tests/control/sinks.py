"""Sinks that behave as they are told."""

from collections.abc import Sequence
from threading import Event, Lock

from stratumproxy.errors import SinkError
from stratumproxy.telemetry.records import Batch
from stratumproxy.telemetry.sink import Delivered
from tests.control.conftest import MOMENT


class Memory:
    """Keeps batches in a list; fails as long as `problem` says something."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        self.kept: list[Batch] = []
        self.calls: list[int] = []
        """How many batches it was given at a time, the times it failed included."""
        self.closed = False
        self.handed_on: Delivered | None = None
        self.indigestible: set[int] = set()
        """Numbers of batches that are a mistake."""
        self.go = Event()
        """Cleared, it takes until it is set."""
        self.go.set()
        self._one_at_a_time = Lock()
        """Whoever was killed in the middle may still be at it when the next one is."""

    def take(self, batches: Sequence[Batch]) -> None:
        self.calls.append(len(batches))
        self.go.wait(MOMENT)
        if self.problem == "a bug" or self.indigestible & {batch.seq for batch in batches}:
            raise ZeroDivisionError("a bug")
        if self.problem:
            raise SinkError(self.problem)
        with self._one_at_a_time:
            known = {(batch.run, batch.seq) for batch in self.kept}
            self.kept += (batch for batch in batches if (batch.run, batch.seq) not in known)

    def delivered(self) -> Delivered | None:
        return self.handed_on

    def close(self) -> None:
        self.closed = True

    def seqs(self, run: str = "run") -> list[int]:
        return [batch.seq for batch in self.kept if batch.run == run]
