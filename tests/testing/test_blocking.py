"""The pool and miners in a thread, for code without an event loop."""

import threading

import pytest

from stratumproxy.errors import StratumProxyError
from stratumproxy.testing.blocking import BlockingMiner, BlockingPool
from tests.ports import KeptPort
from tests.waiting import PATIENCE


def test_they_mine() -> None:
    with BlockingPool(difficulty=1e-7) as pool, BlockingMiner(pool.address, "bitaxe") as miner:
        miner.wait_accepted(2, PATIENCE)
        pool.wait(lambda: pool.total.accepted >= 2)
        pool.new_job(clean=True)
        pool.set_difficulty(1e-8)
        miner.wait(lambda: miner.counts.clean_jobs == 2)
        pool.reconnect()
        pool.wait(lambda: pool.simulated.connected == 2, PATIENCE)
    assert (pool.violations, miner.violations) == ([], [])
    assert pool.url == f"stratum+tcp://127.0.0.1:{pool.port}"


def test_settings_may_change() -> None:
    with BlockingPool() as pool, BlockingMiner(pool.address):
        pool.wait(lambda: pool.simulated.jobs > 0)
        pool.settings.refuse_authorize = True
        pool.drop_connections()
        pool.wait(lambda: pool.simulated.connected >= 3, PATIENCE)
        pool.restart()


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    with BlockingPool() as pool:
        assert threading.active_count() > before
    pool.close()
    assert threading.active_count() == before


def test_what_does_not_happen() -> None:
    with BlockingPool(difficulty=1e6) as pool, BlockingMiner(pool.address) as miner:
        with pytest.raises(TimeoutError, match="it did not happen"):
            pool.wait(lambda: False, 0.1)
        with pytest.raises(TimeoutError, match="0 of 1 shares accepted"):
            miner.wait_accepted(1, 0.1)


def test_an_address_where_nobody_is() -> None:
    with (
        KeptPort() as nobody,
        BlockingMiner(nobody.address) as miner,
        pytest.raises(TimeoutError, match="0 connections"),
    ):
        miner.wait_accepted(1, 0.5)


def test_a_strict_look_at_what_failed() -> None:
    with BlockingPool() as pool:
        pool._failure = ExceptionGroup("", [StratumProxyError("gone")])
        with pytest.raises(StratumProxyError, match="gone"):
            pool.wait(lambda: False)
