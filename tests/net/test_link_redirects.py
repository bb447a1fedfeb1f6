"""client.reconnect: where a link lets itself be sent."""

from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace

import pytest
import trio

from stratumproxy.mining.submission import Submission
from stratumproxy.net import link as module
from stratumproxy.net.redirect import may_follow
from stratumproxy.testing import SimulatedPool
from stratumproxy.upstream.session import NewJob
from tests.net.network import REFUSED, Script, Stream, after_work, hang_up, silent, simulated


def reconnect(*params: object) -> Script:
    """A good pool that asks to reconnect after a second, and stays on."""
    pool = SimulatedPool()

    async def script(stream: Stream) -> None:
        async def ask() -> None:
            await trio.sleep(1)
            for connection in pool.connections:
                connection.send("client.reconnect", list(params))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await simulated(pool)(stream)

    return script


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 nobody sets an event for a test
        await trio.sleep(0.01)


HERE = ("eu.pool.example", 3333)


@pytest.mark.parametrize(
    ("rule", "params", "then"),
    [
        ("same-domain", [], HERE),
        ("never", [], HERE),
        ("same-domain", ["", 0], HERE),
        ("same-domain", ["eu.pool.example", 4444], ("eu.pool.example", 4444)),
        ("never", ["eu.pool.example", "4444"], ("eu.pool.example", 4444)),
        ("never", ["EU.pool.Example", 4444], ("EU.pool.Example", 4444)),
        ("same-domain", ["us.pool.example", "4444", 0], ("us.pool.example", 4444)),
        ("same-domain", ["US.POOL.EXAMPLE.", 4444], ("US.POOL.EXAMPLE.", 4444)),
        ("same-domain", ["us.pool.example"], ("us.pool.example", 3333)),
        ("any", ["evil.test", 1], ("evil.test", 1)),
        ("any", ["192.0.2.1", 1], ("192.0.2.1", 1)),
    ],
)
def test_a_redirect_that_is_followed(world, rule, params, then):
    world.plans = [reconnect(*params), simulated(SimulatedPool())]
    core = world.run(60, allow_redirect=rule)
    assert world.dialled == [HERE, then]
    assert core.lost == []
    assert len(core.moves) == 1
    assert core.jobs == 2


@pytest.mark.parametrize(
    ("rule", "host"),
    [
        ("same-domain", "evil.test"),
        ("same-domain", "pool.example.evil.test"),
        ("same-domain", "example"),
        ("same-domain", "a..pool.example"),
        ("same-domain", "192.0.2.1"),
        ("same-domain", "2001:db8::1"),
        ("never", "us.pool.example"),
    ],
)
def test_a_redirect_that_is_not_followed(world, rule, host):
    world.plans = [reconnect(host, 4444)]
    core = world.run(60, allow_redirect=rule)
    assert world.dialled == [HERE]
    assert core.lost == []
    [(event, values)] = core.warnings
    assert "allow_redirect" in event
    assert values["host"] == host


@pytest.mark.parametrize(
    ("pool", "host", "followed"),
    [
        ("stratum.pool.co.uk", "eu.pool.co.uk", True),
        ("pool.co.uk", "evil.co.uk", False),
        ("pool.github.io", "a.pool.github.io", True),
        ("pool.github.io", "evil.github.io", False),
        ("pool.duckdns.org", "evil.duckdns.org", False),
        ("duckdns.org", "evil.duckdns.org", False),
        ("localhost", "evil.localhost", False),
        ("pool", "evil", False),
        ("192.0.2.1", "198.51.2.1", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("2001:db8::1", "2001:DB8::1", True),
    ],
)
def test_a_domain_is_what_somebody_registered(pool, host, followed):
    assert may_follow("same-domain", pool, host) is followed


def test_one_that_is_followed_is_told_with_where_it_leads(world):
    world.plans = [reconnect("us.pool.example", "4444", "7"), simulated(SimulatedPool())]
    core = world.run(60)
    [(event, values)] = core.told
    assert event == "the pool asked to reconnect, and is followed"
    assert (values["to"], values["wait_seconds"]) == ("us.pool.example:4444", 7)


async def elsewhere(stream: Stream) -> None:
    """A pool that sends everybody on before it has given them work."""
    await stream.receive_some(1000)
    await stream.send_all(
        b'{"id":null,"method":"client.reconnect","params":["us.pool.example",4444]}\n'
    )
    await silent(stream)


def test_a_redirect_that_worked_does_not_make_us_wait_longer(world):
    """A pool whose door is one host and whose work is on another, that restarts again and again."""
    world.plans = [elsewhere, after_work(hang_up)] * 20
    world.run(600, backoff_min_seconds=1)
    waits = [after - before for before, after in pairwise(world.times)]
    assert len(waits) > 30
    assert max(waits[:39]) < 7, "5 s of work, and a second's pause"


def test_one_that_only_sends_us_on_is_asked_ever_more_seldom(world):
    world.plans = [elsewhere] * 1000
    world.run(600, backoff_min_seconds=1, backoff_max_seconds=60)
    assert len(world.times) < 25


def test_addresses_are_no_domains(world):
    world.plans = [reconnect("198.51.2.1", 4444)]
    core = world.run(60, url="stratum+tcp://192.0.2.1:3333")
    assert world.dialled == [("192.0.2.1", 3333)]
    assert core.lost == []


def test_the_wait_that_a_redirect_asks_for(world):
    world.plans = [reconnect("", 0, 25), simulated(SimulatedPool())]
    core = world.run(60)
    assert 26 <= world.times[1] < 27
    assert core.lost == [], "it is mined on meanwhile"


async def ask_and_leave(stream: Stream) -> None:
    """A pool that does not wait for us."""
    pool = SimulatedPool()

    async def ask() -> None:
        await trio.sleep(1)
        pool.connections[0].send("client.reconnect", ["", 0, 25])
        await trio.sleep(1)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await simulated(pool)(stream)


def test_one_that_hangs_up_before_is_waited_for_as_long(world):
    world.plans = [ask_and_leave, simulated(SimulatedPool())]
    core = world.run(60)
    assert core.losses == [2]
    assert 26 <= world.times[1] < 27
    assert core.jobs == 2
    assert core.moves == []


@pytest.mark.parametrize("then", [None, hang_up, silent, REFUSED])
def test_the_old_session_is_mined_on_until_there_is_no_hope(world, monkeypatch, then):
    monkeypatch.setattr(module, "MOVE_SECONDS", 30.0)
    world.plans = [reconnect("us.pool.example", 4444), then]
    core = world.run(34, connect_timeout_seconds=10, silence_seconds=1000)
    assert core.lost[0] == "the pool asked to reconnect"
    assert 31 <= core.losses[0] < 33
    assert core.moves == []


def test_a_pool_that_asks_again_and_again_is_not_followed_in_a_hurry(world):
    pool = SimulatedPool()

    async def script(stream: Stream) -> None:
        async def ask() -> None:
            await until(lambda: pool.connections and world.core.jobs)
            for connection in pool.connections:
                for _ in range(3):
                    connection.send("client.reconnect", [])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await simulated(pool)(stream)
            nursery.cancel_scope.cancel()

    world.plans = [script]
    core = world.run(60, backoff_min_seconds=2)
    assert 4 <= len(world.dialled) <= 60
    assert core.jobs >= 1


def test_one_that_sends_us_on_before_there_is_work(world):
    async def onward(stream: Stream) -> None:
        await stream.receive_some(1000)
        line = b'{"id":null,"method":"client.reconnect","params":["c.pool.example",5]}'
        await stream.send_all(line + b"\n")
        await silent(stream)

    world.plans = [reconnect("b.pool.example", 4), onward, simulated(SimulatedPool())]
    core = world.run(60)
    assert world.dialled == [HERE, ("b.pool.example", 4), ("c.pool.example", 5)]
    assert (core.lost, len(core.moves)) == ([], 1)


@pytest.mark.parametrize(("owed", "after"), [(True, module.LINGER_SECONDS), (False, 0)])
def test_verdicts_are_waited_for_a_moment(world, owed, after):
    """A share is sent once: the new session takes none of the old one's."""
    second = SimulatedPool()

    async def submit() -> None:
        await until(lambda: world.core.jobs)
        if owed:
            share = SimpleNamespace(sent=0.0)
            world.core.session.pending[99] = share  # of which the pool says nothing

    world.plans = [reconnect("us.pool.example", 4444), simulated(second)]
    core = world.run(60, meanwhile=submit, backoff_min_seconds=1)
    [(moved, owes)] = core.moves
    assert owes == owed
    assert moved - world.times[1] == pytest.approx(after)
    assert second.total.submitted == 0


def test_a_verdict_that_comes_in_front_of_nonsense_counts(world):
    """The old session ends by it while it lingers, and the new one is there already."""
    share = Submission(None, None, b"", 1, 1.0, 0.0, None)

    async def old(stream: Stream) -> None:
        async def end() -> None:
            await until(lambda: len(world.dialled) == 2)
            await trio.sleep(1)
            await stream.send_all(b'{"id":99,"result":true,"error":null}\n{nonsense\n')

        async with trio.open_nursery() as nursery:
            nursery.start_soon(end)
            await reconnect("us.pool.example", 4444)(stream)
            nursery.cancel_scope.cancel()

    async def owe() -> None:
        await until(lambda: world.core.jobs)
        world.core.session.pending.update({99: share, 100: SimpleNamespace(sent=0.0)})

    world.plans = [old, simulated(SimulatedPool())]
    core = world.run(60, meanwhile=owe, backoff_min_seconds=1)
    assert core.events.count(share) == 1
    assert [owes for _, owes in core.moves] == [1]
    assert core.lost == []


def test_the_newest_job_is_mined_on_at_once(world):
    """What the new session is sent while the old one lingers is not kept for later."""
    second = SimulatedPool()
    told: list[list[str]] = []
    hear = world.core.hear

    def count(session, events, now) -> None:
        told.append([each.job.pool_job_id for each in events if isinstance(each, NewJob)])
        hear(session, events, now)

    async def owe() -> None:
        await until(lambda: world.core.jobs)
        world.core.session.pending[99] = SimpleNamespace(sent=0.0)
        await until(lambda: second.connections)
        await trio.sleep(1)
        second.new_job(trio.current_time(), clean=True)

    world.core.hear = count
    world.plans = [reconnect("us.pool.example", 4444), simulated(second)]
    world.run(60, meanwhile=owe)
    [[_], [job_id]] = filter(None, told)
    assert job_id == second.job.job_id


def test_what_is_said_between_two_sessions_is_bounded(world):
    """While the old one lingers, the new one talks: none of it is kept but what counts."""
    second = SimulatedPool()
    told: list[int] = []
    hear = world.core.hear

    def count(session, events, now) -> None:
        told.append(len(events))
        hear(session, events, now)

    async def talk() -> None:
        await until(lambda: world.core.jobs)
        world.core.session.pending[99] = SimpleNamespace(sent=0.0)
        await until(lambda: second.connections)
        await trio.sleep(1)
        for number in range(5000):
            second.connections[0].send("client.show_message", ["hello"])
            second.connections[0].send("mining.set_difficulty", [0])
            second.connections[0].send("mining.set_version_mask", [f"{number % 2:08x}"])

    world.core.hear = count
    world.plans = [reconnect("us.pool.example", 4444), simulated(second)]
    core = world.run(60, meanwhile=talk)
    assert len(core.moves) == 1
    assert max(told) <= 5


def test_shares_go_to_the_new_session(world):
    second = SimulatedPool()

    async def submit() -> None:
        await until(lambda: world.core.moves)
        world.core.session.submit(SimpleNamespace(sent=0.0), b'["farm","1"', (bytes(8), 0, 0, None))

    world.plans = [reconnect("us.pool.example", 4444), simulated(second)]
    world.run(60, meanwhile=submit)
    assert second.total.submitted == 1


@pytest.mark.parametrize("seconds", [1.2, 2.5, 3.0])
def test_a_stop_in_the_middle_leaves_nothing_open(world, seconds):
    """The network's own check, at moments before, while and after another session is made."""

    async def slow(stream: Stream) -> None:
        await trio.sleep(1)
        await simulated(SimulatedPool())(stream)

    world.plans = [reconnect("us.pool.example", 4444), slow]
    assert world.run(seconds, backoff_min_seconds=0.5).lost == []


def test_a_redirect_to_a_dead_end_leads_back(world):
    world.plans = [reconnect("us.pool.example", 4444), REFUSED, simulated(SimulatedPool())]
    core = world.run(60)
    assert world.dialled == [HERE, ("us.pool.example", 4444), HERE]
    assert core.jobs == 2


def test_a_redirect_to_a_name_that_can_not_be_looked_up(world, monkeypatch):
    """What is no name for Python's resolver is an error of another kind there."""
    dial, host = world.dial, "x" * 64 + ".pool.example"

    async def look_up(name: str, port: int) -> Stream:
        if name == host:
            await trio.socket.getaddrinfo(name, port)
        return await dial(name, port)

    monkeypatch.setattr(trio, "open_tcp_stream", look_up)
    world.plans = [reconnect(host, 4444), simulated(SimulatedPool())]
    core = world.run(60)
    (_, said) = core.warnings[0]
    assert said["reason"].startswith(f"can't connect to {host}:4444: ")
    assert core.jobs == 2
