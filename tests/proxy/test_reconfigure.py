"""The configuration is read again while miners mine."""

from typing import Any

from stratumproxy.upstream.pool import RETIRE_SECONDS
from tests.proxy.playbook import POOL_EASY, Playbook, notify

GONE = "it is not configured any more"


def mined_on(*pools: str, **settings: Any) -> Playbook:
    play = Playbook(*pools, **settings)
    for number, pool in enumerate(play.pools):
        play.opens(pool, extranonce1=f"b0b{number}", job=notify(pool, room=10))
    play.joins("a")
    return play


def told(play: Playbook) -> list[tuple[str, str, int]]:
    return [(pool.name, pool.state, pool.miners) for pool in play.snapshot().pools]


def test_the_same_once_more_is_nothing() -> None:
    play = mined_on("pool", "backup")
    play.reconfigure("pool", "backup")
    play("clock -- 5 s")
    assert told(play) == [("pool", "ready", 1), ("backup", "ready", 0)]


def test_another_order_is_one_clean_job() -> None:
    play = mined_on("pool", "backup")
    play.aside("clock -- 61 s")
    play.reconfigure("backup", "pool")
    play('clock -- 1 s\na << mining.notify ["*", "...", true]')
    assert told(play) == [("backup", "ready", 1), ("pool", "ready", 0)]
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$s"
        backup << 16 mining.submit ["farm", "backup", "..."]
        backup >> 16 result true
        a << 4 result true
        """,
        s=share,
    )
    assert [pool.accepted for pool in play.snapshot().pools] == [1, 0]


def test_a_pool_in_front_is_mined_on_when_it_is_ready() -> None:
    play = mined_on("backup")
    play.reconfigure("pool", "backup")
    play.skip("pool")
    play("clock -- 1 s")
    play.opens("pool", job=notify("1"))
    play('a << mining.notify ["*", "...", true]')
    assert told(play) == [("pool", "ready", 1), ("backup", "ready", 0)]


def test_a_pool_that_is_removed_hands_over_to_the_next() -> None:
    play = mined_on("pool", "backup")
    play.reconfigure("backup")
    play('a << mining.notify ["*", "...", true]')
    assert told(play)[0] == ("backup", "ready", 1)
    play("clock -- 1 s")
    assert play.pool("pool").closed == GONE


def test_what_waits_for_a_removed_pools_verdict_has_it() -> None:
    play = mined_on("pool", "backup")
    share = play.miner("a").share(meets=POOL_EASY)
    play.step('a >> 4 mining.submit "$s"', s=share)
    play.skip("pool")
    play.reconfigure("backup")
    play('a << mining.notify ["*", "...", true]\nclock -- 2 s')
    assert play.pool("pool").closed is None
    play("pool >> 16 result true\na << 4 result true\nclock -- 1 s")
    assert play.pool("pool").closed == GONE
    pools = [(pool.name, pool.state, pool.accepted) for pool in play.snapshot().pools]
    assert pools == [("backup", "ready", 0), ("pool", "", 1)], "what it counted stays"


def test_other_credentials_are_a_new_session_and_one_clean_job() -> None:
    play = mined_on("pool")
    play.reconfigure("pool", pool={"user": "barn"})
    play.skip("pool'")
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$s"
        pool << 16 mining.submit ["farm", "..."]
        pool >> 16 result true
        a << 4 result true
        """,
        s=share,
    )
    play.opens("pool'", extranonce1="b0b7", job=notify("n", room=10))
    play('a << mining.notify ["*", "...", true]\nclock -- 1 s')
    assert play.pool("pool").closed == GONE
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 5 mining.submit "$t"
        pool' << 16 mining.submit ["barn", "n", "..."]
        pool' >> 16 result true
        a << 5 result true
        """,
        t=share,
    )
    (pool,) = play.snapshot().pools
    assert (pool.accepted, pool.sessions, pool.miners) == (2, 1, 1)


def test_an_old_pool_is_not_mined_on_for_ever() -> None:
    play = mined_on("pool")
    play.reconfigure("other")
    play.skip("other")
    play(f"clock -- {RETIRE_SECONDS - 1} s")
    assert play.proxy.router.groups[0].job is not None
    play("clock -- 1 s")
    assert play.proxy.router.groups[0].job is None
    assert play.pool("pool").closed == GONE
    play.opens("other")
    play('a << mining.notify ["*", "...", true]')


def test_a_removed_pool_whose_connection_ends_does_not_come_back() -> None:
    play = mined_on("pool")
    share = play.miner("a").share(meets=POOL_EASY)
    play.step('a >> 4 mining.submit "$s"', s=share)
    play.skip()
    play.reconfigure("other")
    play.skip("other")
    play('pool -- hangs up\na << 4 error [20, "...", null]')
    assert play.pool("pool").closed == GONE
    assert play.snapshot().pools[-1].lost == 1


def test_a_pool_that_never_was_ready_is_given_up_at_once() -> None:
    play = Playbook("pool", "backup", pool={"extranonce2_size": 8})
    play.opens("pool")
    play.skip()
    play.reconfigure("pool", pool={"extranonce2_size": 8})
    assert play.pool("backup").closed == GONE
    play("clock -- 1 s")


def test_counts_of_a_pool_stay_through_changes_to_and_fro() -> None:
    play = mined_on("pool", "backup")
    for turn in range(3):
        share = play.miner("a").share(meets=POOL_EASY)
        name = "pool" + "'" * turn
        play.step('a >> 4 mining.submit "$s"', s=share)
        play.aside(f"{name} >> 16 result true")
        play.reconfigure("pool", "backup", pools={"pool": {"user": f"farm{turn}"}})
        play.skip()
        play.opens(name + "'", extranonce1=f"c0c{turn}", job=notify(f"j{turn}", room=10))
        play.aside("clock -- 61 s")
    assert [pool.accepted for pool in play.snapshot().pools] == [3, 0]
    assert len(play.proxy.pools) == 3, "the newest that was retired, and no more"


def test_difficulty_binds_with_the_next_job_for_those_outside_the_new_limits() -> None:
    play = mined_on("pool")
    play.reconfigure("pool", difficulty={"start": 4e-9, "min": 4e-9})
    play.nothing_more()
    play(
        """
        pool >> mining.notify "$n"
        a << mining.set_difficulty [4e-09]
        a << mining.notify ["*", "...", false]
        """,
        n=notify("2", room=10),
    )


def test_the_verdict_and_the_limits() -> None:
    play = mined_on("pool")
    play.reconfigure("pool", verdict="local", limits={"line_bytes": 2048})
    share = play.miner("a").share(meets=POOL_EASY)
    play('a >> 4 mining.submit "$s"\na << 4 result true\npool << 16 mining.submit ["..."]', s=share)
    assert play.proxy.line_limit == 2048


def test_before_any_pool_was_ready() -> None:
    play = Playbook("pool")
    play.aside('a >> 1 mining.subscribe []\na >> 2 mining.authorize ["a"]')
    play.reconfigure("other")
    play.skip()
    assert play.pool("pool").closed == GONE
    play.opens("other")
    assert told(play) == [("other", "ready", 1)]


def test_the_layout_is_not_widened_again() -> None:
    play = Playbook("pool", "small")
    play.opens("pool")
    play.opens("small", extranonce1="b0b1", size=5, job=notify("s", room=7))
    first = play.joins("a")
    play.reconfigure("pool")
    play.skip()
    play.aside('pool >> mining.notify "$n"', n=notify("2"))
    second = play.joins("b")
    assert first.extranonce2_size == second.extranonce2_size == 3
    assert first.extranonce1 != second.extranonce1
