"""A proxy under attack, on real sockets: what tests/end_to_end has, and what an attacker does."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import structlog
import trio

from stratumproxy.net import server
from stratumproxy.proxy import sweep
from tests.end_to_end.conftest import Miners, Proxy, ServedPool, Site, site
from tests.waiting import PATIENCE

__all__ = ["site"]

HELLO = (
    b'{"id":1,"method":"mining.subscribe","params":["evil/1.0"]}\n'
    b'{"id":2,"method":"mining.authorize","params":["evil","x"]}\n'
)


class Siege:
    """A pool, a proxy, and honest miners that are there all the time."""

    def __init__(self, site: Site, pool: ServedPool, proxy: Proxy, miners: Miners) -> None:
        self.site = site
        self._pool = pool
        self.proxy = proxy
        self._miners = miners

    @property
    def pool_sessions(self) -> int:
        """How many the pool was asked for since the start."""
        return self._pool.pool.connected

    async def provoke(self, *pieces: bytes) -> bytes:
        """Connect, send, and hear what comes until the proxy hangs up."""
        heard = b""
        with trio.fail_after(PATIENCE):
            async with await trio.open_tcp_stream(*self.proxy.address) as stream:
                with suppress(trio.BrokenResourceError):
                    for piece in pieces:
                        await stream.send_all(piece)
                    async for data in stream:
                        heard += bytes(data)
        return heard

    async def dropped(self, **counts: int) -> None:
        """Wait until a snapshot has these drops; keys have - for _."""
        wanted = {key.replace("_", "-"): count for key, count in counts.items()}
        await self.proxy.next_snapshot(lambda now: wanted.items() <= now.drops.items())

    async def others_mine_on(self) -> None:
        """Each of the honest has another share accepted."""
        await self._miners.each(accepted=1, since=self._miners.accepted())

    async def over(self) -> dict[str, int]:
        """End it all: the honest noticed nothing; who was dropped, and why."""
        await self.others_mine_on()
        await self._miners.last_job(self._pool)
        await self._miners.stop()
        end = await self.proxy.stop()
        assert self._miners.fleet.reconnects == 0
        assert self._miners.fleet.violations == []
        total = self._miners.fleet.total()
        assert total.rejected.total() == 0
        assert total.pending == total.lost == 0
        assert end.accepted == total.accepted
        assert list(self._pool.pool.violations) == []
        return end.drops


@pytest.fixture
def siege(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Make a siege; limits as TOML. Nobody is exempt, since all are on the loopback."""
    monkeypatch.setattr(sweep, "SWEEP", 0.2)
    monkeypatch.setattr(server, "SWEEP", 0.2)

    async def begin(limits: str = "") -> Siege:
        pool = await site.pool(clean_every=0)
        proxy = await site.proxy(pool, limits=f"exempt = []\n{limits}")
        miners = await site.miners(proxy, 5)
        await miners.each(accepted=1)
        return Siege(site, pool, proxy, miners)

    return begin


@pytest.fixture(autouse=True)
def logged() -> Iterator[list]:
    """What was logged: never a traceback, and nothing that cannot be printed."""
    with structlog.testing.capture_logs() as lines:
        yield lines
    for line in lines:
        assert "exc_info" not in line
        assert line["log_level"] in ("debug", "info", "warning")
        for value in line.values():
            assert not isinstance(value, bytes)
            assert not isinstance(value, str) or value.isprintable()


def open_files() -> int:
    """How many descriptors this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))
