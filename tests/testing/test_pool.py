"""The knobs of a simulated pool that all its connections share."""

import random
from typing import Any

import pytest

from stratumproxy.testing import PoolSettings, SimulatedPool, converse
from stratumproxy.testing.miner import SimulatedMiner

NOW = 1_700_000_000.0


def test_equal_pools_say_equal_things(table: Any) -> None:
    one, other = table().start(), table().start()
    for at in one, other:
        at.mine(5)
        at.pool.new_job(at.now)
        at.talk()
    assert one.transcript == other.transcript
    assert SimulatedPool(rng=random.Random(5)).new_job(NOW) != one.pool.job


def test_counts(table: Any) -> None:
    at = table(settings=PoolSettings(difficulty=2e-8)).start()
    at.mine(4)
    total = at.pool.total
    assert (total.accepted, total.submitted, total.work) == (4, 4, pytest.approx(8e-8))
    assert at.pool.workers == {"farm.1": total}
    assert list(at.pool.hashes) == [share.hash for share in at.miner.shares]
    assert at.miner.counts.work == pytest.approx(8e-8)


def test_kept_hashes_are_bounded(table: Any) -> None:
    at = table(settings=PoolSettings(difficulty=1e-8, keep_hashes=2)).start()
    at.mine(4)
    assert list(at.pool.hashes) == [share.hash for share in at.miner.shares][-2:]


@pytest.mark.parametrize(("every", "clean"), [(0, [0]), (1, [0, 1, 2, 3]), (3, [0, 3])])
def test_clean_every(every: int, clean: list[int]) -> None:
    pool = SimulatedPool(PoolSettings(clean_every=every))
    jobs = [pool.new_job(NOW) for _ in range(4)]
    assert [number for number, job in enumerate(jobs) if job.clean] == clean
    assert (pool.jobs, pool.clean_jobs) == (4, len(clean))


def test_jobs_are_as_the_settings_say() -> None:
    pool = SimulatedPool(
        PoolSettings(coinbase_size=900, merkle_branches=3, nbits=0x1D00FFFF, job_version=4)
    )
    job = pool.new_job(NOW)
    assert (len(job.branches), job.nbits, job.version, job.ntime) == (3, 0x1D00FFFF, 4, int(NOW))
    assert sum(map(len, job.coinbase(12))) + 12 == 900


@pytest.mark.parametrize("size", range(2, 17))
def test_extranonce2_sizes(table: Any, size: int) -> None:
    at = table(settings=PoolSettings(difficulty=1e-8, extranonce2_size=size), strict=False)
    at.start().mine(3)
    assert at.pool.total.accepted == 3
    assert {len(share.extranonce2) for share in at.miner.shares} == {2 * size}
    assert bool(at.miner.violations) is (size > 8)


@pytest.mark.parametrize(("size", "prefix"), [(1, b""), (4, b"\xab"), (9, b"nicehash"), (16, b"")])
def test_extranonce1(size: int, prefix: bytes) -> None:
    pool = SimulatedPool(PoolSettings(extranonce1_size=size, extranonce1_prefix=prefix))
    given = [pool.allocate_extranonce1() for _ in range(100)]
    assert len(set(given)) == 100
    assert all(len(each) == size and each.startswith(prefix) for each in given)


def test_difficulty_binds_from_the_next_job(table: Any) -> None:
    at = table().start()
    at.pool.set_difficulty(1e-6)
    at.talk()
    share = at.share()
    while share.meets(1e-6):
        share = at.share()
    at.talk(at.miner.submit(share))
    assert share.verdict == "accepted"
    at.pool.new_job(at.now, clean=False)
    at.talk()
    assert at.miner.difficulty == 1e-6
    late = at.share(difficulty=1e-8)
    while late.meets(1e-6):
        late = at.share(difficulty=1e-8)
    at.talk(at.miner.submit(late))
    assert late.code == 23
    assert at.pool.total.work == pytest.approx(1e-8)


def test_set_extranonce(table: Any) -> None:
    at = table("antminer").start()
    before = at.miner.session.extranonce1
    at.pool.set_extranonce(5)
    at.talk()
    at.mine()  # the old job has the old extranonce still
    at.pool.new_job(at.now, clean=True)
    at.talk()
    at.mine()
    assert [len(share.extranonce2) for share in at.miner.shares] == [16, 10]
    assert at.miner.session.extranonce1 != before
    assert at.pool.total.accepted == 2


def test_set_extranonce_unasked(table: Any) -> None:
    at = table("cgminer", strict=False).start()
    at.pool.set_extranonce()
    assert at.talk() == []
    at.pool.set_extranonce(unasked=True)
    at.talk()
    assert "set_extranonce, which was not asked for" in at.miner.violations[0].text


def test_set_version_mask(table: Any) -> None:
    at = table().start()
    at.pool.set_version_mask(0x0000E000)
    at.talk()
    at.mine(9)
    assert at.pool.total.accepted == 9
    assert all(int(share.version_bits, 16) & ~0xE000 == 0 for share in at.miner.shares)
    others = table("cpuminer").start()
    others.pool.set_version_mask(0x0000E000)
    assert others.talk() == []


def test_messages_and_redirections(table: Any) -> None:
    at = table().start()
    at.pool.show_message("Pool restarting")
    at.pool.reconnect("10.0.0.1", "8889", 3)
    assert len(at.talk()) == 2
    assert list(at.miner.session.messages) == ["Pool restarting"]
    assert at.miner.session.reconnect_to == ("10.0.0.1", 8889, 3.0)
    at.pool.reconnect()
    at.talk()
    assert at.miner.session.reconnect_to == ("", 0, 0.0)


def test_reject_every(table: Any) -> None:
    at = table(settings=PoolSettings(difficulty=1e-8, reject_every=3)).start()
    at.mine(7)
    assert (at.pool.total.accepted, at.pool.total.rejected) == (5, {"pool": 2})
    assert at.miner.counts.rejected == {20: 2}
    assert len(at.pool.hashes) == 5


def test_drop_every(table: Any) -> None:
    at = table(settings=PoolSettings(difficulty=1e-8, drop_every=2)).start()
    at.mine(5)
    assert (at.pool.total.accepted, at.pool.unanswered) == (5, 2)
    assert (at.miner.counts.accepted, at.miner.counts.pending) == (3, 2)
    at.miner.disconnected()
    assert (at.miner.counts.lost, at.miner.counts.pending) == (2, 0)


def test_restart(table: Any) -> None:
    at = table().start()
    share, extranonce1 = at.share(), at.miner.session.extranonce1
    at.pool.restart(PoolSettings(difficulty=1e-8, extranonce2_size=3))
    assert at.connection.closed
    assert (at.pool.connections, at.pool.job) == ([], None)
    at.connection = at.pool.connect()
    at.start()
    assert at.miner.session.extranonce1 != extranonce1
    assert at.miner.session.extranonce2_size == 3
    at.talk(at.miner.submit(share))
    assert (share.verdict, share.code) == ("rejected", 21)
    at.mine()
    assert at.pool.total.accepted == 1
    assert at.pool.connected == 2


def test_two_miners_never_collide() -> None:
    pool = SimulatedPool(PoolSettings(difficulty=1e-8))
    pairs = [(SimulatedMiner("cgminer", f"w.{n}", seed=5), pool.connect()) for n in range(2)]
    for miner, connection in pairs:
        converse(miner, connection, miner.connect(), now=NOW)
        converse(miner, connection, miner.mine(20_000, NOW), now=NOW)
    assert pool.total.rejected == {}
    assert pool.total.accepted == len(set(pool.hashes)) > 100
    assert set(pool.workers) == {"w.0", "w.1"}
