"""Simulated pool, miners, link and replay as they run from a command line: until they should end.

What happens is told in events, each a name and facts that are JSON. What comes back in the end is
whether the other side kept to the rules.
"""

import ssl
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import trio

from stratumproxy.errors import PoolError, StratumProxyError, first_of
from stratumproxy.testing.fleet import Fleet, run_fleet
from stratumproxy.testing.link import Transport
from stratumproxy.testing.miner import SimulatedMiner
from stratumproxy.testing.pool import SimulatedPool
from stratumproxy.testing.rules import Violation
from stratumproxy.testing.serve import serve_pool, wait_until
from stratumproxy.testing.transcript import Replayed

Tell = Callable[[str, dict[str, object]], None]


class Ending(NamedTuple):
    """When to end, whichever is first; without any on SIGINT or SIGTERM only."""

    seconds: float | None = None
    shares: int | None = None
    """Accepted ones."""


async def simulate_pool(
    pool: SimulatedPool,
    host: str,
    port: int,
    ending: Ending,
    tell: Tell,
    stop: trio.Event,
    *,
    tls: ssl.SSLContext | None = None,
    behind_balancer: bool = False,
) -> list[Violation]:
    """Serve a pool and tell its events, ``listening`` first and ``summary`` last.

    Returns:
        What its clients did wrong.

    Raises:
        StratumProxyError: the address can't be had.
    """
    pool.on_event = tell
    serve = partial(serve_pool, pool, host, port, tls=tls, behind_balancer=behind_balancer)
    try:
        async with trio.open_nursery() as nursery:
            where = await nursery.start(serve)
            tell("listening", {"host": where[0], "port": where[1]})
            with trio.move_on_after(float("inf") if ending.seconds is None else ending.seconds):
                async with trio.open_nursery() as waiting:
                    waiting.start_soon(_cancel_at, stop, waiting.cancel_scope)
                    if ending.shares is not None:
                        await wait_until(pool, lambda: pool.total.accepted >= (ending.shares or 0))
                        waiting.cancel_scope.cancel()
            nursery.cancel_scope.cancel()
    except* OSError as group:
        raise StratumProxyError(f"can't listen on {host}:{port}: {first_of(group)}") from None
    total = pool.total
    tell(
        "summary",
        {
            "connections": pool.connected,
            "accepted": total.accepted,
            "rejected": dict(total.rejected),
            "work": total.work,
            "blocks": pool.blocks,
            "jobs": pool.jobs,
            "violations": _codes(pool.violations),
        },
    )
    return pool.violations


async def simulate_miners(
    miners: Sequence[SimulatedMiner],
    address: tuple[str, int],
    ending: Ending,
    tell: Tell,
    stop: trio.Event,
    *,
    hashrates: Sequence[float],
    cpu: float,
    transports: Sequence[Transport],
) -> list[Violation]:
    """Run miners and tell their events, ``summary`` last.

    Returns:
        What the server did wrong.

    Raises:
        PoolError: there was no server, or no miner ever got a job from it.
    """
    refusals: set[str] = set()

    def watch(event: str, facts: dict[str, object]) -> None:
        tell(event, facts)
        if event == "disconnected" and facts["refused"]:
            refusals.add(str(facts["refused"]))
        if ending.shares is not None and event == "share":
            accepted = sum(miner.counts.accepted for miner in miners)
            if accepted >= ending.shares:
                stop.set()

    for miner in miners:
        miner.on_event = watch
    fleet = await run_fleet(
        address,
        miners,
        seconds=ending.seconds,
        stop=stop,
        hashrates=hashrates,
        cpu=cpu,
        transports=transports,
    )
    _tell_summary(fleet, tell)
    if not fleet.total().jobs:
        why = f" ({min(refusals)})" if refusals else ""
        raise PoolError(f"no miner ever got a job from {address[0]}:{address[1]}{why}")
    return fleet.violations


def _tell_summary(fleet: Fleet, tell: Tell) -> None:
    total = fleet.total()
    tell(
        "summary",
        {
            "miners": len(fleet.miners),
            "hashes": fleet.hashes,
            "jobs": total.jobs,
            "submitted": total.submitted,
            "accepted": total.accepted,
            "rejected": {str(code): count for code, count in sorted(total.rejected.items())},
            "lost": total.lost,
            "unanswered": total.pending,
            "work": total.work,
            "reconnects": fleet.reconnects,
            "violations": _codes(fleet.violations),
        },
    )


async def replay_to(part: Replayed, stream: trio.abc.Stream, patience: float) -> None:
    """Take one side's part on a stream, until all is said and heard.

    Raises:
        StratumProxyError: the other side was silent for `patience` seconds, or hung up, before.
    """
    await stream.send_all(part.receive())
    while not part.done:
        data = b""
        with trio.move_on_after(patience) as waiting:
            try:
                data = bytes(await stream.receive_some())
            except trio.BrokenResourceError:
                data = b""
        if waiting.cancelled_caught:
            raise StratumProxyError(f"nothing was said for {patience:g} s, and more was expected")
        if not data:
            raise StratumProxyError("the connection ended, and more was expected")
        await stream.send_all(part.receive(data, time.time()))


async def _cancel_at(stop: trio.Event, scope: trio.CancelScope) -> None:
    await stop.wait()
    scope.cancel()


def _codes(violations: Sequence[Violation]) -> dict[str, int]:
    """How often each rule was broken."""
    codes: dict[str, int] = {}
    for each in violations:
        codes[each.code] = codes.get(each.code, 0) + 1
    return codes
