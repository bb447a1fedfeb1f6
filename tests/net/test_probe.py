"""The question whether names may share a session, asked of simulated pools of every style."""

from typing import get_args

import pytest
import trio
import trio.testing

from stratumproxy.accounting.naming import Naming
from stratumproxy.config import Pool
from stratumproxy.net.probe import ask_for_names
from stratumproxy.testing import PoolSettings, SecondName, SimulatedPool
from stratumproxy.upstream.probe import Answer
from tests.net.network import REFUSED, Script, Stream, hang_up, say, silent, simulated

ANSWERS = {
    "allowed": Answer(True, "it said true to a second name"),
    "per-submit": Answer(True, "it said true to a second name"),
    "always": Answer(True, "it said true to a second name"),
    "last": Answer(True, "it said true to a second name"),
    "ignored": Answer(False, "it gave a second name no answer within 10 s"),
    "not-subscribed": Answer(False, "it refused a second name: not subscribed"),
    "kick": Answer(False, "it refused a second name: Already authorized"),
}


def ask(world, plan: OSError | Script | None, **settings) -> tuple[Answer, object, float]:
    """What is learnt, and after how many seconds."""
    world.plans = [plan]
    pool = Pool(url="stratum+tcp://eu.pool.example:3333", user="host", **settings)

    async def main() -> tuple[Answer, object, float]:
        async with trio.open_nursery() as world._nursery:
            began = trio.current_time()
            answer, fingerprint = await ask_for_names(pool, Naming("acme"), "x", trio.current_time)
            seconds = trio.current_time() - began
            await trio.sleep(2)
            assert not world.open, "a connection is left open"
            world._nursery.cancel_scope.cancel()
        return answer, fingerprint, seconds

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize("style", get_args(SecondName))
def test_what_is_learnt_of_each_style(world, style: SecondName) -> None:
    pool = SimulatedPool(PoolSettings(second_name=style))
    answer, fingerprint, seconds = ask(world, simulated(pool))
    assert answer == ANSWERS[style]
    assert fingerprint == (("mining.set_difficulty", "mining.notify"), 4, 8)
    assert seconds == (10.0 if style == "ignored" else 0.0)
    assert pool.total.submitted == 0


def test_it_asks_as_the_account_and_as_a_worker_of_it(world) -> None:
    pool = SimulatedPool()
    names = []
    pool.on_event = lambda event, facts: names.append(facts.get("worker"))
    ask(world, simulated(pool))
    assert [name for name in names if name] == ["acme", "acme.probe"]


async def breaks(stream: Stream) -> None:
    await trio.testing.wait_all_tasks_blocked()
    await trio.aclose_forcefully(stream)


@pytest.mark.parametrize(
    ("plan", "why", "seconds"),
    [
        (REFUSED, "can't connect to eu.pool.example:3333: Connection refused", 0),
        (None, "no connection to eu.pool.example:3333 in time", 20),
        (hang_up, "it hung up", 0),
        (breaks, "it hung up", 0),
        (silent, "it gave no work within 120 seconds", 260),
        (say(b"HTTP/1.1 400 Bad Request"), "not JSON", 0),
        (say(b'{"id":3,"result":false}'), "the pool refused to authorize", 0),
    ],
)
def test_a_pool_that_can_not_be_asked(world, plan, why: str, seconds: float) -> None:
    answer, fingerprint, took = ask(world, plan, connect_timeout_seconds=10, silence_seconds=120)
    assert answer.shared is None
    assert answer.why.startswith(why)
    assert took == seconds
    assert fingerprint is None


def test_a_pool_that_hangs_up_on_configure_is_asked_without(world) -> None:
    pool = SimulatedPool()

    async def script(stream: Stream) -> None:
        connection = pool.connect()
        async for data in stream:
            if b"mining.configure" in data:
                return
            await stream.send_all(connection.receive(bytes(data), trio.current_time()))

    assert ask(world, script)[0].shared


def test_who_hangs_up_when_asked_takes_one_name(world) -> None:
    pool = SimulatedPool()

    async def script(stream: Stream) -> None:
        connection = pool.connect()
        async for data in stream:
            if b"acme.probe" in data:
                return
            await stream.send_all(connection.receive(bytes(data), trio.current_time()))

    answer, _, _ = ask(world, script)
    assert answer == Answer(False, "asked for a second name, it hung up")


def test_a_pool_that_talks_without_an_end_is_left(world) -> None:
    async def script(stream: Stream) -> None:
        while True:
            await stream.send_all(b'{"id":null,"method":"mining.set_difficulty","params":[1]}\n')
            await trio.sleep(1)

    answer, _, seconds = ask(world, script, silence_seconds=120)
    assert answer == Answer(None, "it gave no work within 120 seconds")
    assert seconds == 130
