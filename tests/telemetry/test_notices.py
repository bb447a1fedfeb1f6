"""Who hears of what."""

from stratumproxy.telemetry.notices import WINDOW, Limited, NoNotices, NoticesTo


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
    limited = Limited(heard, lines=3)
    for group in range(1000):
        limited.warning("pool session lost", group=group)
        limited.info("miner dropped", key="idle" if group % 2 else "flood")
    limited.info("other")
    assert [event for _, event, _ in heard.events[-2:]] == ["miner dropped", "other"]
    assert len(heard.events) == 7, "each kind has its own lines"
    for _ in range(WINDOW):
        limited.tend()
    assert heard.events[7:] == [
        ("info", "and more like it", {"what": "pool session lost", "count": 997}),
        ("info", "and more like it", {"what": "miner dropped", "count": 499, "key": "idle"}),
        ("info", "and more like it", {"what": "miner dropped", "count": 498, "key": "flood"}),
    ]
    for _ in range(WINDOW):
        limited.tend()
    assert len(heard.events) == 10
    limited.info("miner dropped")
    assert len(heard.events) == 11


def test_a_second_is_no_window() -> None:
    heard = Heard()
    limited = Limited(heard)
    for _ in range(WINDOW):
        for _ in range(1000):
            limited.info("pool says", text="hello")
        limited.tend()
    assert len(heard.events) == 11
