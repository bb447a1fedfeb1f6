"""All runs of a scenario: the floor and each server in turn, and then again.

What disturbs the machine for a while disturbs all of them, and a ratio is taken between two runs of
one round.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from stratumproxy.bench.build import Programs
from stratumproxy.bench.config import FLOOR, Bench, Generator, PoolSide, Scenario, Server
from stratumproxy.bench.expect import Base, Expectation
from stratumproxy.bench.figures import BY_NAME, Report, Value
from stratumproxy.bench.findings import faults, no_result
from stratumproxy.bench.generator import generators, lead, options
from stratumproxy.bench.merge import merge
from stratumproxy.bench.place import Cores, is_loopback, settle
from stratumproxy.bench.servers import Places, Running, running
from stratumproxy.errors import BenchError

PAUSE = 0.2
"""Seconds between two runs: the kernel is still closing thousands of sockets."""


KINDS = {"hash": "shares found by hashing", "invalid": "invalid shares"}
FORWARDED: dict[float, str] = {0: "none", 1: "all"}


@dataclass(frozen=True)
class Run:
    """One server under one load, once."""

    server: str
    round: int
    report: Report | None
    """None where there is no result."""
    no_result: str = ""
    """Why there is none."""


@dataclass(frozen=True)
class Check:
    """An expectation of one server, and what came out."""

    text: str
    server: str
    value: Value
    met: bool


@dataclass
class Outcome:
    """What came of a scenario."""

    name: str
    title: str
    settings: dict[str, object]
    servers: list[str]
    """The floor first, if it was measured."""
    runs: list[Run] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def values(self, server: str, figure: str) -> dict[int, float]:
        """A figure by round, where it was measured."""
        read = BY_NAME[figure].read
        found = {
            run.round: read(run.report) for run in self.runs if run.server == server and run.report
        }
        return {number: value for number, value in found.items() if value is not None}

    def median(self, server: str, figure: str) -> Value:
        """Of a figure over the repeats; None if it was never measured."""
        values = self.values(server, figure)
        return statistics.median(values.values()) if values else None

    def ratios(self, server: str, figure: str, base: str) -> list[float]:
        """A figure by that of another server, round by round."""
        mine, its = self.values(server, figure), self.values(base, figure)
        return [mine[number] / its[number] for number in mine if its.get(number, 0) > 0]

    def ratio(self, server: str, figure: str, base: str) -> Value:
        """The median of these ratios; None if there are none."""
        ratios = self.ratios(server, figure, base)
        return statistics.median(ratios) if ratios else None

    def named(self, base: Base) -> str:
        """The server that is meant by ``floor`` or ``first``."""
        return FLOOR if base == "floor" else self.first

    @property
    def first(self) -> str:
        """The first server that is not the floor."""
        return next((name for name in self.servers if name != FLOOR), FLOOR)

    @property
    def missing(self) -> list[Run]:
        """Runs without a result."""
        return [run for run in self.runs if run.report is None]

    def check(self, texts: Sequence[str]) -> None:
        """Hold the servers against what is expected of them."""
        for text in texts:
            expectation = Expectation.parse(text)
            for server in self.servers:
                if server == FLOOR or (expectation.base == "first" and server == self.first):
                    continue
                value = expectation.value(server, self)
                self.checks.append(Check(text, server, value, expectation.met(value)))


def single_loads(name: str, scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    """A scenario for each of the numbers that it goes through, if it does."""
    if not scenario.vary:
        yield name, scenario
    for key, numbers in scenario.vary.items():
        for number in numbers:
            value = int(number) if key == "miners" else number
            yield f"{name} {key}={number:g}", scenario.model_copy(update={key: value})


def title(scenario: Scenario, *, proxies: bool) -> str:
    """What a load is, in words."""
    words = [f"{scenario.miners:,} miners"]
    if scenario.rate is None:
        words.append(f"each with {scenario.depth} share{'s' * (scenario.depth > 1)} under way")
    else:
        words.append(f"{scenario.rate:,g} shares/s")
    if scenario.shares != "every-hash":
        words.append(KINDS[scenario.shares])
    if proxies:
        if scenario.job_interval:
            words.append(f"a new job every {scenario.job_interval:g} s")
        if scenario.clean_every:
            words.append(f"one in {scenario.clean_every} clean")
        part = f"{100 * scenario.forward:g} %"
        words.append(f"{FORWARDED.get(scenario.forward, part)} forwarded")
    return ", ".join(words) + f"; {scenario.seconds:g} s, {_times(scenario.repeats)}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


@dataclass(frozen=True)
class Rounds:
    """What a scenario is run with.

    Args:
        bench: the document.
        here: the folder it is in.
        programs: generator and floor.
        allowed: addresses of other machines that may be loaded.
        say: told of every run before it begins, and of what went wrong.
    """

    bench: Bench
    here: Path
    programs: Programs
    allowed: Sequence[str]
    say: Callable[[str], None]

    def outcome(self, name: str, scenario: Scenario, only: Sequence[str] = ()) -> Outcome:
        """Run a scenario of one load, all its repeats.

        Args:
            name: the scenario's.
            scenario: the load.
            only: these servers and no others, if any are named.
        """
        servers = self._servers(scenario, only)
        proxies = any(server.pool for server in servers.values() if server.name != FLOOR)
        settings = scenario.model_dump(exclude={"show"})
        outcome = Outcome(name, title(scenario, proxies=proxies), settings, list(servers))
        for number in range(scenario.repeats):
            for server in servers.values():
                self.say(f"{name}, {server.name}, {number + 1} of {scenario.repeats} …")
                run = self._run(scenario, server, number)
                if run.no_result:
                    self.say(f"  no result: {run.no_result}")
                outcome.runs.append(run)
                time.sleep(PAUSE)
        outcome.check(scenario.expect)
        return outcome

    def _servers(self, scenario: Scenario, only: Sequence[str]) -> dict[str, Server]:
        known = self.bench.servers()
        wanted = scenario.servers or list(known)
        servers = {name: known[name] for name in wanted if not only or name in only}
        if scenario.floor and (not only or FLOOR in only):
            command = [str(self.programs.floor), "{miners_port}", "{pool_port}"]
            servers = {FLOOR: Server(name=FLOOR, command=command, pool=PoolSide())} | servers
        return servers

    def _run(self, scenario: Scenario, server: Server, number: int) -> Run:
        try:
            report, said, beside = self._measure(scenario, server)
        except BenchError as error:
            return Run(server.name, number, None, str(error))
        if why := no_result(report, scenario, server.name):
            return Run(server.name, number, None, why + (said if report["failure"] else ""))
        checked = None if server.name == FLOOR else server
        report["faults"] = faults(report, scenario, checked) + beside
        return Run(server.name, number, report)

    def _measure(self, scenario: Scenario, server: Server) -> tuple[Report, str, list[str]]:
        """The report, what the server said last, and what went wrong beside it."""
        cores = Cores.of_this_machine(server.cores)
        runs = Running("")
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            places = Places(server, folder, self.here)

            def start() -> Running:
                nonlocal runs
                runs = stack.enter_context(running(server, places, cores))
                return runs

            told = self._told(scenario, server, places)
            # Linux stops a real-time process that never rests for 50 ms a second
            # (sched_rt_runtime_us), so one that sends as fast as it can, or hashes, is none.
            paced = scenario.rate is not None and scenario.shares != "hash"
            prepared = settle(cores.generator, first=paced and not cores.shared)
            parts = stack.enter_context(
                generators(self.programs, self.bench.generator, told, prepared)
            )
            reports = lead(parts, start, server)
            said = runs.last_words()
        one_clock = all(is_loopback(place.host) for place in self.bench.generator)
        return merge(reports, one_clock=one_clock), said, runs.faults

    def _told(self, scenario: Scenario, server: Server, places: Places) -> list[Sequence[str]]:
        """The options of each generator: its part of the load, and the pool for the first."""
        generators: Sequence[Generator] = self.bench.generator
        allowed = [word for host in self.allowed for word in ("--allow", host)]
        told: list[Sequence[str]] = []
        for part in range(len(generators)):
            share = (scenario.miners + part) // len(generators)
            rate = scenario.rate and scenario.rate * share / scenario.miners
            load = scenario.model_copy(update={"rate": rate})
            pool = places.pool if server.pool and not part else ""
            words = options(load, server, places.miners, pool)
            told.append([*allowed, *words, "--miners", f"{share}", "--part", f"{part}"])
        return told
