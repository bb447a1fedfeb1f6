"""What must be said before what, and what must not be said at all: traps real miners stand at."""

import pytest

from tests.proxy.playbook import Playbook, notify, opened


def test_1_difficulty_and_job_follow_the_reply_to_subscribe() -> None:
    """cgminer, bfgminer and cpuminer reset their difficulty to 1 when that reply arrives."""
    play = opened()
    play(
        """
        cgminer >> 0 mining.configure [["version-rolling"], {"version-rolling.mask": "ffffffff"}]
        cgminer << 0 result {"version-rolling": true, "version-rolling.mask": "1fffe000"}
        cgminer >> 1 mining.subscribe ["cgminer/4.11.1"]
        cgminer << 1 result [["*", ["mining.notify", "$sid"]], "$slot", 4]
        cgminer >> 2 mining.authorize ["farm.1", "x"]
        cgminer << 2 result true
        cgminer << mining.set_difficulty [1e-9]
        cgminer << mining.notify ["$job", "...", true]
        """
    )


def test_1_even_where_the_difficulty_was_told_before() -> None:
    """Subscribed anew on the same connection, a miner is at difficulty 1 again."""
    play = opened()
    play.joins("a")
    play.aside("clock -- 3 s")
    play(
        """
        a >> 1 mining.subscribe []
        a << 1 result ["*", "$slot", 4]
        a << mining.set_difficulty [1e-9]
        a << mining.notify ["*", "...", true]
        """
    )


def test_2_nothing_stands_between_configure_and_its_reply() -> None:
    """cgminer reads exactly one line after it: also when difficulty and job are due."""
    play = opened()
    play(
        """
        a >> 1 mining.authorize ["a", "x"]
        a << 1 result true
        a >> 2 mining.suggest_difficulty [3e-9]
        a << 2 result true
        a >> 3 mining.configure [["version-rolling"], {}]
        a << 3 result {"version-rolling": true, "version-rolling.mask": "1fffe000"}
        """
    )


def test_2_configure_late_in_a_session() -> None:
    """Some send it after subscribe. What it changes binds at once, and nothing else is said."""
    play = opened()
    play.joins("a", mask=None)
    play(
        """
        a >> 3 mining.configure [["version-rolling"], {"version-rolling.mask": "00c00000"}]
        a << 3 result {"version-rolling": true, "version-rolling.mask": "00c00000"}
        """
    )
    share = play.miner("a").share(bits=0x00400000)
    play('a >> 4 mining.submit "$s"\na << 4 result true', s=share)


def test_3_a_request_without_an_id_gets_no_reply() -> None:
    """bfgminer sends these before subscribe, and would take an answer for subscribe's."""
    target = "00000000ffff0000000000000000000000000000000000000000000000000000"
    play = opened()
    play(
        f"""
        bfgminer >> mining.suggest_target ["{target}"]
        bfgminer >> mining.capabilities [{{"notify": []}}]
        bfgminer >> mining.configure [["version-rolling"]]
        bfgminer >> mining.ping []
        bfgminer >> mining.extranonce.subscribe []
        bfgminer >> mining.submit ["a", "b", "c", "d", "e"]
        bfgminer >> mining.submit []
        bfgminer >> {{"method": "mining.ping"}}
        bfgminer >> 1 mining.subscribe ["bfgminer/5.5.0"]
        bfgminer << 1 result ["..."]
        """
    )


def test_3_but_it_is_acted_on() -> None:
    play = opened()
    play(
        """
        a >> mining.subscribe []
        a >> mining.authorize ["a", "x"]
        a << mining.set_difficulty [1e-9]
        a << mining.notify ["..."]
        """
    )


def test_4_configure_subscribe_authorize_in_one_segment() -> None:
    """Bitaxe does not wait for replies, and tells them apart by their shape."""
    play = opened()
    play.miner("bitaxe").says(
        b'{"id":1,"method":"mining.configure","params":[["version-rolling"],'
        b'{"version-rolling.mask":"ffffffff"}]}\n'
        b'{"id":2,"method":"mining.subscribe","params":["bitaxe/BM1370/v2.9.0"]}\n'
        b'{"id":3,"method":"mining.authorize","params":["bc1qexample","x"]}\n'
    )
    play(
        """
        bitaxe << 1 result {"version-rolling": true, "version-rolling.mask": "1fffe000"}
        bitaxe << 2 result [["..."], "$slot", 4]
        bitaxe << 3 result true
        bitaxe << mining.set_difficulty [1e-9]
        bitaxe << mining.notify ["..."]
        """
    )


def test_4_authorize_before_subscribe() -> None:
    play = opened()
    play(
        """
        a >> 1 mining.authorize ["a", "x"]
        a << 1 result true
        a >> 2 mining.subscribe []
        a << 2 result [["..."], "$slot", 4]
        a << mining.set_difficulty [1e-9]
        a << mining.notify ["..."]
        """
    )


def test_5_a_second_reply_to_authorize() -> None:
    """NiceHash says true, and then that it wants papers; and it reconnects with id 0."""
    play = Playbook()
    play.opens()
    play('pool >> {"id":0,"method":"client.reconnect","params":[]}')
    play(
        """
        pool >> {"id":3,"result":false,"error":[0,"Missing KYC/KYB",null]}
        pool -- closed: the pool refused to authorize "farm": Missing KYC/KYB
        """
    )
    assert "Missing KYC/KYB" in play.snapshot().pools[0].detail


def test_6_job_ids_never_repeat() -> None:
    """Bitaxe ignores a job whose id it still holds. Pools do repeat theirs."""
    play = opened("pool", "backup")
    play.joins("a")
    for _ in range(3):
        play.aside('pool >> mining.notify "$n"', n=notify("1", branches=3))
        play.aside('pool >> mining.notify "$n"', n=notify("1", clean=True))
    play.aside("clock -- 120 s\na >> 5 mining.suggest_difficulty [2e-9]\npool -- hangs up")
    play.aside("a >> 6 mining.subscribe []\nclock -- 1 s\na >> 7 mining.subscribe []")
    ids = list(play.miner("a").params)
    assert len(ids) == len(set(ids)) == 13


@pytest.mark.parametrize("same", ["job id", "another job id"])
def test_7_a_header_twice_is_a_duplicate(same: str) -> None:
    play = opened()
    play.joins("a")
    share = play.miner("a").share(ntime=1)
    again = share
    if same != "job id":
        play.aside("pool >> mining.set_difficulty [1e-5]")
        play.aside('pool >> mining.notify "$n"', n=notify("1"))
        again = [share[0], "a2", *share[2:]]
    play(
        """
        a >> 4 mining.submit "$share"
        a << 4 result true
        a >> 4 mining.submit "$again"
        a << 4 error [22, "Duplicate share", null]
        """,
        share=share,
        again=again,
    )
    assert play.snapshot().rejected == {"duplicate": 1}


def test_7_the_same_fields_on_another_job_are_another_share() -> None:
    play = opened()
    play.joins("a")
    share = play.miner("a").share()
    play.aside('pool >> mining.notify "$n"', n=notify("2"))
    miner = play.miner("a")
    other = miner.share(job="a2")
    assert other[2:4] != share[2:4] or other[4] != share[4]
    play(
        """
        a >> 4 mining.submit "$share"
        a << 4 result true
        a >> 4 mining.submit "$other"
        a << 4 result true
        """,
        share=share,
        other=other,
    )
