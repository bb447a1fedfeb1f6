"""Reading the ledger without holding up the live picture."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import trio

from stratumproxy.errors import SinkError
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.web.errors import Refusal
from stratumproxy.web.site import Site
from stratumproxy.web.turns import stand_in

P = ParamSpec("P")
T = TypeVar("T")


def ledger_of(site: Site) -> LedgerReader:
    """The ledger.

    Raises:
        Refusal: there is none.
    """
    if site.ledger is None:
        raise Refusal(404, "there is no ledger: see [ledger] path in the configuration")
    return site.ledger


async def read(site: Site, query: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Ask the ledger in a thread; few are asked at a time.

    Raises:
        Refusal: it can't be read, or too many want to.
    """
    stand_in(site.readers)
    try:
        return await trio.to_thread.run_sync(
            lambda: query(*args, **kwargs), limiter=site.readers, abandon_on_cancel=False
        )
    except SinkError as error:
        raise Refusal(503, str(error)) from None
