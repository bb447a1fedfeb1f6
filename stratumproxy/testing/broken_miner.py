"""What miners do wrong, one fault at a time: for tests of what is to notice it."""

import dataclasses

import orjson

from stratumproxy.testing.miner_session import MinerSession
from stratumproxy.testing.replies import Json, line
from stratumproxy.testing.search import MinedShare

AHEAD = 8_000
"""Seconds: past what any pool takes."""
EASIER = 4
"""Times easier than it should be."""


class BrokenMinerSession(MinerSession):
    """A connection of a miner whose style has a fault. Staying away is not its: see `run_fleet`."""

    _stopped = False

    @property
    def _fault(self) -> str:
        return self._style.fault or ""

    # What is said.

    def advance(self) -> bytes:
        """The next steps; one of them perhaps twice."""
        lines = super().advance()
        if self._fault == "subscribes-twice":
            for each in lines.splitlines(keepends=True):
                if b'"mining.subscribe"' in each:
                    request = orjson.loads(each)
                    request["id"] = self._new_id()
                    self._expect(request["id"], "subscribe")
                    lines += line(request)
        return lines

    def submit(self, share: MinedShare) -> bytes:
        """The share's line, with what is wrong in it."""
        match self._fault:
            case _ if self._stopped:
                return b""
            case "extranonce2-short":
                share.extranonce2 = share.extranonce2[:-2]
            case "version-outside-mask" if share.version_bits is not None:
                outside = ~self.version_mask & 0x1FFF_FFFF
                bits = int(share.version_bits, 16) | outside & -outside
                share.version_bits = f"{bits:08x}"
            case "shares-twice":
                return super().submit(share) + super().submit(dataclasses.replace(share))
        return super().submit(share)

    def _new_id(self) -> int:
        number = super()._new_id()
        return str(number) if self._fault == "ids-as-text" else number  # type: ignore[return-value]

    # What is heard.

    def receive(self, data: bytes, now: float) -> bytes:
        """Take bytes, or break at them."""
        pieces = self._fault == "breaks-at-pieces" and data != b"" and not data.endswith(b"\n")
        if pieces or (self._fault == "breaks-at-carriage-return" and b"\r" in data):
            self.refused = "it can't read that"
            return b""
        return super().receive(data, now)

    def _receive_method(self, message: dict[str, Json], now: float) -> bytes:
        match self._fault, message["method"]:
            case (
                ("version-unanswered", "client.get_version")
                | ("reconnect-ignored", "client.reconnect")
                | ("set-extranonce-ignored", "mining.set_extranonce")
                | ("mask-set-ignored", "mining.set_version_mask")
            ):
                return b""
            case "difficulty-ignored", "mining.set_difficulty" if self.job is not None:
                return b""
            case "stale-shares", "mining.notify" if self.job is not None:
                return b""
            case "stops-at-unknown-method", "mining.no_such_method":
                self._stopped = True
        return super()._receive_method(message, now)

    def _notified(self, params: list[Json], now: float) -> None:
        before = self.job
        super()._notified(params, now)
        job = self.job
        if job is None or job is before:
            return
        match self._fault:
            case "ntime-ahead":
                job.ntime += AHEAD
            case "low-shares":
                target = int.from_bytes(job.target, "little") * EASIER
                job.target = min(target, (1 << 256) - 1).to_bytes(32, "little")

    def _configure_answered(self, result: Json, no: tuple[int, str] | None) -> None:
        super()._configure_answered(result, no)
        if self._fault == "needs-configure" and no is not None:
            self.refused = "no version rolling"

    def _refusal(self, message: dict[str, Json]) -> tuple[int, str] | None:
        if self._fault == "stops-at-reject-reason" and "reject-reason" in message:
            self._stopped = True
        return super()._refusal(message)
