"""Patterns of names, against the standard library's reading of them."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stratumproxy.config.wildcards import Covering, Patterns

texts = st.text("ab*?[]!", max_size=6)


@given(st.lists(texts, max_size=5), texts)
def test_whose_a_name_fits(patterns: list[str], name: str) -> None:
    table = Patterns()
    for whose, pattern in enumerate(patterns):
        table.add(pattern, whose)
    assert table.of(name) == {
        whose for whose, pattern in enumerate(patterns) if fnmatchcase(name, pattern)
    }


@given(texts, texts, st.text("ab*?[]!", max_size=8))
@example("a*", "[a]*", "ab")
@example("*a*", "[ab]", "b")
def test_what_is_covered_is(pattern: str, other: str, name: str) -> None:
    covering = Covering()
    covering.add(pattern, 1)
    if covering.of(other) and fnmatchcase(name, other):
        assert fnmatchcase(name, pattern)


@pytest.mark.parametrize(
    ("pattern", "other"),
    [("acme.*", "acme.c*"), ("acme.*", "acme.c12"), ("*", "[ab]*"), ("a?", "a?"), ("*.x", "?.x")],
)
def test_what_is_found_to_be_covered(pattern: str, other: str) -> None:
    covering = Covering()
    covering.add(pattern, 7)
    assert covering.of(other) == {7}
