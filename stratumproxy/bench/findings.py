"""What makes a run no result, and what a server did wrong in one that is."""

from stratumproxy.bench.config import FLOOR, Scenario, Server
from stratumproxy.bench.figures import Report

EVERY_HASH = 2**-32 * 65535 / 65536
"""Difficulties below this are met by every hash."""

LEAST_SENT = 0.98
"""So much of the rate must have been sent; a Poisson process of 3,000 shares varies by 2 %."""

CHANGED = {
    "unknown": "are none that a miner sent",
    "repeated": "had been there before",
    "malformed": "are not understood",
    "coinbase_changed": "have another coinbase than the miner's",
    "ntime_changed": "have another ntime than the miner's",
    "version_changed": "lost the version bits that the miner rolled",
}


def no_result(report: Report, scenario: Scenario, server: str) -> str:
    """Why the figures mean nothing; empty if they do.

    Args:
        report: the generator's.
        scenario: one load, so its rate is a number.
        server: the server's name.
    """
    shares, late = report["shares"], report["late"]["p99"]
    hardest = report["miners"]["hardest_difficulty"] or 0
    if report["failure"]:
        why = report["miners"]["gone_because"]
        return f"{report['failure']}{f': {why}' if why else ''}"
    if not shares["answered"] and shares["unanswered"]:
        return f"none of {shares['unanswered']:,} shares was answered"
    if not shares["sent"]:
        return "no share was sent"
    if scenario.rate is not None:
        due = scenario.rate * report["window"]
        # Of few shares chance takes more: three standard deviations.
        if shares["sent"] < min(LEAST_SENT * due, due - 3 * due**0.5):
            return f"{shares['sent']:,} shares were sent where {due:,.0f} were due"
        if late is not None and late > scenario.late:
            return (
                f"the generator was late: 1 % of the shares went out {late * 1e3:.1f} ms and more "
                f"after their time, {scenario.late * 1e3:g} ms is the most"
            )
    if scenario.shares == "every-hash" and server != FLOOR and hardest >= EVERY_HASH:
        return (
            f"miners were asked for difficulty {hardest:g}, which not every hash meets: set "
            'shares = "hash" or "invalid", or another difficulty in the server'
        )
    return ""


def faults(report: Report, scenario: Scenario, server: Server | None) -> list[str]:
    """What the server did that it must not, each in words.

    Args:
        report: the generator's.
        scenario: what was run.
        server: None for the floor, which checks and forwards nothing.
    """
    shares, miners = report["shares"], report["miners"]
    rejected = {} if scenario.shares == "invalid" else dict(shares["rejected"])
    if scenario.clean_every or (server and not server.pool):
        rejected.pop("21", None)  # on their way when a clean job came
    checks = [
        (sum(rejected.values()), f"shares were rejected, by code: {rejected}"),
        (shares["unanswered"], f"{shares['unanswered']:,} shares were not answered"),
        (shares["stray"], f"{shares['stray']:,} answers belong to no share"),
        (shares["skipped"], f"{shares['skipped']:,} shares could not be sent: overload"),
        (miners["strange_lines"], f"{miners['strange_lines']:,} lines were not understood"),
    ]
    if server:
        checks += [
            (report["probes"][name] == 0, f"a share {what} was accepted")
            for name, what in (("duplicate", "a second time"), ("unknown_job", "for no job"))
            if scenario.shares != "invalid"
        ]
    if server and report["pool"]:
        pool, verified = report["pool"], report["verified"]
        checks += [
            (pool[key], f"{pool[key]:,} of {pool['submits']:,} shares at the pool {what}")
            for key, what in CHANGED.items()
        ]
        few = scenario.forward == 1 and pool["submits"] < shares["accepted"]
        checks += [
            (verified["shares_wrong"], f"shares at the pool are wrong: {verified['why']}"),
            (verified["works_wrong"], f"jobs are wrong: {verified['why']}"),
            (few, f"the pool got {pool['submits']:,} of {shares['accepted']:,} accepted shares"),
        ]
    return [text for wrong, text in checks if wrong]
