"""Garbage of every kind into both sessions: an error of the protocol may come out, and no other."""

import json
import sys
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from stratumproxy.downstream.miner import Miner
from stratumproxy.downstream.requests import HANDLERS
from stratumproxy.errors import ProtocolError
from stratumproxy.upstream.v1 import LINE_LIMIT, MAX_OUTGOING
from tests.proxy.playbook import POOL_EASY, Playbook, notify
from tests.proxy.test_wire_samples import SAMPLES

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["", "0", "a1", "a", "ffffffff", "1fffe000", "00000000", "x,d=1e-9", "0x"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
"""What JSON can hold."""


def messages(methods: list[str], params: list[st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Messages with known methods and params of any kind, also in the right shape."""
    return st.fixed_dictionaries(
        {},
        optional={
            "id": values | st.sampled_from([1, 2, 3, 16, 17]),
            "method": st.sampled_from(methods) | values,
            "params": st.one_of(values, st.lists(values, max_size=10), *params),
            "result": values,
            "error": values,
            "reject-reason": values,
        },
    )


def lines(message: st.SearchStrategy[Any], samples: list[str]) -> st.SearchStrategy[bytes]:
    """Messages as lines, lines that were really sent, these with a fault in them, and noise."""
    whole = st.one_of(
        message.map(lambda value: json.dumps(value).encode()),
        st.sampled_from(samples).map(str.encode),
    )
    broken = st.tuples(whole, st.integers(0, 400), st.binary(max_size=3)).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + 1 :]
    )
    return st.one_of(whole, whole, broken, st.binary(max_size=60), st.just(b"[" * 2000)).map(
        lambda line: line + b"\n"
    )


class Link:
    """A miner's end that only counts."""

    def __init__(self, play: Playbook) -> None:
        self.play = play
        self.received = 0
        self.open = True
        self.session: Miner = play.proxy.connect(self, "nobody", 1, play.now)

    def send(self, data: bytes) -> None:
        self.received += len(data)
        for line in data.splitlines():
            json.loads(line)

    def close(self, reason: str) -> None:
        if self.open:
            self.open = False
            self.play.proxy.disconnect(self.session, self.play.now)

    def says(self, data: bytes) -> None:
        if not self.open:
            return
        try:
            self.send(self.session.receive(data, self.play.now))
        except ProtocolError as error:
            self.close(str(error))


of_miners = lines(
    messages(
        [*HANDLERS, "mining.submit", "pong", "mining.suggest_difficulty(5"],
        [
            st.tuples(
                st.just("a"),
                st.sampled_from(["a1", "a2", "a3"]) | scalars,
                st.sampled_from(["00000000", "000000", "0000"]) | scalars,
                st.sampled_from(["65000000", "65000001"]) | scalars,
                st.sampled_from(["00000000", "1"]) | scalars,
                st.sampled_from(["00002000", None]) | scalars,
            ).map(list),
            st.tuples(
                st.lists(st.sampled_from(["version-rolling", "minimum-difficulty"])),
                st.dictionaries(
                    st.sampled_from(["version-rolling.mask", "minimum-difficulty.value"]), values
                ),
            ).map(list),
        ],
    ),
    [sample["line"] for sample in SAMPLES if sample["dir"] == "c2s"],
)


@settings(max_examples=150)
@given(
    size=st.sampled_from([2, 3, 4, 8, 16]),
    greeted=st.booleans(),
    said=st.lists(of_miners, max_size=12),
    cuts=st.lists(st.integers(1, 40), max_size=5),
)
@example(size=8, greeted=True, said=[b'{"id":1,"method":[]}\n'], cuts=[])
def test_a_miner(size: int, greeted: bool, said: list[bytes], cuts: list[int]) -> None:
    play = Playbook(limits={"line_bytes": 1024})
    play.opens(size=size, difficulty=1e-9)
    link = Link(play)
    if greeted:
        link.says(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
        link.says(b'{"id":2,"method":"mining.authorize","params":["a","x"]}\n')
    stream = b"".join(said)
    for cut in cuts:
        link.says(stream[:cut])
        stream = stream[cut:]
    link.says(stream)
    play.aside('pool >> mining.notify "$n"\nclock -- 1 s', n=notify("2", room=4 + size))
    link.close("enough")
    assert not play.proxy.miners
    assert play.proxy.router.groups[0].members == 0


of_pools = lines(
    messages(
        [
            "mining.notify",
            "mining.set_difficulty",
            "mining.set_extranonce",
            "mining.set_version_mask",
            "client.reconnect",
            "client.show_message",
            "client.get_version",
            "mining.ping",
        ],
        [
            st.tuples(values, st.text("0123456789abcdef", max_size=8), st.integers(0, 20)).map(
                list
            ),
            st.tuples(st.text("0123456789abcdef", max_size=8), st.integers(0, 20)).map(list),
            st.lists(values, min_size=1, max_size=3).map(lambda some: [*notify("7"), *some]),
            st.tuples(st.integers(0, 8), values).map(
                lambda change: [
                    change[1] if at == change[0] else field
                    for at, field in enumerate(notify("8", clean=True))
                ]
            ),
        ],
    ),
    [sample["line"] for sample in SAMPLES if sample["dir"] == "s2c"]
    + [json.dumps({"id": None, "method": "mining.notify", "params": notify("9")})],
)


@settings(max_examples=150)
@given(greeted=st.booleans(), said=st.lists(of_pools, max_size=12), one_by_one=st.booleans())
def test_a_pool(greeted: bool, said: list[bytes], one_by_one: bool) -> None:
    play = Playbook("pool", "backup")
    play.opens("backup", size=8)
    if greeted:
        play.opens("pool")
    link = Link(play)
    link.says(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
    link.says(b'{"id":2,"method":"mining.extranonce.subscribe","params":[]}\n')
    link.says(b'{"id":3,"method":"mining.authorize","params":["a","x"]}\n')
    pool = play.pool("pool")
    for data in said if one_by_one else [b"".join(said)]:
        if pool.closed is None:
            pool.says(data)  # PoolError and ProtocolError end the session there; no other may come
            play.aside("clock -- 1 s")
    assert len(pool.session.outgoing) < MAX_OUTGOING
    # whatever it said, the other pool is still there to mine on
    play.aside("pool -- hangs up\nclock -- 5 s")
    assert play.proxy.pending == 0
    play.joins("b")
    if not play.miner("b").last:
        assert play.proxy.pools[0].size == 2, "a session each, and the only one is taken"
    else:
        share = play.miner("b").share(meets=POOL_EASY)
        play.aside('b >> 4 mining.submit "$s"', s=share)
        assert play.proxy.pending == 1


def held_by(session: object) -> int:
    """Bytes that a session holds itself, for itself: text, lists of what it was told."""
    size = 0
    for name in type(session).__slots__:  # type: ignore[attr-defined]
        value = getattr(session, name, None)
        size += sys.getsizeof(value)
        if isinstance(value, list | tuple | dict):
            size += sum(sys.getsizeof(each) for each in value)
    return size


@settings(max_examples=30)
@given(st.lists(of_miners, min_size=1, max_size=30))
def test_what_a_miner_can_make_a_session_hold_is_bounded(said: list[bytes]) -> None:
    play = Playbook(limits={"line_bytes": 1024})
    play.opens()
    link = Link(play)
    link.says(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
    link.says(b'{"id":2,"method":"mining.authorize","params":["a","x"]}\n')
    for _ in range(10):
        for line in said:
            link.says(line)
    link.says(b"x" * 1024)
    assert held_by(link.session) < 64 * 1024
    assert len(play.proxy.jobs) < 10


def test_many_names_make_no_session_large() -> None:
    play = Playbook()
    play.opens()
    link = Link(play)
    for number in range(1000):
        name = f"{number}".rjust(255, "w")
        link.says(b'{"id":2,"method":"mining.authorize","params":["%b","x"]}\n' % name.encode())
    assert held_by(link.session) < 64 * 1024


def test_half_a_line_of_a_pool_is_bounded() -> None:
    play = Playbook()
    play.opens()
    pool = play.pool()
    while pool.closed is None:
        pool.says(b"x" * 65_536)
        assert len(pool.session._tail) <= LINE_LIMIT
    assert pool.closed == f"a line is longer than {LINE_LIMIT} bytes"
