"""Drops are counted by key, and told of."""

from stratumproxy.downstream.drops import FLOOD, Drops, broken, reason_of
from stratumproxy.errors import LineTooLong, ProtocolError


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
    assert len(log.lines) == 2


def test_an_error_of_the_peer_has_its_key() -> None:
    assert reason_of(ProtocolError("not JSON")).key == "not-stratum"
    assert reason_of(LineTooLong("long")).key == "line-too-long"
    assert reason_of(ProtocolError("x", key="flood")).key == "flood"
    assert (str(broken("reset")), broken("reset").key) == ("reset", "broken")
