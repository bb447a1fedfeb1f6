"""Who hears of what."""

from stratumproxy.telemetry.notices import WINDOW, Limited, NoNotices, NoticesTo


class Heard:
    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, object]]] = []

    def debug(self, event: str, **values: object) -> None:
        self.events.append(("debug", event, values))

    def info(self, event: str, **values: object) -> None:
        self.events.append(("info", event, values))

    def warning(self, event: str, **values: object) -> None:
        self.events.append(("warning", event, values))


def test_several_hear_the_same() -> None:
    one, other = Heard(), Heard()
    both = NoticesTo(one, NoNotices(), other)
    both.info("a", pool="x")
    both.warning("b")
    both.debug("c", x=1)
    assert one.events == other.events
    assert one.events == [
        ("info", "a", {"pool": "x"}),
        ("warning", "b", {}),
        ("debug", "c", {"x": 1}),
    ]


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


def test_those_who_do_not_debug_hear_nothing_of_it_nor_less_of_the_rest() -> None:
    heard = Heard()
    limited = Limited(heard, lines=3)
    for _ in range(1000):
        limited.debug("miner dropped", key="broken")
    limited.info("miner dropped", key="flood")
    for _ in range(WINDOW):
        limited.tend()
    assert [each for each in heard.events if each[0] != "debug"] == [
        ("info", "miner dropped", {"key": "flood"})
    ]
    assert heard.events[-1] == (
        "debug",
        "and more like it",
        {"what": "miner dropped", "count": 997, "key": "broken"},
    )


def test_a_second_is_no_window() -> None:
    heard = Heard()
    limited = Limited(heard)
    for _ in range(WINDOW):
        for _ in range(1000):
            limited.info("pool says", text="hello")
        limited.tend()
    assert len(heard.events) == 11
