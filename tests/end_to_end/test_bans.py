"""A ban holds in every process, and in those that take their place."""

import os
import signal
from contextlib import suppress

import orjson
import trio

from tests.chaos.kept import command
from tests.chaos.memory import children, needs_children
from tests.end_to_end.process import configured, running
from tests.waiting import PATIENCE, until

LIMITS = """
exempt = []
messages_per_second = 1
message_burst = 10
[ledger]
path = "{}"
"""
IN_A_ROW = 12
"""Connections after which both processes were met, but for one time in two thousand."""


async def says(address: tuple[str, int], *turns: bytes) -> bytes:
    """What a miner is answered that says these lines, turn by turn, or until it is hung up on."""
    heard = b""
    with suppress(OSError, trio.BrokenResourceError), trio.fail_after(PATIENCE):
        async with await trio.open_tcp_stream(*address) as stream:
            for number in range(len(turns)):
                await stream.send_all(turns[number])
                asked = b"".join(turns[: number + 1]).count(b"\n")
                while heard.count(b"\n") < asked and (data := await stream.receive_some()):
                    heard += data
    return heard


def authorize(name: str) -> bytes:
    return orjson.dumps({"id": 1, "method": "mining.authorize", "params": [name, "x"]}) + b"\n"


async def floods(address: tuple[str, int], name: str) -> None:
    ping = b'{"id":2,"method":"mining.ping","params":[]}\n'
    await says(address, authorize(name), ping * 20, ping * 20, ping * 20)


async def is_banned(address: tuple[str, int], name: str) -> bool:
    for _ in range(IN_A_ROW):
        if b"Banned for" not in await says(address, authorize(name)):
            return False
    return True


def serving(supervisor: int) -> list[int]:
    """The processes that serve miners."""
    return [each for each in children(supervisor) if "serve" in command(each)]


@needs_children
async def test_who_is_banned_meets_no_process_that_does_not_know(site, tmp_path):
    config = configured(
        await site.pool(), processes=2, tables=LIMITS.format(tmp_path / "ledger.sqlite3")
    )
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        await until(lambda: len(serving(proxy.process.pid)) == 2)
        first = serving(proxy.process.pid)
        assert not await is_banned(proxy.address, "rig")
        with trio.fail_after(PATIENCE):
            while not await is_banned(proxy.address, "rig"):
                await floods(proxy.address, "rig")
        assert b"Banned" not in await says(proxy.address, authorize("another"))
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: len(set(serving(proxy.process.pid)) - set(first)) == 2)
        with trio.fail_after(PATIENCE):
            while not await is_banned(proxy.address, "rig"):
                pass
        assert b"Banned" not in await says(proxy.address, authorize("another"))
        assert await proxy.stopped() == 0
