from typing import Any

import pytest

from stratumproxy.errors import ProtocolError
from stratumproxy.testing import MinerCounts, SimulatedMiner, converse
from stratumproxy.testing.miner import MAX_VIOLATIONS


def test_mine_tries_as_many_hashes_as_it_is_told(table: Any) -> None:
    at = table().start()
    at.talk(at.miner.mine(10_000, at.now))
    assert at.miner.hashes == 10_000
    assert at.miner.counts.accepted == at.pool.total.accepted > 100


def test_nothing_to_mine_on() -> None:
    miner = SimulatedMiner()
    assert miner.mine(1000) == b""
    assert (miner.hashes, miner.ready, miner.difficulty) == (0, False, 0.0)
    with pytest.raises(ProtocolError, match="has no job"):
        miner.find(1000)


def test_what_was_not_answered_is_lost(table: Any) -> None:
    at = table().start()
    answered = at.share()
    at.talk(at.miner.submit(answered))
    lost = at.share()
    at.miner.submit(lost)
    assert at.miner.counts.pending == 1
    at.miner.disconnected()
    assert (answered.verdict, lost.verdict) == ("accepted", "lost")
    assert (at.miner.counts.lost, at.miner.counts.pending) == (1, 0)
    at.miner.disconnected()
    assert at.miner.counts.lost == 1


def test_it_comes_back_for_its_session(table: Any) -> None:
    at = table().start()
    extranonce1 = at.miner.session.extranonce1
    at.connection.close()
    at.connection = at.pool.connect()
    at.start()
    assert at.miner.session.extranonce1 == extranonce1
    assert at.miner.connects == 2
    at.mine(3)
    assert at.pool.total.accepted == 3


def test_shares_are_kept_within_bounds(table: Any) -> None:
    at = table().start()
    at.miner = SimulatedMiner("cgminer", "farm.2", keep_shares=2)
    at.connection = at.pool.connect()
    at.start().mine(5)
    assert len(at.miner.shares) == 2
    assert at.miner.counts.accepted == 5


def test_violations_are_kept_within_bounds() -> None:
    miner = SimulatedMiner()
    miner.connect()
    miner.receive(b"nonsense\n" * (MAX_VIOLATIONS + 5))
    assert len(miner.violations) == MAX_VIOLATIONS


def test_another_seed_is_another_search(table: Any) -> None:
    hashes = set()
    for seed in range(3):
        at = table()
        at.miner = SimulatedMiner("cgminer", "farm.1", seed=seed)
        hashes.add(at.start().share().hash)
    assert len(hashes) == 3


def test_counts_add_up() -> None:
    total, one = MinerCounts(), MinerCounts(submitted=4, accepted=1, lost=1, work=0.5, jobs=2)
    one.rejected[23] = 1
    total.add(one)
    total.add(one)
    assert (total.submitted, total.accepted, total.rejected, total.lost) == (8, 2, {23: 2}, 2)
    assert (total.pending, total.work, total.jobs) == (2, 1.0, 4)


def test_the_docstrings_example(table: Any) -> None:
    at = table()
    miner = SimulatedMiner("cgminer", "farm.1")
    transcript = converse(miner, at.connection, miner.connect(), now=at.now)
    assert transcript[0].startswith('>> {"id":1,"method":"mining.configure"')
    assert any("mining.notify" in line for line in transcript)
    assert miner.ready
