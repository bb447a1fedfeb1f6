"""Files that a stranger might write, under 30 lines each, run away from this project."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

HERE = Path(__file__).parent
FILES = {
    "pytest_plain.py": [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
    "asyncio_plain.py": [sys.executable],
    "check.sh": ["sh"],
    "miner.mjs": ["node"],
}


@pytest.mark.parametrize("name", FILES)
def test_it_runs(name: str, tmp_path: Path) -> None:
    command = FILES[name]
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    assert len((HERE / name).read_text().splitlines()) < 30
    shutil.copy(HERE / name, tmp_path)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [*command, name],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_is_run() -> None:
    assert {path.name for path in HERE.iterdir() if path.is_file()} == {*FILES, Path(__file__).name}
