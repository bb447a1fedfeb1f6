"""The link to a pool, on trio's own clock: what takes minutes is over at once.

The pool's end of each connection is played by the test: a simulated pool, or a few lines.
"""

import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from itertools import pairwise
from types import SimpleNamespace

import orjson
import pytest
import trio
import trio.testing

from stratumproxy.config import Pool
from stratumproxy.net.link import PoolLink
from stratumproxy.proxy.pool import NewJob, PoolSession
from stratumproxy.testing import PoolSettings, SimulatedPool

Stream = trio.abc.Stream
Script = Callable[[Stream], Awaitable[None]]


class Core:
    """What a link needs of the proxy and of the log, and what it told them."""

    def __init__(self) -> None:
        self.notices = self
        self.warnings: list[tuple[str, dict[str, object]]] = []
        self.lost: list[str] = []
        self.losses: list[float] = []
        self.events: list[object] = []
        self.session: PoolSession | None = None

    def pool_events(self, lane, pool, session, events, now) -> None:
        self.session = session
        self.events += events

    def pool_lost(self, lane, pool, session, reason, now) -> None:
        session.abandon()
        self.lost.append(reason)
        self.losses.append(now)

    def warning(self, event: str, **values: object) -> None:
        self.warnings.append((event, values))

    @property
    def jobs(self) -> int:
        return sum(isinstance(event, NewJob) for event in self.events)


class World:
    """The network as a link sees it: each connection goes as the next of the plans says.

    A plan is an error, None for a connection that never comes about, or a script that plays the
    pool and hangs up when it is through. The last plan goes on for ever.
    """

    def __init__(self) -> None:
        self.core = Core()
        self.plans: list[OSError | Script | None] = []
        self.dialled: list[tuple[str, int]] = []
        self.times: list[float] = []
        self.pair: Callable[[], tuple[Stream, Stream]] = trio.testing.memory_stream_pair
        self.open = 0

    def run(
        self, seconds: float, *, meanwhile: Callable[[], Awaitable[None]] | None = None, **settings
    ) -> Core:
        """Let a link run for so many seconds of trio's clock, which go by in no time."""
        given = {"url": "stratum+tcp://eu.pool.example:3333", "user": "farm", **settings}

        async def main() -> None:
            link = PoolLink(
                self.core, SimpleNamespace(number=0), 0, Pool(**given), trio.current_time
            )
            async with trio.open_nursery() as self._nursery:
                with trio.move_on_after(seconds):
                    async with trio.open_nursery() as ours:
                        ours.start_soon(link.run)
                        if meanwhile is not None:
                            ours.start_soon(meanwhile)
                await trio.testing.wait_all_tasks_blocked()
                assert not self.open, "the link left a connection open"
                self._nursery.cancel_scope.cancel()

        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
        return self.core

    async def dial(self, host: str, port: int) -> Stream:
        self.dialled.append((host, port))
        self.times.append(trio.current_time())
        plan = self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
        if plan is None:
            await trio.sleep_forever()
        if isinstance(plan, OSError):
            raise plan
        ours, theirs = self.pair()
        self.open += 1
        self._nursery.start_soon(self._play, plan, theirs)
        return ours

    async def _play(self, script: Script, stream: Stream) -> None:
        try:
            async with stream:
                await script(stream)
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self.open -= 1


@pytest.fixture
def world(monkeypatch) -> World:
    random.seed(1)  # of the jitter
    world = World()
    monkeypatch.setattr(trio, "open_tcp_stream", world.dial)
    return world


def simulated(pool: SimulatedPool) -> Script:
    """A simulated pool that never hangs up of its own accord."""

    async def script(stream: Stream) -> None:
        connection = pool.connect()
        output = trio.Event()
        connection.on_output = lambda: output.set()

        async def send() -> None:
            nonlocal output
            while True:
                await output.wait()
                output = trio.Event()
                await stream.send_all(connection.take(trio.current_time()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            async for data in stream:
                connection.feed(bytes(data), trio.current_time())
            nursery.cancel_scope.cancel()
        connection.close()

    return script


async def requests(stream: Stream) -> AsyncIterator[dict[str, object]]:
    """What is asked, message by message."""
    tail = b""
    async for data in stream:
        *lines, tail = (tail + bytes(data)).split(b"\n")
        for line in lines:
            yield orjson.loads(line)


async def hang_up(_stream: Stream) -> None:
    """A pool that closes every connection at once."""


async def silent(stream: Stream) -> None:
    """A pool that takes everything, and says nothing."""
    async for _ in stream:
        pass


def after_work(then: Script, pool: SimulatedPool | None = None) -> Script:
    """A good pool for one second, and then something else."""
    pool = pool or SimulatedPool()

    async def script(stream: Stream) -> None:
        with trio.move_on_after(1):
            await simulated(pool)(stream)
        await then(stream)

    return script


def say(*lines: bytes) -> Script:
    """Say something, and then nothing more."""

    async def script(stream: Stream) -> None:
        await stream.send_all(b"".join(line + b"\n" for line in lines))
        await silent(stream)

    return script


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
            fields = '","'.join(["00" * 8, "0" * 8, "0" * 8])
            world.core.session.submit(SimpleNamespace(sent=0.0), '["farm","1"', fields)
            await trio.sleep(5)
            assert not world.core.session.outgoing

    world.run(60, meanwhile=submit)
    assert pool.total.submitted == 3


REFUSED = OSError("all attempts to connect to eu.pool.example:3333 failed")
REFUSED.__cause__ = ConnectionRefusedError(111, "Connection refused")
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


def breaks(stream: Stream) -> None:
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


# -- client.reconnect ----------------------------------------------------------------------------


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
    assert core.lost == ["the pool asked to reconnect"]
    assert core.jobs == 2


@pytest.mark.parametrize(
    ("rule", "host"),
    [
        ("same-domain", "evil.test"),
        ("same-domain", "pool.example.evil.test"),
        ("same-domain", "example"),
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


def test_addresses_are_no_domains(world):
    world.plans = [reconnect("198.51.2.1", 4444)]
    core = world.run(60, url="stratum+tcp://192.0.2.1:3333")
    assert world.dialled == [("192.0.2.1", 3333)]
    assert core.lost == []


def test_the_wait_that_a_redirect_asks_for(world):
    world.plans = [reconnect("", 0, 25), simulated(SimulatedPool())]
    core = world.run(60)
    assert 25 <= world.times[1] - core.losses[0] < 26


def test_a_redirect_to_a_dead_end_leads_back(world):
    world.plans = [reconnect("us.pool.example", 4444), REFUSED, simulated(SimulatedPool())]
    core = world.run(60)
    assert world.dialled == [HERE, ("us.pool.example", 4444), HERE]
    assert core.jobs == 2


@pytest.mark.parametrize("host", ["a..pool.example", "x" * 64 + ".pool.example"])
def test_a_redirect_to_a_name_that_can_not_be_looked_up(world, monkeypatch, host):
    """What is no name for Python's resolver is an error of another kind there."""
    dial = world.dial

    async def look_up(name: str, port: int) -> Stream:
        if name == host:
            await trio.socket.getaddrinfo(name, port)
        return await dial(name, port)

    monkeypatch.setattr(trio, "open_tcp_stream", look_up)
    world.plans = [reconnect(host, 4444), simulated(SimulatedPool())]
    core = world.run(60)
    assert core.lost[1].startswith(f"can't connect to {host}:4444: ")
    assert core.jobs == 2


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
    assert core.jobs == 1 + len(core.lost)
