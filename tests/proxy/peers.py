"""Who is at the other ends of a playbook's wires: miners that mine, and pools."""

import json
from collections import deque
from typing import Any, Protocol

from stratumproxy.downstream.drops import Reason
from stratumproxy.downstream.v1 import V1Miner
from stratumproxy.errors import PoolError, ProtocolError
from stratumproxy.proxy.proxy import Proxy
from stratumproxy.shares import scan
from stratumproxy.shares.difficulty import target_bytes, target_of
from stratumproxy.testing import MinerJob
from stratumproxy.upstream.channel import Channel
from stratumproxy.upstream.session import Event
from stratumproxy.upstream.v1 import V1Session


class Play(Protocol):
    """What goes on between them, and when."""

    proxy: Proxy
    now: float
    log: list[str]


class Peer:
    """One end of a wire: what the proxy said to it and nobody looked at yet."""

    def __init__(self, play: Play, name: str) -> None:
        self.play = play
        self.name = name
        self.heard: deque[str] = deque()
        self.closed: str | None = None

    def hear(self, data: bytes) -> None:
        for line in data.decode().splitlines(keepends=True):
            assert line.endswith("\n"), f"half a line to {self.name}: {line}"
            self.play.log.append(f"{self.name} << {line.rstrip()}")
            self.heard.append(line)
            self.learn(json.loads(line))

    def learn(self, message: dict[str, Any]) -> None:
        """Remember what this message changes."""


class MinerEnd(Peer):
    """A miner: it remembers what it was told as a miner does, and can find shares.

    After ``@`` its name may say by which listener it comes, by number.
    """

    def __init__(self, play: Play, name: str) -> None:
        super().__init__(play, name)
        name, _, listener = name.partition("@")
        came_in = play.proxy.listeners[int(listener or 0)]
        host, _, port = name.partition(":")
        session = play.proxy.connect(self, host, int(port or 1), play.now, came_in)
        assert isinstance(session, V1Miner)
        self.session = session
        self.extranonce1 = b""
        self.extranonce2_size = 0
        self.difficulty: float = 1
        self.mask = 0
        self.jobs: dict[str, MinerJob] = {}
        self.params: dict[str, list[Any]] = {}
        """Of each notify, by job id."""
        self.last = ""
        """Id of the newest job."""
        self._tries = 0

    # what V1Miner wants of its link, as net/connection.py does it

    def send(self, data: bytes) -> None:
        if self.closed is None:
            self.hear(data)

    def close(self, reason: str) -> None:
        if self.closed is None:
            self.closed = reason
            self.play.log.append(f"{self.name} -- closed: {reason}")
            self.play.proxy.disconnect(
                self.session, self.play.now, reason if isinstance(reason, Reason) else ""
            )

    # the miner

    def says(self, data: bytes) -> None:
        assert self.closed is None, f"{self.name} is closed: {self.closed}"
        try:
            reply = self.session.receive(data, self.play.now)
        except ProtocolError as error:
            if error.last_words.startswith(b"{"):  # and not HTTP
                self.send(error.last_words)
            self.close(str(error))
        else:
            self.send(reply)

    def learn(self, message: dict[str, Any]) -> None:
        match message:
            case {"method": "mining.set_difficulty", "params": [difficulty]}:
                self.difficulty = difficulty
            case {"method": "mining.set_version_mask", "params": [mask]}:
                self.mask = int(mask, 16)
            case {"method": "mining.set_extranonce", "params": [extranonce1, size]}:
                self.extranonce1, self.extranonce2_size = bytes.fromhex(extranonce1), size
            case {"method": "mining.notify", "params": [job_id, *_, clean] as params}:
                assert job_id not in self.params, f"{self.name} was sent job id {job_id} twice"
                if clean:
                    self.jobs.clear()
                self.last = job_id
                self.params[job_id] = params
                if self.extranonce1:
                    self.jobs[job_id] = MinerJob(
                        params, self.extranonce1, self.extranonce2_size, self.difficulty
                    )
            case {"result": {"version-rolling.mask": mask}}:
                self.mask = int(mask, 16)
            case {"result": [[[_, _], *_], extranonce1, size]}:
                self.extranonce1, self.extranonce2_size = bytes.fromhex(extranonce1), size
                self.difficulty = 1  # cgminer, bfgminer, cpuminer

    def share(
        self,
        *,
        meets: float | None = None,
        misses: float | None = None,
        job: str = "",
        bits: int | None = None,
        ntime: int = 0,
        padded: bool = True,
        worker: str = "",
    ) -> list[str]:
        """The params of a mining.submit that was really mined.

        Args:
            meets: the difficulty it has; what the miner was told for the job by default.
            misses: a difficulty it must not have.
            job: of which job; the newest by default.
            bits: version bits, and so six params.
            ntime: seconds to roll.
            padded: whether the nonce has its zeros. If not, one that needs them is found.
            worker: the name; the miner's by default.
        """
        mined = self.jobs[job or self.last]
        difficulty = mined.difficulty if meets is None else meets
        while True:
            self._tries += 1
            extranonce2 = (self._tries % 256**mined.extranonce2_size).to_bytes(
                mined.extranonce2_size, "big"
            )
            version = mined.version if bits is None else (mined.version & ~self.mask) | bits
            header = mined.header(extranonce2, version, mined.ntime + ntime)
            # from zero, if a short nonce is wanted; from somewhere, if not
            start = 0 if not padded else 0x10000000 + self._tries * 0x1000
            nonce = scan(header, target_bytes(difficulty), start, 0x100000)
            if nonce is None or (misses is not None and self._meets(header, nonce, misses)):
                continue
            digits = f"{nonce:08x}" if padded else f"{nonce:x}"
            params = [
                worker or self.name,
                mined.job_id,
                extranonce2.hex(),
                f"{mined.ntime + ntime:08x}",
                digits,
            ]
            return params if bits is None else [*params, f"{bits:08x}"]

    @staticmethod
    def _meets(header: bytes, nonce: int, difficulty: float) -> bool:
        return scan(header, target_of(difficulty).to_bytes(32, "little"), nonce, 1) is not None


class PoolEnd(Peer):
    """A pool's end of one session; `name` is the pool's, and the number of its group after 0."""

    def __init__(self, play: Play, name: str, channel: Channel) -> None:
        super().__init__(play, name)
        self.channel = channel
        self.events: list[Event] = []
        """What its session told the shell about."""
        self.connect()

    def connect(self, resume: str = "") -> None:
        pool = self.channel.pool.config
        self.closed = None
        floor = self.play.proxy.least_of(self.channel.pool)
        login, who = self.channel.login, self.channel.miners.who
        self.session = V1Session(
            login.user_for(who),
            login.password,
            pool.mask,
            resume,
            floor=floor,
            names=login.session_names(who),
        )

    def collect(self) -> None:
        data = bytes(self.session.outgoing)
        self.session.outgoing.clear()
        self.hear(data)

    def says(self, data: bytes) -> None:
        assert self.closed is None, f"{self.name} is closed: {self.closed}"
        try:
            events = self.session.receive(data, self.play.now)
        except (PoolError, ProtocolError) as error:
            self.lose(str(error))
            return
        self.events += events
        self.channel.hear(self.session, events, self.play.now)

    def lose(self, reason: str) -> None:
        if self.closed is None:
            self.collect()
            self.closed = reason
            self.play.log.append(f"{self.name} -- closed: {reason}")
            self.channel.lose(self.session, reason, self.play.now)

    def close(self, reason: str) -> None:
        self.lose(reason)
