"""Minutes of mining, with miners that come and go and a pool that restarts: memory stays flat."""

import os
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.chaos.conftest import LONG
from tests.chaos.memory import MIB, resident
from tests.chaos.test_flood import needs_proc
from tests.end_to_end.process import configured, running

MINUTES = float(os.environ.get("STRATUMPROXY_SOAK_MINUTES", "10"))
ROUND = 10
"""Seconds from one wave of miners to the next."""
GROWTH = 10 * MIB
"""From the second quarter of the time to the last: what is not forgotten would be far more."""


def median(values: list[int]) -> int:
    return sorted(values)[len(values) // 2]


@needs_proc
@pytest.mark.skipif(not LONG, reason="takes minutes: make soak")
async def test_memory_over_minutes(site: Any, tmp_path: Path) -> None:
    pool = await site.pool(job_interval=2, keep_hashes=1000)
    config = configured(pool, processes=1)
    samples: list[int] = []
    async with running(tmp_path / "farm.toml", config) as proxy:
        end = trio.current_time() + 60 * MINUTES
        wave = 0
        while trio.current_time() < end:
            wave += 1
            options = {"worker": f"wave-{wave % 7}", "seed": wave, "keep_shares": 10}
            miners = await site.miners(proxy, 100, hashrates=(2000.0,), **options)
            await trio.sleep(ROUND)
            samples.append(resident(proxy.process.pid))
            assert miners.fleet.mining == 100
            await miners.stop()
            if wave % 5 == 0:
                pool.pool.restart()
        assert await proxy.stopped() == 0
    quarter = max(1, len(samples) // 4)
    early, late = median(samples[quarter : 2 * quarter] or samples), median(samples[-quarter:])
    print(f"\n{len(samples)} waves of 100 miners: {early / MIB:.1f} MiB, then {late / MIB:.1f} MiB")
    assert late - early < GROWTH
    assert not any("Traceback" in line for line in proxy.log)
