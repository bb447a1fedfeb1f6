"""Which group a miner mines on, which bytes are its own, and what happens when they don't fit."""

from typing import Any

import pytest

from tests.proxy.playbook import POOL_EASY, Playbook, notify


def opened(*pools: str, size: int = 8, **settings: Any) -> Playbook:
    play = Playbook(*pools, **settings)
    play.opens(play.pools[0], size=size, job=notify("1", room=4 + size))
    play.skip()
    return play


@pytest.mark.parametrize(
    ("size", "rolls", "slot", "extranonce2"),
    [
        (3, True, "01", 2),
        (3, False, "01", 2),
        (4, True, "0100", 2),
        (4, False, "ff", 3),
        (5, True, "0100", 3),
        (5, False, "ff", 4),
        (6, True, "0100", 4),
        (7, True, "010000", 4),
        (8, True, "01000000", 4),
        (16, False, "01000000", 4),
    ],
)
def test_who_rolls_needs_less_of_its_own(
    size: int, rolls: bool, slot: str, extranonce2: int
) -> None:
    play = opened(size=size)
    if rolls:
        play.aside('a >> 1 mining.configure [["version-rolling"]]')
    play(f'a >> 2 mining.subscribe []\na << 2 result ["*", "{slot}", {extranonce2}]')


def test_the_zeros_in_front_are_in_the_job() -> None:
    """pool's coinb1, pool's extranonce1, spare bytes: one line of hex to the miner."""
    play = opened(size=12)
    play.joins("a")
    pools, ours = notify("1", room=16)[2], play.miner("a").params["a1"][2]
    assert ours == f"{pools}f0f1f2f300000000"


def test_a_slot_is_given_back() -> None:
    play = opened(limits={"resume_seconds": 0})
    slots = []
    for name in "abc":
        play.aside(f"{name} >> 1 mining.subscribe []\n{name} -- hangs up\nclock -- 1 s")
        slots.append(play.miner(name).extranonce1)
    assert len(set(slots)) == 1


def test_groups_fill_up_one_after_the_other() -> None:
    play = opened(pool={"miners_per_session": 2})
    for name in "abcde":
        play.aside(f"{name} >> 1 mining.subscribe []")
    assert [group.members for group in play.proxy.router.groups] == [2, 2, 1]
    play.aside("a -- hangs up\nf >> 1 mining.subscribe []")
    assert [group.members for group in play.proxy.router.groups] == [2, 2, 1]


def test_a_rush_before_the_next_session_is_ready_fills_groups_no_further() -> None:
    play = opened(pool={"miners_per_session": 2})
    for number in range(10):
        play.aside(f"m{number} >> 1 mining.subscribe []")
    assert [group.members for group in play.proxy.router.groups] == [2] * 5


def test_the_strictest_pool_says_how_many() -> None:
    """A group moves from pool to pool as a whole."""
    play = opened(
        "pool", "backup", pools={"backup": {"miners_per_session": 1, "extranonce2_size": 8}}
    )
    play.aside("a >> 1 mining.subscribe []\nb >> 1 mining.subscribe []")
    assert [group.members for group in play.proxy.router.groups] == [1, 1]


def test_a_miner_of_a_group_without_a_job_waits_for_it() -> None:
    play = opened(pool={"miners_per_session": 1})
    play.aside('a >> 1 mining.subscribe []\na >> 2 mining.authorize ["a"]')
    play(
        """
        b >> 1 mining.subscribe []
        pool.1 << 1 mining.configure ["..."]
        pool.1 << 2 mining.subscribe ["..."]
        pool.1 << 3 mining.authorize ["..."]
        b << 1 result ["*", "$slot", 4]
        b >> 2 mining.authorize ["b"]
        b << 2 result true
        pool.1 >> 2 result [[], "0a0b0c0d", 8]
        pool.1 >> 3 result true
        pool.1 >> mining.notify "$n"
        b << mining.set_difficulty [1e-9]
        b << mining.notify ["..."]
        """,
        n=notify("2"),
    )


# -- a session each ----------------------------------------------------------------------------


def test_with_two_bytes_a_miner_has_the_pools_extranonce_itself() -> None:
    play = opened(size=2)
    play(
        """
        a >> 1 mining.subscribe []
        a << 1 result ["*", "f0f1f2f3", 2]
        a >> 2 mining.authorize ["a"]
        a << 2 result true
        a << mining.set_difficulty [1e-9]
        a << mining.notify ["*", "*", "$coinb1", "..."]
        """,
        coinb1=notify("1", room=6)[2],
    )
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$s"
        pool << 16 mining.submit ["farm", "1", "$extranonce2", "..."]
        """,
        s=share,
        extranonce2=share[2],
    )


def test_the_second_waits_for_a_session_of_its_own() -> None:
    play = opened(size=2)
    play.aside("a >> 1 mining.subscribe []")
    play(
        """
        b >> "s" mining.subscribe []
        pool.1 << 1 mining.configure ["..."]
        pool.1 << 2 mining.subscribe ["..."]
        pool.1 << 3 mining.authorize ["..."]
        b >> 2 mining.authorize ["b"]
        b << 2 result true
        pool.1 >> 2 result [[], "0a0b", 2]
        pool.1 >> 3 result true
        pool.1 >> mining.notify "$n"
        b << "s" result ["*", "0a0b", 2]
        b << mining.set_difficulty [1e-9]
        b << mining.notify ["..."]
        """,
        n=notify("2", room=4),
    )


def test_a_session_is_taken_over_by_the_next_miner() -> None:
    play = opened(size=2)
    play.aside("a >> 1 mining.subscribe []\na -- hangs up")
    play('b >> 1 mining.subscribe []\nb << 1 result ["*", "f0f1f2f3", 2]')
    assert len(play.proxy.router.groups) == 1


def test_one_that_waited_and_left() -> None:
    play = opened(size=2)
    play.aside("a >> 1 mining.subscribe []\nb >> 1 mining.subscribe []\nb -- hangs up")
    play.opens("pool.1", size=2, extranonce1="0a0b", job=notify("2", room=4))
    play('c >> 1 mining.subscribe []\nc << 1 result ["*", "0a0b", 2]')


def test_who_waits_is_not_disconnected_for_it() -> None:
    play = opened(size=2, limits={"handshake_seconds": 5})
    play.aside('a >> 1 mining.subscribe []\na >> 2 mining.authorize ["a"]')
    play.aside("b >> 1 mining.subscribe []\nclock -- 30 s")
    assert play.miner("b").closed is None


@pytest.mark.parametrize("takes", [True, False])
def test_another_extranonce1_on_a_session_of_ones_own(takes: bool) -> None:
    play = opened(size=2)
    play.joins("a")
    if takes:
        play.aside("a >> 5 mining.extranonce.subscribe []")
    play.aside("pool -- hangs up\npool -- connects")
    play.opens(size=2, extranonce1="0102", job=notify("2", room=4))
    if takes:
        play(
            """
            a << mining.set_extranonce ["0102", 2]
            a << mining.notify ["*", "...", true]
            """
        )
    else:
        play("clock -- 1 s\na -- closed: its extranonce does not fit the pool's any more")


# -- another pool turns out smaller --------------------------------------------------------------


def test_a_standby_with_less_room_changes_nothing_for_who_is_there() -> None:
    play = opened("pool", "backup")
    play.aside("clock -- 5 s")
    play.joins("a")
    play.opens("backup", size=4, extranonce1="b0b1", job=notify("x", room=6))
    play.nothing_more()
    play('pool >> mining.notify "$n"\na << mining.notify ["a2", "...", false]', n=notify("2"))
    share = play.miner("a").share()
    play('a >> 4 mining.submit "$s"\na << 4 result true', s=share)
    play('b >> 1 mining.subscribe []\nb << 1 result ["*", "$slot", 3]')


def test_a_standby_too_small_to_share_changes_nothing_for_who_is_there() -> None:
    """They stay on their session as long as it has room. Who comes gets a session to itself."""
    play = opened("pool", "backup")
    play.aside("clock -- 5 s")
    play.joins("a")
    play.joins("b")
    play.opens("backup", size=2, extranonce1="b0b1", job=notify("x", room=4))
    play.nothing_more()
    play(
        """
        pool >> mining.notify "$n"
        a << mining.notify ["a2", "...", false]
        b << mining.notify ["a2", "...", false]
        """,
        n=notify("2"),
    )
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$s"
        pool << 16 mining.submit ["farm", "2", "$upstream", "..."]
        """,
        s=share,
        upstream=f"01000000{share[2]}",
    )
    play.aside("c >> 1 mining.subscribe []")
    play.opens("pool.1", extranonce1="0a0b", size=8, job=notify("3", room=10))
    play('c << 1 result ["*", "0a0b", 8]')


def test_and_when_it_is_needed_they_have_to_come_back() -> None:
    play = opened("pool", "backup")
    play.aside("clock -- 5 s")
    for name in "ab":
        play.joins(name)
        play.aside(f"{name} >> 5 mining.extranonce.subscribe []")
    play.opens("backup", size=2, extranonce1="b0b1", job=notify("x", room=4))
    play.aside("pool -- hangs up\nclock -- 3 s")
    assert play.miner("a").closed is not None
    assert play.miner("b").closed is not None
    play('c >> 1 mining.subscribe []\nc << 1 result ["*", "b0b1", 2]')
    play.aside('c >> 2 mining.authorize ["c"]')
    share = play.miner("c").share(meets=POOL_EASY)
    play(
        """
        c >> 4 mining.submit "$s"
        backup << 16 mining.submit ["farm", "x", "$extranonce2", "..."]
        """,
        s=share,
        extranonce2=share[2],
    )
