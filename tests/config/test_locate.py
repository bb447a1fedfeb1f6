"""The scanner finds the same keys that tomllib parses, each on its line."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.config.locate import Path, dotted, locate


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("pool", 0, "url"), "pool[0].url"),
        (("a b", "c\nd"), "'a b'.'c\\nd'"),
    ],
)
def test_dotted(path: Path, text: str) -> None:
    assert dotted(path) == text


def test_lines() -> None:
    lines = locate(
        "\n"
        'verdict = "pool" # x = 1\n'
        "[[pool]]\n"
        '  "url" = "a"\n'
        "[[pool]]\n"
        "user = '''\n"
        "not.a.key = 1\n"
        "[nor a table]\n"
        "'''\r\n"
        "[difficulty]\n"
        "start=1\n"
        "limits . deep = { a = [1,\n"
        "  2], b.c = 3 }\n"
    )
    assert lines == {
        ("verdict",): 2,
        ("pool",): 3,
        ("pool", 0): 3,
        ("pool", 0, "url"): 4,
        ("pool", 1): 5,
        ("pool", 1, "user"): 6,
        ("difficulty",): 10,
        ("difficulty", "start"): 11,
        ("difficulty", "limits"): 12,
        ("difficulty", "limits", "deep"): 12,
        ("difficulty", "limits", "deep", "a"): 12,
        ("difficulty", "limits", "deep", "a", 0): 12,
        ("difficulty", "limits", "deep", "a", 1): 13,
        ("difficulty", "limits", "deep", "b"): 13,
        ("difficulty", "limits", "deep", "b", "c"): 13,
    }


def paths(value: Any, at: Path = ()) -> set[Path]:
    """Every path in a parsed document."""
    found = {at} if at else set()
    if isinstance(value, dict):
        for key, below in value.items():
            found |= paths(below, (*at, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            found |= paths(below, (*at, index))
    return found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n# only a comment",
        'a = """"quoted""""" # five quotes close\nb = 1',
        "a = ''''quoted'''''\nb = 1",
        'a = """\\\n  x \\" \\""" y"""\nb = 1',
        'a = "\\"" \nb = "\\\\"\nc = \'\\\'\nd=""\ne=\'\'',
        "a = [ # comment ]\n [1, 2,], # x\n [],\n]\nb = 1",
        "a = [{x = 1}, {y.z = [{}]}]\nb = {}",
        '"a.b".\'c d\'.e = 1\n"" = 2\n["x\\u0041\\t\\"y"]\nz = 1979-05-27T07:32:00Z',
        "[[a]]\n[[a.b]]\nc = 1\n[[a.b]]\n[a.b.d]\n[[a]]\n[a.e]\nf = inf",
        "[a.b.c]\n[a]\nx = -0.1e-5\ny = 0xff",
        "a = 1\r\n[b]\r\nc = '''\r\n'''\r\n",
    ],
)
def test_finds_what_tomllib_parses(text: str) -> None:
    assert set(locate(text)) == paths(tomllib.loads(text))


names = st.sampled_from(["a", "b-1", '"q.r"', "'s # t'", '"\\"u"', "9"])
scalars = st.sampled_from(
    ["1", "-2.5e3", "true", '"s = [1] # {"', "'l = \"'", '"""m\n[x]\n"y" = 1"""', "'''n\n#'''"]
)


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    kind = draw(st.sampled_from(["scalar", "array", "table"] if depth else ["scalar"]))
    if kind == "scalar":
        return draw(scalars)
    if kind == "array":
        elements = draw(st.lists(values(depth - 1), max_size=3))
        comma = draw(st.sampled_from([",", " ,\n# c ]\n", ", "]))
        return f"[ {comma.join(elements)}\n]"
    keys = draw(st.lists(names, max_size=3, unique=True))
    return "{ " + ", ".join(f"{key} = {draw(values(depth - 1))}" for key in keys) + " }"


@st.composite
def documents(draw: st.DrawFn) -> str:
    text = "".join(f"top{index} = {draw(values())}\n" for index in range(draw(st.integers(0, 2))))
    for index in range(draw(st.integers(0, 3))):
        header = draw(st.sampled_from([f"[t{index}]", f"[t{index}.u.v]", "[[array]]"]))
        text += f"{header} # x\n"
        for key in draw(st.lists(names, max_size=3, unique=True)):
            text += f"  {key} = {draw(values())}\n"
        if header == "[[array]]":
            text += "[array.below]\nx = 1\n"
    return text


@given(documents())
def test_finds_what_tomllib_parses_in_any_document(text: str) -> None:
    assert set(locate(text)) == paths(tomllib.loads(text))


@given(st.text(alphabet="ab[]{}=.,\"'#\n \\", max_size=60))
def test_never_raises(text: str) -> None:
    locate(text)


def test_deep_nesting_only_ends_the_search() -> None:
    lines = locate("a = 1\nb = " + "[" * 100_000 + "]" * 100_000 + "\nc = 1\n")
    assert lines[("a",)] == 1
