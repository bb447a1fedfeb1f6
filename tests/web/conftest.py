"""What tests of the API share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.config.control import Api
from tests.fleet.telling import Told, event, job, miner, share, snapshot, work
from tests.web.asking import TOKEN, Web
from tests.web.browser import chromium


@pytest.fixture
def told() -> Told:
    """A small fleet: three workers on one pool, one of which is rejecting."""
    told = Told()
    told.miners(
        miner(1, "farm.a"), miner(2, "farm.b", agent="bosminer"), miner(3, "größe/c 100%.x")
    )
    told.fleet.snapshot(0, "run-1", snapshot(uptime=75.0, accepted=0, work=0.0), told.now)
    told.works(work("farm.a", 5), work("farm.b", 20, stale=10), after=15)
    told.works(work("farm.a", 5), work("farm.b", 20, stale=10), after=10)
    told.tell(
        jobs=[job(name="j1"), job(name="j2")],
        events=[event()],
        shares=[share(latency=number / 1000) for number in range(1, 101)],
        dropped={"shares": 3},
    )
    told.fleet.snapshot(0, "run-1", snapshot(), told.now)
    return told


@pytest.fixture
def web(told: Told) -> Web:
    """Its API, on loopback without a token."""
    return Web(told)


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    """A file with `TOKEN` in it."""
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return str(path)


@pytest.fixture
def guarded(told: Told, token_file: str) -> Web:
    """Its API on loopback, with a token."""
    return Web(told, Api(token_file=token_file))


@pytest.fixture
def exposed(told: Told, token_file: str) -> Web:
    """Its API on every address, where reading needs the token too."""
    return Web(told, Api.model_validate({"listen": ":8080", "token_file": token_file}))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for tests that are marked with `browser.needed`."""
    with chromium() as found:
        yield found
