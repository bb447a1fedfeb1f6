"""What every test shares."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.waiting import PATIENCE

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


@pytest.fixture(autouse=True)
def databases(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """How many databases are open; none may be left so.

    Python 3.13 warns of each that is, in whatever test is next; here it is its own. One of another
    thread is waited for: who gave that thread up is not told of its end.
    """
    opened: list[sqlite3.Connection] = []
    others: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def kept(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        is_ours = threading.current_thread() is threading.main_thread()
        (opened if is_ours else others).append(connection)
        return connection

    monkeypatch.setattr(sqlite3, "connect", kept)
    yield lambda: sum(not _is_closed(each) for each in opened + others)
    patience = time.monotonic() + PATIENCE
    while not all(map(_is_closed, others)) and time.monotonic() < patience:
        time.sleep(0.005)
    left = [each for each in opened + others if not _is_closed(each)]
    for each in left:
        each.close()
    assert not left, f"{len(left)} of {len(opened) + len(others)} databases were left open"


def _is_closed(connection: sqlite3.Connection) -> bool:
    try:
        return connection.total_changes < 0
    except sqlite3.ProgrammingError:
        return True


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Tests side by side, a file's in one process: all the heavy ones count as one file."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "heavy" if nodeid.startswith(HEAVY) else super()._split_scope(nodeid)

    return Files(config, log) if config.getvalue("dist") == "loadfile" else None
