"""The proxy's state as plain values."""

import pytest

from stratumproxy.proxy.report import HASHES_PER_DIFFICULTY, RATE_WINDOW
from tests.proxy.playbook import EASY, POOL_EASY, Playbook, notify


def test_before_anything() -> None:
    play = Playbook("pool", "backup", pools={"backup": {"extranonce2_size": 4}})
    snapshot = play.snapshot()
    assert (snapshot.uptime, snapshot.connected, snapshot.mining) == (0, 0, 0)
    assert (snapshot.hashrate, snapshot.accepted, snapshot.best_difficulty) == (0, 0, 0)
    pool, backup = snapshot.pools
    assert (pool.name, pool.url) == ("pool", "stratum+tcp://pool.example:3333")
    assert (pool.state, pool.sessions, pool.difficulty, pool.detail) == ("connecting", 0, 0, "")
    assert (pool.extranonce2_size, backup.extranonce2_size) == (0, 4)


def test_a_pool_from_connecting_to_ready_to_waiting() -> None:
    play = Playbook()
    play.opens(difficulty=0.5)
    (pool,) = play.snapshot().pools
    assert (pool.state, pool.sessions, pool.difficulty) == ("ready", 1, 0.5)
    assert (pool.extranonce2_size, pool.version_mask) == (8, 0x1FFFE000)
    play.aside('pool >> mining.notify "$n"', n=notify("2"))
    play.aside("pool >> mining.set_difficulty [2]")
    assert play.snapshot().pools[0].difficulty == 0.5, "that of its newest job"
    play.aside('pool >> mining.notify "$n"', n=notify("3"))
    assert play.snapshot().pools[0].difficulty == 2
    play.aside("pool -- hangs up")
    (pool,) = play.snapshot().pools
    assert (pool.state, pool.sessions, pool.detail) == ("waiting", 0, "hung up")
    play.aside("pool -- connects")
    play.opens()
    (pool,) = play.snapshot().pools
    assert (pool.state, pool.detail) == ("ready", "")


def test_miners() -> None:
    play = Playbook("pool", "backup", pool={"miners_per_session": 1, "extranonce2_size": 8})
    play.opens("pool")
    play.opens("backup")
    play.joins("a")
    play.aside("b >> 1 mining.subscribe []")
    play.opens("backup.1")
    play.joins("c")
    play.opens("backup.2")
    snapshot = play.snapshot()
    assert (snapshot.connected, snapshot.mining, snapshot.connects) == (3, 2, 3)
    assert [(pool.sessions, pool.miners) for pool in snapshot.pools] == [(1, 1), (3, 1)]


def test_jobs() -> None:
    play = Playbook()
    play.opens(job=notify("1"))
    play.aside('pool >> mining.notify "$n"\nclock -- 60 s', n=notify("2", clean=True))
    snapshot = play.snapshot()
    assert (snapshot.jobs, snapshot.new_blocks) == (2, 1), "keep-alives are none of the pool's"
    play.aside('pool >> mining.notify "$n"\nclock -- 60 s', n=notify("3", height=800_001))
    assert play.snapshot().new_blocks == 2


def test_shares() -> None:
    play = Playbook()
    play.opens()
    miner = play.joins("a")
    for _ in range(3):
        play.aside('a >> 1 mining.submit "$s"', s=miner.share(misses=POOL_EASY))
    for _ in range(3):
        play.aside('a >> 1 mining.submit "$s"', s=miner.share(meets=POOL_EASY))
    play.aside("pool >> 16 result true\npool >> 17 result false")
    snapshot = play.snapshot()
    assert (snapshot.accepted, snapshot.forwarded) == (4, 3)
    assert snapshot.work == pytest.approx(4 * EASY)
    assert snapshot.rejected == {"pool": 1}
    assert snapshot.best_difficulty >= POOL_EASY
    (pool,) = snapshot.pools
    assert (pool.accepted, pool.rejected, pool.pending, pool.lost) == (1, 1, 1, 0)
    play.aside("pool -- hangs up")
    (pool,) = play.snapshot().pools
    assert (pool.pending, pool.lost) == (1, 0)
    play.aside("clock -- 31 s")
    (pool,) = play.snapshot().pools
    assert (pool.pending, pool.lost) == (0, 1)


def test_the_hashrate_of_the_last_minute() -> None:
    play = Playbook()
    play.opens()
    miner = play.joins("a")
    rates = []
    for second in range(1, 150):
        play.aside("clock -- 1 s")
        if second <= 60:
            play.aside('a >> 1 mining.submit "$s"', s=miner.share(misses=POOL_EASY))
        rates.append(play.snapshot().hashrate)
    one_a_second = EASY * HASHES_PER_DIFFICULTY
    assert rates[0] == pytest.approx(one_a_second), "since the start, while that is shorter"
    assert rates[59] == pytest.approx(one_a_second)
    assert rates[89] == pytest.approx(one_a_second / 2)
    assert rates[-1] == 0
    assert play.snapshot().hashrate == 0
    assert len(play.report._work) <= RATE_WINDOW + 3


def test_a_snapshot_is_a_copy() -> None:
    play = Playbook()
    play.opens()
    snapshot = play.snapshot()
    play.joins("a")
    play.aside('a >> 1 mining.submit ["a", "x", "0", "0", "0"]')
    assert (snapshot.mining, snapshot.rejected) == (0, {})
    assert play.snapshot().rejected == {"stale": 1}


def test_what_is_mined_on_since_when_and_why() -> None:
    play = Playbook("pool", "backup")
    play.opens("pool")
    play.opens("backup")
    play.aside("clock -- 10 s")
    pool, backup = play.snapshot().pools
    assert (pool.mined_for, pool.why) == (10, "it is ready")
    assert (backup.mined_for, backup.why) == (None, "")
    play.aside("pool -- hangs up\nclock -- 5 s")
    pool, backup = play.snapshot().pools
    assert (pool.mined_for, pool.why) == (None, "")
    assert (backup.mined_for, backup.why) == (5, "pool was lost")
    play.aside('backup >> mining.notify "$n"', n=notify("2"))
    assert play.snapshot().pools[1].mined_for == 5, "another job is no other pool"


def test_what_an_operator_prefers() -> None:
    play = Playbook("pool", "backup")
    assert play.snapshot().preferred == ""
    play.proxy.router.preferred = "backup"
    assert play.snapshot().preferred == "backup"


def test_a_target_on_its_backup_since_when_and_why() -> None:
    play = Playbook("pool", "backup")
    play.opens("pool")
    play.opens("backup")
    [target] = play.snapshot().targets
    assert target.backup == ""
    play.joins("a")
    play.aside("pool -- hangs up\nclock -- 5 s")
    [target] = play.snapshot().targets
    assert (target.backup, target.backup_for) == ("backup", 5)
    assert target.first == "pool gives farm no work: hung up"
    assert (target.backup_miners, target.backup_why) == (1, "pool was lost")
    play.proxy.router.prefer(play.proxy.pools[1], play.now)
    [target] = play.snapshot().targets
    assert target.backup == "", "that is what the operator wants"


def test_targets_of_a_split_are_on_no_backup() -> None:
    """Each mines on the pool that comes first for it."""
    targets = [{"weight": 1, "pools": [{"pool": name, "user": "a"}]} for name in ("main", "second")]
    play = Playbook("main", "second", target=targets)
    for name in list(play.peers):
        play.opens(name, extranonce1=f"f0f1f2{len(name):02x}")
    assert [target.backup for target in play.snapshot().targets] == ["", ""]
