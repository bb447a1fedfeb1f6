"""Drops are counted by key, and told of."""

import pytest

from stratumproxy.downstream.drops import (
    FLOOD,
    IDLE,
    NO_POOL,
    SLOW_READER,
    Drops,
    Reason,
    broken,
    reason_of,
)
from stratumproxy.errors import LineTooLong, ProtocolError


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []
        self.debugged: list[object] = []

    def info(self, event: str, **values: object) -> None:
        self.lines.append((event, values))

    def debug(self, event: str, **values: object) -> None:
        self.debugged.append(values["key"])

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


@pytest.mark.parametrize("reason", [broken("timed out"), IDLE, SLOW_READER, NO_POOL])
def test_what_happens_to_thousands_at_once_is_no_line_for_each(reason: Reason) -> None:
    """A power cut of 17,595 machines is one event: `stratumproxy.fleet.outages` tells of it."""
    log = Log()
    drops = Drops(log)
    for number in range(17_595):
        drops.add(reason, f"10.0.0.1:{number}")
    assert drops.counts == {reason.key: 17_595}
    assert log.lines == []
    assert len(log.debugged) == 17_595, "`Limited` bounds them"


def test_an_error_of_the_peer_has_its_key() -> None:
    assert reason_of(ProtocolError("not JSON")).key == "not-stratum"
    assert reason_of(LineTooLong("long")).key == "line-too-long"
    assert reason_of(ProtocolError("x", key="flood")).key == "flood"
    assert (str(broken("reset")), broken("reset").key) == ("reset", "broken")
