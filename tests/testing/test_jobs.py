import json
import random
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stratumproxy.shares.difficulty import target_of_nbits
from stratumproxy.testing.jobs import EASY_NBITS, SCRIPT_LIMIT, JobSource, PoolJob, swap_words
from stratumproxy.testing.miner_job import check_coinbase

BLOCKS = json.loads((Path(__file__).parents[1] / "vectors" / "blocks.json").read_text())


def job(source: JobSource, **changes: int) -> PoolJob:
    values = {
        "coinbase_size": 250,
        "branches": 3,
        "version": 0x20000000,
        "nbits": EASY_NBITS,
        **changes,
    }
    return source.next(1_700_000_000, clean=True, **values)


def test_same_seed_same_jobs() -> None:
    one, other = JobSource(random.Random(7)), JobSource(random.Random(7))
    assert [job(one), job(one)] == [job(other), job(other)]


def test_notify_is_as_on_the_wire() -> None:
    made = job(JobSource(random.Random(1)))
    job_id, prevhash, coinb1, coinb2, branches, version, nbits, ntime, clean = made.notify(12)
    assert (job_id, version, nbits, ntime, clean) == (
        "1",
        "20000000",
        "207fffff",
        "6553f100",
        True,
    )
    assert swap_words(bytes.fromhex(str(prevhash))) == made.prevhash
    assert branches == [branch.hex() for branch in made.branches]
    assert (bytes.fromhex(str(coinb1)), bytes.fromhex(str(coinb2))) == made.coinbase(12)


@settings(deadline=None)
@example(height=17, extranonce_size=4, coinbase_size=419)  # the script's size takes three bytes
@given(
    height=st.integers(17, 2**31 - 1),
    extranonce_size=st.integers(4, 48),
    coinbase_size=st.integers(0, 7000),
)
def test_coinbase_is_a_transaction_of_the_size_that_was_asked_for(
    height: int, extranonce_size: int, coinbase_size: int
) -> None:
    made = job(JobSource(random.Random(1), height), coinbase_size=coinbase_size)
    coinb1, coinb2 = made.coinbase(extranonce_size)
    check_coinbase(coinb1, extranonce_size, coinb2)
    script_size, push = coinb1[41], coinb1[42]
    assert script_size <= SCRIPT_LIMIT
    assert int.from_bytes(coinb1[43 : 43 + push], "little", signed=True) == height  # BIP34
    size = len(coinb1) + extranonce_size + len(coinb2)
    if coinbase_size > 220:
        assert coinbase_size - 9 <= size <= coinbase_size
    else:
        assert size < 230


def test_clean_jobs_are_on_another_block() -> None:
    source = JobSource(random.Random(1))
    first, second = job(source), job(source)
    third = source.next(0, clean=False, coinbase_size=0, branches=0, version=1, nbits=EASY_NBITS)
    assert (second.height, third.height) == (first.height + 1, second.height)
    assert first.prevhash != second.prevhash == third.prevhash
    assert len({first.job_id, second.job_id, third.job_id}) == 3


@pytest.mark.parametrize(
    ("job_id", "known"),
    [("1", True), ("2", True), ("3", False), ("0", False), ("x", False), ("", False)],
)
def test_was_issued(job_id: str, known: bool) -> None:
    source = JobSource(random.Random(1))
    job(source)
    job(source)
    assert source.was_issued(job_id) is known


def test_easy_nbits_are_every_second_hash() -> None:
    assert target_of_nbits(EASY_NBITS) >> 255 == 0
    assert target_of_nbits(EASY_NBITS) >> 254 == 1


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block['chain']}-{block['height']}")
def test_swap_words_is_stratums_prevhash(block: dict[str, str]) -> None:
    internal = bytes.fromhex(block["prev_hash"])[::-1]
    assert swap_words(internal).hex() == block["prev_hash_stratum"]
    assert swap_words(swap_words(internal)) == internal
