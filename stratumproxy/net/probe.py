"""The question whether a pool takes several names on a session, asked over a connection of its own.

It is opened beside those that are mined on, and closed once there is an answer.
"""

from collections.abc import Callable
from math import inf

import trio

from stratumproxy.accounting.naming import Naming
from stratumproxy.config import Pool
from stratumproxy.errors import PoolError
from stratumproxy.net.dial import dial
from stratumproxy.upstream.names import PATIENCE
from stratumproxy.upstream.probe import Answer, Probe, probing
from stratumproxy.upstream.v1 import V1Session

READ_BYTES = 65536


async def ask_for_names(
    pool: Pool, naming: Naming, password: str, clock: Callable[[], float]
) -> tuple[Answer, object]:
    """Find out whether a pool takes several names on a session.

    Args:
        pool: its configuration. It has `silence_seconds` to give work on a new session.
        naming: of the account to ask as.
        password: the account's.
        clock: seconds, as trio has them.

    Returns:
        The answer, and how the session introduced itself: `Session.fingerprint`.
    """
    answer, fingerprint = Answer(None, ""), None
    for mask in dict.fromkeys((pool.mask, 0)):  # some old pools hang up on mining.configure
        session = V1Session(naming.account, password, mask, names=probing(naming))
        answer = await _ask(pool, Probe(session, naming), clock)
        fingerprint = session.fingerprint
        if answer.shared is not None or session.answered:
            break
    return answer, fingerprint


async def _ask(pool: Pool, probe: Probe, clock: Callable[[], float]) -> Answer:
    try:
        stream = await dial(pool, pool.host, pool.port)
    except PoolError as error:
        return Answer(None, str(error))
    try:
        with trio.move_on_after(pool.silence_seconds + PATIENCE):
            await _talk(probe, stream, clock)
    except trio.BrokenResourceError:
        probe.broke("it hung up")
    finally:
        await trio.aclose_forcefully(stream)
    probe.broke(f"it gave no work within {pool.silence_seconds:g} seconds")
    assert probe.answer is not None
    return probe.answer


async def _talk(probe: Probe, stream: trio.abc.Stream, clock: Callable[[], float]) -> None:
    while probe.answer is None:
        if data := bytes(probe.session.outgoing):
            probe.session.outgoing.clear()
            await stream.send_all(data)
        with trio.move_on_at(inf if probe.until is None else probe.until):
            probe.receive(bytes(await stream.receive_some(READ_BYTES)), clock())
        probe.tend(clock())
