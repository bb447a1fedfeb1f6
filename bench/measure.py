"""One measurement: a server, the generator on it, and whether what happened was right."""

import json
import subprocess
import sys
import time

from bench.build import LOAD
from bench.scenarios import Result, Scenario
from bench.servers import Cores, Kind, free_ports, settle, stop

EVERY_HASH = 2**-32
"""Difficulties below this are met by every hash; 65535/65536 of it, strictly."""


class MeasureError(Exception):
    """There is no result; says why."""


def measure(scenario: Scenario, kind: Kind, *, announce: bool = False) -> Result:
    """Run a scenario on a server.

    Args:
        scenario: the load.
        kind: the server.
        announce: say on standard error which processes run, for profilers.

    Returns:
        The generator's report.

    Raises:
        MeasureError: the server or the generator ended early.

    """
    ports = free_ports()
    cores = Cores.of_this_machine(max(kind.workers, 1))
    with kind.run(ports, cores) as running:
        try:
            pid = running.child("worker") if scenario.data_plane else running.process.pid
        except TimeoutError as error:
            raise MeasureError(str(error)) from None
        command = [
            str(LOAD),
            "--server",
            f"127.0.0.1:{ports.miners}",
            "--pool",
            f"127.0.0.1:{ports.pool}",
            "--pid",
            f"{pid}",
            "--sessions",
            f"{max(kind.workers, 1)}",
            *scenario.options(),
        ]
        if announce:
            print(f"{kind.name}: pid {pid}; cores: {cores}", file=sys.stderr)
            print(" ".join(command), file=sys.stderr)
        generator = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            preexec_fn=lambda: settle(cores.generator),
        )
        try:
            output, _ = generator.communicate(timeout=scenario.seconds + scenario.warmup + 200)
        except subprocess.TimeoutExpired:
            raise MeasureError("the generator did not end in time") from None
        finally:
            stop(generator)
        if not output:
            raise MeasureError(
                f"the generator has no result, its exit status is {generator.returncode}; "
                f"the server says:\n{running.last_words()}"
            )
        result: Result = json.loads(output)
        if result["failure"]:
            raise MeasureError(f"{result['failure']}; the server says:\n{running.last_words()}")
        result["sights"] = running.sights()
    time.sleep(0.2)  # the kernel is still closing thousands of sockets
    return result


def problems(result: Result, scenario: Scenario, kind: Kind) -> list[str]:
    """What was not as it must be for the figures to mean anything."""
    shares, pool, verified = result["shares"], result["pool"], result["verified"]
    rejected = dict(shares["rejected"])
    if scenario.clean_every:
        rejected.pop("21", None)  # on their way when a clean job came
    checks = [
        (bool(rejected), f"shares were rejected, by code: {rejected}"),
        (shares["unanswered"] > 0, f"{shares['unanswered']} shares were not answered"),
        (shares["stray"] > 0, f"{shares['stray']} answers belong to no share"),
        (shares["skipped"] > 0, f"{shares['skipped']} shares could not be sent: overload"),
        (shares["answered"] == 0, "no share was answered"),
        (
            result["miners"]["hardest_difficulty"] >= EVERY_HASH * 65535 / 65536,
            "the miners were asked for a difficulty that not every hash meets",
        ),
        *(
            (pool[key] > 0, f"{pool[key]} shares reached the pool {key}")
            for key in ("unknown", "repeated", "malformed")
        ),
    ]
    if kind.watched:
        sights = result["sights"]
        checks.append(
            (not (sights and all(sights.values())), f"onlookers saw too little: {sights}")
        )
    if kind.workers:
        probes = result["probes"]
        checks += [
            (verified["shares_wrong"] > 0, f"shares at the pool are wrong: {verified['why']}"),
            (verified["works_wrong"] > 0, f"jobs are wrong: {verified['why']}"),
            (verified["works"] == 0, "no job was verified"),
            (
                scenario.forward == "all" and pool["submits"] < shares["accepted"],
                f"the pool got {pool['submits']} of {shares['accepted']} accepted shares",
            ),
            (probes["duplicate"] not in (22, -1), "a duplicate share was not refused"),
            (probes["unknown_job"] != 21, "a share for an unknown job was not refused"),
        ]
    return [text for wrong, text in checks if wrong]
