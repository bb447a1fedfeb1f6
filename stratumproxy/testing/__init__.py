"""For tests of anything that speaks Stratum V1: a pool and miners that are easy to have.

The pool judges every share itself; the miners really hash, and note what a server does wrong.
Both are plain objects, bytes in and bytes out; `serve_pool`, `run_miner` and `run_fleet` put them
on sockets. docs/testing.md shows how.
"""

from stratumproxy.testing.conversation import converse
from stratumproxy.testing.fleet import Fleet, run_fleet, run_miner
from stratumproxy.testing.jobs import EASY_NBITS, MAINNET_NBITS, PoolJob
from stratumproxy.testing.miner import SimulatedMiner
from stratumproxy.testing.miner_job import MinerJob
from stratumproxy.testing.miner_session import MinerCounts
from stratumproxy.testing.pool import ShareCounts, SimulatedPool
from stratumproxy.testing.pool_connection import PoolConnection
from stratumproxy.testing.rules import Rule, Violation
from stratumproxy.testing.search import MinedShare
from stratumproxy.testing.serve import serve_pool, wait_until
from stratumproxy.testing.settings import PoolSettings, RejectShape, SecondName
from stratumproxy.testing.styles import STYLES, Style

__all__ = [
    "EASY_NBITS",
    "MAINNET_NBITS",
    "STYLES",
    "Fleet",
    "MinedShare",
    "MinerCounts",
    "MinerJob",
    "PoolConnection",
    "PoolJob",
    "PoolSettings",
    "RejectShape",
    "Rule",
    "SecondName",
    "ShareCounts",
    "SimulatedMiner",
    "SimulatedPool",
    "Style",
    "Violation",
    "converse",
    "run_fleet",
    "run_miner",
    "serve_pool",
    "wait_until",
]
