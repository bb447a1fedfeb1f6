"""client.reconnect: where a link lets itself be sent."""

import pytest
import trio

from stratumproxy.testing import SimulatedPool
from tests.net.network import REFUSED, Script, Stream, simulated


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
