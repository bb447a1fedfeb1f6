"""The roll: bounded, and able to say what changed."""

import pytest

from stratumproxy.fleet import Worker
from stratumproxy.fleet import roll as roll_module
from stratumproxy.fleet.roll import Roll
from tests.fleet.telling import NOW, miner


def roll(*names: str, **settings: float) -> Roll:
    made = Roll(100, **settings)  # type: ignore[arg-type]
    for name in names:
        made.add(Worker(("default", name), NOW, NOW, NOW))
    return made


def names(roll: Roll, since: int) -> list[str]:
    return [worker.name for worker in roll.since(since)]


def test_what_changed_after_a_revision_comes_newest_first() -> None:
    made = roll("a", "b", "c")
    assert names(made, 100) == ["c", "b", "a"]
    seen = made.revision
    assert names(made, seen) == []
    a = made.get(("default", "a"))
    assert a is not None
    made.changed(a)
    assert names(made, seen) == ["a"]
    assert names(made, seen - 1) == ["a", "c"]
    assert made.follows(seen)


def test_a_copy_of_another_process_can_not_be_followed() -> None:
    made = roll("a")
    assert not made.follows(99)
    assert not made.follows(0)
    assert not made.follows(made.revision + 1)
    assert made.follows(100)


def test_the_one_that_was_silent_longest_is_forgotten_first() -> None:
    made = roll("a", "b", "c", limit=3)
    assert made.full
    a = made.get(("default", "a"))
    assert a is not None
    made.place(a)
    forgotten = made.forget()
    assert forgotten is not None
    assert forgotten.name == "b"
    assert not made.full
    assert ("default", "b") not in made
    assert len(made) == 2


def test_one_that_is_connected_is_never_forgotten() -> None:
    made = roll("a")
    a = made.get(("default", "a"))
    assert a is not None
    a.connected(miner(), NOW)
    made.place(a)
    assert made.forget() is None
    assert not made.expired(NOW + 1e9)
    a.left()
    made.place(a)
    assert made.expired(NOW + 1e9)


def test_those_that_are_gone_are_told_to_those_who_hold_them() -> None:
    made = roll("a", "b")
    before = made.revision
    made.forget()
    assert made.gone_since(before) == [("default", "a")]
    assert made.gone_since(made.revision) == []
    made.add(Worker(("default", "a"), NOW, NOW, NOW))
    assert made.gone_since(before) == [], "it is back, as a row that changed"
    assert names(made, before) == ["a"]


def test_who_was_away_for_too_many_must_take_all_rows_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(roll_module, "GONE", 2)
    made = roll("a", "b", "c")
    made._gone = type(made._gone)(maxlen=2)
    before = made.revision
    for _ in range(3):
        made.forget()
    assert not made.follows(before)
    assert made.follows(made.revision - 1)
