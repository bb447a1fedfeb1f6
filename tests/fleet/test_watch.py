"""Since when conditions hold, and what the log is told of them."""

from collections.abc import Iterator
from typing import Any

import pytest

from stratumproxy.fleet.conditions import PoolOrder
from stratumproxy.fleet.watch import SETTLED, TOLD_EVERY, Watch
from stratumproxy.telemetry.sink import SinkState
from stratumproxy.telemetry.targets import TargetSnapshot
from tests.fleet.telling import NOW, Told, pool, snapshot

HEALTHY = SinkState("ledger", True, "", NOW, 0, 0, 0.0, 0)


class World:
    """A fleet that is well, and a watch of it."""

    def __init__(self) -> None:
        self.told = Told()
        self.sink = HEALTHY
        self.order: PoolOrder | None = None
        self.lines = 0
        self.watch = Watch(
            self.told.fleet,
            sinks=lambda: [self.sink],
            orders=lambda: [self.order] if self.order else [],
            lines_lost=lambda: self.lines,
        )
        self.pools: tuple[Any, ...] = (pool(name="main", mined_for=1.0, why="it is ready"),)
        self.targets: tuple[TargetSnapshot, ...] = ()

    def passes(self, seconds: int = 1) -> list[str]:
        """Time, second by second; what the log is told."""
        return [line for _ in range(seconds) for line in self._second()]

    def _second(self) -> Iterator[str]:
        self.told.now += 1
        now = snapshot(pools=self.pools, targets=self.targets)
        self.told.fleet.snapshot(0, "run-1", now, self.told.now)
        for condition, lasted in self.watch.turns(self.told.now):
            yield condition.kind if lasted is None else f"{condition.kind} over after {lasted:g} s"

    def on_spare(self, seconds: float) -> None:
        """Miners are on a backup."""
        moved = TargetSnapshot("default", "", first="main", backup="spare", backup_for=seconds)
        self.targets = (moved,)

    def fails(self, problem: str = "the disk is full") -> None:
        self.sink = HEALTHY._replace(problem=problem)

    def since(self, kind: str) -> float | None:
        [condition] = [each for each in self.watch.look(self.told.now) if each.kind == kind]
        return condition.since


@pytest.fixture
def world() -> World:
    world = World()
    assert world.passes(int(SETTLED)) == []
    return world


def test_each_is_told_as_it_begins_and_as_it_ends(world: World) -> None:
    world.fails()
    assert world.passes(30) == ["sink-failing"]
    world.sink = HEALTHY
    assert world.passes(30) == ["sink-failing over after 30 s"]


def test_since_is_when_it_was_seen_first_whatever_its_words(world: World) -> None:
    world.fails()
    first = world.since("sink-failing")
    world.passes(10)
    world.fails("the file is damaged")
    assert world.since("sink-failing") == first == world.told.now - 10


def test_who_looks_takes_nothing_from_the_log(world: World) -> None:
    world.fails()
    world.watch.look(world.told.now)
    assert world.passes() == ["sink-failing"]
    world.sink = HEALTHY
    world.watch.look(world.told.now)
    assert world.passes() == ["sink-failing over after 2 s"]


def test_nothing_is_told_before_pools_could_connect() -> None:
    world = World()
    world.pools = (pool(state="connecting"),)
    assert world.passes(int(SETTLED) - 1) == []
    assert world.since("no-pool") is not None, "/ready says so at once"
    world.pools = (pool(mined_for=0.0),)
    assert world.passes(10) == []


def test_what_holds_from_the_start_is_told_once_it_could_be_otherwise() -> None:
    world = World()
    world.pools = (pool(state="waiting"),)
    assert world.passes(int(SETTLED) + 10) == ["no-pool"]


def test_what_comes_and_goes_is_told_once_a_minute(world: World) -> None:
    lines = []
    for _ in range(5 * int(TOLD_EVERY) // 2):
        world.fails()
        lines += world.passes()
        world.sink = HEALTHY
        lines += world.passes()
    assert len(lines) in (10, 12)
    world.fails()
    assert world.passes(int(TOLD_EVERY)) == ["sink-failing"], "what lasts is told in the end"


def test_a_backups_beginning_does_not_tremble(world: World) -> None:
    """A snapshot is some tenths of a second old, and that differs."""
    world.pools = pool(name="main", state="waiting"), pool(name="spare")
    world.on_spare(10.0)
    world.passes()
    since = world.since("backup-pool")
    world.on_spare(11.4)
    world.passes()
    assert world.since("backup-pool") == since
    world.on_spare(2.0)
    world.passes()
    assert world.since("backup-pool") == world.told.now - 2
