"""Running a pool's cases: first those that others rest on, then each firmware's way to speak."""

from collections.abc import Callable, Sequence

import trio

from stratumproxy.conform.catalogue import Case, catalogue
from stratumproxy.conform.outcome import Book, Fault, Result, Skip, Terms
from stratumproxy.conform.pool_steps import Connect, PoolSteps, Refused
from stratumproxy.conform.style_talk import UNANSWERED, talk
from stratumproxy.errors import PoolError
from stratumproxy.testing.styles import STYLES, Step

BASE = (
    "SV1-SUBSCRIBE-ANSWERED",
    "SV1-SUBSCRIBE-SHAPE",
    "SV1-CONFIGURE-ANSWERED",
    "SV1-AUTHORIZE-ANSWERED",
    "SV1-JOB-SENT",
    "SV1-JOB-PREVHASH",
    "SV1-JOB-NTIME",
    "SV1-SUBMIT-ANSWERED",
    "SV1-SUBMIT-RESULT",
    "SV1-ERROR-SHAPE",
    "SV1-SUBMIT-ACCEPTED",
)
"""Tried whatever is asked for: if one fails, what rests on it is not tried, and nobody waits for it
again."""

BLOCKING: tuple[Step, ...] = "configure", "subscribe", "authorize"
"""Steps that no miner mines without."""


async def run_pool_cases(
    cases: tuple[Case, ...],
    connect: Connect,
    terms: Terms,
    on_result: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Try a pool, or whatever else miners connect to.

    Args:
        cases: of role pool, in the catalogue's order.
        connect: opens a connection; raises OSError or PoolError if it can't.
        terms: how to go about it.
        on_result: told each result as it comes.

    Returns:
        A result for each case.

    Raises:
        PoolError: there is nobody to be tried, or the user name is refused: nothing can be said.
    """
    try:
        await trio.aclose_forcefully(await connect())
    except OSError as error:
        raise PoolError(f"no connection: {error}") from None
    book = Book(cases, on_result)
    await _run_all([case for case in catalogue() if case.id in BASE], connect, terms, book)
    await _talk_as_firmware(cases, connect, terms, book)
    await _run_all([case for case in cases if case.id not in BASE], connect, terms, book)
    for case in cases:
        if not book.decided(case.id):
            book.put(case.id, "passed" if case.watch else "skipped")
    return book.results()


async def _run_all(cases: Sequence[Case], connect: Connect, terms: Terms, book: Book) -> None:
    for case in cases:
        if case.steps and not book.failed(case.id):
            await trio.sleep(terms.pace)
            await _run(case, connect, terms, book)


async def _run(case: Case, connect: Connect, terms: Terms, book: Book) -> None:
    """One case's steps."""
    if why_not := terms.unasked(case):
        book.put(case.id, "skipped", why_not)
        return
    if cause := _rests_on_broken(case, book):
        book.hinder(case.id, cause)
        return
    configures = not book.failed("SV1-CONFIGURE-ANSWERED")
    async with trio.open_nursery() as nursery:
        steps = PoolSteps(case, connect, terms, nursery, configures=configures)
        try:
            await steps.run()
            book.put(case.id, "passed")
        except Fault as fault:
            broken = fault.case_id or case.id
            book.put(broken, "failed", str(fault), steps.transcript)
            if broken != case.id:
                book.hinder(case.id, broken)
        except Refused as refused:
            raise PoolError(str(refused)) from None
        except Skip as skip:
            book.put(case.id, "skipped", str(skip))
        except (OSError, PoolError) as error:
            book.put(case.id, "failed", f"no connection any more: {error}")
        nursery.cancel_scope.cancel()


def _rests_on_broken(case: Case, book: Book) -> str:
    """Which broken rule keeps a case from saying anything; empty for none."""
    rests_on = ["SV1-FRAME-JSON", "SV1-REPLY-ID", *case.after]
    verbs = {next(iter(step)) for step in case.steps}
    said = {name for step in case.steps for name in step.get("handshake", ())}
    if said:
        rests_on += ["SV1-SUBSCRIBE-ANSWERED", "SV1-SUBSCRIBE-SHAPE"]
    if "authorize" in said:
        rests_on += ["SV1-AUTHORIZE-ANSWERED", "SV1-JOB-SENT", "SV1-JOB-SHAPE", "SV1-JOB-COINBASE"]
    for method, case_id in (
        ("mining.subscribe", "SV1-SUBSCRIBE-ANSWERED"),
        ("mining.configure", "SV1-CONFIGURE-ANSWERED"),
    ):
        if any(step.get("send") == method for step in case.steps):
            rests_on.append(case_id)
    if verbs & {"share", "alive"}:
        rests_on += ["SV1-JOB-PREVHASH", "SV1-JOB-NTIME", "SV1-SUBMIT-ANSWERED"]
    if "share" in verbs:
        rests_on.append("SV1-SUBMIT-RESULT")
    if "work" in case.needs:
        rests_on.append("SV1-SUBMIT-ACCEPTED")
    causes = (book.cause(each) for each in rests_on if each != case.id)
    return next(filter(None, causes), "")


def _step_on_broken(style: str, book: Book) -> str:
    """Which broken rule a style would run into; empty for none."""
    said = {step for group in STYLES[style].steps for step in group}
    steps = [UNANSWERED[step] for step in BLOCKING if step in said]
    first = ["SV1-FRAME-JSON", "SV1-REPLY-ID", "SV1-SUBSCRIBE-SHAPE", "SV1-JOB-SENT"]
    return next((case_id for case_id in first + steps if book.failed(case_id)), "")


async def _talk_as_firmware(
    cases: tuple[Case, ...], connect: Connect, terms: Terms, book: Book
) -> None:
    """A conversation in every style: for the cases that only look on, and those of the styles."""
    if not any(case.watch or case.style for case in cases):
        return
    styles = {case.style: case.id for case in cases if case.style}
    if not styles:
        styles = dict.fromkeys(STYLES, "")
    talked = False
    for style, case_id in styles.items():
        broken = _step_on_broken(style, book)
        if broken:
            book.hinder(case_id, broken)
            continue
        await trio.sleep(terms.pace)
        heard = await talk(style, connect, terms)
        talked = talked or heard.job
        for broken, text in heard.faults.items():
            text = f"{text} (to a miner that speaks as {style})"
            book.put(broken, "failed", text, heard.transcript)
        if not case_id:
            continue
        if heard.job:
            book.put(case_id, "passed")
        elif heard.faults:
            book.hinder(case_id, min(heard.faults))
        else:
            book.put(case_id, "failed", heard.end, heard.transcript)
    if not talked:
        for case in cases:
            if case.watch and not case.steps:
                book.put(case.id, "skipped", "no miner got a job")
