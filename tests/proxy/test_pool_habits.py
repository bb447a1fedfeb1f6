"""What pools are known to do, and what a hostile one would: jobs that repeat, verdicts that never
come, lines that make no sense, talk without end. Reports: docs/wire.md.
"""

import pytest

from stratumproxy.upstream.channel import REFUSALS
from tests.proxy.playbook import EASY, POOL_EASY, Playbook, mined_on, notify, opened


def told(play: Playbook, event: str) -> list[dict[str, object]]:
    return [values for each, values in play.notices if each == event]


# -- a job that is sent again --------------------------------------------------------------------


@pytest.mark.parametrize("clean", [False, True])
def test_unchanged_it_is_no_news(clean: bool) -> None:
    play = mined_on()
    share = play.miner("a").share()
    play('pool >> mining.notify "$n"', n=notify("1", clean=clean))
    play('a >> 4 mining.submit "$s"\na << 4 result true', s=share)


@pytest.mark.parametrize("clean", [False, True])
def test_under_another_difficulty_it_goes_out_with_a_later_ntime(clean: bool) -> None:
    """miningcore's vardiff; NiceHash. A miner would find the same shares on it (ESP-Miner)."""
    play = mined_on()
    share = play.miner("a").share(misses=POOL_EASY)
    play(
        """
        pool >> mining.set_difficulty [2e-6]
        a << mining.notify ["a2", "...", "65000001", false]
        pool >> mining.notify "$n"
        a >> 4 mining.submit "$s"
        a << 4 result true
        """,
        n=notify("1", clean=clean),
        s=share,
    )
    play(
        """
        pool >> mining.notify "$other"
        a << mining.notify ["a3", "...", "65000000", false]
        pool >> mining.set_difficulty [3e-6]
        pool >> mining.notify "$other"
        a << mining.notify ["a4", "...", "65000001", false]
        """,
        other=notify("2"),
    )
    assert play.snapshot().pools[0].difficulty == 3e-6


def test_under_another_id_too() -> None:
    play = mined_on()
    play(
        """
        pool >> mining.notify "$again"
        a << mining.notify ["a2", "...", "65000001", false]
        pool >> mining.notify "$clean"
        a << mining.notify ["a3", "...", "65000002", true]
        """,
        again=["2", *notify("1")[1:]],
        clean=["3", *notify("1", clean=True)[1:]],
    )


def test_on_a_session_that_is_taken_up_again_too() -> None:
    play = mined_on()
    share = play.miner("a").share()
    play.aside('a >> 4 mining.submit "$s"\npool -- hangs up\npool -- connects 5e55', s=share)
    play.opens()
    assert play.miner("a").params["a2"][7] == "65000001"
    again = [share[0], "a2", *share[2:]]
    play.skip()
    play('a >> 5 mining.submit "$s"\na << 5 error [20, "ntime out of range", null]', s=again)


def test_its_ntimes_differ_from_our_own_repeats() -> None:
    play = mined_on()
    for _ in range(3):
        play.aside("clock -- 56 s")
        for difficulty in (2e-6, 1e-6):
            play.aside(f"pool >> mining.set_difficulty [{difficulty!r}]")
            play.aside('pool >> mining.notify "$n"', n=notify("1"))
    ntimes = [params[7] for params in play.miner("a").params.values()]
    assert len(ntimes) > 9
    assert len(set(ntimes)) == len(ntimes)


def test_a_miner_is_not_held_to_account_for_it() -> None:
    """It finds the same shares from zero on each job that is the same."""
    play = mined_on(limits={"exempt": [], "invalid_share_window": 20})
    for number in range(40):
        difficulty = 1e-6 * (1 + number % 2)
        play.aside(f"pool >> mining.set_difficulty [{difficulty!r}]")
        play.aside('pool >> mining.notify "$n"\nclock -- 5 s', n=notify("1"))
        miner = play.miner("a")
        miner._tries = 0
        for _ in range(5):
            play.aside('a >> 4 mining.submit "$s"', s=miner.share())
    assert play.miner("a").closed is None
    assert play.snapshot().rejected == {}


def test_an_id_that_is_used_for_other_work_is_another_job() -> None:
    """With another extranonce1: what is found on the former would be another header to the pool."""
    play = mined_on()
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        pool >> mining.set_extranonce ["0a0b0c0d", 8]
        pool >> mining.notify "$n"
        a << mining.notify ["a2", "...", false]
        a >> 4 mining.submit "$s"
        a << 4 error [21, "Job not found (stale)", null]
        """,
        n=notify("1"),
        s=share,
    )


def test_extension_fields_stand_before_clean_jobs() -> None:
    play = mined_on()
    for extra, clean in (([123, False], False), ([False, True], True), (["x", {}, False], False)):
        play.aside('pool >> mining.notify "$n"', n=[*notify(f"{extra}")[:8], *extra])
        assert play.miner("a").params[play.miner("a").last][8] is clean


# -- how it begins -------------------------------------------------------------------------------


def test_a_job_that_nobody_mined_on_starts_under_the_difficulty_that_came_after_it() -> None:
    """A static difficulty, from our password, in the segment that answers authorize."""
    play = Playbook("pool", "backup")
    play.opens("backup")
    play.values["n"] = notify("1")
    segment = [
        '1 result {"version-rolling":false}',
        '2 result [[["mining.notify","1"]],"f0f1f2f3",8]',
        "mining.set_difficulty [1e-6]",
        'mining.notify "$n"',
        "3 result true",
        "mining.set_difficulty [0.001]",
    ]
    play.pool().says(b"".join(map(play._line, segment)))
    play._settle()
    play.joins("a")
    for _ in range(REFUSALS + 4):
        share = play.miner("a").share(meets=EASY, misses=1e-3)
        play.aside('a >> 4 mining.submit "$s"', s=share)
    assert play.snapshot().forwarded == 0


# -- verdicts ------------------------------------------------------------------------------------


def test_a_pool_that_gives_no_verdicts_is_left_like_one_that_refuses() -> None:
    play = opened("main", "backup")
    play.joins("a")
    for _ in range(REFUSALS):
        play.aside('a >> 4 mining.submit "$s"', s=play.miner("a").share(meets=POOL_EASY))
    for _ in range(31):
        play.aside('clock -- 1 s\nmain >> mining.notify "$n"', n=notify(f"{play.now}"))
    assert [pool.miners for pool in play.snapshot().pools] == [0, 1]
    assert play.snapshot().pools[0].lost == REFUSALS
    assert told(play, "pool gave no verdict in time")
    [values] = told(play, "pool gives no verdict on too many shares")
    assert values["percent"] == 100


def test_without_another_it_is_said_and_mined_on() -> None:
    play = mined_on()
    for number in range(3 * REFUSALS):
        play.aside('a >> 4 mining.submit "$s"', s=play.miner("a").share(meets=POOL_EASY))
        play.aside('clock -- 1 s\npool >> mining.notify "$n"', n=notify(f"{number}x"))
    play.aside("clock -- 31 s")
    assert told(play, "pool gives no verdict on too many shares")
    assert play.snapshot().pools[0].state == "ready"


# -- lines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "raw { id: null, result: [], error: true }",
        "raw what?",
        "mining.set_difficulty [0]",
        'mining.set_difficulty ["1024"]',
        'mining.notify ["short"]',
        'mining.set_version_mask ["x"]',
    ],
)
def test_one_that_makes_no_sense_costs_that_line(line: str) -> None:
    """bfgminer's issue 676: a pool that sent one every 30 s."""
    play = mined_on()
    share = play.miner("a").share()
    for number in range(20):
        play.aside(f"pool >> {line}\nclock -- 30 s")
        play.aside('pool >> mining.notify "$n"', n=notify(f"n{number}"))
    assert play.peers["pool"].closed is None
    assert len(told(play, "pool is not understood")) == 20
    assert share
    play.step("pool >> raw {}")
    for _ in range(12):
        if play.peers["pool"].closed is None:
            play.step(f"pool >> {line}")
    assert play.peers["pool"].closed is not None, "it goes on like that"


# -- without end ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ('client.show_message ["hello"]', "pool says"),
        ("mining.set_difficulty [1e-300]", "pool is not understood"),
    ],
)
def test_talk_does_not_fill_the_log(line: str, event: str) -> None:
    play = mined_on()
    for _ in range(30):
        for _ in range(100):
            play.step(f"pool >> {line}")
        play.aside("clock -- 1 s")
    assert 30 <= len(told(play, event)) <= 40
    assert sum(values["count"] for values in told(play, "and more like it")) >= 2900


def test_blocks_without_end_do_not_either() -> None:
    """A new previous hash with each job; and a network's target that every share meets."""
    play = mined_on()
    for number in range(1000):
        params = notify(f"{number}x", clean=True, height=800_001 + number, nbits=0x207FFFFF)
        play.step('pool >> mining.notify "$n"', n=params)
    for _ in range(100):
        play.aside('a >> 4 mining.submit "$s"', s=play.miner("a").share(meets=POOL_EASY))
    assert len(told(play, "new block to mine on")) <= 10
    assert len(told(play, "BLOCK found")) <= 10
    assert play.snapshot().blocks == 100


def test_jobs_without_end_are_not_all_kept() -> None:
    play = mined_on()
    for number in range(500):
        play.step('pool >> mining.notify "$n"', n=notify(f"{number}x"))
    assert len(play.proxy.jobs) <= 64
    assert len(play.proxy.jobs.contents) <= 64


def test_it_is_not_believed_that_it_asks_for_next_to_nothing() -> None:
    """Every miner would be asked for next to nothing, too, and every hash be sent on."""
    play = Playbook(difficulty={"min": 1e-9})
    play.opens(difficulty=5e-324)
    miner = play.joins("a")
    assert miner.difficulty == 1e-9
    assert play.snapshot().pools[0].difficulty == 1e-9
    play = Playbook(pool={"min_difficulty": 1e-7})
    play.opens(difficulty=1e-8)
    assert play.snapshot().pools[0].difficulty == 1e-7


# -- what is said of it --------------------------------------------------------------------------


def test_a_new_block_is_a_new_previous_hash_once_on_whichever_session() -> None:
    play = opened("main", "backup")
    for pool in ("main", "backup", "main"):
        clean = notify(f"{pool}2", clean=True, height=800_001, ntime=0x65000000 + len(play.log))
        play.aside(f'{pool} >> mining.notify "$n"', n=clean)
    play.aside("main -- hangs up\nmain -- connects")
    play.opens("main", job=notify("main3", height=800_001))
    heights = [values["height"] for values in told(play, "new block to mine on")]
    assert heights == [800_000, 800_001]
    assert play.snapshot().new_blocks == 2


def test_one_that_is_not_clean_is_one_too() -> None:
    play = mined_on()
    play.aside('pool >> mining.notify "$n"', n=notify("2", height=800_001))
    assert [each["height"] for each in told(play, "new block to mine on")] == [800_000, 800_001]


def test_every_change_of_pool_has_its_cause() -> None:
    play = opened("main", "backup", failover={"return_seconds": 5})
    play.joins("a")
    play.aside("main -- hangs up\nmain -- connects")
    play.opens("main", job=notify("2"))
    play.aside("clock -- 6 s")
    for _ in range(REFUSALS):
        play.aside('a >> 4 mining.submit "$s"', s=play.miner("a").share(meets=POOL_EASY))
    for request_id in list(play.pool("main").session.pending):
        play.aside(f"main >> {request_id} result false")
    causes = [(each["pool"], each["why"]) for each in told(play, "mining on pool")]
    assert causes == [
        ("main", "it is ready"),
        ("backup", "main was lost"),
        ("main", "it comes first, and was well for 5 s"),
        ("backup", "main refuses too many shares"),
    ]


@pytest.mark.parametrize(
    ("verdict", "then", "counts"),
    [
        ("pool >> 16 result true", "BLOCK accepted", (1, 1, 0)),
        ('pool >> 16 error [21, "stale", null]', "BLOCK refused", (1, 0, 1)),
        ("clock -- 31 s", "BLOCK without a verdict of the pool", (1, 0, 0)),
    ],
)
def test_what_became_of_a_block(verdict: str, then: str, counts: tuple[int, int, int]) -> None:
    play = Playbook()
    play.opens(job=notify("1", nbits=0x207FFFFF))
    play.joins("a")
    play.aside('a >> 4 mining.submit "$s"', s=play.miner("a").share(meets=POOL_EASY))
    play.aside(verdict)
    snapshot = play.snapshot()
    assert (snapshot.blocks, snapshot.blocks_accepted, snapshot.blocks_refused) == counts
    [found], [fate] = told(play, "BLOCK found"), told(play, then)
    assert found["hash"] == fate["hash"]
    assert (fate["worker"], fate["pool"], fate["height"]) == ("a", "pool", 800_000)


# -- hashrate markets ----------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "theirs"), [(4, 4), (5, 5), (6, 4), (8, 4)])
def test_a_miner_that_is_alone_on_its_session_has_4_bytes(size: int, theirs: int) -> None:
    """NiceHash refuses pools that give it less."""
    play = Playbook(pool={"miners_per_session": 1})
    play.opens(size=size, job=notify("1", room=4 + size))
    miner = play.joins("a")
    assert miner.extranonce2_size == theirs
    share = miner.share(meets=POOL_EASY)
    play('a >> 4 mining.submit "$s"\npool << 16 mining.submit ["farm", "1", "$e", "..."]', s=share)
    assert len(play.values["e"]) == 2 * size
    play("pool >> 16 result true\na << 4 result true")
