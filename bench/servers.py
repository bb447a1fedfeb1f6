"""The servers that are measured, each as a process (or several) on given cores."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.build import FLOOR

ROOT = Path(__file__).parent.parent

CONFIG = """\
workers = {workers}

[[listen]]
address = "127.0.0.1:{miners}"

[[pool]]
url = "stratum+tcp://127.0.0.1:{pool}"
user = "farm"
backoff_min_seconds = 0.05
backoff_max_seconds = 0.2

# Every hash meets a difficulty below 2**-32, so the miners need not hash.
[difficulty]
start = 1e-10
min = 1e-10
vardiff = false

[limits]
connections = 19000

[log]
format = "console"
level = "warning"
"""


@dataclass(frozen=True)
class Ports:
    """Where the server listens for miners, and where it finds its pool; on 127.0.0.1."""

    miners: int
    pool: int


@dataclass(frozen=True)
class Cores:
    """Which cores the server runs on, and which the generator."""

    server: frozenset[int]
    generator: frozenset[int]

    @classmethod
    def of_this_machine(cls, workers: int = 1) -> "Cores":
        """The last core for the generator, as many of the others as there are workers."""
        cores = sorted(os.sched_getaffinity(0))
        *others, last = cores
        return cls(frozenset(others[:workers] or [last]), frozenset([last]))

    def __str__(self) -> str:
        """For people: ``server 0, generator 1``."""
        server, generator = (",".join(map(str, sorted(c))) for c in (self.server, self.generator))
        return f"server {server}, generator {generator}"


@dataclass(frozen=True)
class Kind:
    """What is measured: the floor, or the proxy with so many workers."""

    name: str
    workers: int = 0
    """0: the floor."""

    def command(self, ports: Ports, folder: Path) -> list[str]:
        """The command that starts it."""
        if not self.workers:
            return [str(FLOOR), str(ports.miners), str(ports.pool)]
        config = folder / "bench.toml"
        config.write_text(
            CONFIG.format(workers=self.workers, miners=ports.miners, pool=ports.pool), "ascii"
        )
        return [sys.executable, "-m", "stratumproxy", "run", "--config", str(config)]

    @contextmanager
    def run(self, ports: Ports, cores: Cores) -> "Iterator[Running]":
        """Start it, and stop it in the end."""
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "log")
            with log.open("wb") as output:
                process = subprocess.Popen(
                    self.command(ports, Path(folder)),
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    preexec_fn=lambda: settle(cores.server),
                )
            try:
                yield Running(process, log)
            finally:
                stop(process)


_LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def settle(cores: frozenset[int]) -> None:
    """In a new process: keep to these cores, and do not outlive the benchmark."""
    os.sched_setaffinity(0, cores)
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


FLOOR_KIND = Kind("floor")
PROXY_KIND = Kind("proxy", 1)


@dataclass(frozen=True)
class Running:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        """The end of what it logged."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-12:])


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process: by SIGTERM, and by SIGKILL when that does not help."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_ports() -> Ports:
    """Two ports that nobody listens on, below those that outgoing connections are given."""
    found: list[int] = []
    while len(found) < 2:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return Ports(*found)
