"""Running a miner's cases: the suite is the pool that it mines on."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import trio

from stratumproxy.conform.catalogue import Case, catalogue
from stratumproxy.conform.miner_steps import REFUSED_AS, Accept, MinerSteps
from stratumproxy.conform.outcome import Book, Fault, Result, Skip, Terms
from stratumproxy.errors import PoolError

BASE = ("SV1-MINER-SUBSCRIBES", "SV1-MINER-AUTHORIZES", "SV1-MINER-SUBMITS")
"""Tried whatever is asked for: what rests on them is not tried if one fails."""

Running = Callable[[], AbstractAsyncContextManager[object]]


@asynccontextmanager
async def by_itself() -> AsyncIterator[None]:
    """A miner that runs already, and comes back by itself."""
    yield


async def run_miner_cases(
    cases: tuple[Case, ...],
    accept: Accept,
    terms: Terms,
    on_result: Callable[[Result], None] | None = None,
    running: Running = by_itself,
) -> list[Result]:
    """Try a miner, or whatever else connects to pools.

    Args:
        cases: of role miner, in the catalogue's order.
        accept: waits for the miner's next connection.
        terms: how to go about it.
        on_result: told each result as it comes.
        running: starts the miner for one case, and ends it.

    Returns:
        A result for each case.

    Raises:
        PoolError: no miner ever connected: nothing can be said.
    """
    book = Book(cases, on_result)
    base = [case for case in catalogue() if case.id in BASE]
    for case in base + [case for case in cases if case.id not in BASE]:
        if case.steps:
            async with running():
                connected = await _run(case, accept, terms, book)
            if case.id == BASE[0] and not connected:
                raise PoolError(f"no miner connected in {terms.timeout:g} s")
            await trio.sleep(terms.pace)
    mined = not book.cause("SV1-MINER-SUBMITS")
    for case in cases:
        if not book.decided(case.id):
            if mined:
                book.put(case.id, "passed")
            else:
                book.hinder(case.id, book.cause("SV1-MINER-SUBMITS"))
    return book.results()


async def _run(case: Case, accept: Accept, terms: Terms, book: Book) -> bool:
    """One case's steps; whether a miner connected."""
    if why_not := terms.unasked(case):
        book.put(case.id, "skipped", why_not)
        return True
    rests_on = [*case.after, *(() if case.id in BASE else ("SV1-MINER-SUBMITS",))]
    never = {step.get("never") for step in case.steps}
    rests_on += [case_id for reason, case_id in REFUSED_AS.items() if reason in never]
    if cause := next(filter(None, map(book.cause, rests_on)), ""):
        book.hinder(case.id, cause)
        return True
    async with trio.open_nursery() as nursery:
        steps = MinerSteps(case, accept, terms, nursery)
        try:
            await steps.run()
            outcome: Exception | None = None
        except (Fault, Skip) as stopped:
            outcome = stopped
        others = steps.faults()
        for broken, text in others.items():
            book.put(broken, "failed", text, steps.transcript)
        match outcome:
            case None:
                book.put(case.id, "passed")
            case Skip():
                book.put(case.id, "skipped", str(outcome))
            case Fault(case_id=broken) if broken and broken != case.id:
                book.put(broken, "failed", str(outcome), steps.transcript)
                book.hinder(case.id, broken)
            case _ if others:
                book.hinder(case.id, min(others))
            case _:
                book.put(case.id, "failed", str(outcome), steps.transcript)
        connected = steps.pool.connected > 0
        steps.pool.drop_connections()
        nursery.cancel_scope.cancel()
    return connected
