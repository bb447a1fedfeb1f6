"""Shares, good and bad, in front of a simulated pool."""

import dataclasses
from typing import Any

import pytest

from stratumproxy.shares import _reference as reference
from stratumproxy.shares.difficulty import target_of_nbits
from stratumproxy.testing import EASY_NBITS, PoolSettings
from stratumproxy.testing.judge import LOW_DIFFICULTY, SentJob

REASONS = {
    "stale": 21,
    "unknown-job": 21,
    "duplicate": 22,
    "low-difficulty": 23,
    "unauthorized": 24,
    "bad-ntime": 20,
    "bad-version": 20,
    "malformed": 20,
}


def test_real_shares(vectors: list[dict[str, Any]]) -> None:
    for vector in vectors:
        _, prevhash, coinb1, coinb2, branches, version, nbits, ntime, _ = vector["notify_params"]
        extranonce1 = bytes.fromhex(vector["extranonce1"])
        work = reference.Work(
            bytes.fromhex(coinb1),
            bytes.fromhex(coinb2),
            [bytes.fromhex(branch) for branch in branches],
            int(version, 16),
            b"".join(bytes.fromhex(prevhash[i : i + 8])[::-1] for i in range(0, 64, 8)),
            int(nbits, 16),
            int(ntime, 16),
            len(extranonce1) + vector["extranonce2_size"],
            bytes(32),
            reference.Seen(),
        )
        met = vector["expect"].get("share_difficulty") or vector["expect"]["hash_difficulty"]
        job = SentJob(work, extranonce1, vector["extranonce2_size"], met * 0.999)
        mask = int(vector["version_mask"] or "0", 16)
        judgement = job.judge(vector["submit_params"], mask)
        assert judgement.reject is None
        assert judgement.hash[::-1].hex() == vector["expect"]["hash"]
        value = int(vector["expect"]["hash"], 16)
        assert judgement.block is (value <= target_of_nbits(int(nbits, 16)))
        harder = SentJob(work, extranonce1, vector["extranonce2_size"], met * 1.001)
        assert harder.judge(vector["submit_params"], mask).reject == LOW_DIFFICULTY


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"extranonce2": "00" * 7}, "malformed"),
        ({"extranonce2": "00" * 9}, "malformed"),
        ({"extranonce2": "zz" * 8}, "malformed"),
        ({"ntime": "123456789"}, "malformed"),
        ({"ntime": "6553f0ff"}, "bad-ntime"),  # one second before the job
        ({"ntime": "65540c59"}, "bad-ntime"),  # 7001 seconds after it
        ({"nonce": ""}, "malformed"),
        ({"nonce": "g0000000"}, "malformed"),
        ({"version_bits": "00001000"}, "bad-version"),
        ({"version_bits": "20000000"}, "bad-version"),  # the whole version is no bits
        ({"version_bits": "x"}, "malformed"),
        ({"version_bits": ""}, "malformed"),
        ({"job_id": "77"}, "unknown-job"),
        ({"job_id": "nonsense"}, "unknown-job"),
    ],
)
def test_a_share_with_one_thing_wrong(table: Any, changes: dict[str, str], reason: str) -> None:
    at = table().start()
    at.talk(at.miner.submit(dataclasses.replace(at.share(), **changes)))
    assert at.pool.total.rejected == {reason: 1}
    assert at.miner.counts.rejected == {REASONS[reason]: 1}
    assert at.pool.workers["farm.1"].rejected == {reason: 1}
    assert at.pool.total.accepted == 0
    at.mine()
    assert at.pool.total.accepted == 1


def test_low_difficulty(table: Any) -> None:
    at = table(settings=PoolSettings(difficulty=1e-6)).start()
    share = at.share(difficulty=1e-9)
    while share.meets(1e-6):
        share = at.share(difficulty=1e-9)
    at.talk(at.miner.submit(share))
    assert at.pool.total.rejected == {"low-difficulty": 1}
    assert (share.verdict, share.code, share.text) == ("rejected", 23, "low difficulty share")


def test_a_duplicate_is_one_whatever_its_spelling(table: Any) -> None:
    at = table().start()
    share = at.share()
    again = dataclasses.replace(
        share, extranonce2=share.extranonce2.upper(), nonce=share.nonce.upper()
    )
    at.talk(at.miner.submit(share) + at.miner.submit(again))
    assert (share.verdict, again.verdict, again.code) == ("accepted", "rejected", 22)
    assert list(at.pool.hashes) == [share.hash]


def test_six_params_without_rolling_may_change_nothing(table: Any) -> None:
    at = table("bitaxe", PoolSettings(difficulty=1e-8, version_mask=None)).start()
    share = at.share()
    assert share.version_bits == "00000000"
    changed = dataclasses.replace(share, version_bits="00002000")
    at.talk(at.miner.submit(share) + at.miner.submit(changed))
    assert (share.verdict, changed.verdict) == ("accepted", "rejected")
    assert at.pool.total.rejected == {"bad-version": 1}


def test_stale_after_a_clean_job_only(table: Any) -> None:
    at = table().start()
    share = at.share()
    at.pool.new_job(at.now, clean=False)
    at.talk()
    at.talk(at.miner.submit(share))
    assert share.verdict == "accepted"
    other = at.share()
    at.pool.new_job(at.now, clean=True)
    at.talk(at.miner.submit(other))
    assert (other.verdict, other.code) == ("rejected", 21)
    assert at.pool.total.rejected == {"stale": 1}


def test_only_so_many_jobs_are_kept(table: Any) -> None:
    at = table(settings=PoolSettings(difficulty=1e-8, jobs_kept=2)).start()
    share = at.share()
    for _ in range(2):
        at.pool.new_job(at.now, clean=False)
    at.talk(at.miner.submit(share))
    assert share.code == 21


def test_blocks_are_counted(table: Any) -> None:
    at = table(settings=PoolSettings(difficulty=1e-8, nbits=EASY_NBITS)).start()
    at.mine(5)
    assert at.pool.blocks == at.pool.total.accepted == 5


def test_strangers(table: Any) -> None:
    at = table().start()
    share = at.share()
    at.miner.session._worker = "somebody"
    at.talk(at.miner.submit(share))
    assert share.code == 24
    assert at.pool.total.rejected == {"unauthorized": 1}
    assert "somebody" not in at.pool.workers


def test_not_subscribed(table: Any) -> None:
    at = table()
    (answer,) = at.connection.receive(
        b'{"id":1,"method":"mining.submit","params":["w","1","00","00","00"]}\n', at.now
    ).splitlines()
    assert answer == b'{"id":1,"result":null,"error":[25,"not subscribed",null]}'
    assert "before mining.subscribe" in at.pool.violations[0].text


@pytest.mark.parametrize(
    "params", [b'["farm.1"]', b'["farm.1",1,2,3,4]', b'["farm.1"' + b',"0"' * 6 + b"]"]
)
def test_odd_params(table: Any, params: bytes) -> None:
    at = table().start()
    at.connection.receive(b'{"id":9,"method":"mining.submit","params":' + params + b"}\n", at.now)
    assert at.pool.total.rejected == {"malformed": 1}
    assert "odd params" in at.pool.violations[0].text
