"""What is said of TOML that is none, and what is still read of it."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.config.syntax import MOST, Mended, mend

GOOD = 'a = 1\n[b]\nc = """\nd = 2\n[e]\n"""\nf = [\n  "g",  # h\n  "i",\n]\n[[j]]\nk = {l = 1}\n'


def test_what_is_good_is_left_alone() -> None:
    assert mend(GOOD) == Mended(GOOD, [])


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a = \n", (1, 5), "Invalid value; a string needs quotes"),
        ("a = farm\n", (1, 5), "Invalid value; a string needs quotes"),
        ("a = True\n", (1, 5), "true and false are lower case"),
        ("a = 0,5\n", (1, 6), "a decimal has a point"),
        ("a 3\n", (1, 3), "Expected '=' after a key"),
        ('# "\na = "x # y\nb = 2\n', (2, 5), "the quote that opens here is not closed"),
        ("# don't\na = 'x\nb = 2\n", (2, 5), "the quote that opens here is not closed"),
        ('a = """x\nb = 2\n', (1, 5), "the quote that opens here is not closed"),
        ('a = "x', (1, 5), "the quote that opens here is not closed"),
        ('a = "x\r\nb = 2\r\n', (1, 5), "the quote that opens here is not closed"),
        ("b = 2\na = [1\n", (2, 5), "the array that opens here is not closed"),
        ("a = [1,\n[[b]]\nc = 1\n", (1, 5), "the array that opens here is not closed"),
        ("a = [1,\n  2 3,\n]\nb = 1\n", (2, 5), "Unclosed array; expected a comma or ] here"),
        ("a = {b = 1\nc = 2\n", (1, 11), "expected a comma or } on this line"),
        ('a = "C:\\Users"\n', (1, 10), "a backslash in \"…\" is written twice; in '…' it is"),
        ("[a\nb = 1\n", (1, 3), "Expected ']' at the end of a table declaration"),
        ("a = 1\na = 2\n", (2, 6), "Cannot overwrite a value; it is set already"),
        ("[a]\n[a]\nb = 1\n", (2, 3), "twice; it is there already, and only [[…]] may be"),
        ("a = 1\nb = " + "9" * 5000, (2, 0), "a number too long, or values nested too deeply"),
        ("a = " + "[" * 100_000, (1, 0), "a number too long, or values nested too deeply"),
    ],
)
def test_a_mistake(text: str, place: tuple[int, int], says: str) -> None:
    mended = mend(text)
    (mistake,) = mended.mistakes
    assert mistake[:2] == place
    assert says in mistake.text
    tomllib.loads(mended.text)


def test_the_rest_stays_where_it_is() -> None:
    mended = mend("a = 0,5\nb = 1\nc 2\n[d]]\ne = 1\n[f]\ng = [\n  1\n  2\n]\nh = 3\n")
    assert [mistake.line for mistake in mended.mistakes] == [1, 3, 4, 9]
    assert mended.text == "a = {}\nb = 1\n\n\n\n[f]\ng = {}\n\n\n\nh = 3\n"
    assert mended.emptied == {1, 7}
    assert not mended.whole


def test_whole_where_every_key_is_still_there() -> None:
    assert mend("a = 0,5\nb = 1\n").whole


def test_a_file_that_is_something_else_ends_soon() -> None:
    mended = mend("a = b\n" * 100_000)
    assert len(mended.mistakes) == MOST
    assert mended.text == ""


@given(st.text(alphabet="ab=[]{}\"'\\\n,.# 1\r"))
def test_whatever_it_is_it_has_a_mistake_or_is_left_alone(text: str) -> None:
    mended = mend(text)
    tomllib.loads(mended.text)
    assert mended.mistakes or mended.text == text
    lines = text.count("\n") + 1
    assert all(1 <= mistake.line <= lines for mistake in mended.mistakes)
