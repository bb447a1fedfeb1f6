"""A miner that speaks Stratum V1: lines in, lines out."""

from stratumproxy.downstream.house import House, Listener, Tenant
from stratumproxy.downstream.link import Link
from stratumproxy.downstream.miner import Miner
from stratumproxy.downstream.requests import answer, subscribed
from stratumproxy.errors import LineTooLong, ProtocolError
from stratumproxy.mining import rejects
from stratumproxy.mining.rejects import Reject
from stratumproxy.protocol.v1.framing import split_lines
from stratumproxy.protocol.v1.messages import (
    encode_error,
    encode_notification,
    encode_set_difficulty,
    encode_true,
    id_of,
    parse,
)
from stratumproxy.protocol.v1.notify import encode_notify
from stratumproxy.protocol.v1.strangers import refuse_stranger
from stratumproxy.protocol.v1.submit import read_submit, scan_submit


class V1Miner(Miner):
    """The server's side of one Stratum V1 connection to a miner; arguments as `Miner` has them."""

    __slots__ = ("_tail",)

    encode_job = staticmethod(encode_notify)

    def __init__(
        self,
        house: House,
        listener: Listener,
        tenant: Tenant | None,
        link: Link,
        host: str,
        port: int,
        now: float,
        number: int = 0,
    ) -> None:
        super().__init__(house, listener, tenant, link, host, port, now, number)
        self._tail = b""

    # -- what it says ----------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> bytes:
        """Take what the miner sent: see `Codec`."""
        if self._tail or not self.house.doors.open or data.find(b"\n") != len(data) - 1:
            return self._receive_lines(data, now)
        self.heard = now
        return self._line(data, now)

    def _receive_lines(self, data: bytes, now: float) -> bytes:
        """What arrives is rarely other than one line; then it is cut, or kept, here."""
        if not self.house.doors.open:
            # Every answer depends on the pool; until the first one is there, miners wait.
            self._tail += data
            if len(self._tail) > self.house.line_limit:
                raise ProtocolError("too much was sent before the pool was ready", key="too-early")
            refuse_stranger(self._tail)
            return b""
        if not self._tail:
            refuse_stranger(data)
        lines, self._tail = split_lines(self._tail, data, self.house.line_limit)
        if lines:
            self.heard = now
            self.pace(now)
        if self._tail:
            refuse_stranger(self._tail)
        return b"".join([self._line(line, now) for line in lines])

    def _line(self, line: bytes, now: float) -> bytes:
        submit = scan_submit(line)
        if submit is not None:
            return self.submit(submit, now)
        if len(line) - line.endswith(b"\n") > self.house.line_limit:
            raise LineTooLong(f"a line is longer than {self.house.line_limit} bytes")
        if line.isspace() or not line:
            self.messages += 1
            return b""
        try:
            message = parse(line)
        except ProtocolError:
            refuse_stranger(line)
            raise
        method, reply_to = message.get("method"), id_of(line, message)
        if method != "mining.submit":
            self.messages += 1
            return answer(self, method, message, reply_to, now)
        read = read_submit(message, reply_to)
        if read is None:
            return self.decline(reply_to, rejects.MALFORMED, None)
        submit, fault = read
        return self.submit(submit, now, fault)

    # -- what it is told -------------------------------------------------------------------------

    def say_subscribed(self, now: float) -> bytes:
        """Answer the mining.subscribe that had to wait."""
        return subscribed(self, now)

    def say_accepted(self, reply_to: bytes) -> bytes:
        """The plain true that every firmware takes."""
        return encode_true(reply_to)

    def say_refused(self, reply_to: bytes, reject: Reject) -> bytes:
        """An error, with the code that firmware knows."""
        return encode_error(reply_to, reject.code, reject.text)

    def say_difficulty(self, difficulty: float | int) -> bytes:
        """mining.set_difficulty."""
        return encode_set_difficulty(difficulty)

    def say_version_mask(self, mask: int) -> bytes:
        """mining.set_version_mask."""
        return encode_notification("mining.set_version_mask", [f"{mask:08x}"])

    def say_extranonce(self, extranonce1: bytes, extranonce2_size: int) -> bytes:
        """mining.set_extranonce."""
        return encode_notification("mining.set_extranonce", [extranonce1.hex(), extranonce2_size])

    def say_reconnect(self) -> bytes:
        """client.reconnect, to where it is now."""
        return encode_notification("client.reconnect", [])
