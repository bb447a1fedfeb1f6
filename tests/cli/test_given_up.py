"""A stop while threads of the control plane have the ledger open: it is left as one file."""

import sqlite3
import threading
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest
import trio

from stratumproxy.cli import before, suspects
from stratumproxy.cli.given_up import is_given_up
from stratumproxy.control import control
from stratumproxy.control.splits import SharedSplits
from tests.cli.test_plane import planned
from tests.waiting import PATIENCE, until

FOR_EVER = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

Opened = Callable[[], int]

Said = tuple[int, str]
"""What was said to a database, and to the how manieth that was opened for it to be read."""


class Databases:
    """Databases that are held up where a test wants it.

    Args:
        monkeypatch: undoes it.
        hold: what is held until the thread that says it is given up, and then goes on.
        slow: of what reads, the part of the statement that takes for ever.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        hold: Callable[[Said], bool] = lambda said: False,
        slow: str = "nothing",
    ) -> None:
        self.said: dict[Said, None] = {}
        self.closed = 0
        self.held = threading.Event()
        self._opened = 0
        connect, world = sqlite3.connect, self

        def meet(said: Said) -> None:
            self.said[said] = None
            if hold(said) and not self.held.is_set():
                self.held.set()
                until_given_up()

        class Connection(sqlite3.Connection):
            number = 0

            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                meet((self.number, sql))
                if self.number and slow in sql:
                    world.held.set()
                    super().execute(FOR_EVER).fetchall()
                return super().execute(sql, *parameters)

            def close(self) -> None:
                super().close()
                world.closed += self.number > 0

        def connected(name: str, **options: Any) -> sqlite3.Connection:
            number = 0
            if name.endswith("?mode=ro"):
                self._opened += 1
                number = self._opened
                meet((number, "open"))
            connection: Connection = connect(name, factory=Connection, **options)
            connection.number = number
            return connection

        monkeypatch.setattr(sqlite3, "connect", connected)


def until_given_up() -> None:
    patience = time.monotonic() + PATIENCE
    while not is_given_up():
        assert time.monotonic() < patience
        time.sleep(0.001)


def settings(path: Path) -> str:
    return f'[ledger]\npath = "{path}"'


def left(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


SLOW = "JOIN receipts", "FROM events", "FROM five_minutes", "FROM hours "
"""Of how it stands, of what is newest, of the last day, of what is usual."""

ONE_FILE = ["ledger", "ledger.lock"]


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A ledger that has something."""
    async with planned(settings(tmp_path / "ledger")) as run:
        run.process.tell(3)
        await until(lambda: not run.process.outbox.unacknowledged)
        await run.stopped()
    return tmp_path / "ledger"


async def test_a_stop_while_what_was_before_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch, databases: Opened
) -> None:
    """Held at every statement in turn: as it opens, before and while it asks, in the end."""
    with monkeypatch.context() as patched:
        reading = Databases(patched)
        async with planned(settings(path)) as run:
            await until(lambda: reading.closed == 2)
            await run.stopped()
    ways = [each for each in reading.said if each[0]]
    [asks, *_] = [at for at, (_, what) in enumerate(ways) if "FROM jobs" in what]
    for at, way in enumerate(ways):
        with monkeypatch.context() as patched:
            if at < asks:  # how it stands is waited for, before anything is kept
                patched.setattr(before, "STANDING_SECONDS", 0.1)
            holding = Databases(patched, way.__eq__)
            async with planned(settings(path)) as run:
                await until(holding.held.is_set)
                run.process.tell(1)
                await until(lambda run=run: not run.process.outbox.unacknowledged)
                await run.stopped()
            assert (databases(), left(path)) == (0, ONE_FILE), way


@pytest.mark.parametrize("slow", SLOW)
async def test_a_stop_while_what_was_before_takes_long(
    path: Path, monkeypatch: pytest.MonkeyPatch, databases: Opened, slow: str
) -> None:
    monkeypatch.setattr(before, "STANDING_SECONDS", 0.1)
    slowed = Databases(monkeypatch, slow=slow)
    async with planned(settings(path)) as run:
        await until(slowed.held.is_set)
        await run.stopped()
    assert (databases(), left(path)) == (0, ONE_FILE)


async def test_a_stop_while_it_is_asked_who_withholds_shares(
    path: Path, monkeypatch: pytest.MonkeyPatch, databases: Opened
) -> None:
    monkeypatch.setattr(suspects, "EVERY", 0.01)
    monkeypatch.setattr(SharedSplits, "tenants", ["default"])
    slowed = Databases(monkeypatch, slow="SELECT id, name, account, coin")
    async with planned(settings(path)) as run:
        await until(slowed.held.is_set)
        await run.stopped()
    assert (databases(), left(path)) == (0, ONE_FILE)


async def test_a_stop_while_a_browser_asks(
    path: Path, monkeypatch: pytest.MonkeyPatch, databases: Opened
) -> None:
    async with planned(settings(path)) as run:
        await run.get("/health")
        monkeypatch.setattr(run.plane._reader, "_seconds", inf)
        slowed = Databases(monkeypatch, slow="FROM shares")
        async with await trio.open_tcp_stream(*run.address) as client:
            await client.send_all(b"GET /api/shares HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await until(slowed.held.is_set)
            await run.stopped()
    assert (databases(), left(path)) == (0, ONE_FILE)


async def test_a_stop_while_something_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch, databases: Opened
) -> None:
    """For longer than the stop waits for it."""
    monkeypatch.setattr(control, "FINISH_SECONDS", 0.1)
    async with planned(settings(path)) as run:
        await run.get("/health")
        holding = Databases(monkeypatch, (0, "COMMIT").__eq__)
        run.process.tell(1)
        await until(holding.held.is_set)
        await run.stopped()
    assert (databases(), left(path)) == (0, ONE_FILE)
