"""One miner's session: its shares, its jobs, its difficulty."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.mining.prefix import NO_PAST
from tests.proxy.playbook import EASY, POOL_EASY, Playbook, mined_on, notify

SHARES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "stratum_shares.json").read_text()
)


def answer(play: Playbook, share: list[Any], verdict: str) -> None:
    play('a >> 4 mining.submit "$share"\na << 4 ' + verdict, share=share)


# -- who may submit ----------------------------------------------------------------------------


def test_who_did_not_subscribe() -> None:
    play = Playbook()
    play.opens()
    play(
        """
        a >> 1 mining.authorize ["a"]
        a << 1 result true
        a >> 2 mining.submit ["a", "a1", "00000000", "65000000", "00000000"]
        a << 2 error [25, "Not subscribed", null]
        """
    )


def test_who_did_not_authorize() -> None:
    play = Playbook()
    play.opens()
    play(
        """
        a >> 1 mining.subscribe []
        a << 1 result ["..."]
        a >> 2 mining.submit ["a", "a1", "00000000", "65000000", "00000000"]
        a << 2 error [24, "Unauthorized worker", null]
        """
    )


def test_another_name_than_the_authorized_one() -> None:
    play = mined_on()
    share = play.miner("a").share(worker="b")
    answer(play, share, 'error [24, "Unauthorized worker", null]')
    assert play.snapshot().rejected == {"unauthorized": 1}
    assert not play.proxy.workers.get("a").row.rejected


# -- the form ----------------------------------------------------------------------------------


def test_five_params_without_version_rolling() -> None:
    play = mined_on(mask=None)
    answer(play, play.miner("a").share(), "result true")


def test_five_params_with_version_rolling() -> None:
    """A missing sixth is no rolled bits."""
    play = mined_on()
    answer(play, play.miner("a").share(), "result true")


@pytest.mark.parametrize("bits", [0, 0x00002000, 0x1FFFE000])
def test_six_params_with_version_rolling(bits: int) -> None:
    play = mined_on()
    answer(play, play.miner("a").share(bits=bits), "result true")


def test_six_params_without_version_rolling() -> None:
    """Bitaxe always sends six. They may change what the pool lets change."""
    play = mined_on(mask=None)
    miner = play.miner("a")
    miner.mask = 0x1FFFE000
    answer(play, miner.share(bits=0), "result true")
    answer(play, miner.share(bits=0x00006000), "result true")


def test_six_params_beyond_the_pools_mask() -> None:
    play = mined_on(mask=None)
    share = play.miner("a").share()
    answer(play, [*share, "20000000"], "result true")  # the job's own bits: changes nothing
    share = play.miner("a").share()
    answer(play, [*share, "40000000"], 'error [20, "Version bits outside the mask", null]')
    assert play.snapshot().rejected == {"bad-version": 1}


def test_bits_beyond_the_miners_own_mask() -> None:
    play = mined_on(mask="00c00000")
    share = play.miner("a").share(bits=0)
    answer(play, [*share[:5], "00002000"], 'error [20, "Version bits outside the mask", null]')


def test_rolled_bits_go_upstream_as_they_stand_in_the_header() -> None:
    play = mined_on()
    for bits in (0x00002000, 0x1FFFE000, 0):
        play(
            f"""
            a >> 4 mining.submit "$share"
            pool << {16 + len(play.pool().session.pending)} mining.submit ["...", "$bits"]
            """,
            share=play.miner("a").share(bits=bits, meets=POOL_EASY),
            bits=f"{bits:08x}",
        )


def test_a_job_version_with_bits_inside_the_mask() -> None:
    """Replaced, as BIP310 says; five params leave them, and upstream they are named."""
    play = Playbook()
    play.opens(job=notify("1", version=0x20006000))
    play.joins("a")
    for number, (bits, upstream) in enumerate([(None, "00006000"), (0x00008000, "00008000")]):
        play(
            f"""
            a >> 4 mining.submit "$share"
            pool << {16 + number} mining.submit ["*", "*", "*", "*", "*", "{upstream}"]
            """,
            share=play.miner("a").share(bits=bits, meets=POOL_EASY),
        )


def test_a_nonce_without_its_zeros() -> None:
    """NerdMiner's. Upstream goes what every pool takes."""
    play = mined_on(mask=None)
    share = play.miner("a").share(padded=False, meets=POOL_EASY)
    assert len(share[4]) < 8
    play(
        """
        a >> 4 mining.submit "$share"
        pool << 16 mining.submit ["farm", "1", "*", "65000000", "$nonce", "00000000"]
        """,
        share=share,
        nonce=share[4].rjust(8, "0"),
    )


def test_capitals() -> None:
    play = mined_on()
    share = play.miner("a").share(bits=0x1FFFE000)
    answer(play, [share[0], share[1], *(part.upper() for part in share[2:])], "result true")


def test_a_pool_gets_lower_case() -> None:
    play = mined_on()
    share = play.miner("a").share(bits=0x1FFFE000, meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$share"
        pool << 16 mining.submit ["farm", "1", "*", "65000000", "$nonce", "1fffe000"]
        """,
        share=[share[0], share[1], *(part.upper() for part in share[2:])],
        nonce=share[4],
    )


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({0: "nobody"}, '[24, "Unauthorized worker", null]'),
        ({1: "a2"}, '[21, "Job not found (stale)", null]'),
        ({2: "00"}, '[20, "extranonce2 has the wrong size", null]'),
        ({4: "y"}, '[20, "ntime is not hex", null]'),
        ({}, '[20, "ntime is not hex", null]'),
    ],
)
def test_what_else_is_wrong_with_a_share_whose_ntime_is_not_hex(
    changes: dict[int, str], verdict: str
) -> None:
    play = mined_on()
    share = play.miner("a").share()
    share = [({3: "x"} | changes).get(at, field) for at, field in enumerate(share)]
    answer(play, share, f"error {verdict}")


@pytest.mark.parametrize(
    ("at", "value", "verdict"),
    [
        (1, "", '[21, "Job not found (stale)", null]'),
        (1, "A1", '[21, "Job not found (stale)", null]'),
        (1, "0a1", '[21, "Job not found (stale)", null]'),
        (2, "", '[20, "extranonce2 has the wrong size", null]'),
        (2, "000000", '[20, "extranonce2 has the wrong size", null]'),
        (2, "0000000000", '[20, "extranonce2 has the wrong size", null]'),
        (2, "0000000x", '[20, "extranonce2 has the wrong size", null]'),
        (2, "00 00 00", '[20, "extranonce2 has the wrong size", null]'),
        (3, "", '[20, "ntime is not hex", null]'),
        (3, "x5000000", '[20, "ntime is not hex", null]'),
        (3, "650000000", '[20, "ntime is not hex", null]'),
        (4, "", '[20, "nonce is not hex", null]'),
        (4, "-1", '[20, "nonce is not hex", null]'),
        (4, "0x1", '[20, "nonce is not hex", null]'),
        (5, "", '[20, "version bits are not hex", null]'),
        (5, "123456789", '[20, "version bits are not hex", null]'),
    ],
)
def test_a_field_that_is_none(at: int, value: str, verdict: str) -> None:
    play = mined_on()
    share = play.miner("a").share(bits=0)
    answer(play, [*share[:at], value, *share[at + 1 :]], f"error {verdict}")


@pytest.mark.parametrize("params", ["[]", '["a"]', "{}", "null", '["a","a1","0","0","0","0","0"]'])
def test_params_that_are_none(params: str) -> None:
    play = mined_on()
    play(f'a >> 4 mining.submit {params}\na << 4 error [20, "Malformed submit", null]')
    assert play.snapshot().rejected == {"malformed": 1}


# -- what a share is worth ---------------------------------------------------------------------


def test_a_hash_that_is_too_easy() -> None:
    play = mined_on()
    share = play.miner("a").share(meets=1e-12, misses=EASY)
    answer(play, share, 'error [23, "Low difficulty share", null]')
    assert play.proxy.workers.get("a").row.rejected == {"low-difficulty": 1}
    answer(play, share, 'error [23, "Low difficulty share", null]')  # no duplicate of a reject


@pytest.mark.parametrize(
    ("ntime", "verdict"),
    [
        (0, "result true"),
        (7000, "result true"),
        (7001, 'error [20, "ntime out of range", null]'),
        (-1, 'error [20, "ntime out of range", null]'),
    ],
)
def test_how_far_ntime_may_be_rolled(ntime: int, verdict: str) -> None:
    play = mined_on()
    answer(play, play.miner("a").share(ntime=ntime), verdict)


def test_what_the_pool_would_take_counts_however_hard_the_miners_own_target() -> None:
    """The pool's difficulty fell, and this miner's job is from before: to be told of it as well."""
    play = Playbook(difficulty={"start": 1e-5})
    play.opens(difficulty=1e-5)
    play.joins("a")
    play.aside('pool >> mining.set_difficulty [1e-7]\npool >> mining.notify "$n"', n=notify("2"))
    share = play.miner("a").share(job="a2", meets=1e-7, misses=1e-5)
    play(
        """
        a >> 4 mining.submit "$share"
        pool << 16 mining.submit ["farm", "2", "..."]
        """,
        share=share,
    )


def captured(name: str) -> tuple[Playbook, dict[str, Any], list[str]]:
    """A captured share, on a pool that gives 8 bytes: the miner's slot is the extranonce1 then."""
    (vector,) = [share for share in SHARES if share["name"] == name]
    play = Playbook(difficulty={"start": vector["difficulty"]})
    play.opens(
        extranonce1="", difficulty=1e6, mask=vector["version_mask"], job=vector["notify_params"]
    )
    space = play.proxy.router.groups[0].space
    assert space is not None
    space.give_back(bytes.fromhex(vector["extranonce1"]), "", play.now - 1e6, NO_PAST)
    play.joins("a", mask=vector["version_mask"])
    return play, vector, ["a", "a1", *vector["submit_params"][2:]]


@pytest.mark.parametrize(
    "name", ["public-pool-mockrecording1", "esp-miner-nonce-diff-2", "bitaxe-publicpool-id13"]
)
def test_a_captured_share(name: str) -> None:
    play, vector, share = captured(name)
    answer(play, share, "result true")
    assert play.snapshot().best_difficulty == pytest.approx(vector["expect"]["share_difficulty"])
    answer(play, share, 'error [22, "Duplicate share", null]')


def test_a_captured_block() -> None:
    """Of an easy chain: it goes to the pool, though it has less than the pool's difficulty."""
    play, vector, share = captured("slush-doc")
    play('a >> 4 mining.submit "$s"\npool << 16 mining.submit ["farm", "bf", "..."]', s=share)
    event, values = play.notices[-1]
    assert event == "BLOCK found"
    assert values["hash"] == vector["expect"]["hash"]


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


# -- counting ----------------------------------------------------------------------------------


def test_what_is_counted() -> None:
    play = mined_on()
    miner = play.miner("a")
    answer(play, good := miner.share(), "result true")
    answer(play, good, 'error [22, "Duplicate share", null]')
    answer(play, [*good[:1], "ff", *good[2:]], 'error [21, "Job not found (stale)", null]')
    session, worker = miner.session, play.proxy.workers.get("a")
    assert (session.accepted, session.rejected, session.work) == (1, 2, EASY)
    (row,) = worker.rows()
    assert (row.account, row.accepted, row.work) == (("pool", "farm", "BTC"), 1, EASY)
    assert row.rejected == {"duplicate": 1, "stale": 1}
    assert play.snapshot().rejected == {"duplicate": 1, "stale": 1}


def test_a_miner_that_is_gone_leaves_nothing() -> None:
    play = mined_on()
    play.aside("a -- hangs up")
    snapshot = play.snapshot()
    assert (snapshot.connected, snapshot.mining) == (0, 0)
    assert play.proxy.router.groups[0].members == 0
