"""What a miner's shares are asked for, and from which job on."""

import random
from typing import Any

import pytest

from tests.proxy.playbook import EASY, POOL_EASY, Playbook, mined_on, notify


def answer(play: Playbook, share: list[Any], verdict: str) -> None:
    play('a >> 4 mining.submit "$share"\na << 4 ' + verdict, share=share)


# -- what binds from when ----------------------------------------------------------------------


def test_a_new_difficulty_of_the_pool_binds_from_its_next_job() -> None:
    """For the miner's target as for the pool's: the job it came with is judged as it was sent."""
    play = Playbook(difficulty={"start": 1})
    play.opens(difficulty=1e-8, job=notify("0"))
    play.joins("a")
    miner = play.miner("a")
    assert miner.difficulty == 1e-8
    play(
        """
        pool >> mining.notify "$second"
        a << mining.notify ["a2", "...", false]
        pool >> mining.set_difficulty [1e-6]
        pool >> mining.notify "$n"
        a << mining.set_difficulty [1e-6]
        a << mining.notify ["a3", "...", false]
        """,
        second=notify("1"),
        n=notify("2"),
    )
    old, new = (miner.share(job=job, meets=1e-8, misses=1e-6) for job in ("a1", "a3"))
    play(
        """
        a >> 4 mining.submit "$old"
        pool << 16 mining.submit ["farm", "0", "..."]
        pool >> 16 result true
        a << 4 result true
        a >> 5 mining.submit "$new"
        a << 5 error [23, "Low difficulty share", null]
        """,
        old=old,
        new=new,
    )
    assert play.snapshot().work == 1e-8, "credited for what its job asked for"


def test_a_new_difficulty_of_the_pool_alone_says_nothing() -> None:
    play = mined_on()
    play("pool >> mining.set_difficulty [1e-10]")
    assert play.miner("a").difficulty == EASY
    share = play.miner("a").share(misses=POOL_EASY)
    answer(play, share, "result true")


def test_a_miners_own_difficulty_binds_from_the_job_that_comes_with_it() -> None:
    play = mined_on()
    miner = play.miner("a")
    play.aside("clock -- 1 s\na >> 1 mining.suggest_difficulty [1e-8]")
    old, new = (miner.share(job=job, meets=EASY, misses=1e-8) for job in ("a1", "a2"))
    play(
        """
        a >> 4 mining.submit "$old"
        a << 4 result true
        a >> 5 mining.submit "$new"
        a << 5 error [23, "Low difficulty share", null]
        """,
        old=old,
        new=new,
    )
    assert play.snapshot().work == EASY


def test_every_job_remembers_its_own() -> None:
    play = Playbook()
    play.opens(difficulty=1)
    miner = play.joins("a")
    for step in range(1, 6):
        play.aside(f"clock -- 1 s\na >> 1 mining.suggest_difficulty [{EASY * 4**step!r}]")
    jobs = list(miner.jobs)
    assert [miner.jobs[job].difficulty for job in jobs] == [EASY * 4**step for step in range(6)]
    for job in jobs:
        difficulty = miner.jobs[job].difficulty
        answer(play, miner.share(job=job), "result true")
        too_easy = miner.share(job=job, meets=difficulty / 4, misses=difficulty)
        answer(play, too_easy, 'error [23, "Low difficulty share", null]')
    assert play.snapshot().work == pytest.approx(sum(EASY * 4**step for step in range(6)))


def test_no_miner_is_ever_asked_for_more_than_the_pool_asks() -> None:
    play = Playbook(difficulty={"start": 5, "min": 2}, pool={"min_difficulty": 1e-9})
    play.opens(difficulty=0.3)
    play.joins("a")
    assert play.miner("a").difficulty == 0.3
    for difficulty in (0.1, 3, 100, 1e-9):
        play.aside(
            'pool >> mining.set_difficulty ["$d"]\npool >> mining.notify "$n"',
            d=difficulty,
            n=notify(f"{difficulty}"),
        )
        assert play.miner("a").difficulty == min(difficulty, 5)


def test_a_difficulty_is_told_exactly() -> None:
    play = Playbook(difficulty={"start": 7.3e-9})
    play.opens(difficulty=1234.56789012345)
    play.skip()
    play.aside('a >> 1 mining.subscribe []\na >> 2 mining.authorize ["a"]')
    assert play.miner("a").difficulty == 7.3e-9
    play.aside("a >> 3 mining.suggest_difficulty [1e15]")
    assert play.miner("a").difficulty == 1234.56789012345


# -- vardiff -----------------------------------------------------------------------------------


def run(play: Playbook, seconds: float, rate: float, seed: int) -> None:
    """Miner a finds shares at random: `rate` a minute at the pool's difficulty."""
    rng = random.Random(seed)
    miner = play.miner("a")
    end = play.now + seconds
    while play.now < end:
        wait = rng.expovariate(rate * POOL_EASY / miner.jobs[miner.last].difficulty / 60)
        play.aside(f"clock -- {min(wait, end - play.now, 1)} s")
        if wait <= 1:
            share = miner.share(misses=POOL_EASY * 1e6)
            play.aside('a >> 4 mining.submit "$s"', s=share)


def vardiff(**settings: Any) -> Playbook:
    difficulty = {"vardiff": True, "start": 1e-9, "min": 1e-12, **settings}
    play = Playbook(difficulty=difficulty)
    play.opens(difficulty=1e6)
    play.joins("a")
    return play


def test_vardiff_finds_the_rate_and_changes_by_a_job() -> None:
    play = vardiff()
    run(play, 120, 0.5, 1)  # right would be 4e-8
    miner = play.miner("a")
    assert 1e-8 < miner.difficulty < 2e-7
    assert play.snapshot().rejected == {}
    told = [line for line in play.log if "set_difficulty" in line and line.startswith("a <<")]
    assert len(told) < 6


def test_vardiff_never_goes_above_the_pools() -> None:
    play = vardiff(start=1e-8)
    play.aside('pool >> mining.set_difficulty [2e-8]\npool >> mining.notify "$n"', n=notify("2"))
    run(play, 120, 2, 2)
    assert play.miner("a").difficulty == 2e-8
    play.aside('pool >> mining.set_difficulty [1]\npool >> mining.notify "$n"', n=notify("3"))
    assert play.miner("a").difficulty > 2e-8, "it is remembered what would be right"


def test_vardiff_keeps_to_the_configured_limits() -> None:
    play = vardiff(max=3e-9)
    run(play, 60, 2, 3)
    assert play.miner("a").difficulty == 3e-9
    play = vardiff(start=1e-8, min=5e-9)
    play.aside('a >> 4 mining.submit "$s"', s=play.miner("a").share())
    run(play, 400, 1e-5, 4)
    assert play.miner("a").difficulty == 5e-9


def test_vardiff_keeps_to_the_least_a_miner_takes() -> None:
    play = Playbook(difficulty={"vardiff": True, "start": 1e-8})
    play.opens(difficulty=1e6)
    play.aside(
        """
        a >> 1 mining.configure [["minimum-difficulty"], {"minimum-difficulty.value": 8e-9}]
        a >> 2 mining.subscribe []
        a >> 3 mining.authorize ["a"]
        """
    )
    run(play, 400, 1e-5, 4)
    assert play.miner("a").difficulty == 8e-9


def test_a_worker_begins_where_it_was() -> None:
    play = vardiff()
    run(play, 60, 0.5, 1)
    difficulty = play.miner("a").session.difficulty.wanted
    assert difficulty > 2e-9
    play.aside("a -- hangs up")
    play(
        """
        a:2 >> 1 mining.subscribe []
        a:2 << 1 result ["..."]
        a:2 >> 2 mining.authorize ["a"]
        a:2 << 2 result true
        a:2 << mining.set_difficulty ["$d"]
        a:2 << mining.notify ["..."]
        """,
        d=difficulty,
    )
