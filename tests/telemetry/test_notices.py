"""Who hears of what."""

from stratumproxy.telemetry.notices import NoNotices, NoticesTo, Sparse


class Heard:
    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, object]]] = []

    def info(self, event: str, **values: object) -> None:
        self.events.append(("info", event, values))

    def warning(self, event: str, **values: object) -> None:
        self.events.append(("warning", event, values))


def test_several_hear_the_same() -> None:
    one, other = Heard(), Heard()
    both = NoticesTo(one, NoNotices(), other)
    both.info("a", pool="x")
    both.warning("b")
    assert one.events == other.events == [("info", "a", {"pool": "x"}), ("warning", "b", {})]


def test_thousands_of_a_kind_are_told_as_a_number() -> None:
    heard = Heard()
    sparse = Sparse(heard, lines=3)
    for lane in range(1000):
        sparse.warning("pool session lost", lane=lane)
    sparse.info("other")
    assert len(heard.events) == 3
    sparse.tend()
    assert heard.events[3:] == [
        ("info", "and more like it", {"what": "pool session lost", "count": 997}),
        ("info", "and more like it", {"what": "other", "count": 1}),
    ]
    sparse.tend()
    assert len(heard.events) == 5
    sparse.info("other")
    assert len(heard.events) == 6
