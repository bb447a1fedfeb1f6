"""Short measurements, of `peer.py` and of the proxy."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.bench.build import build
from stratumproxy.bench.config import Bench, Scenario, load
from stratumproxy.bench.rounds import Outcome, Rounds

needs_generator = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs epoll and kernel timestamps"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler"),
]

HERE = Path(__file__).parent
# What a machine that does other things, too, may be late by: a test asserts no time.
SHORT = {"miners": 20, "settle": 0, "warmup": 0.1, "seconds": 0.4, "repeats": 1, "floor": False}
SHORT |= {"late": 60, "deadline": 20}


def peer(habit: str, **settings: Any) -> dict[str, Any]:
    """A server of `peer.py`; a proxy if its settings for the pool are given."""
    command = ["{python}", "{here}/peer.py", habit, "{miners_port}"]
    if "pool" in settings:
        command.append("{pool_port}")
    return {"name": habit, "command": command, **settings}


def measured(*servers: dict[str, Any], **changes: Any) -> Outcome:
    """A scenario on these servers."""
    bench = Bench.model_validate({"server": list(servers), "scenario": {"short": SHORT | changes}})
    return outcome_of(bench, HERE, "short")


def own(name: str, **changes: object) -> Outcome:
    """A scenario of `make bench`, with few miners and for a moment."""
    path = HERE.parents[1] / "bench/own.toml"
    if not path.exists():
        pytest.skip("bench/own.toml is part of the repository, not of the wheel")
    bench = load(path, [])
    whole = bench.scenario[name].model_dump() | SHORT | changes
    scenario = Scenario.model_validate(whole)
    return outcome_of(bench.model_copy(update={"scenario": {name: scenario}}), path.parent, name)


def outcome_of(bench: Bench, here: Path, name: str) -> Outcome:
    said: list[str] = []
    rounds = Rounds(bench, here, build(), [], said.append)
    return rounds.outcome(name, bench.scenario[name])
