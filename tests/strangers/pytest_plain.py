"""A stranger's tests of a pool and a miner of theirs, in plain pytest."""


def test_my_pool(stratum_pool, stratum_miner):
    pool = stratum_pool(difficulty=1e-7)  # yours would stand here
    miner = stratum_miner(pool.address, "bitaxe", "farm.1")
    miner.wait_accepted(3)
    assert miner.violations == []


def test_my_miner(stratum_pool, stratum_miner):
    pool = stratum_pool(difficulty=1e-7, reject_every=2)
    stratum_miner(pool.address, "cpuminer")  # yours would stand here
    pool.wait(lambda: pool.total.rejected["pool"] >= 1)
    pool.restart()
    accepted = pool.total.accepted
    pool.wait(lambda: pool.total.accepted > accepted)
    assert pool.violations == []
