"""Long answers leave room for others."""

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.web.turns import AT_ONCE, LINE, in_turns, page_of
from tests.waiting import until
from tests.web.asking import Web


async def test_all_in_their_order() -> None:
    values = list(range(3 * AT_ONCE + 1))
    assert await in_turns(lambda value: -value, values) == [-value for value in values]
    assert await in_turns(str, []) == []


async def test_others_get_their_turn() -> None:
    turns: list[int] = []
    done: list[int] = []

    async def other() -> None:
        while True:
            turns.append(len(done))
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        await in_turns(done.append, list(range(4 * AT_ONCE)))
        nursery.cancel_scope.cancel()
    assert len(turns) >= 2  # in each of trio's rounds it is by chance who comes first


async def test_a_line_has_an_end(web: Web) -> None:
    site = web.app.state.site
    await site.makers.acquire_on_behalf_of("another")
    statuses: list[int] = []

    async def ask() -> None:
        statuses.append((await web.http.get("/api/table")).status_code)

    async with trio.open_nursery() as nursery:
        for _ in range(LINE + 5):
            nursery.start_soon(ask)
        await until(lambda: len(statuses) == 5)
        assert statuses == [503] * 5
        await web.get("/api/summary")  # which is not in it
        site.makers.release_on_behalf_of("another")
    assert statuses[5:] == [200] * LINE


@pytest.mark.parametrize("highest_first", [True, False])
@given(
    st.lists(st.tuples(st.integers(0, 5), st.uuids()), unique=True, max_size=200),
    st.integers(0, 50),
    st.integers(1, 9),
)
def test_a_page_is_one_of_the_sorted(
    highest_first: bool, values: list[tuple[object, ...]], offset: int, limit: int
) -> None:
    whole = sorted(values, reverse=highest_first)
    assert page_of(values, offset, limit, highest_first) == whole[offset : offset + limit]
