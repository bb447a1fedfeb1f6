"""Server-sent events out of bytes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.errors import ProtocolError
from stratumproxy.top import events as top_events
from stratumproxy.top.events import Events

STREAM = (
    b"retry: 2000\n\n: a comment\n\nid: 7\nevent: job\ndata: {\ndata: }\n\n"
    b"data:x\r\n\r\nevent: summary\n\nevent\ndata: \xc3\xbc\n\nevent: cut\ndata: off"
)
EXPECTED = [("job", "{\n}"), ("message", "x"), ("message", "ü")]


def test_events() -> None:
    assert list(Events().feed(STREAM)) == EXPECTED


@given(st.lists(st.integers(0, len(STREAM)), max_size=10))
def test_however_it_is_cut(cuts: list[int]) -> None:
    events, found = Events(), []
    places = [0, *sorted(cuts), len(STREAM)]
    for start, end in pairwise(places):
        found += events.feed(STREAM[start:end])
    assert found == EXPECTED


def test_one_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(top_events, "LARGEST", 1000)
    events = Events()
    for _ in range(20):
        assert list(events.feed(b"data: " + b"x" * 44 + b"\n")) == []
    with pytest.raises(ProtocolError, match="1000 bytes"):
        list(events.feed(b"data: " + b"x" * 500))
