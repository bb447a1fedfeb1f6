"""A port that is closed for now: whoever connects is refused, and nobody else is given it."""

import socket
import sys
from types import TracebackType
from typing import Self


class KeptPort:
    """A port of the loopback on which a test may listen again and again, until this is closed.

    The kernel gives a port that is free to whoever asks for any, be it a test next door. So a
    socket is bound to it that does not listen; on Linux it is in nobody's way who sets SO_REUSEADDR
    and asks for just this port. Elsewhere it would be, and the port is only free.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, 0))
        self.number: int = self._socket.getsockname()[1]
        self.address = host, self.number
        if sys.platform != "linux":
            self.close()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
