"""Fixtures for pytest, by its entry point: they are there wherever this package is installed.

Nothing else of the package is imported until a test asks for one.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stratumproxy.testing.blocking import BlockingMiner, BlockingPool


@pytest.fixture
def stratum_pool() -> Iterator[Callable[..., "BlockingPool"]]:
    """Start simulated pools, which end with the test.

    ``pool = stratum_pool(difficulty=1e-7)``: its arguments are the settings of
    `stratumproxy.testing.PoolSettings`.
    """
    from stratumproxy.testing.blocking import BlockingPool

    with ExitStack() as stack:

        def start(**settings: Any) -> BlockingPool:
            return stack.enter_context(BlockingPool(**settings))

        yield start


@pytest.fixture
def stratum_miner() -> Iterator[Callable[..., "BlockingMiner"]]:
    """Start simulated miners, which end with the test.

    ``miner = stratum_miner(("127.0.0.1", 3333), "bitaxe", "farm.1")``: its arguments are those of
    `stratumproxy.testing.blocking.BlockingMiner`.
    """
    from stratumproxy.testing.blocking import BlockingMiner

    with ExitStack() as stack:

        def start(*arguments: Any, **options: Any) -> BlockingMiner:
            return stack.enter_context(BlockingMiner(*arguments, **options))

        yield start
