"""A conversation with a pool in the style of some firmware, fallbacks included."""

from collections import deque
from dataclasses import dataclass, field

import trio

from stratumproxy.conform.conversation import LINE_SHOWN, LINES_KEPT
from stratumproxy.conform.outcome import Terms
from stratumproxy.conform.pool_steps import Connect
from stratumproxy.testing.miner import SimulatedMiner
from stratumproxy.testing.styles import Step

READ_SIZE = 65_536
LINGER = 0.3
"""Seconds that are listened on, when there is a job."""

UNANSWERED: dict[Step, str] = {
    "configure": "SV1-CONFIGURE-ANSWERED",
    "subscribe": "SV1-SUBSCRIBE-ANSWERED",
    "authorize": "SV1-AUTHORIZE-ANSWERED",
    "extranonce.subscribe": "SV1-EXTRANONCE-SUBSCRIBE-TRUE",
    "suggest_difficulty": "SV1-SUGGEST-DIFFICULTY",
    "multi_version": "SV1-CONTROL-MULTI-VERSION",
}
"""Whose fault it is if a step of a handshake is not answered."""


@dataclass
class Heard:
    """What came of a conversation."""

    job: bool = False
    """Whether the miner got so far as to mine."""
    faults: dict[str, str] = field(default_factory=dict)
    """What was broken, by the case's id."""
    end: str = ""
    """Why there is no job, if nothing else says it."""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))

    @property
    def transcript(self) -> tuple[str, ...]:
        """The last lines."""
        return tuple(self.lines)


async def talk(style: str, connect: Connect, terms: Terms) -> Heard:
    """Speak as a style does, until the first job."""
    heard = Heard()
    miner = SimulatedMiner(style, terms.user, terms.password)
    await _session(miner, connect, terms, heard)
    if not heard.job and miner.style.name == style and miner.style.retries_without:
        miner.disconnected()
        heard.lines.append("-- once more, without what was refused")
        await _session(miner, connect, terms, heard)
    for violation in miner.violations:
        heard.faults.setdefault(violation.code, violation.text)
    if not heard.job and not heard.faults:
        heard.faults = _silence(miner, terms.timeout)
    heard.end = heard.end or miner.session.refused
    return heard


def _silence(miner: SimulatedMiner, seconds: float) -> dict[str, str]:
    """What was waited for in vain, by the case's id."""
    unanswered = miner.session.unanswered_steps
    if any(unanswered and unanswered == set(group[1:]) for group in miner.style.steps):
        return {"SV1-FRAME-TOGETHER": f"of several lines in one segment {seconds:g} s answered one"}
    if not unanswered and miner.session.authorized:
        return {"SV1-JOB-SENT": f"no job in {seconds:g} s"}
    return {
        UNANSWERED[step]: f"no reply to {step} in {seconds:g} s"
        for step in unanswered
        if step in UNANSWERED
    }


async def _session(miner: SimulatedMiner, connect: Connect, terms: Terms, heard: Heard) -> None:
    """One connection."""
    stream = await connect()
    async with stream:
        await _say(stream, miner.connect(), heard)
        deadline = trio.current_time() + terms.timeout
        while not miner.session.refused:
            data = None
            with trio.move_on_at(deadline):
                try:
                    data = bytes(await stream.receive_some(READ_SIZE))
                except trio.BrokenResourceError:
                    data = b""
            if data is None:
                break
            if not data:
                heard.end = "the pool hung up"
                heard.lines.append("-- the connection is ended")
                break
            for line in data.decode(errors="backslashreplace").splitlines():
                heard.lines.append(f"<< {line[:LINE_SHOWN]}")
            await _say(stream, miner.receive(data), heard)
            if miner.ready and not heard.job:
                heard.job = True
                deadline = trio.current_time() + LINGER


async def _say(stream: trio.abc.Stream, data: bytes, heard: Heard) -> None:
    for line in data.decode().splitlines():
        heard.lines.append(f">> {line[:LINE_SHOWN]}")
    if data:
        try:
            await stream.send_all(data)
        except trio.BrokenResourceError:
            heard.lines.append("-- the connection is ended")
