"""Accounts of splits between the control process and the ledger."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from stratumproxy.cli.accounts import KEEP_EVERY, Accounts
from stratumproxy.control.splits import KeptAccount, Sums
from stratumproxy.ledger import Standing
from stratumproxy.ledger.owner import Owner
from tests.clocks import Time

NOW = 1_800_000_000.0
ACCOUNT = KeptAccount(
    "acme",
    {"a": 0.7, "b": 0.3},
    NOW - 500,
    NOW,
    3.0,
    {"a": 0.5, "b": 0.5},
    "ops",
    {
        "": {"a": Sums(-1.0, 10.0, 1.0), "b": Sums(1.0, 3.0, -1.0)},
        "run": {"a": Sums(), "b": Sums()},
    },
)


class Splits:
    """Accounts that are there to be kept."""

    def __init__(self) -> None:
        self.news = False
        self.there: list[KeptAccount] | None = None
        self.recalled: list[KeptAccount] = []

    def accounts(self) -> list[KeptAccount] | None:
        return self.there

    def recall(self, kept: Iterator[KeptAccount]) -> None:
        self.recalled = list(kept)


class World:
    """A control process's part in it, and another's after it."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self.time = Time(NOW)
        self.splits = Splits()
        self.owner = Owner(self.path)
        self.accounts = Accounts(self.splits, self.path, self.owner, self.time.clock)  # type: ignore[arg-type]

    def kept(self) -> list[KeptAccount]:
        with closing(Standing(self.path)) as standing:
            self.accounts.recall(standing.splits)
        return self.splits.recalled


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path / "ledger")
    yield found
    found.owner.release()


async def test_what_is_kept_is_gone_on_with(world: World) -> None:
    world.splits.there = [ACCOUNT]
    await world.accounts.keep()
    assert world.kept() == [ACCOUNT]
    world.splits.there = []
    await world.accounts.keep()
    assert world.kept() == []


def test_a_ledger_is_not_begun_for_nothing(world: World) -> None:
    for nothing in (None, []):
        world.splits.there = nothing
        trio.run(world.accounts.keep)
    assert not Path(world.path).exists()


async def test_news_are_kept_at_once_and_the_rest_each_minute(
    world: World, autojump_clock: MockClock
) -> None:
    kept: list[float] = []

    async def keep() -> None:
        kept.append(trio.current_time())
        world.splits.news = False

    world.accounts.keep = keep  # type: ignore[method-assign]
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.accounts.run)
        await trio.sleep(2.5)
        world.splits.news = True
        await trio.sleep(KEEP_EVERY + 2)
        nursery.cancel_scope.cancel()
    assert [round(at - began) for at in kept] == [3, 3 + KEEP_EVERY]


async def test_without_a_ledger_there_is_nothing_to_keep_them_in() -> None:
    world = World("")
    world.splits.there, world.splits.news = [ACCOUNT], True
    await world.accounts.run()
    await world.accounts.finish()
    assert world.splits.news


async def test_where_they_can_not_be_kept_the_log_says_so(tmp_path: Path) -> None:
    world = World(tmp_path / "nowhere" / "ledger")
    world.splits.there = [ACCOUNT]
    with capture_logs() as logs:
        await world.accounts.finish()
    assert [each["event"] for each in logs] == ["accounts of splits can't be kept"]
