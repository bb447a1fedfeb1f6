"""Peers that send what they should not. No line of theirs may do more than end their connection."""

import gc

import pytest

from stratumproxy.errors import ProtocolError
from tests.proxy.playbook import POOL_EASY, Playbook, mined_on, notify

NESTED = b"[" * 300 + b"]" * 300
"""JSON that can be read and not be written: orjson reads 1,024 levels and writes 254."""


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":%b,"method":"mining.ping","params":[]}',
        b'{"id":%b,"method":"mining.subscribe","params":[]}',
        b'{"id":%b,"method":"mining.submit","params":["a","a1","00000000","65000000","0"]}',
        b'{"id":%b,"method":"nonsense"}',
        b'{"id":1,"method":%b}',
        b'{"id":1,"method":"mining.configure","params":[%b,%b]}',
        b'{"id":1,"method":"mining.authorize","params":[%b,%b]}',
        b'{"id":1,"method":"mining.suggest_difficulty","params":[%b]}',
        b'{"id":1,"method":"mining.submit","params":[%b,%b,%b,%b,%b,%b]}',
    ],
)
@pytest.mark.parametrize("value", [NESTED, b"[]", b"{}", b"true", b"1e300", b'"\\u0000"'])
def test_a_miner_that_sends_values_of_any_kind(line: bytes, value: bytes) -> None:
    play = mined_on()
    play.miner("a").says(line.replace(b"%b", value) + b"\n")


@pytest.mark.parametrize("value", [NESTED, b"[]", b'{"a":1}', b"5", b"null", b"true"])
def test_a_submit_for_a_job_id_of_any_kind(value: bytes) -> None:
    play = mined_on()
    line = b'{"id":7,"method":"mining.submit","params":["a",%b,"00000000","65000000","0"]}\n'
    play.miner("a").says(line % value)
    play('a << 7 error [20, "Malformed submit", null]')


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":%b,"method":"mining.ping","params":[]}',
        b'{"id":%b,"method":"client.get_version","params":[]}',
        b'{"id":%b,"method":"client.show_message","params":["hello"]}',
        b'{"id":%b,"method":"nonsense"}',
        b'{"id":%b,"result":true}',
    ],
)
def test_a_pool_with_an_id_that_can_not_be_echoed(line: bytes) -> None:
    play = mined_on()
    play.pool().says(line % NESTED + b"\n")


def test_a_pool_with_a_coinbase_at_the_limit_and_past_it() -> None:
    play = mined_on()
    at_limit = notify("2", coinbase_size=16_384 - 64 + 12)
    play('pool >> mining.notify "$n"\na << mining.notify ["..."]', n=at_limit)
    beyond = notify("3")
    beyond[2], beyond[3] = "00" * 8192, "00" * 8192
    play.aside('pool >> mining.notify "$m"\npool >> mining.notify "$m"', m=beyond)
    play.step('pool >> mining.notify "$m"')
    play("pool -- closed: mining.notify: coinb1 and coinb2 are more than 16320 bytes")


def test_a_pool_at_the_end_of_time() -> None:
    """The keep-alive moves ntime on, and there is no later one."""
    play = Playbook()
    play.opens(job=notify("1", ntime=0xFFFFFFFF))
    play.joins("a")
    play(
        """
        clock -- 56 s
        a << mining.notify ["*", "*", "*", "*", "*", "*", "*", "ffffffff", false]
        """
    )


def test_a_pool_with_a_port_of_many_digits() -> None:
    play = mined_on()
    play.pool().says(
        b'{"id":null,"method":"client.reconnect","params":["h","%b"]}\n' % (b"9" * 5000)
    )
    assert play.pool().events[-1].port == 0


def test_a_pool_with_a_reason_of_many_words() -> None:
    play = mined_on()
    share = play.miner("a").share(meets=POOL_EASY)
    play('a >> 4 mining.submit "$s"\npool << 16 mining.submit ["..."]', s=share)
    play.pool().says(b'{"id":16,"result":null,"error":[20,"%b",null]}\n' % (b"no " * 50_000))
    assert len(play.miner("a").heard.pop()) < 400


def test_a_pool_that_asks_and_asks_and_does_not_read() -> None:
    play = mined_on()
    ping = b'{"id":"%b","method":"mining.ping"}\n' % (b"x" * 100_000)
    for _ in range(200):
        if play.pool().closed is None:
            # the session alone: as long as nothing is sent, everything stays in `outgoing`
            play.pool().says(ping)
    assert play.pool().closed == "the pool asks more than it reads"


def test_a_share_for_a_job_that_was_never_sent_to_this_miner() -> None:
    """Job ids can be guessed. This miner's own session has no job yet, another group's has."""
    play = mined_on(pool={"miners_per_session": 1})
    play.joins("b")
    play.skip()
    play(
        """
        b >> 4 mining.submit ["b", "a1", "00000000", "65000000", "00000000"]
        b << 4 error [20, "No pool is ready", null]
        """
    )


def test_a_share_for_a_job_that_has_no_room_for_this_miner() -> None:
    """The pool's extranonce2 got smaller, the miner is about to be let go, and guesses the id."""
    play = mined_on()
    play(
        """
        pool >> mining.set_extranonce ["f0f1f2f3", 4]
        pool >> mining.notify "$n"
        a >> 4 mining.submit ["a", "a2", "00000000", "65000000", "00000000"]
        a << 4 error [21, "Job not found (stale)", null]
        """,
        n=notify("2", room=8),
    )


def test_a_request_to_subscribe_without_an_id_that_has_to_wait() -> None:
    """With 2 bytes every miner has a session of its own, and its answer waits for that."""
    play = Playbook()
    play.opens(size=2)
    play.joins("a")
    play.miner("b")
    play.skip()
    play(
        """
        b >> mining.subscribe []
        pool.1 << 1 mining.configure ["..."]
        pool.1 << 2 mining.subscribe ["..."]
        pool.1 << 3 mining.authorize ["..."]
        pool.1 >> 2 result [[], "0a0b", 2]
        pool.1 >> 3 result true
        pool.1 >> mining.notify "$n"
        """,
        n=notify("2", room=4),
    )


def test_lines_of_exactly_the_limit_and_one_more() -> None:
    play = mined_on(limits={"line_bytes": 1024})
    line = b'{"id":1,"method":"mining.ping","x":"%b"}'
    at_limit = line % (b"x" * (1024 - len(line) + 2))
    assert len(at_limit) == 1024
    miner = play.miner("a")
    miner.says(at_limit + b"\n")
    miner.says(at_limit[:10])
    miner.says(at_limit[10:] + b"\n" + at_limit + b"\n")
    play('a << 1 result "pong"\n' * 3)
    miner.says(at_limit + b" \n")
    play("a -- closed: a line is longer than 1024 bytes")
    play.joins("b").says(b"x" * 1025)
    play("b -- closed: a line is longer than 1024 bytes")


def test_a_flood_before_the_pool_is_ready() -> None:
    play = Playbook(limits={"line_bytes": 1024})
    miner = play.miner("a")
    for _ in range(11):
        if miner.closed is None:
            miner.says(b" " * 99 + b"\n")
    assert miner.closed == "too much was sent before the pool was ready"


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01" + b"x" * 5000 + b"\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/1.1\r\n\r\n",
        b"nonsense\n",
        b"[]\n",
        b"{" * 20_000,
        b"{" * 20_000 + b"\n",
        b'{"id":{},"method":"mining.ping"}\n' * 2,
    ],
)
def test_what_it_sent_is_not_kept_when_it_is_dropped(data: bytes) -> None:
    # A worker's garbage collector hardly ever runs: what is in a circle is as good as leaked.
    session = mined_on().miner("a").session
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(ProtocolError):
            session.receive(data, 1.0)
        assert gc.collect() == 0
    finally:
        gc.enable()
