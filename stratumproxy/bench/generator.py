"""The load generator's processes: started, led through a run step by step, and their reports."""

import json
import shlex
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import IO

from stratumproxy.bench.build import Programs
from stratumproxy.bench.config import Generator, Scenario, Server
from stratumproxy.bench.figures import Report
from stratumproxy.bench.place import is_loopback, parse_address
from stratumproxy.bench.servers import STEP, Running
from stratumproxy.errors import BenchError

FORWARD: dict[float, str] = {0: "none", 1: "all"}
"""Parts of the shares, as the generator calls them."""


class Part:
    """One generator.

    Args:
        command: starts it.
        errors: where its standard error goes.
        prepared: what the process does first.
    """

    def __init__(
        self, command: Sequence[str], errors: IO[bytes], prepared: Callable[[], None]
    ) -> None:
        self._errors = errors
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                preexec_fn=prepared,
            )
        except OSError as error:
            raise BenchError(f"{command[0]}: {error.strerror}") from None
        self._report = ""

    def reaches(self, word: str) -> bool:
        """Wait until it says so; False when it has ended with a report instead."""
        line = "" if self._report else self._line()
        if line.startswith("{"):
            self._report = line
        elif line.strip() != word and not self._report:
            raise BenchError(f"the generator said {line.strip()!r} where {word!r} was expected")
        return not self._report

    def go_on(self, line: str = "") -> None:
        """Let it take the next step."""
        assert self._process.stdin
        if not self._report:
            with suppress(BrokenPipeError):  # it has died, which the next look at it tells
                self._process.stdin.write(f"{line}\n".encode())
                self._process.stdin.flush()

    @property
    def ended(self) -> bool:
        """Whether it has a report."""
        return bool(self._report)

    def report(self) -> Report:
        """What it measured, when it has ended."""
        assert self._process.stdout
        text = self._report + self._process.stdout.read().decode()
        if not text:
            raise self._died()
        report: Report = json.loads(text)
        return report

    def stop(self) -> None:
        """End it, if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline().decode()
        if not line:
            raise self._died()
        return line

    def _died(self) -> BenchError:
        status = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip()
        return BenchError(f"the generator ended early: {said or f'exit status {status}'}")


def options(scenario: Scenario, server: Server, miners: str, pool: str) -> list[str]:
    """What the generator is told of a scenario and a server.

    Args:
        scenario: one load, so `miners` and `rate` are numbers.
        server: the server.
        miners: where its miners connect.
        pool: where its pool is to listen; empty for a server that is a pool itself.
    """
    load = ["--depth", f"{scenario.depth}"]
    if scenario.rate is not None:
        load = ["--rate", f"{scenario.rate:g}"]
    told = [
        *("--steps", "--histogram", "--server", miners, *load),
        *("--user", server.user, "--password", server.password),
        *("--handshake", ",".join(server.handshake)),
        *("--seconds", f"{scenario.seconds:g}", "--warmup", f"{scenario.warmup:g}"),
        *("--settle", f"{scenario.settle:g}", "--interval", f"{scenario.sample:g}"),
        *("--deadline", f"{scenario.seconds + scenario.warmup + scenario.deadline:g}"),
    ]
    if scenario.shares == "hash":
        told.append("--hash")
    if pool and server.pool:
        forward = FORWARD.get(scenario.forward, f"{scenario.forward:g}")
        told += [
            *("--pool", pool, "--forward", forward),
            *("--sessions", f"{server.pool.sessions}"),
            *("--notify-delay", f"{server.pool.notify_delay:g}"),
            *("--extranonce2", f"{server.pool.extranonce2_size}"),
            *("--job-interval", f"{scenario.job_interval:g}"),
            *("--clean-every", f"{scenario.clean_every}"),
        ]
        if not server.pool.set_difficulty:
            told.append("--no-set-difficulty")
    return told


@contextmanager
def generators(
    programs: Programs,
    places: Sequence[Generator],
    told: list[Sequence[str]],
    prepared: Callable[[], None],
) -> Iterator[list[Part]]:
    """Start them all; they have ended, one way or another, in the end.

    Args:
        programs: the generator.
        places: where each runs.
        told: the options of each.
        prepared: what each process does first.
    """
    with ExitStack() as stack:
        parts = []
        for place, options in zip(places, told, strict=True):
            here = is_loopback(place.host)
            words = [str(programs.load) if word == "{load}" else word for word in place.command]
            command = [*words, *options] if here else [*words, *map(shlex.quote, options)]
            errors = stack.enter_context(tempfile.TemporaryFile())
            parts.append(Part(command, errors, prepared))
            stack.callback(parts[-1].stop)
        yield parts


def lead(parts: Sequence[Part], start: Callable[[], Running], server: Server) -> list[Report]:
    """Lead the generators through a run, each step together.

    Args:
        parts: the first has the pool.
        start: starts the server, once the pool listens.
        server: which one.

    Returns:
        What each measured; if some end early, what those have to say.

    Raises:
        BenchError: the server does not start, or a generator ended without a report.
    """

    def all_reach(word: str) -> bool:
        reached = [part.reaches(word) for part in parts]  # of each: none may be left unread
        return all(reached)

    def all_go_on() -> None:
        for part in parts:
            part.go_on()

    if all_reach("listening"):
        runs = start()
        parts[0].go_on(f"{runs.pid or ''}")
        for part in parts[1:]:
            part.go_on()
        if all_reach("ready"):
            _wait_for(runs, server.start_seconds)
            time.sleep(server.settle_seconds)
            all_go_on()
            if all_reach("mining"):
                all_go_on()
                return [part.report() for part in parts]
    return [part.report() for part in parts if part.ended]


def _wait_for(runs: Running, seconds: float) -> None:
    """Until miners can connect."""
    address = parse_address(runs.miners)
    for _ in range(int(seconds / STEP)):
        try:
            socket.create_connection(address, STEP).close()
        except OSError:
            if runs.program and runs.program.process.poll() is not None:
                break
            time.sleep(STEP)
        else:
            return
    raise BenchError(f"nothing listens at {runs.miners} after {seconds:g} s{runs.last_words()}")
