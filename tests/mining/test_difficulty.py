"""The difficulty of one miner: what binds from when on, and when it is looked at."""

import pytest

from stratumproxy.mining.difficulty import MOST_DIFFICULTIES, NO_TARGET, DifficultyState
from stratumproxy.mining.vardiff import Vardiff
from stratumproxy.shares.difficulty import target_bytes

VARDIFF = Vardiff(start=1.0, min=0.001, max=1e15, shares_per_minute=12, window=60)


def test_nothing_meets_what_was_never_told() -> None:
    asked = DifficultyState(0)
    assert (asked.asked, asked.target) == (0, NO_TARGET)
    assert not asked.due(VARDIFF, 1000)


def test_it_binds_from_a_job_on() -> None:
    asked = DifficultyState(0)
    for job, difficulty in ((10, 1), (20, 2), (30, 4)):
        assert asked.bind(difficulty, job, 0, 5)
    assert (asked.since, asked.asked, asked.target) == (30, 4, target_bytes(4))
    assert [asked.bound_to(job) for job in (10, 19, 20, 29, 30, 99)] == [1, 1, 2, 2, 4, 4]
    assert asked.bound_to(9) == 0, "a job from before it was told anything"


def test_none_is_forgotten_before_its_jobs_are() -> None:
    asked = DifficultyState(0)
    for job in range(1, 500):
        assert asked.bind(job, job, job - MOST_DIFFICULTIES + 1, 0)
        taken = range(max(job - MOST_DIFFICULTIES + 1, 1), job + 1)
        assert [asked.bound_to(each) for each in taken] == list(taken)
    assert len(asked.history()) == MOST_DIFFICULTIES


def test_past_so_many_another_one_waits() -> None:
    asked = DifficultyState(0)
    for job in range(1, 100):
        in_force = asked.bind(job, job, 1, 0)
        assert in_force is (job <= MOST_DIFFICULTIES + 1)
        assert asked.announced == asked.asked
    assert [asked.bound_to(job) for job in range(1, 50)] == list(range(1, 50))
    assert asked.asked == MOST_DIFFICULTIES + 1
    assert asked.bind(1000, 1000, 2, 0), "the first job is not taken any more"
    assert (asked.bound_to(1000), asked.bound_to(2)) == (1000, 2)


def test_what_it_was_asked_for_is_taken_up() -> None:
    before, asked = DifficultyState(0), DifficultyState(0)
    before.bind(1, 10, 0, 0)
    before.bind(2, 20, 0, 0)
    asked.take_up(before.history(), 25)
    assert [asked.bound_to(job) for job in (9, 10, 20, 24, 25)] == [0, 1, 2, 2, 0]
    asked.bind(8, 30, 0, 0)
    assert [asked.bound_to(job) for job in (10, 24, 30)] == [1, 2, 8]


def test_what_it_proved_is_remembered() -> None:
    asked = DifficultyState(0)
    asked.bind(1e12, 1, 0, 0)
    assert asked.proven == 0, "anybody can say so"
    asked.shares = 8
    assert asked.proven == 1e12
    asked.bind(5, 2, 0, 0)
    assert asked.proven == 1e12


def test_a_miner_that_sent_nothing_is_not_taken_below() -> None:
    asked = DifficultyState(0)
    asked.floor = 1
    asked.bind(3.0, 1, 0, 0)
    assert asked.better(VARDIFF, 600) == 1
    asked.bind(1, 2, 0, 600)
    assert asked.better(VARDIFF, 1200) is None
    asked.shares = 1
    assert asked.better(VARDIFF, 1200) == VARDIFF.retarget(1, 1, 600)


def test_the_least_it_takes_is_kept_to() -> None:
    asked = DifficultyState(0)
    asked.minimum = 8
    asked.want(5)
    assert asked.wanted == 8
    asked.want(9)
    assert asked.wanted == 9


@pytest.mark.parametrize(
    ("wanted", "urgent"), [(1.0, False), (2.9, False), (0.34, False), (3.0, True), (0.33, True)]
)
def test_what_does_not_wait_for_the_pools_next_job(wanted: float, urgent: bool) -> None:
    asked = DifficultyState(0)
    asked.bind(1.0, 1, 0, 0)
    asked.want(wanted)
    assert asked.urgent is urgent


def test_a_count_is_judged_when_it_is_old_enough() -> None:
    asked = DifficultyState(0)
    asked.bind(1.0, 1, 0, 100)
    assert not asked.due(VARDIFF, 159)
    assert asked.due(VARDIFF, 160)
    asked.pause(5)
    assert not asked.due(VARDIFF, 164)
    assert asked.due(VARDIFF, 165)


def test_too_many_shares_call_for_more() -> None:
    asked = DifficultyState(0)
    asked.bind(1.0, 1, 0, 0)
    asked.shares = 12
    assert asked.better(VARDIFF, 60) is None
    asked.shares = 120
    assert asked.better(VARDIFF, 60) == 10
    asked.bind(10, 2, 0, 60)
    assert asked.shares == 0, "a new difficulty is a new count"


def test_the_older_half_of_a_long_count_is_forgotten() -> None:
    asked = DifficultyState(0)
    asked.bind(1.0, 1, 0, 0)
    asked.shares = 120
    asked.shorten(VARDIFF, 599)
    assert asked.shares == 120
    asked.shorten(VARDIFF, 600)
    assert asked.shares == 60
    assert asked.better(VARDIFF, 600) is None, "60 shares in the 300 seconds that are left"
