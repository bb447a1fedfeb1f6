"""The load generator and the floor are C; they are compiled when they are first wanted."""

import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stratumproxy.errors import BenchError

HERE = Path(__file__).parent
FLAGS = "-std=c11 -O2 -g -Wall -Wextra"


@dataclass(frozen=True)
class Programs:
    """Where they are."""

    load: Path
    """The load generator; ``--help`` says what it takes."""
    floor: Path
    """The floor: ``floor MINERS_PORT POOL_PORT``, both on 127.0.0.1."""


def build() -> Programs:
    """Compile what these sources were not compiled to yet, into the user's cache folder.

    Raises:
        BenchError: not Linux, no compiler, or it found an error.
    """
    if sys.platform != "linux":
        raise BenchError("stratumproxy bench needs Linux: epoll and the kernel's timestamps")
    sources = sorted((HERE / "load").glob("*.[ch]")), [HERE / "floor.c"]
    compiler = shlex.split(os.environ.get("CC", "cc"))
    folder = _cache() / _name(compiler, [*sources[0], *sources[1]])
    folder.mkdir(parents=True, exist_ok=True)
    load = _compiled(folder / "load", compiler, sources[0], "-lm")
    return Programs(load, _compiled(folder / "floor", compiler, sources[1]))


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "stratumproxy" / "bench"


def _name(compiler: list[str], sources: list[Path]) -> str:
    """Another one for other sources, so that versions side by side do not disturb each other."""
    digest = hashlib.sha256(shlex.join([*compiler, FLAGS]).encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _compiled(target: Path, compiler: list[str], sources: list[Path], *libraries: str) -> Path:
    if target.exists():
        return target
    units = [str(source) for source in sources if source.suffix == ".c"]
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder, target.name)
        command = [*compiler, *FLAGS.split(), "-o", str(made), *units, *libraries]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise BenchError(
                f"no C compiler {compiler[0]!r}, which the load generator is compiled with on "
                "first use; on Debian: apt install gcc libc6-dev, or set CC"
            ) from None
        if done.returncode:
            raise BenchError(
                f"the load generator does not compile: {shlex.join(command)}\n{done.stderr}"
            )
        made.replace(target)
    return target
