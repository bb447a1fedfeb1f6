"""The link to a pool, on trio's own clock: what takes minutes is over at once.

The pool's end of each connection is played by the test: a simulated pool, or a few lines.
"""

import socket
from contextlib import aclosing
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import trio
import trio.testing

from stratumproxy.testing import PoolSettings, SimulatedPool
from stratumproxy.upstream.session import NewJob
from tests.net.network import (
    REFUSED,
    Core,
    Script,
    Stream,
    after_work,
    hang_up,
    requests,
    say,
    silent,
    simulated,
)

# -- connecting ----------------------------------------------------------------------------------


def test_a_good_pool_is_mined_on(world):
    pool = SimulatedPool()
    world.plans = [simulated(pool)]
    core = world.run(60)
    assert core.jobs == 1
    assert core.session.ready
    assert core.lost == []
    assert list(pool.violations) == []
    assert world.dialled == [("eu.pool.example", 3333)]


def test_a_share_goes_out_without_a_turn_of_the_pool(world):
    """`submit` alone wakes the writer."""
    pool = SimulatedPool()
    world.plans = [simulated(pool)]

    async def submit() -> None:
        while not world.core.jobs:
            await trio.testing.wait_all_tasks_blocked()
        for _ in range(3):
            world.core.session.submit(
                SimpleNamespace(sent=0.0), b'["farm","1"', (bytes(8), 0, 0, None)
            )
            await trio.sleep(5)
            assert not world.core.session.outgoing

    world.run(60, meanwhile=submit)
    assert pool.total.submitted == 3


MANY = OSError("all attempts to connect to eu.pool.example:3333 failed")
MANY.__cause__ = ExceptionGroup(
    "", [OSError(113, "No route to host"), ConnectionRefusedError(111, "Connection refused")]
)
UNKNOWN = socket.gaierror(-2, "Name or service not known")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (REFUSED, "Connection refused"),
        (MANY, "Connection refused; No route to host"),
        (UNKNOWN, "Name or service not known"),
    ],
)
def test_why_it_can_not_connect(world, error, words):
    world.plans = [error]
    core = world.run(5)
    assert set(core.lost) == {f"can't connect to eu.pool.example:3333: {words}"}
    assert {event for event, _ in core.warnings} == {"pool session lost"}


def test_a_connection_that_never_comes_about(world):
    world.plans = [None]
    core = world.run(25, connect_timeout_seconds=10, backoff_min_seconds=1)
    assert core.lost == ["no connection to eu.pool.example:3333 in time"] * 2


def test_each_failure_doubles_the_wait_up_to_the_longest(world):
    world.plans = [REFUSED]
    world.run(600, backoff_min_seconds=1, backoff_max_seconds=40)
    waits = [after - before for before, after in pairwise(world.times)]
    longest = [min(2**failures, 40) for failures in range(len(waits))]
    shares = [wait / most for wait, most in zip(waits, longest, strict=True)]
    assert len(waits) > 12
    assert all(0.5 <= share <= 1 for share in shares)
    assert max(shares) - min(shares) > 0.2, "many proxies would come back at once"


def test_after_a_session_that_could_be_mined_on_the_wait_is_short_again(world):
    refused = [REFUSED] * 6
    world.plans = [*refused, after_work(hang_up), REFUSED]
    world.run(100, backoff_min_seconds=1, backoff_max_seconds=60)
    before, after = world.core.losses[6], world.times[7]
    assert after - before <= 1


def test_in_the_minute_after_a_loss_it_is_tried_more_often(world):
    """A pool that restarts is back within it; and then its miners should not wait longer."""
    world.plans = [after_work(hang_up), REFUSED]
    world.run(600, backoff_min_seconds=1, backoff_max_seconds=60)
    lost = world.core.losses[0]
    early = [time for time in world.times if lost < time < lost + 60]
    waits = [after - before for before, after in pairwise([lost, *early])]
    assert len(early) >= 18
    assert max(waits) <= 3
    assert len(world.times) < 60, "and seldom after that"


def test_a_session_that_came_to_nothing_does_not_shorten_the_wait(world):
    world.plans = [hang_up]
    world.run(600, backoff_min_seconds=1, backoff_max_seconds=60)
    waits = [after - before for before, after in pairwise(world.times)]
    assert waits[5] >= 16


# -- what pools do -------------------------------------------------------------------------------


def test_a_pool_that_falls_silent_is_left(world):
    world.plans = [after_work(silent), simulated(SimulatedPool())]
    core = world.run(150, silence_seconds=90)
    assert core.lost == ["the pool was silent for 90 seconds"]
    assert core.jobs == 2
    assert 90 <= core.losses[0] - world.times[0] < 95


def test_a_pool_that_speaks_now_and_then_is_kept(world):
    pool = SimulatedPool()
    world.plans = [simulated(pool)]

    async def speak() -> None:
        while True:
            await trio.sleep(80)
            pool.show_message("hello")

    core = world.run(1000, meanwhile=speak, silence_seconds=90)
    assert core.lost == []


def test_a_pool_that_never_answers_is_left(world):
    world.plans = [silent]
    core = world.run(100, silence_seconds=30)
    assert set(core.lost) == {"the pool was silent for 30 seconds"}
    assert len(core.lost) == 3


def test_a_pool_that_chatters_and_gives_no_work_is_left(world):
    """Bytes keep coming, but never the reply that mining waits for."""

    async def chatter(stream: Stream) -> None:
        while True:
            await stream.send_all(b'{"id":null,"method":"mining.set_difficulty","params":[1]}\n')
            await trio.sleep(10)

    world.plans = [chatter, simulated(SimulatedPool())]
    core = world.run(100, silence_seconds=60)
    assert core.lost == ["the pool gave no work within 60 seconds"]
    assert core.jobs == 1


def test_a_pool_that_closes(world):
    world.plans = [after_work(hang_up), simulated(SimulatedPool())]
    core = world.run(30)
    assert core.lost == ["the pool closed the connection"]
    assert core.jobs == 2


def breaks(stream: Any) -> None:
    """From now on reading from this stream finds the connection reset."""

    async def reset() -> None:
        raise trio.BrokenResourceError

    stream.receive_stream.receive_some_hook = reset


def test_a_pool_that_is_cut(world):
    ends = [trio.testing.memory_stream_pair() for _ in range(2)]
    breaks(ends[0][0])
    world.pair = lambda: ends.pop(0)
    world.plans = [silent, simulated(SimulatedPool())]
    core = world.run(30)
    assert core.lost == ["the connection broke"]
    assert core.jobs == 1


def test_a_pool_that_does_not_read(world):
    async def deaf(_stream: Stream) -> None:
        await trio.sleep(30)

    world.pair = trio.testing.lockstep_stream_pair  # where sending waits for receiving
    world.plans = [deaf]
    core = world.run(30.2, reply_timeout_seconds=30, silence_seconds=90)
    assert core.lost == ["the pool does not read what it is sent"]


def test_a_pool_that_does_not_speak_stratum(world):
    world.plans = [say(b"HTTP/1.1 400 Bad Request")]
    core = world.run(1)
    assert core.lost[0].startswith("the pool does not speak Stratum: not JSON")


def test_a_pool_that_refuses_the_account(world):
    pool = SimulatedPool(PoolSettings(refuse_authorize=True))
    world.plans = [simulated(pool)]
    core = world.run(1)
    assert core.lost[0] == 'the pool refused to authorize "farm": unauthorized worker'


def test_the_session_is_asked_for_again(world):
    pool = SimulatedPool()
    world.plans = [after_work(hang_up, pool), simulated(pool)]
    core = world.run(30)
    first, second = (event for event in core.events if isinstance(event, NewJob))
    assert first.terms.extranonce1 == second.terms.extranonce1
    assert pool.connected == 2


# -- pools that hang up on mining.configure ------------------------------------------------------


def old_pool(pool: SimulatedPool, seen: list[str]) -> Script:
    """It closes on whatever it does not know, before it answers anything."""

    async def script(stream: Stream) -> None:
        connection = pool.connect()
        async with aclosing(requests(stream)) as asked:
            async for request in asked:
                seen.append(str(request["method"]))
                if request["method"] == "mining.configure":
                    return
                line = orjson.dumps(request) + b"\n"
                await stream.send_all(connection.receive(line, trio.current_time()))

    return script


@pytest.mark.parametrize("cut", [False, True], ids=["goodbye", "reset"])
def test_a_pool_that_hangs_up_on_configure_is_asked_without(world, cut):
    """It closes with the rest of the handshake unread, so TCP may well send a reset."""
    pool, seen = SimulatedPool(), []
    ends = [trio.testing.memory_stream_pair() for _ in range(2)]
    if cut:
        breaks(ends[0][0])
    world.pair = lambda: ends.pop(0)
    world.plans = [old_pool(pool, seen)]
    core = world.run(60)
    assert core.jobs == 1
    assert len(world.dialled) == 2
    assert seen[-2:] == ["mining.subscribe", "mining.authorize"]


def test_configure_is_not_given_up_for_a_pool_that_has_answered_it(world):
    """A restart behind a balancer hangs up too; version rolling must not be lost over that."""
    for count in (1, 2, 3):
        pool = SimulatedPool()
        world.plans = [after_work(hang_up, pool), *[hang_up] * count, simulated(pool)]
        world.core = Core()
        world.run(60)
        jobs = [event for event in world.core.events if isinstance(event, NewJob)]
        assert [job.terms.version_mask for job in jobs] == [0x1FFFE000] * 2


def test_after_a_hang_up_at_the_start_version_rolling_comes_back_with_the_next_session(world):
    """Whether it was over configure can't be known, so it is tried again."""
    world.plans = [hang_up, after_work(hang_up), simulated(SimulatedPool())]
    core = world.run(60)
    jobs = [event for event in core.events if isinstance(event, NewJob)]
    assert [job.terms.version_mask for job in jobs] == [0, 0x1FFFE000]


def test_a_session_that_the_pool_refuses_to_resume_is_forgotten(world):
    """Else it would be asked for, and refused, for ever."""
    good, seen = SimulatedPool(), []

    async def strict(stream: Stream) -> None:
        """It knows no session of earlier times."""
        connection = good.connect()
        async with aclosing(requests(stream)) as asked:
            async for request in asked:
                if request["method"] == "mining.subscribe":
                    seen.append(len(request["params"]))
                    if len(request["params"]) > 1:
                        answer = {"id": request["id"], "result": None, "error": [20, "what?", None]}
                        await stream.send_all(orjson.dumps(answer) + b"\n")
                        continue
                line = orjson.dumps(request) + b"\n"
                await stream.send_all(connection.receive(line, trio.current_time()))

    world.plans = [after_work(hang_up), REFUSED, strict]
    core = world.run(60)
    assert seen == [2, 1]
    assert core.jobs == 2


def test_a_pool_with_a_mask_of_zero_is_never_asked(world):
    pool, seen = SimulatedPool(), []
    world.plans = [old_pool(pool, seen)]
    core = world.run(60, version_mask="00000000")
    assert core.lost == []
    assert "mining.configure" not in seen


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":null,"method":"client.reconnect","params":["", "%b"]}' % (b"1" * 5000),
        b'{"id":%b,"method":"client.get_version","params":[]}' % (b"[" * 300 + b"]" * 300),
        b'{"id":%b,"method":"mining.unheard","params":[]}' % (b"[" * 300 + b"]" * 300),
        b'{"id":1,"method":"mining.ping","params":{}}',
        b'{"id":2,"result":[[],"zz",4],"error":null}',
        b'{"id":2,"result":[[],"00",99999999999],"error":null}',
        b'{"id":2,"result":[{"a":[]},"00",4],"error":[[[[]]]]}',
        b'{"id":16,"result":true}',
        b'{"id":null,"method":"mining.set_difficulty","params":[1e308]}',
        b'{"id":null,"method":"mining.set_difficulty","params":[5e-324]}',
        b'{"id":null,"method":"mining.set_version_mask","params":["+1234567"]}',
        b'{"id":null,"method":"mining.notify","params":[[],{},1,2,3,4,5,6,7]}',
        b"[" * 200_000,
        b"\xff\xfe",
        b"null",
    ],
)
def test_whatever_a_pool_says_the_link_goes_on(world, line):
    world.plans = [after_work(say(line)), simulated(SimulatedPool())]
    core = world.run(80, silence_seconds=90)
    assert core.session.ready
    assert core.jobs == 1 + len(core.lost) + len(core.moves)
