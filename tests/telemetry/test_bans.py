"""What is remembered of misconduct, and how processes tell each other."""

import orjson
import pytest

from stratumproxy.errors import TelemetryError
from stratumproxy.telemetry import bans as module
from stratumproxy.telemetry.bans import ANYWHERE, MOST_BYTES, Ban, Bans, decode_bans, encode_bans


def offend(bans: Bans, host: str, name: str, now: float, *, alone: bool = True) -> bool:
    return bans.offence(host, name, 60, now, alone=alone).banned


def test_the_second_offence_bans_for_a_time() -> None:
    bans = Bans()
    assert not offend(bans, "a", "w", 0.0)
    assert bans.banned_for("a", "w", 1.0) == 0
    assert offend(bans, "a", "w", 50.0)
    assert bans.banned_for("a", "w", 60.0) == 50
    assert bans.banned_for("b", "w", 60.0) == bans.banned_for("a", "v", 60.0) == 0
    assert bans.banned_for("a", "w", 110.0) == 0


def test_an_offence_is_forgotten() -> None:
    bans = Bans()
    assert not offend(bans, "a", "w", 0.0)
    assert not offend(bans, "a", "w", 60.0)


def test_a_name_that_others_use_is_not_banned() -> None:
    bans = Bans()
    for now in range(10):
        assert not offend(bans, "a", "w", float(now), alone=False)
    assert bans.banned_for("a", "w", 10.0) == 0


def test_a_bounded_number_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    bans = Bans()
    for name in "abcd":
        offend(bans, "host", name, 0.0)
    assert offend(bans, "host", "d", 0.0)
    assert not offend(bans, "host", "a", 0.0)


def test_an_operators_ban_is_pushed_out_by_no_offence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    bans = Bans()
    assert bans.order("rig", 60, 0.0)
    for number in range(10):
        offend(bans, "host", str(number), 0.0)
    assert bans.shut_out("rig", 10.0) == 50
    assert bans.shut_out("rig", 61.0) == bans.shut_out("x", 0.0) == 0


def test_another_process_knows_the_same() -> None:
    one, other = Bans(), Bans()
    offend(one, "a", "once", 0.0)
    for now in (0.0, 10.0):
        offend(one, "a", "banned", now)
    one.order("rig", 100, 0.0)
    told = one.tell(20.0)
    assert other.hear(told, 5000.0) == told
    assert other.banned_for("a", "banned", 5000.0) == 50
    assert other.shut_out("rig", 5000.0) == 80
    assert other.banned_for("a", "once", 5000.0) == 0
    assert offend(other, "a", "once", 5001.0), "it is its second"


def test_what_is_known_already_is_not_new() -> None:
    one, other = Bans(), Bans()
    for now in (0.0, 10.0):
        offend(one, "a", "w", now)
    one.order("rig", 100, 0.0)
    other.hear(one.tell(10.0), 0.0)
    assert other.hear(one.tell(12.0), 2.0) == []
    assert one.hear(other.tell(2.0), 12.0) == []
    one.order("rig", 200, 12.0)
    assert other.hear(one.tell(12.0), 2.0) == [Ban(ANYWHERE, "rig", 200, True)]


def test_what_is_over_is_not_told() -> None:
    bans = Bans()
    offend(bans, "a", "w", 0.0)
    bans.order("rig", 60, 0.0)
    assert bans.tell(61.0) == []


def test_only_the_newest_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_TOLD", 2)
    bans = Bans()
    for name in "abc":
        offend(bans, "host", name, 0.0)
    assert [each.name for each in bans.tell(0.0)] == ["b", "c"]


def test_no_message_is_longer_than_a_process_reads() -> None:
    bans = [Ban("10.0.0.1", "\0" * 255, 600.0, True)] * 1000
    messages = list(encode_bans(bans))
    assert max(len(orjson.dumps(rows)) for rows in messages) <= MOST_BYTES
    assert [ban for rows in messages for ban in decode_bans(orjson.loads(orjson.dumps(rows)))] == (
        bans
    )
    assert list(encode_bans([])) == []


@pytest.mark.parametrize(
    "rows", [None, 5, [5], [["a"]], [["a", "w", "60", True]], [["a", "w", 60, 1]], [[None] * 4]]
)
def test_what_are_no_bans(rows: object) -> None:
    with pytest.raises(TelemetryError, match="these are not bans"):
        decode_bans(rows)
