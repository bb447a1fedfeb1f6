"""Server-sent events out of bytes, sans-IO."""

from collections.abc import Iterator

from stratumproxy.errors import ProtocolError

LARGEST = 32 << 20
"""Bytes of one event."""


class Events:
    """Server-sent events out of bytes.

    As https://html.spec.whatwg.org/multipage/server-sent-events.html has it, without ``retry``.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._event = ""
        self._data: list[str] = []

    def feed(self, data: bytes) -> Iterator[tuple[str, str]]:
        """Take in bytes, and give each event that they complete: its name, and its data.

        Raises:
            ProtocolError: an event is too long.
        """
        *lines, self._buffer = (self._buffer + data).replace(b"\r\n", b"\n").split(b"\n")
        if len(self._buffer) + sum(map(len, self._data)) > LARGEST:
            raise ProtocolError(f"an event is longer than {LARGEST} bytes")
        for line in lines:
            if not line:
                if self._data:
                    yield self._event or "message", "\n".join(self._data)
                self._event, self._data = "", []
                continue
            name, _, value = line.decode(errors="replace").partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                self._event = value
            elif name == "data":
                self._data.append(value)
