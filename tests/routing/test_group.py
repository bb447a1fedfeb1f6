"""Groups: the jobs that shares are taken for, keep-alives, and which pool is mined on."""

from stratumproxy.upstream.channel import MAX_JOBS, REFUSALS
from tests.proxy.peers import PoolEnd
from tests.proxy.playbook import POOL_EASY, Playbook, mined_on, notify


def test_a_keepalive_has_a_new_id_and_a_later_ntime() -> None:
    """cgminer leaves after 90 s of silence; ESP-Miner starts its extranonce2 anew on each job."""
    play = mined_on()
    play(
        """
        clock -- 54 s
        clock -- 1 s
        a << mining.notify ["a2", "...", "65000037", false]
        clock -- 54 s
        clock -- 1 s
        a << mining.notify ["a3", "...", "6500006e", false]
        """
    )


def test_shares_on_a_job_and_on_its_keepalive_both_count() -> None:
    play = mined_on()
    first = play.miner("a").share()
    play.aside("clock -- 55 s")
    again = play.miner("a").share()
    assert first[1] != again[1]
    play(
        """
        a >> 1 mining.submit "$first_share"
        a << 1 result true
        a >> 2 mining.submit "$again"
        a << 2 result true
        """,
        first_share=first,
        again=again,
    )


def test_the_pools_job_resets_the_keepalive() -> None:
    play = mined_on()
    play.aside('clock -- 50 s\npool >> mining.notify "$n"', n=notify("2"))
    play("clock -- 54 s")
    play('clock -- 1 s\na << mining.notify ["..."]')


def test_a_job_that_is_not_clean_leaves_the_others_valid() -> None:
    play = mined_on()
    old = play.miner("a").share()
    play(
        """
        pool >> mining.notify "$n"
        a << mining.notify ["a2", "...", false]
        a >> 1 mining.submit "$old"
        a << 1 result true
        """,
        n=notify("2", ntime=0x65000010),
        old=old,
    )


def test_a_clean_job_retires_all_others() -> None:
    play = mined_on()
    old = play.miner("a").share()
    play(
        """
        pool >> mining.notify "$n"
        a << mining.notify ["a2", "...", true]
        a >> 1 mining.submit "$old"
        a << 1 error [21, "Job not found (stale)", null]
        """,
        n=notify("2", clean=True, height=800_001),
        old=old,
    )


def test_so_many_jobs_are_kept_and_no_more() -> None:
    play = mined_on()
    oldest = play.miner("a").share()
    for number in range(2, MAX_JOBS + 1):
        play.aside('pool >> mining.notify "$n"', n=notify(f"{number}", ntime=0x65000000 + number))
    assert len(play.proxy.jobs) == MAX_JOBS
    play('a >> 1 mining.submit "$s"\na << 1 result true', s=oldest)
    oldest = play.miner("a").share(job="a1")
    play.aside('pool >> mining.notify "$n"', n=notify("last", ntime=0x65001000))
    assert len(play.proxy.jobs) == MAX_JOBS
    play('a >> 1 mining.submit "$s"\na << 1 error [21, "Job not found (stale)", null]', s=oldest)


def test_a_job_is_issued_again_a_bounded_number_of_times() -> None:
    """By keep-alives of a pool that is silent for days, or by a miner that asks every second."""
    play = mined_on()
    jobs = play.config.jobs
    for second in range(400):
        difficulty = 1e-9 * (2 + second % 2)
        play.aside(f"clock -- 1 s\na >> 1 mining.suggest_difficulty [{difficulty!r}]")
    assert len(play.proxy.jobs) <= jobs.keepalive_seconds + jobs.grace_seconds + 3


def test_who_asks_within_one_second_shares_one_job() -> None:
    play = mined_on()
    play.joins("b")
    play.aside("clock -- 5 s")
    play(
        """
        a >> 1 mining.suggest_difficulty [2e-9]
        a << 1 result true
        a << mining.set_difficulty [2e-9]
        a << mining.notify ["$again", "...", "65000005", false]
        b >> 1 mining.suggest_difficulty [3e-9]
        b << 1 result true
        b << mining.set_difficulty [3e-9]
        b << mining.notify ["$again", "...", "65000005", false]
        """
    )


def test_a_job_issued_again_at_once_differs_by_its_ntime() -> None:
    """Within the first second of a job: a second ahead, which every pool allows."""
    play = mined_on()
    play(
        """
        a >> 1 mining.suggest_difficulty [2e-9]
        a << 1 result true
        a << mining.set_difficulty [2e-9]
        a << mining.notify ["a2", "...", "65000001", false]
        clock -- 1 s
        a >> 1 mining.suggest_difficulty [3e-9]
        a << 1 result true
        a << mining.set_difficulty [3e-9]
        a << mining.notify ["a3", "...", "65000002", false]
        clock -- 8 s
        a >> 1 mining.suggest_difficulty [4e-9]
        a << 1 result true
        a << mining.set_difficulty [4e-9]
        a << mining.notify ["a4", "...", "65000009", false]
        """
    )


def test_a_miner_that_subscribes_again_gets_its_job_under_a_new_id() -> None:
    """It starts from zero: with the old ntime it would find the very shares it found before."""
    play = mined_on()
    before = play.miner("a").share()
    play.aside('a >> 1 mining.submit "$s"', s=before)
    play(
        """
        a >> 2 mining.subscribe []
        a << 2 result ["*", "01000000", 4]
        a << mining.set_difficulty [1e-9]
        a << mining.notify ["a2", "...", "65000001", true]
        """
    )


def test_a_miner_that_resumes_gets_its_job_under_a_new_id() -> None:
    play = mined_on()
    play.skip()
    play(
        """
        b >> 1 mining.subscribe []
        b << 1 result [["*", ["mining.notify", "$sid"]], "$slot", 4]
        b >> 2 mining.authorize ["b", "x"]
        b << 2 result true
        b << mining.set_difficulty [1e-9]
        b << mining.notify ["a1", "...", "65000000", true]
        b -- hangs up
        clock -- 1 s
        c >> 1 mining.subscribe ["cgminer/4.11.1", "$sid"]
        c << 1 result [["*", ["mining.notify", "$sid"]], "$slot", 4]
        c >> 2 mining.authorize ["b", "x"]
        c << 2 result true
        c << mining.set_difficulty [1e-9]
        c << mining.notify ["a2", "...", "65000001", true]
        """
    )


def test_a_miner_that_comes_back_without_its_session_gets_the_job_as_it_is() -> None:
    play = mined_on()
    play.aside("clock -- 10 s")
    play(
        """
        b >> 1 mining.subscribe []
        b << 1 result ["..."]
        b >> 2 mining.authorize ["b", "x"]
        b << 2 result true
        b << mining.set_difficulty [1e-9]
        b << mining.notify ["a1", "...", "65000000", true]
        """
    )


def test_a_header_counts_once_whatever_the_job_id() -> None:
    play = mined_on()
    share = play.miner("a").share(ntime=20)
    play.aside("clock -- 10 s\na >> 1 mining.suggest_difficulty [1.1e-9]")
    again = [share[0], "a2", *share[2:]]
    play(
        """
        a >> 1 mining.submit "$s"
        a << 1 result true
        a >> 2 mining.submit "$again"
        a << 2 error [22, "Duplicate share", null]
        """,
        s=share,
        again=again,
    )


def test_a_new_mask_of_the_pool_binds_at_once() -> None:
    """BIP310: set_version_mask needs no new job. What was rolled before it counts all the same."""
    play = mined_on()
    rolled = play.miner("a").share(bits=0x10000000, misses=POOL_EASY)
    play(
        """
        pool >> mining.set_version_mask ["00c00000"]
        a << mining.set_version_mask ["00c00000"]
        a << mining.notify ["a2", "...", "65000001", false]
        a >> 1 mining.submit "$s"
        a << 1 result true
        """,
        s=rolled,
    )
    beyond = [*play.miner("a").share()[:5], "10000000"]
    play(
        """
        a >> 1 mining.submit "$beyond"
        a << 1 error [20, "Version bits outside the mask", null]
        """,
        beyond=beyond,
    )
    share = play.miner("a").share(bits=0x00400000, meets=POOL_EASY)
    play(
        """
        a >> 2 mining.submit "$s"
        pool << 16 mining.submit ["farm", "1", "...", "00400000"]
        pool >> 16 result true
        a << 2 result true
        """,
        s=share,
    )


def test_the_same_mask_again_changes_nothing() -> None:
    play = mined_on()
    play('pool >> mining.set_version_mask ["1fffe000"]')


# -- one session in the place of another, as the pool asked --------------------------------------


def moved(play: Playbook, extranonce1: str) -> PoolEnd:
    """The first pool has another session for us, which is ready; the one before is still there."""
    end = play.peers["main"]
    assert isinstance(end, PoolEnd)
    end.connect()
    play.opens("main", extranonce1=extranonce1, job=notify("2"))
    return end


def test_a_session_that_takes_the_place_of_another_is_no_failover() -> None:
    play = mined_on("main", "backup")
    late = play.miner("a").share(misses=POOL_EASY)
    told = len(play.miner("a").params)
    moved(play, "00112233")
    assert [pool.miners for pool in play.snapshot().pools] == [1, 0]
    assert len(play.miner("a").params) == told + 1
    assert play.miner("a").params[play.miner("a").last][-1] is True, "the old one's are stale"
    play.skip("a")
    play.step('a >> 1 mining.submit "$late"', late=late)
    play.step('a << 1 error [21, "*", null]')
    share = play.miner("a").share(meets=POOL_EASY)
    play.aside('a >> 2 mining.submit "$again"\nmain >> 16 result true', again=share)
    assert play.snapshot().pools[0].accepted == 1


def test_what_the_one_before_owes_is_accounted_for_and_not_sent_again() -> None:
    play = mined_on("main", "backup")
    share = play.miner("a").share(meets=POOL_EASY)
    play.aside('a >> 1 mining.submit "$owed"', owed=share)
    end = moved(play, "00112233")
    assert (play.snapshot().pools[0].lost, play.proxy.pending) == (1, 0)
    assert not end.session.pending
    play.aside("backup -- hangs up\nmain -- hangs up")
    assert play.snapshot().pools[0].lost == 1


def test_a_pool_that_is_not_mined_on_may_move_too() -> None:
    play = mined_on("backup", "main")
    moved(play, "00112233")
    assert [pool.miners for pool in play.snapshot().pools] == [1, 0]
    play.aside("backup -- hangs up")
    assert [pool.miners for pool in play.snapshot().pools] == [0, 1]
    ready = [each for each in play.proxy.router.groups[0].channels.values() if each.session]
    assert len(ready) == 1


def test_moving_is_no_way_out_for_a_pool_that_refuses_too_much() -> None:
    play = mined_on("main", "backup")
    for _ in range(REFUSALS):
        play.proxy.router.channels_to(play.proxy.pools[0])[0].refused(play.now)
    moved(play, "00112233")
    assert [pool.miners for pool in play.snapshot().pools] == [0, 1]
    assert play.proxy.router.channels_to(play.proxy.pools[0])[0].unwell
