import hashlib
import random
from typing import Any

import pytest

from stratumproxy.shares.difficulty import target_of
from stratumproxy.testing.jobs import MAINNET_NBITS, JobSource
from stratumproxy.testing.miner_job import MinerJob
from stratumproxy.testing.search import NTIME_ROLL, MinedShare, Search, _spread

MASK = 0x1FFFE000


def job(difficulty: float = 1e-8, version: int = 0x20000000, received: float = 0.0) -> MinerJob:
    made = JobSource(random.Random(3)).next(
        1000,
        clean=True,
        coinbase_size=250,
        branches=2,
        version=version,
        nbits=MAINNET_NBITS,
    )
    return MinerJob(made.notify(8), b"\1\2\3\4", 4, difficulty, received)


def find(search: Search, on: MinerJob, mask: int = 0, **changes: Any) -> MinedShare:
    share = search.find(on, mask, 1_000_000, changes.pop("now", 0.0), **changes)
    assert share is not None
    return share


def hash_of(on: MinerJob, share: MinedShare, version: int) -> bytes:
    header = on.header(
        bytes.fromhex(share.extranonce2), version, int(share.ntime, 16), int(share.nonce, 16)
    )
    return hashlib.sha256(hashlib.sha256(header).digest()).digest()


@pytest.mark.parametrize("version", [0x20000000, 0x3FFFE000, 0x2000A000])
def test_rolled_bits_replace_those_of_the_job(version: int) -> None:
    on, search = job(version=version), Search(1)
    for _ in range(20):
        share = find(search, on, MASK)
        assert share.version_bits is not None
        bits = int(share.version_bits, 16)
        assert bits & ~MASK == 0
        assert share.hash == hash_of(on, share, version & ~MASK | bits)
        assert int.from_bytes(share.hash, "little") <= target_of(1e-8)


def test_each_share_is_of_another_header() -> None:
    on, search = job(), Search(1)
    shares = [find(search, on, MASK) for _ in range(40)]
    assert len({share.hash for share in shares}) == 40
    assert len({(share.extranonce2, share.version_bits) for share in shares}) == 40
    assert len({share.extranonce2 for share in shares}) >= 10


def test_no_mask_no_sixth_param_but_for_those_that_always_send_it() -> None:
    assert find(Search(1), job()).version_bits is None
    assert find(Search(1, six_params=True), job()).version_bits == "00000000"


def test_hashes_are_counted_and_bounded() -> None:
    search = Search(1)
    assert search.find(job(difficulty=1e6), 0, 5000, 0.0) is None
    assert search.hashes == 5000
    find(search, job())
    assert search.hashes > 5000


def test_a_search_goes_on_where_it_was() -> None:
    at_once, in_steps = Search(5), Search(5)
    on = job(difficulty=1e-7)
    share = find(at_once, on)
    found = None
    while found is None:
        found = in_steps.find(on, 0, 10, 0.0)
    assert found == share


@pytest.mark.parametrize(
    ("now", "rolled"), [(100.0, 0), (90.0, 0), (100.9, 0), (107.0, 7), (1e6, NTIME_ROLL)]
)
def test_ntime_moves_with_the_time(now: float, rolled: int) -> None:
    share = find(Search(1), job(received=100.0), now=now)
    assert int(share.ntime, 16) == 1000 + rolled


def test_unpadded_nonces() -> None:
    on = job(difficulty=1e-9)
    nonces = [find(Search(seed, pads_nonce=False), on).nonce for seed in range(200)]
    assert any(len(nonce) < 8 for nonce in nonces)
    assert not any(nonce.startswith("0") for nonce in nonces)


def test_another_difficulty_than_the_jobs() -> None:
    share = find(Search(1), job(difficulty=1e9), difficulty=1e-8)
    assert share.meets(1e-8)
    assert not share.meets(1e9)
    assert share.difficulty == 1e9


@pytest.mark.parametrize(
    ("number", "mask", "spread"),
    [
        (0b101, 0b1110, 0b1010),
        (0xFF, 0x1FFFE000, 0xFF << 13),
        (0xFFFF, 0x0000E000, 0xE000),
        (5, 0, 0),
    ],
)
def test_spread(number: int, mask: int, spread: int) -> None:
    assert _spread(number, mask) == spread
