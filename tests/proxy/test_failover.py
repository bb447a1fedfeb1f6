"""From pool to pool and back: for the miners nothing but a clean job, and what differs."""

import pytest

from stratumproxy.config import Failover
from tests.proxy.playbook import POOL_EASY, Playbook, notify

RETURN = Failover().return_seconds


def two_pools(**of_backup: object) -> Playbook:
    play = Playbook("pool", "backup")
    play.opens("pool")
    play.opens("backup", **{"extranonce1": "b0b1", **of_backup})  # type: ignore[arg-type]
    play.joins("a")
    return play


def test_to_the_next_pool_by_one_clean_job() -> None:
    play = two_pools(job=notify("x", room=10, ntime=0x65000100))
    play(
        """
        pool -- hangs up
        a << mining.notify ["$job", "...", "65000100", true]
        """
    )
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$s"
        backup << 16 mining.submit ["farm", "x", "...", "*"]
        backup >> 16 result true
        a << 4 result true
        """,
        s=share,
    )


def test_the_standby_pools_job_has_aged() -> None:
    play = two_pools(job=notify("x", room=10, ntime=0x65000100))
    play(
        """
        clock -- 7 s
        pool -- hangs up
        a << mining.notify ["*", "...", "65000107", true]
        clock -- 55 s
        a << mining.notify ["*", "...", "6500013e", false]
        """
    )


def test_mask_and_difficulty_go_in_front_where_they_differ() -> None:
    play = two_pools(mask="00ffe000", difficulty=5e-10)
    play(
        """
        pool -- hangs up
        a << mining.set_version_mask ["00ffe000"]
        a << mining.set_difficulty [5e-10]
        a << mining.notify ["*", "...", true]
        """
    )
    play.aside("pool -- connects")
    play.opens("pool")
    play.aside(f"clock -- {RETURN - 1} s")
    play(
        """
        clock -- 1 s
        a << mining.set_version_mask ["1fffe000"]
        a << mining.set_difficulty [1e-9]
        a << mining.notify ["*", "...", true]
        """
    )


def test_a_pool_that_does_not_roll_versions() -> None:
    play = two_pools(mask=None)
    play(
        """
        pool -- hangs up
        a << mining.set_version_mask ["00000000"]
        a << mining.notify ["*", "...", true]
        """
    )
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$s"
        backup << 16 mining.submit ["farm", "1", "*", "*", "*"]
        """,
        s=share,
    )


def test_back_to_the_first_pool_once_it_has_been_well_for_a_while() -> None:
    play = two_pools()
    play.aside("pool -- hangs up\npool -- connects")
    play.opens("pool", job=notify("2"))
    play.nothing_more()
    play.aside(f"clock -- {RETURN - 1} s")
    assert play.snapshot().pools[1].miners == 1
    play(
        """
        clock -- 1 s
        a << mining.notify ["*", "...", true]
        """
    )
    assert [pool.miners for pool in play.snapshot().pools] == [1, 0]


def test_a_first_pool_that_comes_and_goes_is_not_gone_back_to() -> None:
    play = two_pools()
    for _ in range(3):
        play.aside("pool -- hangs up\npool -- connects")
        play.opens("pool")
        play.aside(f"clock -- {RETURN - 10} s")
        assert play.snapshot().pools[1].miners == 1


def test_the_lost_pools_jobs_are_stale() -> None:
    play = two_pools()
    share = play.miner("a").share()
    play(
        """
        pool -- hangs up
        a << mining.notify ["..."]
        a >> 4 mining.submit "$s"
        a << 4 error [21, "Job not found (stale)", null]
        """,
        s=share,
    )


def test_without_another_pool_it_is_said_that_there_is_none() -> None:
    play = Playbook()
    play.opens()
    share = play.joins("a").share()
    play(
        """
        pool -- hangs up
        a >> 4 mining.submit "$s"
        a << 4 error [20, "No pool is ready", null]
        clock -- 100 s
        """,
        s=share,
    )
    assert play.snapshot().rejected == {"no-pool": 1}
    assert play.miner("a").session.invalid == 0, "it is held against nobody"


def cut_with_a_share_under_way() -> Playbook:
    play = two_pools()
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$s"
        pool << 16 mining.submit ["..."]
        pool -- hangs up
        a << mining.notify ["..."]
        """,
        s=share,
    )
    assert play.proxy.pending == play.snapshot().pools[0].pending == 1
    return play


LOST = '"Lost: the pool\'s connection closed before its verdict"'


def test_a_share_on_its_way_is_lost_if_its_session_is_not_taken_up_in_time() -> None:
    play = cut_with_a_share_under_way()
    play.aside("clock -- 29 s")
    assert play.proxy.pending == 1
    play(f"clock -- 2 s\na << 4 error [20, {LOST}, null]")
    assert play.snapshot().pools[0].lost == 1
    assert play.proxy.pending == 0


def test_a_share_on_its_way_is_lost_if_the_pool_is_back_as_another() -> None:
    play = cut_with_a_share_under_way()
    play.aside("pool -- connects")
    play.opens("pool", extranonce1="0badc0de")
    play(f"a << 4 error [20, {LOST}, null]")
    assert play.snapshot().pools[0].lost == 1


@pytest.mark.parametrize("verdict", ["result true", 'error [22, "Duplicate share", null]'])
def test_a_share_is_sent_again_on_the_session_taken_up(verdict: str) -> None:
    """The pool may have had it before the cut: a duplicate is as good as accepted."""
    play = cut_with_a_share_under_way()
    play.aside("pool -- connects")
    play.opens("pool")
    play('pool << 16 mining.submit ["..."]')
    play(f"pool >> 16 {verdict}\na << 4 result true")
    (pool, _) = play.snapshot().pools
    assert (pool.accepted, pool.rejected, pool.lost, pool.pending) == (1, 0, 0, 0)


def test_a_share_sent_again_can_be_refused() -> None:
    play = cut_with_a_share_under_way()
    play.aside("pool -- connects")
    play.opens("pool")
    play('pool << 16 mining.submit ["..."]')
    play('pool >> 16 error [21, "Job not found", null]\na << 4 error [21, "Job not found", null]')
    assert play.snapshot().pools[0].rejected == 1


def test_at_the_end_every_share_is_accounted_for() -> None:
    play = cut_with_a_share_under_way()
    play.proxy.give_up(play.now)
    play(f"a << 4 error [20, {LOST}, null]")
    assert play.proxy.pending == 0


def test_a_pool_that_refuses_too_much_is_left_for_a_while() -> None:
    play = two_pools()
    miner = play.miner("a")
    for number in range(20):
        play.aside(f'a >> {number} mining.submit "$s"', s=miner.share(meets=POOL_EASY))
    for number in range(19):
        play.aside(f'pool >> {16 + number} error [20, "no", null]')
    play.skip()
    play(
        """
        pool >> 35 error [20, "no", null]
        a << 19 error [20, "no", null]
        a << mining.notify ["..."]
        """
    )
    assert play.proxy.router.groups[0].active.pool is play.proxy.pools[1]
    play.aside(f"clock -- {Failover().reject_pause_seconds - 1} s")
    assert play.proxy.router.groups[0].active.pool is play.proxy.pools[1]
    play.aside("clock -- 2 s")
    assert play.proxy.router.groups[0].active.pool is play.proxy.pools[0]


def test_a_pool_that_refuses_too_much_is_kept_if_there_is_no_other() -> None:
    play = two_pools()
    play.aside("backup -- hangs up")
    miner = play.miner("a")
    for number in range(20):
        play.aside(f'a >> {number} mining.submit "$s"', s=miner.share(meets=POOL_EASY))
        play.aside(f'pool >> {16 + number} error [20, "no", null]')
    assert play.proxy.router.groups[0].active.pool is play.proxy.pools[0]


def test_without_any_pool_miners_stay_and_then_are_let_go() -> None:
    play = two_pools()
    play.aside("pool -- hangs up\nbackup -- hangs up")
    play.aside(f"clock -- {Failover().release_seconds - 1} s")
    assert not play.proxy.drain
    play.aside("clock -- 3 s")
    assert play.proxy.turning_away
    play.aside("pool -- connects")
    play.opens("pool")
    assert not play.proxy.turning_away


def test_a_standby_that_is_lost_is_not_noticed_by_miners() -> None:
    play = two_pools()
    play("backup -- hangs up")
    play("pool -- hangs up")
    assert not play.proxy.jobs


def test_jobs_of_the_standby_are_not_sent() -> None:
    play = two_pools()
    play('backup >> mining.notify "$n"', n=notify("2", room=10, clean=True))


def test_what_may_be_rolled_is_asked_of_the_pool_that_is_mined_on() -> None:
    """A miner that configures after a switch is told the mask that its shares are judged by."""
    play = two_pools(mask="00ffe000")
    play.aside("pool -- hangs up")
    play(
        """
        b >> 1 mining.configure [["version-rolling"], {"version-rolling.mask": "ffffffff"}]
        b << 1 result {"version-rolling": true, "version-rolling.mask": "00ffe000"}
        """
    )


def test_the_same_pool_with_another_extranonce1() -> None:
    play = Playbook()
    play.opens()
    play.joins("a")
    play.aside("pool -- hangs up\npool -- connects")
    play.opens(extranonce1="0102030405", size=8, job=notify("2", room=13))
    play('a << mining.notify ["*", "...", true]')
    upstream(play, "01000000")


def test_the_same_pool_with_more_room() -> None:
    play = Playbook()
    play.opens(size=4)
    play.joins("a")
    play.aside("pool -- hangs up\npool -- connects")
    play.opens(size=8, job=notify("2"))
    play('a << mining.notify ["*", "...", true]')
    upstream(play, "00000000" + "0100")


def test_the_same_pool_with_less_room_and_a_miner_that_takes_another_extranonce() -> None:
    play = Playbook()
    play.opens()
    play.joins("a")
    play.aside("a >> 5 mining.extranonce.subscribe []\npool -- hangs up\npool -- connects")
    play.opens(size=4, job=notify("2", room=8))
    play(
        """
        a << mining.set_extranonce ["0100", 2]
        a << mining.notify ["*", "...", true]
        """
    )
    upstream(play, "0100")


def test_the_same_pool_with_less_room_and_a_miner_that_does_not() -> None:
    """It has to reconnect, and is let go at a gentle pace: no more than one a turn here."""
    play = Playbook()
    play.opens()
    for name in "abc":
        play.joins(name)
    play.aside("pool -- hangs up\npool -- connects")
    play.opens(size=4, job=notify("2", room=8))
    play.nothing_more()
    play("clock -- 1 s\na -- closed: its extranonce does not fit the pool's any more")
    assert play.miner("b").closed is None
    play("clock -- 2 s\nc -- closed: its extranonce does not fit the pool's any more")
    play(
        """
        d >> 1 mining.subscribe []
        d << 1 result ["*", "$slot", 3]
        """
    )


def test_a_miner_that_fits_again_before_it_was_let_go_stays() -> None:
    play = two_pools()
    play.aside(
        """
        pool >> mining.set_extranonce ["f0f1f2f3", 4]
        pool >> mining.notify "$n"
        """,
        n=notify("2", room=8),
    )
    play.aside("pool -- hangs up")
    play.aside("clock -- 5 s")
    assert play.miner("a").closed is None


@pytest.mark.parametrize("takes", [True, False])
def test_a_pool_that_changes_its_extranonce_unasked(takes: bool) -> None:
    """NiceHash does: the next job has another extranonce1 in it, the miner's own stays."""
    play = Playbook()
    play.opens(extranonce1="02187bbb75009a23a3", size=3)
    play.joins("a")
    if takes:
        play.aside("a >> 5 mining.extranonce.subscribe []")
    play('pool >> mining.set_extranonce ["3263b370affeb0d550", 3]')
    play(
        """
        pool >> mining.notify "$n"
        a << mining.notify ["a2", "*", "$coinb1", "..."]
        """,
        n=notify("2", room=12),
    )
    assert play.values["coinb1"].endswith("3263b370affeb0d550")
    upstream(play, "01")


def upstream(play: Playbook, in_front: str) -> None:
    """A share of miner a goes upstream with these bytes in front of its own extranonce2."""
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$share"
        pool << 16 mining.submit ["farm", "*", "$upstream", "..."]
        """,
        share=share,
        upstream=in_front + share[2],
    )
