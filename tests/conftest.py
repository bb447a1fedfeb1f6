"""What every test shares."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

# The machine may be busy: no test fails for taking its time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

HEAVY = (
    "tests/bench/",
    "tests/chaos/",
    "tests/cli/test_bench.py",
    "tests/end_to_end/test_many.py",
    "tests/hostile/",
)
"""Each of these wants a core or more; two of them side by side would starve each other."""


@pytest.fixture(autouse=True)
def _log_as_ever() -> Iterator[None]:
    """A command that is tried in this process sets up the log, also for the tests after it."""
    yield
    structlog.reset_defaults()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Tests side by side, a file's in one process: all the heavy ones count as one file."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "heavy" if nodeid.startswith(HEAVY) else super()._split_scope(nodeid)

    return Files(config, log) if config.getvalue("dist") == "loadfile" else None
