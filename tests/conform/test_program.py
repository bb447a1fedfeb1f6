"""Programs that are tried: what they are told, and that nothing of them is left."""

import sys
from pathlib import Path

import pytest

from stratumproxy.conform.program import filled, program
from stratumproxy.errors import StratumProxyError
from tests.waiting import until


def test_places() -> None:
    places = {"host": "a", "port": "1"}
    assert filled("{host}:{port} {other} {", places) == "a:1 {other} {"


async def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = "import time; print('up', flush=True); time.sleep(600)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    async with program([sys.executable, "-c", parent], {}, folder=tmp_path, log=log) as process:
        await until(lambda: log.read_text() == "up\n")
        group = process.pid
    assert process.returncode is not None
    await until(lambda: not alive_in(group))


def alive_in(group: int) -> list[str]:
    """Processes of a group that are no zombies."""
    alive = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, number = path.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(number) == group and state != "Z":
            alive.append(path.parent.name)
    return alive


async def test_one_that_does_not_want_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratumproxy.conform.program.ENDS_IN", 0.2)
    log = tmp_path / "log"
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(600)"
    )
    async with program([sys.executable, "-c", stubborn], {}, log=log) as process:
        await until(lambda: log.read_text() == "up\n")
    assert process.returncode == -9


async def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StratumProxyError, match="/no/such can't be started"):
        async with program(["/no/such"], {}):
            pass
    with pytest.raises(StratumProxyError, match="can't be written"):
        async with program(["true"], {}, log=tmp_path / "no" / "log"):
            pass
