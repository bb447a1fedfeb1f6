"""Many generated bad lines through a miner's session, without sockets.

20,000 of them; a million with STRATUMPROXY_SOAK=1.
"""

import gc
import os
import random
import tracemalloc
from collections import Counter

from stratumproxy.errors import ProtocolError
from tests.proxy.playbook import Playbook

LINES = 1_000_000 if os.environ.get("STRATUMPROXY_SOAK") else 20_000
TRACED = LINES // 4
"""So many at the end have their memory watched, which makes them slow."""
MOST_GROWTH = 1 << 18

WORDS = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\x00", b"\xff\xfe", b"\xc3\x28", b"\\u0000",
    b"null", b"true", b"-1", b"0", b"1e308", b"1e999", b"9" * 400, b"-0.0", b"[" * 300, b"]" * 300,
    b'"id":', b'"method":', b'"params":', b'"id":1,', b'"mining.submit"', b'"mining.subscribe"',
    b'"mining.authorize"', b'"mining.configure"', b'"mining.suggest_difficulty"', b'"evil"',
    b'"a1"', b'"00000000"', b'"65000000"', b"GET / HTTP/1.1", b"\x16\x03\x01", b" ", b"\t", b"\r",
]  # fmt: skip

SOUND = [
    b'{"id":1,"method":"mining.subscribe","params":["x",null]}',
    b'{"id":2,"method":"mining.authorize","params":["evil","x"]}',
    b'{"id":3,"method":"mining.submit","params":["evil","a1","00000000","65000000","00000000"]}',
    b'{"id":4,"method":"mining.configure","params":[["version-rolling"],'
    b'{"version-rolling.mask":"1fffe000"}]}',
    b'{"id":5,"method":"mining.suggest_difficulty","params":[512]}',
]


class Sink:
    """A link that nobody reads."""

    def send(self, data: bytes) -> None:
        pass

    def close(self, reason: str) -> None:
        pass


def bad_line(chance: random.Random) -> bytes:
    """A line put together from pieces of JSON, or a sound one that was damaged."""
    if chance.random() < 0.3:
        return b"".join(chance.choices(WORDS, k=chance.randrange(12)))
    line = bytearray(chance.choice(SOUND))
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(line) + 1)
        line[at : at + chance.randrange(9)] = chance.choice((b"", *WORDS))
    return bytes(line)


def test_no_line_does_more_than_end_its_connection() -> None:
    limits = {"message_burst": 1000, "line_bytes": 1024, "resume_seconds": 0}
    play = Playbook(limits=limits)
    play.opens()
    play.joins("honest")
    proxy, chance = play.proxy, random.Random(4)
    drops: Counter[str] = Counter()

    def go_on(lines: int, now: float) -> float:
        miner = proxy.connect(Sink(), "10.0.0.1", 5, now)
        for _ in range(lines):
            now += 0.0001
            line = bad_line(chance) + b"\n"
            cut = chance.randrange(len(line))
            try:
                for piece in (line,) if chance.random() < 0.5 else (line[:cut], line[cut:]):
                    miner.receive(piece, now)
            except ProtocolError as error:
                assert str(error).isprintable()  # noqa: PT017 of many errors
                drops[error.key] += 1
                proxy.disconnect(miner, now)
                miner = proxy.connect(Sink(), "10.0.0.1", 5, now)
        proxy.disconnect(miner, now)
        return now

    now = go_on(LINES - TRACED, play.now)
    tracemalloc.start()
    try:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        go_on(TRACED, now)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < MOST_GROWTH
    finally:
        tracemalloc.stop()
    assert {"not-stratum", "line-too-long", "http-on-port", "tls-on-port"} <= set(drops)
    assert len(proxy.miners) == 1
    play.skip()
    play('honest >> 9 mining.ping []\nhonest << 9 result "pong"')
