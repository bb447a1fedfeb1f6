"""Compile the load generator and the floor."""

import os
import shlex
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE / "build"
LOAD = BUILD / "load"
FLOOR = BUILD / "floor"
FLAGS = "-std=c11 -O2 -g -Wall -Wextra"


class BuildError(Exception):
    """The compiler failed; says what it said."""


def build() -> None:
    """Compile what is older than its sources.

    Raises:
        BuildError: no compiler, or it found an error.

    """
    BUILD.mkdir(exist_ok=True)
    load = sorted((HERE / "load").glob("*.[ch]"))
    _compile(LOAD, load, "-lm")
    _compile(FLOOR, [HERE / "floor.c"])


def _compile(target: Path, sources: list[Path], *libraries: str) -> None:
    if target.exists() and target.stat().st_mtime > max(s.stat().st_mtime for s in sources):
        return
    units = [str(source) for source in sources if source.suffix == ".c"]
    compiler = shlex.split(os.environ.get("CC", "cc"))
    command = [*compiler, *FLAGS.split(), "-o", str(target), *units, *libraries]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BuildError(f"no C compiler {compiler[0]!r}; on Debian: apt install gcc") from None
    if done.returncode:
        raise BuildError(f"{shlex.join(command)}\n{done.stderr}")
