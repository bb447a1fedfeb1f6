"""Each thing that is to be seen is broken, and mended: five places say so, and agree."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from stratumproxy.cli import before, plane
from stratumproxy.control import delivery, preference
from stratumproxy.fleet.watch import LATELY, SETTLED, TOLD_EVERY
from stratumproxy.ledger import database
from tests.end_to_end.seen import (
    LockedLedger,
    Seen,
    StalledReader,
    World,
    in_log,
    on_metrics,
    on_page,
    on_ready,
    on_top,
)
from tests.kafka.conftest import MockCluster
from tests.waiting import PATIENCE
from tests.web.browser import CHROMIUM, chromium, sync_playwright, visit

BROWSER = bool(sync_playwright and CHROMIUM)


class Places:
    """Where it is to be seen."""

    def __init__(self, world: World, logs: list[Any], browser: Any) -> None:
        self._world = world
        self._browser = browser
        self._look: dict[str, Callable[[], Seen]] = {
            "log": lambda: in_log(logs),
            "ready": lambda: on_ready(world),
            "metrics": lambda: on_metrics(world),
            "top": lambda: on_top(world),
        }

    def open_page(self, stack: ExitStack) -> None:
        """Look at the dashboard, too, where there is a browser."""
        if self._browser is None:
            return
        found = stack.enter_context(visit(self._browser, self._world.url))

        def forgive() -> None:
            """What asks the ledger is refused while that is broken, which a console notes."""
            found.complaints[:] = [each for each in found.complaints if "503" not in each]

        stack.callback(forgive)
        page = found.go()
        self._look["page"] = lambda: on_page(page)

    def agree(self, *expected: tuple[str, str]) -> None:
        """Wait until all of them show just that."""
        deadline = time.monotonic() + PATIENCE
        seen: dict[str, Seen] = {}
        while time.monotonic() < deadline:
            for place, look in self._look.items():
                seen[place] = look()
                if seen[place] != set(expected):
                    break
            else:
                return
            time.sleep(0.1)
        pytest.fail(f"expected {set(expected)}, seen {seen}")


@pytest.fixture
def brokers() -> Iterator[MockCluster | None]:
    try:
        cluster = MockCluster()
    except pytest.skip.Exception:  # the rest is to be seen without Kafka, too
        yield None
        return
    yield cluster
    cluster.close()


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sink that falls behind does so in moments, and is waited for as long as it takes."""
    monkeypatch.setattr(delivery, "HELD_BYTES", 20_000)
    monkeypatch.setattr(delivery, "LONG", 10.0 * PATIENCE)
    monkeypatch.setattr(delivery, "LONGEST_PAUSE", 0.5)
    monkeypatch.setattr(database, "BUSY_SECONDS", 10.0 * PATIENCE)
    # Nor is an order forgotten because this machine's disk is slow.
    monkeypatch.setattr(preference, "KEEP_SECONDS", PATIENCE)
    monkeypatch.setattr(before, "STANDING_SECONDS", PATIENCE)
    monkeypatch.setattr(plane, "KEEP_SECONDS", PATIENCE)


def test_all_that_breaks_is_seen_in_five_places_at_once_and_that_it_is_over(
    tmp_path: Path, brokers: MockCluster | None
) -> None:
    with ExitStack() as stack:
        logs = stack.enter_context(capture_logs())
        browser = stack.enter_context(chromium()) if BROWSER else None
        world = stack.enter_context(World(tmp_path, brokers.brokers if brokers else ""))
        places = Places(world, logs, browser)
        world.do(world.start)
        with ExitStack() as visits:
            places.open_page(visits)
            break_one_after_the_other(world, places, brokers)
            # An order outlives a restart of everything.
            world.order("pool-1")
            places.agree(("pool-order", "pool-1"))
            [before] = order_in_force(world)
            assert before.startswith("by 10.0.0.9 by way of 127.0.0.1, until told otherwise")
        world.do(world.stop)
        logs.clear()
        world.do(world.start)
        world.do(world.mine)
        world.passes(SETTLED)
        with ExitStack() as visits:
            places.open_page(visits)
            places.agree(("pool-order", "pool-1"))
            assert order_in_force(world) == [before]
            world.order("")
            places.agree()
        world.do(world.stop)
    if not BROWSER:
        pytest.skip("four places agree; for the page there is no playwright or no chromium")
    if brokers is None:
        pytest.skip("all but Kafka's brokers is seen; confluent-kafka is not installed")


def order_in_force(world: World) -> list[str]:
    """What /ready says of it: who, since when."""
    told = httpx.get(f"{world.url}/ready", timeout=PATIENCE).json()["conditions"]
    return [f"{each['why']} since {each['since']:.0f}" for each in told]


def break_one_after_the_other(world: World, places: Places, brokers: MockCluster | None) -> None:
    """And mend it, before the next."""
    world.passes(SETTLED)
    places.agree(("no-process", ""), ("no-pool", ""))
    world.do(world.mine)
    world.do(world.fleet, "farm", 2)
    places.agree()

    world.do(world.pools[0].cut)
    places.agree(("backup-pool", "pool-1"))
    world.passes(TOLD_EVERY)
    world.do(world.pools[1].cut)
    places.agree(("no-pool", ""))
    for pool in world.pools:
        world.do(pool.open)
    places.agree()

    world.order("pool-1")
    places.agree(("pool-order", "pool-1"))
    world.order("")
    places.agree()
    world.passes(TOLD_EVERY)

    elsewhere = world.ledger.with_name("elsewhere")
    world.ledger.rename(elsewhere)
    places.agree(("sink-failing", "ledger"))
    elsewhere.rename(world.ledger)
    places.agree()

    locked = LockedLedger(world.ledger)
    places.agree(("sink-behind", "ledger"))
    locked.leave()
    places.agree()

    if brokers is not None:
        brokers.stop()
        places.agree(("undelivered", "kafka"))
        brokers.start()
        places.agree()

    world.do(world.tell_too_much)
    places.agree(("dropped", "events"))
    world.passes(LATELY)
    places.agree()

    reader = StalledReader()
    reader.fill()
    places.agree(("dropped", "log-lines"))
    reader.leave()
    world.passes(LATELY)
    places.agree()

    world.do(world.fleet, "too-many", 1)
    places.agree(("dropped", "names"))
    world.passes(LATELY)
    places.agree()

    world.jumps(-7200)
    places.agree(("clock-jumped", ""))
    world.jumps(7200)
    places.agree()

    world.do(world.kill_mining)
    world.passes(TOLD_EVERY)
    places.agree(("process-silent", "process 0"))
    world.do(world.mine)
    places.agree()
    world.passes(TOLD_EVERY)
