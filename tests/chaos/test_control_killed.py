"""kill -9 of the control process, and of mining processes, under load: what the ledger has then."""

from typing import Any

from tests.chaos.books import Books
from tests.chaos.conftest import LATER, LONG, site
from tests.chaos.kept import command, keeping
from tests.chaos.memory import needs_children

__all__ = ["site"]

pytestmark = needs_children

KILLS = 40 if LONG else 4


async def test_the_control_process_is_killed_and_the_ledger_has_everything_once(
    site: Any, tmp_path: Any
) -> None:
    pool = await site.pool(clean_every=5)
    async with keeping(site, tmp_path, pool) as kept:
        for turn in range(KILLS):
            await kept.kill("control")
            if turn % 2:
                told = pool.pool.total.submitted
                await kept.keeps(lambda books, told=told: books.verdicts.total() >= told)
        await kept.stop()
    kept.check(pool)


async def test_a_process_is_killed_and_at_most_its_last_batch_is_lost(
    site: Any, tmp_path: Any
) -> None:
    pool = await site.pool(clean_every=0)
    async with keeping(site, tmp_path, pool) as kept:
        miners = kept.miners
        before = kept.accepted()
        await kept.keeps(lambda books: books.accepted >= before)
        await kept.kill("serve")
        killed = kept.accepted()
        await miners.fleet.wait_mining()
        await miners.each(accepted=1, since=miners.accepted())
        await miners.stop()
        assert await kept.proxy.stopped() == 0
    books, total = Books.read(kept.ledger), miners.fleet.total()
    # What the killed one had counted and not told is missing. What it had told and not answered is
    # there, and its miners don't know of it.
    assert total.accepted - books.accepted <= killed - before
    assert books.accepted <= total.accepted + total.lost
    assert books.gaps == []
    assert books.credited <= pool.pool.total.accepted
    # And most of what is missing is named: all that the last snapshot had counted.
    named = sum(
        event.values["accepted"]
        for event in books.events
        if event.event == "a mining process ended before it told of its last shares"
    )
    assert 0 <= named <= total.accepted + total.lost - books.accepted


async def test_failover_under_load(site: Any, tmp_path: Any) -> None:
    first = await site.pool(clean_every=5)
    second = await site.pool(clean_every=5, reply_delay=LATER)
    pool = "reply_timeout_seconds = 2"
    async with keeping(site, tmp_path, first, second, pool=pool) as kept:
        await first.cut()
        await site.until(lambda: second.pool.total.accepted)
        await kept.kill("control")
        await kept.miners.each(accepted=1, since=kept.miners.accepted())
        await kept.stop()
    kept.check(first, second)


async def test_the_supervisor_is_killed_and_the_control_process_hears_the_others_out(
    site: Any, tmp_path: Any
) -> None:
    pool = await site.pool(clean_every=0)
    async with keeping(site, tmp_path, pool) as kept:
        [control] = kept.processes("control")
        kept.proxy.process.kill()
        await site.until(lambda: not pool.pool.connections)  # both processes are gone
        await site.until(lambda: not command(control) or command(control) == [""])
    await kept.miners.stop()
    books, total = Books.read(kept.ledger), kept.miners.fleet.total()
    assert books.gaps == []
    assert total.accepted <= books.accepted <= total.accepted + total.lost
    assert books.forwarded == pool.pool.total.submitted
    assert "Traceback" not in "".join(kept.proxy.log)
