"""Transcripts: a whole proxy without I/O between scripted pools and miners.

A transcript has a line for each line on a wire, seen from the proxy::

    antminer >> 1 mining.subscribe ["cgminer/4.11.1"]     what it says to the proxy
    antminer << 1 result [[...], "$slot", 4]              what the proxy says to it
    pool     >> mining.set_difficulty [1024]
    pool     -- hangs up                                  what else happens
    clock    -- 55 s

Messages are written ``ID METHOD PARAMS`` (or ``METHOD PARAMS``, id null), ``ID result RESULT`` and
``ID error ERROR``, everything JSON; or as the literal line, if it starts with a brace, or after
``raw``. Whatever the proxy says has to be in the transcript, in the order it came to each peer.

``"$name"`` is a value: bound where it is first seen, the same from then on. ``"*"`` is any value,
``"..."`` any number of list elements.
"""

import json
import re
from typing import Any

from stratumproxy.config import Config
from stratumproxy.proxy.proxy import Proxy
from stratumproxy.proxy.recorder import Recorder
from stratumproxy.proxy.report import Report
from stratumproxy.telemetry.outbox import Outbox
from stratumproxy.telemetry.snapshot import Snapshot
from stratumproxy.testing import PoolJob
from stratumproxy.upstream.channel import Channel
from tests.proxy.peers import MinerEnd, Peer, PoolEnd

EASY = 1e-9
"""A difficulty that four hashes meet; `POOL_EASY` takes some 4,000."""
POOL_EASY = 1e-6
UNIX = 1e9

LINE = re.compile(r"(\S+)\s+(>>|<<|--)\s+(.*)")
METHOD = re.compile(r"(?:(\S+) )?([a-z_]+(?:\.[a-z_.(0-9]+)?) (.*)")


def notify(
    job_id: str,
    *,
    room: int = 12,
    clean: bool = False,
    ntime: int = 0x65000000,
    height: int = 800_000,
    version: int = 0x20000000,
    nbits: int = 0x17034219,
    branches: int = 2,
    coinbase_size: int = 200,
) -> list[object]:
    """The params of a mining.notify, a whole coinbase around `room` bytes of extranonce 1 and 2."""
    job = PoolJob(
        job_id=job_id,
        height=height,
        prevhash=height.to_bytes(24, "little") + bytes(8),
        branches=tuple(bytes([number]) * 32 for number in range(branches)),
        version=version,
        nbits=nbits,
        ntime=ntime,
        clean=clean,
        coinbase_size=coinbase_size,
        payout=job_id.encode().ljust(20)[:20],
    )
    return job.notify(room)


def configured(*pools: str, **settings: Any) -> Config:
    """A configuration: names of pools, tables, ``pool`` for all pools, ``pools`` by name."""
    each = settings.pop("pool", {})
    overrides = settings.pop("pools", {})
    difficulty = {"start": EASY, "min": 1e-12, "vardiff": False}
    return Config.model_validate(
        {
            "listen": [{"address": ":3333"}],
            "pool": [
                {
                    "url": f"stratum+tcp://{name}.example:3333",
                    "user": "farm",
                    "name": name,
                    **each,
                    **overrides.get(name, {}),
                }
                for name in pools
            ],
            "difficulty": difficulty | settings.pop("difficulty", {}),
            **settings,
        }
    )


class Playbook:
    """A proxy, its pools, its miners, and the clock.

    Args:
        pools: names of pools; each gets one session a group.
        outbox: of a control plane, if there is one; Unix time is `UNIX` more than `now`.
        settings: tables of the configuration, and ``pool`` for what all pools have.
    """

    def __init__(self, *pools: str, outbox: Outbox | None = None, **settings: Any) -> None:
        self.log: list[str] = []
        self.now = 1000.0
        self.peers: dict[str, Peer] = {}
        self.values: dict[str, Any] = {}
        self.notices: list[tuple[str, dict[str, object]]] = []
        self.pools = pools or ("pool",)
        self.config = configured(*self.pools, **settings)
        self.waiting_fan_out = False
        self.slices = 1_000_000
        """How many slices of a fan-out, of two miners each, are served from now on."""
        self.settled = 0
        """How often the proxy said that no share waits for a verdict."""
        self.random = 0
        self.recorder = Recorder(outbox, self.now, self.now + UNIX) if outbox is not None else None
        self.proxy = Proxy(
            self.config, self, self.now, first_job=0xA0, notices=self, recorder=self.recorder
        )
        self.report = Report(self.proxy)
        self.proxy.start()
        self._settle()

    # -- what the proxy wants of its shell -------------------------------------------------------

    def session_wanted(self, channel: Channel) -> None:
        pool, number = channel.pool.name, channel.miners.number
        name = f"{pool}.{number}" if number else pool
        while name in self.peers:
            name += "'"  # a pool that was changed has the name that it had before
        self.peers[name] = PoolEnd(self, name, channel)

    def session_unwanted(self, channel: Channel) -> None:
        for peer in self.peers.values():
            if isinstance(peer, PoolEnd) and peer.channel is channel:
                retired = channel.pool.retired is not None
                peer.closed = "it is not configured any more" if retired else "the group is closed"

    def reconfigure(self, *pools: str, **settings: Any) -> None:
        """The configuration is read again, and says something else."""
        self.log.append(f"configured: {pools} {settings}")
        self.config = configured(*pools, **settings)
        self.proxy.reconfigure(self.config, self.now)
        self._settle()

    def serve_soon(self) -> None:
        self.waiting_fan_out = True

    def nothing_in_flight(self) -> None:
        self.settled += 1

    def random_bits(self) -> int:
        self.random += 1
        return self.random

    def debug(self, event: str, **values: object) -> None:
        self.notices.append((event, values))

    def info(self, event: str, **values: object) -> None:
        self.notices.append((event, values))

    def warning(self, event: str, **values: object) -> None:
        self.notices.append((event, values))

    # -- the transcript --------------------------------------------------------------------------

    def __call__(self, transcript: str, **values: Any) -> None:
        """Play a transcript to its end; nothing may be left that was said and not expected."""
        self.values |= values
        for text in map(str.strip, transcript.splitlines()):
            if text and not text.startswith("#"):
                self.step(text)
        self.nothing_more()

    def aside(self, transcript: str, **values: Any) -> None:
        """Play what others say and do, without a look at what the proxy says meanwhile."""
        self.values |= values
        for text in filter(None, map(str.strip, transcript.splitlines())):
            self.step(text)
        self.skip()

    def nothing_more(self) -> None:
        """Nobody was told anything beyond what was looked at."""
        for peer in self.peers.values():
            assert not peer.heard, self._failure(f"{peer.name} also got {peer.heard[0]}")

    def skip(self, *names: str) -> None:
        """Take what was said so far as seen: by some peers, or by all."""
        for name in names or tuple(self.peers):
            self.peers[name].heard.clear()

    def miner(self, name: str) -> MinerEnd:
        """A miner by name; it connects when it is first named."""
        if name not in self.peers:
            self.peers[name] = MinerEnd(self, name)
        peer = self.peers[name]
        assert isinstance(peer, MinerEnd)
        return peer

    def pool(self, name: str = "pool") -> PoolEnd:
        """A pool's session by name."""
        peer = self.peers[name]
        assert isinstance(peer, PoolEnd)
        return peer

    def snapshot(self) -> Snapshot:
        """The report as of now."""
        return self.report.snapshot(self.now)

    # -- scenes that most tests begin with -------------------------------------------------------

    def opens(
        self,
        name: str = "pool",
        *,
        extranonce1: str = "f0f1f2f3",
        size: int = 8,
        mask: str | None = "1fffe000",
        difficulty: float = POOL_EASY,
        job: list[object] | None = None,
    ) -> None:
        """A pool answers the handshake, which nobody looks at, and sends its first job."""
        self.skip(name)
        room = len(extranonce1) // 2 + size
        configured = '{"version-rolling":false}'
        if mask:
            configured = f'{{"version-rolling":true,"version-rolling.mask":"{mask}"}}'
        for line in (
            f">> 1 result {configured}",
            f'>> 2 result [[["mining.notify", "5e55"]], "{extranonce1}", {size}]',
            ">> 3 result true",
            f">> mining.set_difficulty [{difficulty!r}]",
        ):
            self.step(f"{name} {line}")
        self.step(f'{name} >> mining.notify "$first"', first=job or notify("1", room=room))

    def joins(
        self, name: str, *, mask: str | None = "1fffe000", resume: str = "", worker: str = ""
    ) -> MinerEnd:
        """A miner configures (unless `mask` is None), subscribes, authorizes; nobody looks."""
        worker = worker or name.partition("@")[0]
        miner = self.miner(name)
        if mask is not None:
            wish = f'[["version-rolling"], {{"version-rolling.mask": "{mask}"}}]'
            self.step(f"{name} >> 1 mining.configure {wish}")
        self.step(f"{name} >> 2 mining.subscribe {json.dumps([name, resume] if resume else [])}")
        self.step(f'{name} >> 3 mining.authorize ["{worker}", "x"]')
        self.skip(name)
        return miner

    # -- inside ----------------------------------------------------------------------------------

    def step(self, text: str, **values: Any) -> None:
        self.values |= values
        found = LINE.fullmatch(text)
        assert found, f"not a line of a transcript: {text}"
        name, arrow, what = found.groups()
        if name == "clock":
            self._pass(float(what.removesuffix(" s")))
            return
        if name not in self.peers:
            self.miner(name)
        peer = self.peers[name]
        if arrow == ">>":
            self.log.append(text)
            says = peer.says  # type: ignore[attr-defined]
            says(self._line(what))
            self._settle()
        elif arrow == "<<":
            assert peer.heard, self._failure(f"{name} got nothing; expected: {what}")
            line = peer.heard.popleft()
            expected = self._message(what)
            got = json.loads(line)
            same = self._same(expected, got) and _verbatim(expected["id"], got["id"])
            assert same, self._failure(f"{name} got      {line}{name} expected {what}")
        else:
            self._happens(peer, what)

    def _happens(self, peer: Peer, what: str) -> None:
        if what.startswith("closed: "):
            reason = what.removeprefix("closed: ")
            assert peer.closed == reason, self._failure(f"{peer.name} closed: {peer.closed}")
            return
        self.log.append(f"{peer.name} -- {what}")
        match what.split(" "):
            case ["hangs", "up"]:
                peer.close("hung up")  # type: ignore[attr-defined]
            case ["connects", *resume] if isinstance(peer, PoolEnd):
                peer.connect(*resume)
            case ["connects"]:
                pass
            case _:
                raise AssertionError(f"don't know how this happens: {what}")
        self._settle()

    def _pass(self, seconds: float) -> None:
        """Time passes, a second at a time, as the shell lets it pass."""
        self.log.append(f"clock -- {seconds} s")
        end = self.now + seconds
        while self.now < end:
            self.now = min(self.now + 1, end)
            self.proxy.tend(self.now)
            self.proxy.look(len(self.proxy.miners) // 5 + 1, self.now)
            self.proxy.drain.let_go(1)
            if self.recorder is not None:
                proxy = self.proxy
                self.recorder.tick(
                    proxy.workers, proxy.miners, proxy.misbehaviour, self.now, self.now + UNIX
                )
            self._settle()

    def _settle(self) -> None:
        """Let the proxy finish what it has begun, and hear what it said to pools."""
        while self.waiting_fan_out and self.slices:
            self.slices -= 1
            self.waiting_fan_out = self.proxy.serve(2, lambda: self.now)
        for peer in list(self.peers.values()):
            if isinstance(peer, PoolEnd) and peer.closed is None:
                peer.collect()

    def _line(self, what: str) -> bytes:
        if what.startswith("{"):
            return what.encode() + b"\n"
        if what.startswith("raw "):
            return what.removeprefix("raw ").encode() + b"\n"
        return json.dumps(self._filled(self._message(what))).encode() + b"\n"

    @staticmethod
    def _message(what: str) -> Any:
        if what.startswith("{"):
            return json.loads(what)
        found = METHOD.fullmatch(what)
        assert found, f"not a message: {what}"
        request_id, word, value = found.groups()
        parsed_id, parsed = json.loads(request_id or "null"), json.loads(value)
        if word == "result":
            return {"id": parsed_id, "result": parsed, "error": None}
        if word == "error":
            return {"id": parsed_id, "result": None, "error": parsed}
        return {"id": parsed_id, "method": word, "params": parsed}

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        if isinstance(value, str) and value.startswith("$"):
            return self.values[value[1:]]
        return value

    def _same(self, expected: Any, got: Any) -> bool:
        if isinstance(expected, str) and expected.startswith("$"):
            if expected[1:] not in self.values:
                self.values[expected[1:]] = got
            return bool(self.values[expected[1:]] == got)
        if expected == "*":
            return True
        if isinstance(expected, dict) and isinstance(got, dict):
            return expected.keys() == got.keys() and all(
                self._same(expected[key], got[key]) for key in expected
            )
        if isinstance(expected, list) and isinstance(got, list):
            if "..." in expected:
                at = expected.index("...")
                rest = len(expected) - at - 1
                if len(got) < at + rest:
                    return False
                expected = [*expected[:at], *["*"] * (len(got) - at - rest), *expected[at + 1 :]]
            return len(expected) == len(got) and all(map(self._same, expected, got))
        return bool(expected == got)

    def _failure(self, what: str) -> str:
        return "\n".join([*self.log[-30:], "", what])


def _verbatim(one: Any, other: Any) -> bool:
    """Equal as JSON: 4 is not 4.0, and neither is true 1."""
    return one in ("*", other) and (one == "*" or json.dumps(one) == json.dumps(other))


def opened(*pools: str, pool_difficulty: float = POOL_EASY, **settings: Any) -> Playbook:
    """A proxy whose pools are all ready; pools and settings as a playbook's."""
    play = Playbook(*pools, **settings)
    for pool in play.pools:
        play.opens(pool, difficulty=pool_difficulty)
    return play


def mined_on(*pools: str, mask: str | None = "1fffe000", **settings: Any) -> Playbook:
    """The same, and the miner "a", which wants that mask, mines on the first."""
    play = opened(*pools, **settings)
    play.joins("a", mask=mask)
    return play
