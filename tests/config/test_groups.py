"""Groups by the parts of a worker's name."""

import sys

import pytest

from stratumproxy.config.groups import LONGEST_VALUE, check_pattern, groups_by

PATTERN = r"^(?P<customer>[^.]+)\.(?P<rack>c\d+)?"


def test_without_a_pattern_nobody_is_in_any() -> None:
    assert groups_by("")("acme.c1x7") == {}


class TestWithTheEngine:
    @pytest.fixture(autouse=True)
    def engine(self) -> None:
        pytest.importorskip("re2")

    def test_named_parts(self) -> None:
        groups_of = groups_by(PATTERN)
        assert groups_of("acme.c12x7") == {"customer": "acme", "rack": "c12"}
        assert groups_of("acme.x") == {"customer": "acme"}
        assert groups_of("nothing") == {}
        assert groups_of("größe.c1") == {"customer": "größe", "rack": "c1"}
        assert groups_of("a\udc80.c1") == {"customer": "a?", "rack": "c1"}

    def test_no_value_is_longer_than_may_be(self) -> None:
        (value,) = groups_by("(?P<all>.*)")("x" * 255).values()
        assert value == "x" * LONGEST_VALUE

    @pytest.mark.parametrize(
        ("pattern", "says"),
        [
            ("(a", "'(a' is no regular expression of RE2: missing ): (a"),
            ("(?P<a>x)\\1", "invalid escape sequence"),
            ("^[a-z]+", "names no group; expected such as (?P<rack>"),
            ("(?P<a>x{1000}){1000}", "is no regular expression of RE2"),
        ],
    )
    def test_refused(self, pattern: str, says: str) -> None:
        with pytest.raises(ValueError) as refused:  # noqa: PT011 the text is what matters
            check_pattern(pattern)
        assert says in str(refused.value)

    def test_no_name_holds_it_up(self) -> None:
        """What takes a backtracking engine 2^250 steps ends at all."""
        assert groups_by(r"^(?P<all>(a+)+)$")("a" * 254 + "!") == {}


def test_without_the_engine_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(ValueError, match=r"pip install 'stratumproxy\[groups\]'"):
        check_pattern(PATTERN)
