"""Times for which downtime is excused, each second once."""

from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.statement.windows import KINDS, Window, disjoint

ends = st.integers(0, 60)
windows = st.lists(
    st.builds(
        lambda one, other, kind: Window(min(one, other), max(one, other), "why", kind),
        ends, ends, st.sampled_from(list(KINDS)),
    )
)  # fmt: skip


@given(windows)
def test_each_second_is_of_the_first_kind_that_has_it(given: list[Window]) -> None:
    pieces = disjoint(given)
    assert pieces == sorted(pieces)
    for second in range(60):
        having = [each for each in given if each.since <= second < each.until]
        pieces_there = [each for each in pieces if each.since <= second < each.until]
        assert len(pieces_there) == bool(having)
        if having:
            best = min(list(KINDS).index(each.kind) for each in having)
            assert list(KINDS).index(given[pieces_there[0].window].kind) == best
