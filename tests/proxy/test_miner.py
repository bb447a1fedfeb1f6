"""One miner's session: its shares, its jobs, its difficulty."""

import json
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.accounting.account import Account
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
    layout = play.proxy.router.groups[0].target.layout
    assert layout is not None
    space = play.proxy.allocator.space(layout)
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
    assert (row.account, row.accepted, row.work) == (Account("pool", "farm"), 1, EASY)
    assert row.rejected == {"duplicate": 1, "stale": 1}
    assert play.snapshot().rejected == {"duplicate": 1, "stale": 1}


def test_a_miner_that_is_gone_leaves_nothing() -> None:
    play = mined_on()
    play.aside("a -- hangs up")
    snapshot = play.snapshot()
    assert (snapshot.connected, snapshot.mining) == (0, 0)
    assert play.proxy.router.groups[0].members == 0
