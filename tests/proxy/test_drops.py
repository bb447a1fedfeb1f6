"""Drops are counted by key, and told of at a limited rate."""

from stratumproxy.errors import LineTooLong, ProtocolError
from stratumproxy.proxy.drops import FLOOD, IDLE, LINES, Drops, broken, reason_of


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **values: object) -> None:
        self.lines.append((event, values))

    warning = info


def test_each_is_counted_and_told() -> None:
    log = Log()
    drops = Drops(log)
    drops.add(FLOOD, "10.0.0.1:5")
    drops.add("something new", "10.0.0.2:5")
    assert drops.counts == {"flood": 1, "other": 1}
    assert log.lines[0] == (
        "miner dropped",
        {"miner": "10.0.0.1:5", "key": "flood", "reason": str(FLOOD)},
    )
    drops.tend()
    assert len(log.lines) == 2


def test_past_the_rate_only_how_many_more() -> None:
    log = Log()
    drops = Drops(log)
    for _ in range(LINES):
        drops.add(FLOOD, "a:1")
    for _ in range(30):
        drops.add(FLOOD, "a:1")
        drops.add(IDLE, "a:1")
        drops.warn("look", peer="a:1")
    assert len(log.lines) == LINES
    drops.tend()
    assert log.lines[LINES:] == [
        ("and more like them were dropped", {"count": 60, "reasons": {"flood": 30, "idle": 30}})
    ]
    drops.tend()
    assert len(log.lines) == LINES + 1
    drops.warn("look", peer="a:1")
    assert log.lines[-1] == ("look", {"peer": "a:1"})
    assert drops.counts == {"flood": LINES + 30, "idle": 30}


def test_an_error_of_the_peer_has_its_key() -> None:
    assert reason_of(ProtocolError("not JSON")).key == "not-stratum"
    assert reason_of(LineTooLong("long")).key == "line-too-long"
    assert reason_of(ProtocolError("x", key="flood")).key == "flood"
    assert (str(broken("reset")), broken("reset").key) == ("reset", "broken")
