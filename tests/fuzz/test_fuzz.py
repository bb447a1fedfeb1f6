"""A short run of each fuzz target: `make fuzz` is the long one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import seeds
from tests.fuzz.targets import C_TARGETS, HERE, PYTHON_TARGETS, ROOT, run, why_not_c

RUNS = {"scan": 50_000, "seen": 5_000, "work": 500}


def replay(target: str, file: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.fuzz", "replay", target, str(file)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("target", C_TARGETS)
def test_in_c(target: str, tmp_path: Path) -> None:
    if missing := why_not_c():
        pytest.skip(missing)
    outcome = run(target, tmp_path, runs=RUNS[target], seed=1)
    assert not outcome.crashed, outcome.log
    assert outcome.crashes == ()
    assert outcome.runs >= RUNS[target]


@pytest.mark.parametrize("target", PYTHON_TARGETS)
def test_in_python(target: str, tmp_path: Path) -> None:
    outcome = run(target, tmp_path, runs=150, seed=1, plain=True)
    assert not outcome.crashed, outcome.log
    assert outcome.runs >= 150


def test_each_target_has_seeds(tmp_path: Path) -> None:
    assert set(seeds.SEEDS) == {*C_TARGETS, *PYTHON_TARGETS}
    assert {path.stem for path in (HERE / "c").glob("*.c")} == set(C_TARGETS)
    for target in seeds.SEEDS:
        seeds.write(target, tmp_path / target)
        assert len(list((tmp_path / target).iterdir())) >= 5


def test_an_input_is_replayed(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"\x01" + b'{"id":1,"method":"mining.subscribe","params":[]}\n')
    done = replay("miner", file)
    assert done.returncode == 0, done.stderr
    assert "number_of_executed_units: 1" in done.stderr
