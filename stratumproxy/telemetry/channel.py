r"""The channel between a process of the data plane and the control plane: JSON objects, one a line.

Either side may be killed in the middle of a line and started again on the same socket. So each
begins with a line feed, which ends what its predecessor left, and a line that is no JSON object is
skipped. What counts is told again until it is acknowledged, so a skipped line costs nothing.

Mining process to control::

    {"version": 1, "run": …, "process": 0, "seq": 7, "at": …, …}     a `Batch`
    {"now": 1700000000.0}                                            when what follows was sent
    {"snapshot": {…}, "process": 0, "run": "…"}                      once a second
    {"done": id, "result": {…}} or {"done": id, "error": "…"}        what became of an order
    {"offence": ["10.0.0.7", "farm.1", 600, true]}                   as `SharedBans.offence`
    {"bans": [["10.0.0.7", "farm.1", 577.5, true], …]}               what it knows, after hello

Control to mining process::

    {"hello": true}                              it starts, and knows nothing of what was told
    {"ack": {"run": "…", "seq": 7}}              this batch, and all before it, are kept for good
    {"do": id, "action": "…", …}                 an order of the operator's; or ``bans``, its own
"""

from typing import Any

import orjson

START = b"\n"
"""What each side says first."""

HELLO = b'{"hello":true}\n'

LINE_LIMIT = 16 << 20
"""Bytes of a line; what is longer is skipped. A batch has a megabyte at most."""


def encode(values: dict[str, Any]) -> bytes:
    """A message as a line."""
    return orjson.dumps(values, default=str) + b"\n"


def encode_ack(run: str, seq: int) -> bytes:
    """Say that a batch, and all before it, are kept for good."""
    return encode({"ack": {"run": run, "seq": seq}})


def encode_now(now: float) -> bytes:
    """Say what time it is, on the clock of the batches that follow."""
    return encode({"now": now})


class Lines:
    """Cuts what arrives into messages, and skips what is none.

    Args:
        limit: the longest line that is taken, in bytes.
    """

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._tail = bytearray()
        self._skipping = False
        self.skipped = 0
        """Lines that were no message."""

    def cut(self, data: bytes) -> list[dict[str, Any]]:
        """The messages that are complete now."""
        first, *rest = data.split(b"\n")
        self._tail += first
        messages: list[dict[str, Any]] = []
        for next_line in rest:
            if self._tail and not self._skipping:
                self._take(bytes(self._tail), messages)
            self._skipping = False
            self._tail = bytearray(next_line)
        if len(self._tail) > self._limit:
            self.skipped += not self._skipping
            self._skipping = True
        if self._skipping:
            self._tail.clear()
        return messages

    def _take(self, line: bytes, messages: list[dict[str, Any]]) -> None:
        try:
            message = orjson.loads(line)
        except ValueError:
            message = None
        if isinstance(message, dict):
            messages.append(message)
        else:
            self.skipped += 1
