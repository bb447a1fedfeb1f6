"""Long answers a little at a time: what mines is listened to in between."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from heapq import nlargest, nsmallest
from typing import Any, TypeVar

import trio

from stratumproxy.web.errors import Refusal

LINE = 64
"""Requests that may wait for what is done for few at a time: never most of the connections, which
would be nobody's to give up."""

AT_ONCE = 100
"""Workers or miners until others get their turn: two milliseconds. One new client is taken in a
turn, so many of them wait for as many."""

T = TypeVar("T")
R = TypeVar("R")


async def in_turns(function: Callable[[T], R], values: Sequence[T]) -> list[R]:
    """A function of each of many values, in their order.

    Args:
        function: takes some microseconds.
        values: what must not change meanwhile, such as a list of one's own.
    """
    done: list[R] = []
    for start in range(0, len(values), AT_ONCE):
        if start:
            await trio.lowlevel.checkpoint()
        done += map(function, values[start : start + AT_ONCE])
    return done


def stand_in(line: trio.CapacityLimiter) -> None:
    """See whether there is room in a line, before joining it.

    Raises:
        Refusal: it is too long.
    """
    if line.statistics().tasks_waiting >= LINE:
        raise Refusal(503, f"{LINE} requests wait for that already; ask again in a while")


MOST_OF_A_TENANT = 8
"""Requests by tokens of one tenant that are answered at a time: whatever it asks for, and however
often, there is room for those who run the proxy. A browser opens six connections."""


class TenantsTurns:
    """How much is being answered to each tenant."""

    def __init__(self) -> None:
        self._answering: Counter[str] = Counter()

    @contextmanager
    def turn(self, tenant: str | None) -> Iterator[None]:
        """While a request is answered.

        Args:
            tenant: whose token it came with; None for those who see everything.

        Raises:
            Refusal: too many are.
        """
        if tenant is None:
            yield
            return
        if self._answering[tenant] >= MOST_OF_A_TENANT:
            raise Refusal(503, f"{MOST_OF_A_TENANT} requests of this tenant are being answered")
        self._answering[tenant] += 1
        try:
            yield
        finally:
            self._answering[tenant] -= 1
            if not self._answering[tenant]:
                del self._answering[tenant]


PAGES = 20
"""The part of all, one in so many, up to which it is faster to pick a page than to sort all."""


def page_of(
    values: list[tuple[Any, ...]], offset: int, limit: int, highest_first: bool
) -> list[tuple[Any, ...]]:
    """Some of the values as they would be sorted, without sorting more than that needs.

    Args:
        values: no two are alike in what comes before the first that can't be compared.
        offset: how many to leave out.
        limit: how many to take.
        highest_first: whether to sort downwards.
    """
    end = offset + limit
    if end * PAGES > len(values):
        return sorted(values, reverse=highest_first)[offset:end]
    return (nlargest if highest_first else nsmallest)(end, values)[offset:]
