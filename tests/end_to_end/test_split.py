"""The account of a split on two processes: it outlives each of them, and all of them together."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import trio

from tests.chaos.kept import command
from tests.chaos.memory import children, needs_children
from tests.end_to_end.process import Process, configured, running
from tests.ledger.told import query
from tests.ports import KeptPort
from tests.waiting import PATIENCE

TABLES = """
[[target]]
name = "a"
weight = 70
pools = [{{ pool = "127.0.0.1:{a}", user = "farm" }}]
[[target]]
name = "b"
weight = 30
pools = [{{ pool = "127.0.0.1:{b}", user = "farm" }}]
[ledger]
path = "{folder}/ledger"
[api]
listen = "127.0.0.1:{api}"
[[api.token]]
name = "ops"
role = "operate"
file = "{folder}/token"
"""

TOKEN = "a token that is long enough for anybody"

MINERS = 20

DELIVERED = "SELECT target, sum(delivered) FROM split_debts GROUP BY target ORDER BY target"
HELD = "SELECT target, part FROM split_weights ORDER BY since"

pytestmark = needs_children


async def delivered(port: int) -> dict[str, float]:
    """What each target was given, says the API; nothing while nobody answers."""
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        try:
            answer = await client.get(f"http://127.0.0.1:{port}/api/splits")
        except httpx.HTTPError:
            return {}
    return {each["target"]: each["delivered"] for each in answer.json().get("splits", [])}


async def is_delivered(port: int, work: dict[str, float]) -> None:
    told: dict[str, float] = {}
    with trio.move_on_after(PATIENCE):
        while (told := await delivered(port)) != pytest.approx(work):
            await trio.lowlevel.checkpoint()
    assert told == pytest.approx(work)


async def is_kept(ledger: Path, asked: str, rows: object) -> None:
    """Wait until the ledger has it. The stop keeps it, too, but waits for a slow disk a second."""
    found: object = None
    with trio.move_on_after(PATIENCE):
        while found != rows:
            with suppress(sqlite3.OperationalError):  # it is being made
                found = query(ledger, asked)
            await trio.sleep(0.01)
    assert found == rows


def serving(proxy: Process) -> set[int]:
    return {each for each in children(proxy.process.pid) if "serve" in command(each)}


async def parts(port: int) -> dict[str, float]:
    """The weights that hold."""
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        rows = (await client.get(f"http://127.0.0.1:{port}/api/splits")).json()["splits"]
    return {each["target"]: each["part"] for each in rows}


@pytest.fixture
def api() -> Iterator[int]:
    """The API's port, nobody else's from one run of the proxy to the next."""
    with KeptPort() as port:
        yield port.number


async def test_it_outlives_a_kill_and_a_restart(site, tmp_path, api):
    a, b = await site.pool(job_interval=0), await site.pool(job_interval=0)
    places = {"a": a.address[1], "b": b.address[1], "api": api, "folder": tmp_path}
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    config = configured(a, b, processes=2, tables=TABLES.format(**places))
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, MINERS)
        await miners.each(accepted=5)
        await miners.stop()
        with trio.fail_after(PATIENCE):
            while True:
                work = await delivered(api)
                if sum(work.values()) == pytest.approx(miners.fleet.total().work):
                    break
                await trio.lowlevel.checkpoint()
        assert all(work.values())
        before = serving(proxy)
        os.kill(min(before), signal.SIGKILL)
        await site.until(lambda: len(serving(proxy) - before) == 1)
        await is_delivered(api, work)
        given = [(target, pytest.approx(each)) for target, each in sorted(work.items())]
        await is_kept(tmp_path / "ledger", DELIVERED, given)
        assert await proxy.stopped() == 0
    assert any("a split's account begins at nothing" in line for line in proxy.log)
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        await is_delivered(api, work)
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            answer = await client.post(
                f"http://127.0.0.1:{api}/api/actions/weights",
                json={"weights": {"a": 1, "b": 1}},
                headers={"Authorization": f"Bearer {TOKEN}"},
            )
            assert answer.json()["done"]["parts"] == {"a": 0.5, "b": 0.5}
        await is_delivered(api, {"a": 0.0, "b": 0.0})
        before = serving(proxy)
        os.kill(min(before), signal.SIGKILL)
        await site.until(lambda: len(serving(proxy) - before) == 1)
        with trio.fail_after(PATIENCE):
            while await parts(api) != {"a": 0.5, "b": 0.5}:
                await trio.lowlevel.checkpoint()
        held = [("a", 0.7), ("b", 0.3), ("a", 0.5), ("b", 0.5)]
        await is_kept(tmp_path / "ledger", HELD, held)
        assert await proxy.stopped() == 0
    assert any("a split's account goes on as the ledger has it" in line for line in proxy.log)
    (order,) = [line for line in proxy.log if "an operator's order" in line]
    assert '"by": "ops at ' in order
    assert query(tmp_path / "ledger", HELD) == held
