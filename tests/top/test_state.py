"""What keys do to the page."""

import pytest

from stratumproxy.top.state import MOST_ROWS, SORTS, State
from tests.top.stand_in import summary, worker


def many(matched: int = 100, rows: int = 10) -> State:
    state = State(rows=rows, matched=matched)
    state.summary = summary(attention={"gone": 3, "slow": 0, "rejecting": 1, "reconnecting": 0})
    answer(state)
    return state


def answer(state: State) -> None:
    """What the API would answer now."""
    names = range(state.offset, min(state.offset + state.rows, state.matched))
    workers = [worker(f"w{number}") for number in names]
    state.took({"workers": workers, "matched": state.matched, "offset": state.offset})


@pytest.mark.parametrize(
    ("keys", "cursor", "offset"),
    [
        (["down"] * 3, 3, 0),
        (["j"] * 9, 9, 0),
        (["down"] * 10, 10, 1),
        (["page-down"], 10, 1),
        ([" ", " ", "up"], 19, 11),
        (["end"], 99, 90),
        (["G", "down"], 99, 90),
        (["end", "page-up"], 89, 89),
        (["end", "home"], 0, 0),
        (["G", "g", "k"], 0, 0),
        (["up", "page-up"], 0, 0),
    ],
)
def test_moving(keys: list[str], cursor: int, offset: int) -> None:
    state = many()
    for key in keys:
        before = state.query
        assert state.press(key) is (state.query != before)
    assert (state.cursor, state.offset) == (cursor, offset)


def test_the_page_that_is_shown_is_that_of_the_answer() -> None:
    state = many()
    state.press("end")
    assert state.chosen() is None  # it is not here yet
    answer(state)
    assert state.chosen() == "w99"


def test_fewer_workers_than_before() -> None:
    state = many()
    state.press("end")
    state.took({"workers": [worker("a"), worker("b")], "matched": 2, "offset": 0})
    assert (state.cursor, state.offset, state.chosen()) == (1, 0, "b")
    state.took({"workers": [], "matched": 0, "offset": 0})
    assert (state.cursor, state.offset, state.chosen()) == (0, 0, None)
    assert not state.press("enter")
    assert state.detail is None


def test_room() -> None:
    state = many()
    state.press("end")
    state.room(50)
    assert (state.cursor, state.offset) == (99, 50)
    state.room(0)
    assert state.rows == 1
    state.room(10**6)
    assert state.rows == MOST_ROWS


def test_searching() -> None:
    state = many()
    state.press("end")
    assert not state.press("/")
    for key in "qs":
        assert state.press(key)
    assert (state.search, state.cursor, state.done) == ("qs", 0, False)
    assert state.press("backspace")
    assert state.query["search"] == "q"
    assert not state.press("up")
    assert not state.press("enter")
    assert (state.search, state.typing) == ("q", False)
    state.press("/")
    assert state.press("clear")
    assert not state.press("escape")  # nothing to let go of
    state.press("/")
    state.press("x")
    assert state.press("escape")
    assert (state.search, state.typing) == ("", False)
    state.press("/")
    for _ in range(500):
        state.press("x")
    assert len(state.search) == 100


def test_escape_shows_all() -> None:
    state = many()
    state.search, state.attention = "x", "gone"
    assert state.press("escape")
    assert "search" not in state.query
    assert "attention" not in state.query


def test_sorting_goes_round() -> None:
    state = many()
    seen = []
    for _ in SORTS:
        assert state.press("s")
        seen.append(state.sort)
    assert sorted(seen) == sorted(SORTS)
    assert state.sort == SORTS[0]


def test_attention_goes_through_what_there_is() -> None:
    state = many()
    seen = []
    for _ in range(5):
        assert state.press("a")
        seen.append(state.attention)
    assert seen == ["any", "gone", "rejecting", "", "any"]


def test_a_kind_that_is_no_more() -> None:
    state = many()
    state.attention = "slow"
    state.press("a")
    assert state.attention == "any"


def test_a_worker_and_back() -> None:
    state = many()
    state.press("down")
    assert state.press("enter")
    assert state.detail == "w1"
    assert not state.press("down")
    assert state.press("escape")
    assert (state.detail, state.cursor) == (None, 1)
    state.press("enter")
    state.press("q")
    assert state.done


def test_what_means_nothing_does_nothing() -> None:
    state = many()
    assert not state.press("x")
    assert not state.press("backspace")
    assert not state.done
    state.press("q")
    assert state.done


def test_one_tenant_after_the_other() -> None:
    state = many()
    assert not state.press("t"), "there is only one"
    state.tenants = ["acme", "default"]
    seen = []
    for _ in range(3):
        state.press("down")
        assert state.press("t")
        seen.append((state.tenant, state.query.get("tenant"), state.cursor))
    assert seen == [("acme", "acme", 0), ("default", "default", 0), ("", None, 0)]
    state.press("t")
    state.press("escape")
    assert state.tenant == ""
