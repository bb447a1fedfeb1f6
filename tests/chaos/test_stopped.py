"""kill -STOP of each kind of process under load: the others go on, and the stop works.

A process that is stopped says and reads nothing and heeds no signal, like one in a system call that
lasts for ever.
"""

import os
import signal
from typing import Any

from tests.chaos.conftest import site
from tests.chaos.kept import command, keeping
from tests.chaos.memory import needs_children

__all__ = ["site"]

pytestmark = needs_children


async def test_a_process_is_stopped(site: Any, tmp_path: Any) -> None:
    pool = await site.pool(clean_every=5)
    async with keeping(site, tmp_path, pool, drain=1) as kept:
        stopped, other = kept.processes("serve")
        os.kill(stopped, signal.SIGSTOP)
        before = kept.accepted()
        await site.until(lambda: kept.accepted() > before + 200)
        await kept.keeps(lambda books: books.accepted > before + 200)
        assert await kept.proxy.stopped() == 0
        assert not command(stopped)
        assert not command(other)


async def test_the_control_process_is_stopped_and_at_the_stop_another_keeps_the_rest(
    site: Any, tmp_path: Any
) -> None:
    pool = await site.pool(clean_every=5)
    async with keeping(site, tmp_path, pool) as kept:
        [control] = kept.processes("control")
        os.kill(control, signal.SIGSTOP)
        await kept.miners.each(accepted=3, since=kept.miners.accepted())
        jobs = pool.pool.jobs
        await site.until(lambda: pool.pool.jobs > jobs + 4)  # a second each: it is seen to hang
        await kept.miners.stop()
        assert await kept.proxy.stopped() == 0
    kept.check(pool)


async def test_the_supervisor_is_stopped_and_goes_on(site: Any, tmp_path: Any) -> None:
    pool = await site.pool(clean_every=5)
    async with keeping(site, tmp_path, pool) as kept:
        kept.proxy.process.send_signal(signal.SIGSTOP)
        accepted = kept.accepted()
        await kept.miners.each(accepted=3, since=kept.miners.accepted())
        await kept.keeps(lambda books: books.accepted > accepted)
        kept.proxy.process.send_signal(signal.SIGCONT)
        await kept.stop()
    kept.check(pool)


async def test_the_supervisor_is_stopped_and_killed(site: Any, tmp_path: Any) -> None:
    pool = await site.pool(clean_every=5)
    async with keeping(site, tmp_path, pool) as kept:
        processes = kept.processes("serve") + kept.processes("control")
        kept.proxy.process.send_signal(signal.SIGSTOP)
        await kept.miners.each(accepted=3, since=kept.miners.accepted())
        kept.proxy.process.kill()
        await site.until(lambda: not any(map(command, processes)))


async def test_all_but_the_supervisor_are_stopped_and_a_second_signal_ends_it_at_once(
    site: Any, tmp_path: Any
) -> None:
    pool = await site.pool(clean_every=5)
    async with keeping(site, tmp_path, pool) as kept:
        processes = kept.processes("serve") + kept.processes("control")
        for each in processes:
            os.kill(each, signal.SIGSTOP)
        kept.proxy.process.send_signal(signal.SIGTERM)
        await site.until(lambda: kept.logged("stopping; once more"))
        assert await kept.proxy.stopped() == 0
        assert kept.logged("stopping at once")
        assert not any(map(command, processes))
