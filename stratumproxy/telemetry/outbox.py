"""What a process of the data plane has to tell, sans-IO: kept until it is acknowledged.

Records are numbered in batches, and every batch is kept until the control plane says that it is
safe. Whoever starts anew over there says hello, and is told all that is kept once more. While
nobody listens the outbox fills, and says so; nobody ever waits for it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from stratumproxy.telemetry.channel import START, Lines, encode, encode_now
from stratumproxy.telemetry.records import encode_batch

MOST_BYTES = 16 << 20
"""Of batches that wait for their acknowledgement: over a minute of 17,595 miners' records."""

MOST_BATCHES = 4096
MOST_ANSWERS = 256
ORDER_LIMIT = 1 << 16
"""Bytes of a line from the control plane."""

AT_ONCE = 64 << 10
"""Bytes handed out at a time, unless one batch has more."""

Records = Sequence[tuple[Any, ...]]


class Outbox:
    """A mining process's end of the channel.

    Args:
        run: differs from one start of a process to the next.
        process: which this is.
        wake: called when there is something to send and there was not.
        site: where that is, as it is configured.
    """

    def __init__(
        self, run: str, process: int, wake: Callable[[], None] = lambda: None, site: str = ""
    ) -> None:
        self.run = run
        self.process = process
        self.site = site
        self.wake = wake
        self.greeted = 0
        """How often somebody began to listen."""
        self._lines = Lines(ORDER_LIMIT)
        self._first = START
        self._seq = 0
        self._kept: deque[tuple[int, bytes]] = deque()
        """Number and line of the batches that nobody acknowledged, oldest first."""
        self._bytes = 0
        self._sent = 0
        """How many of these, from the first, were handed out."""
        self._snapshot = b""
        self._answers: deque[bytes] = deque()

    # -- what is told ----------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Nothing more can be kept before something is acknowledged."""
        return self._bytes >= MOST_BYTES or len(self._kept) >= MOST_BATCHES

    @property
    def unacknowledged(self) -> int:
        """Batches that nobody has for good yet."""
        return len(self._kept)

    def add(
        self,
        at: float,
        *,
        shares: Records = (),
        work: Records = (),
        miners: Records = (),
        jobs: Records = (),
        events: Records = (),
        dropped: dict[str, int] | None = None,
        unproven: Sequence[str] = (),
    ) -> None:
        """Keep a batch of records until it is acknowledged.

        Args:
            at: Unix time.
            shares, work, miners, jobs, events: as in `Batch`; plain tuples will do.
            dropped: what there was no room for since the last one.
            unproven: names in it that nobody need keep.
        """
        self._seq += 1
        line = encode_batch(
            self.run,
            self.process,
            self._seq,
            at,
            shares=shares,
            work=work,
            miners=miners,
            jobs=jobs,
            events=events,
            dropped=dropped or {},
            unproven=unproven,
            site=self.site,
        )
        self._kept.append((self._seq, line + b"\n"))
        self._bytes += len(line) + 1
        self.wake()

    def show(self, snapshot: object) -> None:
        """Tell how things stand; an older snapshot that was not sent yet is left out."""
        values = {"snapshot": snapshot, "process": self.process, "run": self.run}
        self._snapshot = encode(values)
        self.wake()

    def answer(self, order: object, outcome: dict[str, Any]) -> None:
        """Say what became of an order.

        Args:
            order: its id, as it came.
            outcome: ``{"result": …}`` or ``{"error": …}``.
        """
        self.say({"done": order, **outcome})

    def say(self, message: dict[str, Any]) -> None:
        """Say something once. It is lost if nobody reads for long."""
        if len(self._answers) < MOST_ANSWERS:
            self._answers.append(encode(message))
        self.wake()

    # -- the wire --------------------------------------------------------------------------------

    def take(self, now: float | None = None) -> bytes:
        """What to send next; nothing if there is nothing. It counts as sent from then on.

        Args:
            now: Unix time, of the clock that batches have their `at` of. It goes ahead of batches,
                so that who reads them knows how old they are, whatever time it is over there.
        """
        parts = [self._first, *self._answers, self._snapshot]
        self._first = self._snapshot = b""
        self._answers.clear()
        size = sum(map(len, parts))
        if now is not None and self._sent < len(self._kept):
            parts.append(encode_now(now))
        while self._sent < len(self._kept):
            line = self._kept[self._sent][1]
            if size and size + len(line) > AT_ONCE:
                break
            parts.append(line)
            size += len(line)
            self._sent += 1
        return b"".join(parts)

    def receive(self, data: bytes) -> list[dict[str, Any]]:
        """Take what the control plane sent.

        Returns:
            Orders, as they came: objects with ``do``, a string or an integer, and perhaps anything
            else. One with another id is passed over: not all that can be read can be said back.
        """
        orders = []
        for message in self._lines.cut(data):
            if "hello" in message:
                self.greeted += 1
                self._sent = 0
                self.wake()
            elif isinstance(ack := message.get("ack"), dict):
                self._acknowledged(ack.get("run"), ack.get("seq"))
            elif type(message.get("do")) in (str, int):
                orders.append(message)
        return orders

    def _acknowledged(self, run: object, seq: object) -> None:
        if run != self.run or not isinstance(seq, int):
            return  # it is for the process that was here before
        while self._kept and self._kept[0][0] <= seq:
            _, line = self._kept.popleft()
            self._bytes -= len(line)
            self._sent = max(self._sent - 1, 0)
