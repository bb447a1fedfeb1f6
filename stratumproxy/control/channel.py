"""The control process's end of a mining process's channel: see `telemetry.channel`.

Neither end ever waits for the other for good: a process that does not read is sent nothing more
than a bounded number of orders, and the newest acknowledgement.
"""

import itertools
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import structlog
import trio

from stratumproxy.control.intake import Gap, Intake, Told
from stratumproxy.control.seldom import Seldom
from stratumproxy.errors import TelemetryError
from stratumproxy.telemetry.bans import Ban, decode_bans
from stratumproxy.telemetry.channel import HELLO, START, Lines, encode, encode_ack
from stratumproxy.telemetry.records import Batch
from stratumproxy.telemetry.snapshot import Snapshot

CHUNK = 1 << 18
MOST_ORDERS = 64
"""Orders that wait to be sent."""

OLDEST = 3600.0
"""Seconds before it was sent that a batch may have been made. Nothing is kept back for longer; what
seems older is of a clock that jumped in between."""


class Channel:
    """What one process of the data plane tells, and what it is told.

    Args:
        process: its number, as the supervisor counts them.
        sock: connected, non-blocking. It is not closed here.
        asker: the run of this process, so that it knows the answers to its own questions.
        batch: awaited for each batch, once and in order, and for what is missing between two.
        snapshot: called for each snapshot, with the run it is of.
        offence: called for each miner that was dropped for its conduct, as `SharedBans.offence`.
        bans: called with the bans that the process knows.
        done: called for each answer to an order: the order's id, and the whole answer.
    """

    def __init__(
        self,
        process: int,
        sock: socket.socket,
        *,
        asker: str,
        batch: Callable[[int, Told | Gap], Awaitable[None]],
        snapshot: Callable[[int, str, Snapshot], None],
        offence: Callable[[int, str, str, float, bool, str], None],
        bans: Callable[[Sequence[Ban]], None],
        done: Callable[[int, object, dict[str, Any]], None],
    ) -> None:
        self.process = process
        self._sock = sock
        self._on_batch = batch
        self._on_snapshot = snapshot
        self._on_offence = offence
        self._on_bans = bans
        self._on_done = done
        self._log = structlog.get_logger()
        self._oddities = Seldom()
        self._lines = Lines()
        self._intake = Intake()
        self._hellos = (f"{asker}-hello-{number}" for number in itertools.count(1))
        self._hello = ""
        self._skipped = 0
        self._sent: float | None = None
        """When what is read now was sent, on the process's clock."""
        self._leaving = False
        self._waiting = trio.CancelScope()
        self._acks: dict[str, int] = {}
        self._out: deque[bytes] = deque([START])
        self._news = trio.Event()
        self._say_hello()

    @property
    def run(self) -> str:
        """The run of the newest batch; empty before the first."""
        return self._intake.run

    def acknowledge(self, run: str, seq: int) -> None:
        """Say that a batch, and all before it, are kept for good."""
        self._acks[run] = seq
        self._news.set()

    def order(self, order: dict[str, Any]) -> bool:
        """Give an order; False if there is no room, for it reads nothing."""
        if len(self._out) >= MOST_ORDERS:
            return False
        self._out.append(encode(order))
        self._news.set()
        return True

    def leave(self) -> None:
        """Read only what has come already, and no more."""
        self._leaving = True
        self._waiting.cancel()

    async def read(self) -> None:
        """Take what it tells, until its end or `leave`."""
        while True:
            try:
                data = self._sock.recv(CHUNK)
            except BlockingIOError:
                if self._leaving:
                    break
                with trio.CancelScope() as self._waiting:
                    await trio.lowlevel.wait_readable(self._sock)
                continue
            except OSError:
                break
            if not data:
                break
            for message in self._lines.cut(data):
                await self._take(message)
            self._ask_again()
            await trio.lowlevel.checkpoint()
        await self._pass_on(self._intake.end())

    async def write(self) -> None:
        """Send what it is told, until it is gone or this is cancelled."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            acks, self._acks = self._acks, {}
            orders, self._out = self._out, deque()
            data = b"".join([*orders, *(encode_ack(run, seq) for run, seq in acks.items())])
            while data:
                try:
                    data = data[self._sock.send(data) :]
                except BlockingIOError:
                    await trio.lowlevel.wait_writable(self._sock)
                except OSError:
                    return

    async def look(self) -> None:
        """Give up what was waited for long enough. Called once a second."""
        await self._pass_on(self._intake.look())
        self._ask_again()

    async def _take(self, message: dict[str, Any]) -> None:
        if "seq" in message:
            await self._take_batch(message)
        elif "now" in message:
            self._sent = message["now"] if type(message["now"]) is float else None
        elif "snapshot" in message:
            try:
                run = str(message["run"])
                self._on_snapshot(self.process, run, Snapshot.parse(message["snapshot"]))
            except (TypeError, LookupError, AttributeError) as error:
                self._odd(f"this is not a snapshot: {error}")
        elif "offence" in message:
            try:  # of the same types as a ban
                (offence,) = decode_bans([message["offence"]])
                self._on_offence(self.process, *offence)
            except TelemetryError as error:
                self._odd(str(error))
        elif "bans" in message:
            try:
                self._on_bans(decode_bans(message["bans"]))
            except TelemetryError as error:
                self._odd(str(error))
        elif "done" in message:
            if message["done"] == self._hello:
                self._intake.heard()
            else:
                self._on_done(self.process, message["done"], message)

    async def _take_batch(self, message: dict[str, Any]) -> None:
        run, seq = message.get("run"), message["seq"]
        if not isinstance(run, str) or not isinstance(seq, int):
            self._odd("a batch of records without run and number")
            return
        try:
            batch = Batch.decode(message)
        except TelemetryError as error:
            self._odd(str(error))
            await self._on_batch(self.process, Gap(run, seq, seq))
            batch = Batch(run, self.process, seq, 0.0)
        age = 0.0 if self._sent is None else min(max(self._sent - batch.at, 0.0), OLDEST)
        told = Told(batch, _size(batch), age)
        await self._pass_on(self._intake.take(told))

    async def _pass_on(self, ready: Iterable[Told | Gap]) -> None:
        for each in ready:
            await self._on_batch(self.process, each)

    def _ask_again(self) -> None:
        """Say hello if something was lost on the way."""
        skipped, self._skipped = self._lines.skipped > self._skipped, self._lines.skipped
        if (skipped and not self._intake.asked) or self._intake.missing:
            self._say_hello()

    def _say_hello(self) -> None:
        # The process answers an order it does not know, too. It reads both at once, so what comes
        # after that answer it told after it had heard hello.
        self._hello = next(self._hellos)
        self._out.append(encode({"do": self._hello, "action": "none"}) + HELLO)
        self._intake.hello()
        self._news.set()

    def _odd(self, what: str) -> None:
        if self._oddities.due():
            self._log.error(
                "a mining process says what can't be understood; please report it",
                process=self.process,
                what=what,
            )


RECORD = 200
"""Bytes of a record in memory, roughly."""


def _size(batch: Batch) -> int:
    """What a batch takes, roughly: it is told as a line, whose length is not at hand here."""
    records = batch.shares, batch.work, batch.miners, batch.jobs, batch.events
    return RECORD * (1 + sum(map(len, records)))
