"""The servers that are measured, each as a process (or several) on given cores."""

import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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

CONTROL = """
[api]
listen = "127.0.0.1:{api}"

[ledger]
path = "{folder}/ledger.sqlite3"
"""


@dataclass(frozen=True)
class Ports:
    """Where the server listens for miners and onlookers, and finds its pool; on 127.0.0.1."""

    miners: int
    pool: int
    api: int


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
    watched: bool = False
    """With ledger and API, and onlookers; these and the control process on the generator's core."""

    def command(self, ports: Ports, folder: Path) -> list[str]:
        """The command that starts it."""
        if not self.workers:
            return [str(FLOOR), str(ports.miners), str(ports.pool)]
        config = folder / "bench.toml"
        text = CONFIG.format(workers=self.workers, miners=ports.miners, pool=ports.pool)
        if self.watched:
            text += CONTROL.format(api=ports.api, folder=folder)
        config.write_text(text, "ascii")
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
            running = Running(process, log)
            try:
                if self.watched:
                    os.sched_setaffinity(running.child("control"), cores.generator)
                    with onlookers(ports.api, cores.generator, Path(folder, "seen")) as seen:
                        yield replace(running, seen=seen)
                else:
                    yield running
            finally:
                stop(process)


@contextmanager
def onlookers(api: int, cores: frozenset[int], told: Path) -> Iterator[Path]:
    """Who looks on, in a process of their own; the file says what they saw."""
    with told.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.onlookers", str(api)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            preexec_fn=lambda: settle(cores),
        )
    try:
        yield told
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
WATCHED_KIND = Kind("watched", 1, watched=True)


@dataclass(frozen=True)
class Running:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    log: Path
    seen: Path | None = None
    """What onlookers saw: a JSON object a second."""

    def child(self, command: str) -> int:
        """The process that runs this command of ours, soon after the start.

        Raises:
            TimeoutError: there is none.
        """
        for _ in range(600):
            children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
            for each in " ".join(file.read_text("ascii") for file in children).split():
                words = Path(f"/proc/{each}/cmdline").read_bytes().split(b"\0")
                if command.encode() in words:
                    return int(each)
            time.sleep(0.1)
        raise TimeoutError(f"the server did not start its {command}: {self.last_words()}")

    def sights(self) -> dict[str, int]:
        """How much onlookers saw."""
        lines = self.seen.read_bytes().splitlines() if self.seen else []
        return json.loads(lines[-1]) if lines else {}

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
    """Ports that nobody listens on, below those that outgoing connections are given."""
    found: list[int] = []
    while len(found) < 3:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return Ports(*found)
