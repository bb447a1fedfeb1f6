"""One sink, and the batches that wait for it."""

from collections import deque
from collections.abc import Callable, Iterable

import structlog
import trio

from stratumproxy.control.intake import Gap, Told
from stratumproxy.errors import SinkError
from stratumproxy.telemetry.sink import Sink, SinkState

HELD_BYTES = 64 << 20
"""What may wait for one sink in memory; what a process of the data plane keeps unacknowledged is a
quarter of that."""

GATHER = 2.0
"""Seconds from one time that a sink is given something to the next. Each may cost it an fsync, and
the ledger the pages of all workers it is about; what gathers is what a power cut takes."""

LONG = 10.0
"""Seconds over which a sink should have kept something."""

LET_GO = 0.75
"""The part of what may wait that is left when some is let go, so that it is one line a while."""

TRIES = 8
"""Times, over a minute, that a batch on its own is tried which a mistake in the sink, and not what
it is kept in, keeps from being kept. Then it is given up, for those after it wait."""

MOST = 1024
"""Batches at a time. After a failure it is one, in case that fits where many don't."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds until a sink that failed is tried again, doubled each time."""

MOST_RUNS = 256
"""Runs whose numbers are remembered; of those that ended none tells anything any more."""


class Delivery:
    """Gives a sink its batches, in order, until it has kept them.

    Args:
        name: of the sink, for the log and metrics.
        sink: who keeps them.
        clock: the time, in seconds that pass evenly.
        kept: called whenever it has kept some.
        recorded: called with the level, the text and the values of what should be on record.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        *,
        clock: Callable[[], float],
        kept: Callable[[], None],
        recorded: Callable[[str, str, dict[str, object]], None],
    ) -> None:
        self.name = name
        self.kept: dict[str, int] = {}
        """The newest batch that it has kept, by run."""
        self.size = 0
        """Bytes that wait."""
        self._sink = sink
        self._clock = clock
        self._on_kept = kept
        self._recorded = recorded
        self._log = structlog.get_logger()
        self._waiting: deque[Told] = deque()
        self._taking = 0
        self._news = trio.Event()
        self._closing = trio.Event()
        self._most = MOST
        self._problem = ""
        self._since: float | None = None
        """trio's time since when it has kept nothing that it should have."""
        self._kept_at: float | None = None
        self._failures = 0
        self._mistakes = 0
        self._lost = 0

    def state(self) -> SinkState:
        """How it does."""
        waiting = len(self._waiting) + self._taking
        problem = self._problem
        if not problem and self.stuck(LONG):
            problem = "it takes long"
        return SinkState(
            self.name,
            ok=not problem,
            problem=problem,
            kept_at=self._kept_at,
            failures=self._failures,
            waiting=waiting,
            room=self.size / HELD_BYTES,
            lost=self._lost,
            delivered=self._sink.delivered(),
        )

    def stuck(self, seconds: float) -> bool:
        """Whether it has kept nothing for that long, though there was something to keep."""
        return self._since is not None and trio.current_time() - self._since > seconds

    @property
    def full(self) -> bool:
        """Whether no more should be put here."""
        return self.size >= HELD_BYTES

    def put(self, told: Told) -> None:
        """Let a batch wait."""
        self._waiting.append(told)
        self.size += told.size
        self._news.set()

    def let_go(self) -> None:
        """Make room: the oldest that wait are lost to this sink, and named."""
        gone: list[Told] = []
        while self._waiting and self.size > HELD_BYTES * LET_GO:
            gone.append(self._waiting.popleft())
            self.size -= gone[-1].size
        self._lose(gone, "there is no more room to hold them")

    def _lose(self, gone: list[Told], why: str) -> None:
        self._lost += len(gone)
        for gap in ranges(gone):
            values: dict[str, object] = {"sink": self.name, **gap._asdict()}
            self._log.error(f"records are lost: {why}", **values)
            self._recorded("warning", "records are lost", values)

    def finish(self) -> None:
        """Nothing more will be put here; `run` returns when all is kept, or can't be."""
        self._closing.set()
        self._news.set()

    async def run(self) -> None:
        """Give it batches as they come, until `finish`; then let it close what it has open."""
        pause = FIRST_PAUSE
        while await self._something():
            began = trio.current_time()
            if await self._give():
                pause, again = FIRST_PAUSE, began + GATHER
            elif self._closing.is_set():
                break
            else:
                again = trio.current_time() + pause
                pause = min(pause * 2, LONGEST_PAUSE)
            with trio.move_on_at(again):
                await self._closing.wait()
        if self._waiting:
            self._log.error(
                "records could not be kept before the stop",
                sink=self.name,
                batches=[gap._asdict() for gap in ranges(self._waiting)],
            )
        await trio.to_thread.run_sync(self._sink.close, abandon_on_cancel=True)

    async def _something(self) -> bool:
        """Wait for a batch; False if none will come."""
        while not self._waiting:
            if self._closing.is_set():
                return False
            self._news = trio.Event()
            await self._news.wait()
        return True

    async def _give(self) -> bool:
        """Give it what waits, or the first of it; whether it has kept that."""
        taking = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]
        batches = [told.batch for told in taking]
        self._taking = len(taking)
        self._since = trio.current_time() if self._since is None else self._since
        try:
            await trio.to_thread.run_sync(self._sink.take, batches, abandon_on_cancel=True)
        except Exception as error:
            # A mistake of the sink's own, on one batch, again and again: it would hold up all.
            self._mistakes += len(taking) == 1 and not isinstance(error, SinkError)
            if self._mistakes < TRIES:
                self._waiting.extendleft(reversed(taking))
                self._failed(error)
                return False
            self._lose(taking, f"{self.name} can't take them; please report it")
        finally:
            self._taking = 0
        self.size -= sum(told.size for told in taking)
        for batch in batches:
            self.kept.pop(batch.run, None)
            self.kept[batch.run] = batch.seq
        while len(self.kept) > MOST_RUNS:
            del self.kept[next(iter(self.kept))]
        self._succeeded()
        return True

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self._most = 1
        first, self._problem = not self._problem, str(error) or type(error).__name__
        if first and not isinstance(error, SinkError):
            # A mistake of the sink's own must not stop the others, but is told with all there is.
            self._log.error("a sink fails; please report it", sink=self.name, exc_info=error)

    def _succeeded(self) -> None:
        self._kept_at = self._clock()
        self._since = None
        self._mistakes = 0
        self._most = min(self._most * 2, MOST)
        self._problem = ""
        self._on_kept()


def ranges(several: Iterable[Told]) -> list[Gap]:
    """From which to which batch it is, run by run."""
    found: dict[str, Gap] = {}
    for batch, *_ in several:
        first = found[batch.run].first if batch.run in found else batch.seq
        found[batch.run] = Gap(batch.run, first, batch.seq)
    return list(found.values())
