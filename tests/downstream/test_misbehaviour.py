"""Floods, invalid shares, bans, and whom they are not for."""

import pytest

from stratumproxy.config import Limits, loads
from stratumproxy.downstream.misbehaviour import Behaviour, Misbehaviour
from stratumproxy.errors import ConfigError
from tests.proxy.playbook import Playbook

LIMITS = Limits(
    messages_per_second=10,
    message_burst=100,
    invalid_share_window=10,
    ban_seconds=60,
    connections_per_address=2,
)


# -- one miner -----------------------------------------------------------------------------------


def test_a_burst_is_allowed_and_what_is_sent_at_the_rate() -> None:
    record = Behaviour(0.0)
    assert not record.floods(100, 0, LIMITS, 0.0)
    assert not record.floods(200, 0, LIMITS, 10.0)
    assert record.floods(201, 0, LIMITS, 10.0)


def test_silence_is_not_saved_up() -> None:
    record = Behaviour(0.0)
    assert not record.floods(100, 0, LIMITS, 1000.0)
    assert record.floods(201, 0, LIMITS, 1000.0)


def test_invalid_shares_are_judged_by_the_window() -> None:
    record = Behaviour(0.0)
    assert record.invalid(0, 9, LIMITS) is None
    assert record.invalid(0, 10, LIMITS) is True
    assert record.invalid(5, 14, LIMITS) is None
    assert record.invalid(5, 15, LIMITS) is False  # half is not more than half
    assert record.invalid(9, 21, LIMITS) is True


# -- everybody -----------------------------------------------------------------------------------


def test_connections_of_an_address_are_counted() -> None:
    conduct = Misbehaviour(LIMITS)
    for _ in range(2):
        assert conduct.has_room("10.0.0.1")
        assert conduct.connected("10.0.0.1", 0.0) is not None
    assert not conduct.has_room("10.0.0.1")
    assert conduct.has_room("10.0.0.2")
    conduct.disconnected("10.0.0.1")
    assert conduct.has_room("10.0.0.1")
    conduct.limits = Limits()
    assert conduct.has_room("10.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "[::1]"])
def test_nothing_is_noted_about_the_exempt(host: str) -> None:
    conduct = Misbehaviour(LIMITS)
    for _ in range(5):
        assert conduct.has_room(host)
        assert conduct.connected(host, 0.0) is None


@pytest.mark.parametrize("host", ["10.0.0.1", "[2001:db8::1]", "[fe80::1%eth0]", "a"])
def test_others_are_not(host: str) -> None:
    assert not Misbehaviour(LIMITS).is_exempt(host)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"exempt: .* has host bits set"):
        loads(
            '[[listen]]\naddress = ":1"\n[[pool]]\nurl = "stratum+tcp://p:1"\nuser = "x"\n'
            '[limits]\nexempt = ["10.0.0.1/8"]\n'
        )


# -- as a miner sees it --------------------------------------------------------------------------

INVALID = b'{"id":7,"method":"mining.submit","params":["%b","%b","zz","zz","zz"]}\n'


def invalid_shares(play: Playbook, name: str, count: int = 10) -> None:
    """One at a time, and then the next regular look."""
    miner = play.miner(name)
    for _ in range(count):
        miner.says(INVALID % (name.encode(), miner.last.encode()))
    play.skip()
    play.aside("clock -- 10 s")


def test_a_warning_the_end_and_a_ban() -> None:
    play = Playbook(limits={"invalid_share_window": 10})
    play.opens()
    play.joins("b")
    for _ in range(2):
        play.peers.pop("a", None)
        play.joins("a")
        invalid_shares(play, "a")
        assert play.miner("a").closed is None
        invalid_shares(play, "a")
        assert play.miner("a").closed == "most of its shares are invalid"
    del play.peers["a"]
    play.miner("a")
    play(
        """
        a >> 1 mining.authorize ["a", "x"]
        a << 1 error [24, "Banned for 595 s more: too many invalid shares, or a flood", null]
        """
    )
    assert play.miner("a").closed is not None
    assert play.miner("b").closed is None
    play.joins("c")


def test_a_stale_share_is_not_invalid() -> None:
    play = Playbook(limits={"invalid_share_window": 10})
    play.opens()
    miner = play.joins("a")
    for _ in range(4):
        for _ in range(10):
            miner.says(INVALID % (b"a", b"unknown"))
        play.skip()
        play.aside("clock -- 10 s")
    assert miner.closed is None


def test_a_flood_of_lines_ends_at_the_next_that_come_together() -> None:
    play = Playbook(limits={"message_burst": 100})
    play.opens()
    miner = play.joins("a")
    ping = b'{"id":1,"method":"mining.ping"}\n'
    miner.says(ping * 60)
    assert miner.closed is None
    miner.says(ping * 60)
    assert miner.closed is None
    miner.says(ping * 2)
    assert miner.closed == "it sends more than limits.messages_per_second"


def test_a_flood_of_single_lines_ends_at_the_regular_look() -> None:
    play = Playbook(limits={"message_burst": 100})
    play.opens()
    miner = play.joins("a")
    for _ in range(1200):
        miner.says(b"\n")
    play.skip()
    play.aside("clock -- 10 s")
    assert miner.closed == "it sends more than limits.messages_per_second"


def test_half_lines_do_not_keep_a_miner() -> None:
    play = Playbook(limits={"idle_seconds": 60})
    play.opens()
    miner = play.joins("a")
    for _ in range(14):
        if miner.closed is None:
            miner.says(b" ")
            play.skip()
            play.aside("clock -- 5 s")
    assert miner.closed == "it was silent for too long"
