"""One client floods: another one is answered all the same, and memory stays where it was."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.chaos.conftest import LONG
from tests.chaos.flooder import LINE
from tests.chaos.memory import MIB, resident
from tests.end_to_end.process import configured, running
from tests.fuzz.targets import ROOT
from tests.waiting import PATIENCE

SECONDS = 10 if LONG else 1
"""Of each kind of flood."""
GROWTH = 50 * MIB
LEFT = 15 * MIB
"""What an allocator may keep of it."""

needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")


class Client:
    """Asks, waits for the answer, asks again; and notes how long each took."""

    def __init__(self) -> None:
        self.times: list[float] = []

    async def run(self, address: tuple[str, int]) -> None:
        stream = await trio.open_tcp_stream(*address)
        async with stream:
            await stream.send_all(
                b'{"id":1,"method":"mining.subscribe","params":[]}\n'
                b'{"id":2,"method":"mining.authorize","params":["quiet","x"]}\n'
            )
            number = 3
            tail = b""
            while True:
                number += 1
                began = trio.current_time()
                await stream.send_all(
                    b'{"id":%d,"method":"mining.extranonce.subscribe","params":[]}\n' % number
                )
                wanted = b'{"id":%d,' % number
                while wanted not in tail:
                    data = bytes(await stream.receive_some())
                    assert data, "the quiet client was dropped"
                    tail = tail[-200:] + data
                tail = b""
                self.times.append(trio.current_time() - began)
                await trio.sleep(0.005)

    def summary(self) -> str:
        """Milliseconds: half of the answers, 99 of 100, all."""
        times = sorted(self.times)
        parts = [times[min(len(times) - 1, int(len(times) * part))] for part in (0.5, 0.99, 1)]
        p50, p99, most = (f"{1000 * part:.1f}" for part in parts)
        return f"{len(times)} answers, p50 {p50} ms, p99 {p99} ms, longest {most} ms"


@needs_proc
async def test_one_client_floods(site: Any, tmp_path: Path) -> None:
    pool = await site.pool()
    config = configured(pool, processes=1)
    client = Client()
    async with running(tmp_path / "farm.toml", config) as proxy, trio.open_nursery() as nursery:
        nursery.start_soon(client.run, proxy.address)
        await site.until(lambda: len(client.times) > 50)
        before = most = resident(proxy.process.pid)
        print(f"\nquiet:   {client.summary()}; {before / MIB:.1f} MiB")
        for kind in LINE:
            command = [sys.executable, "-m", "tests.chaos.flooder", str(proxy.address[1]), kind]
            with trio.fail_after(PATIENCE + SECONDS):
                flooder = await trio.lowlevel.open_process(
                    command, cwd=ROOT, stdout=subprocess.PIPE
                )
                try:
                    assert await flooder.stdout.receive_some()
                    client.times.clear()
                    enough = trio.current_time() + SECONDS
                    while trio.current_time() < enough or not client.times:  # while it floods
                        await trio.sleep(0.05)
                        most = max(most, resident(proxy.process.pid))
                        assert most - before < GROWTH
                        assert flooder.returncode is None
                finally:
                    flooder.kill()
                    await flooder.wait()
                    await flooder.stdout.aclose()
            held = f"at most {most / MIB:.1f} MiB"
            print(f"{kind + ':':9}{client.summary()}; {held}")
        count = len(client.times)
        await site.until(lambda: len(client.times) > count + 50)
        await site.until(lambda: resident(proxy.process.pid) - before < LEFT)
        nursery.cancel_scope.cancel()
    assert not any("Traceback" in line for line in proxy.log)
    assert len(proxy.log) < 2000, "a flood is not for the log"
