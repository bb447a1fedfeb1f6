import hashlib
from typing import Any

import pytest

from stratumproxy.testing.miner_job import MinerJob, check_coinbase

COINB1 = bytes.fromhex(
    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704"
)
COINB2 = bytes.fromhex("ffffffff0100f2052a010000000151" + "00000000")
GOOD: list[Any] = [
    "a",
    "00" * 32,
    COINB1.hex(),
    COINB2.hex(),
    ["11" * 32],
    "20000000",
    "1d00ffff",
    "65539f00",
    True,
]


def test_headers_are_those_of_real_shares(vectors: list[dict[str, Any]]) -> None:
    assert len(vectors) > 30
    for vector in vectors:
        job = MinerJob(
            vector["notify_params"],
            bytes.fromhex(vector["extranonce1"]),
            vector["extranonce2_size"],
            1.0,
        )
        _, _, extranonce2, ntime, nonce, *bits = vector["submit_params"]
        mask = int(vector["version_mask"] or "0", 16)
        rolled = int(bits[0], 16) if bits else job.version
        version = job.version & ~mask | rolled & mask
        header = job.header(bytes.fromhex(extranonce2), version, int(ntime, 16), int(nonce, 16))
        assert header.hex() == vector["expect"]["header"]
        hash = hashlib.sha256(hashlib.sha256(header).digest()).digest()[::-1]
        assert hash.hex() == vector["expect"]["hash"]


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (0, 7, "job_id is a string"),
        (1, "00" * 31, "prevhash has 31 bytes, 32 expected"),
        (1, None, "prevhash is no hex"),
        (2, "0", "coinb1 is no hex"),
        (2, "", "the coinbase is"),
        (3, "xx", "coinb2 is no hex"),
        (3, "00" * 4, "the coinbase is"),
        (4, "00", "merkle_branches is a list"),
        (4, ["00" * 33], "a branch has 33 bytes"),
        (5, "2000000", "version is no hex"),
        (6, "1d00ff", "nbits has 3 bytes"),
        (7, 5, "ntime is no hex"),
        (8, 1, "clean_jobs is true or false"),
    ],
)
def test_says_what_is_wrong(place: int, value: object, complaint: str) -> None:
    params = list(GOOD)
    MinerJob(params, b"\xff\xff\x00", 3, 1.0)
    params[place] = value
    with pytest.raises(ValueError, match=complaint):
        MinerJob(params, b"\xff\xff\x00", 3, 1.0)


@pytest.mark.parametrize("params", [None, {}, GOOD[:8], [*GOOD, None]])
def test_nine_params(params: object) -> None:
    with pytest.raises(ValueError, match="nine params"):
        MinerJob(params, b"", 6, 1.0)


@pytest.mark.parametrize("size", [0, 4, 5, 7, 8, 20])
def test_a_wrong_extranonce_size_shows_in_the_coinbase(size: int) -> None:
    check_coinbase(COINB1, 6, COINB2)
    with pytest.raises(ValueError, match="do the extranonce sizes fit"):
        check_coinbase(COINB1, size, COINB2)
