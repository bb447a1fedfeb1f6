"""The position is what was saved, or the beginning."""

from pathlib import Path

import pytest

from stratumproxy.kafka.position import MOST_RUNS, Latest, Position


@pytest.mark.parametrize("sync", [True, False])
def test_it_comes_back(tmp_path: Path, sync: bool) -> None:
    position = Position(7, Latest({"a": 3, "b": 9}))
    position.save(tmp_path, sync=sync)
    assert Position.load(tmp_path) == position


def test_without_one_it_is_the_beginning(tmp_path: Path) -> None:
    assert Position.load(tmp_path) == Position(0, Latest())


@pytest.mark.parametrize(
    "text",
    ["", "{", "\0\0\0", "[]", "{}", '{"number":1,"latest":[]}', '{"number":"x","latest":{}}'],
)
def test_a_damaged_one_is_the_beginning(tmp_path: Path, text: str) -> None:
    (tmp_path / "position").write_text(text)
    assert Position.load(tmp_path) == Position(0, Latest())


def test_runs_that_were_noted_last_are_remembered() -> None:
    latest = Latest()
    for number in range(MOST_RUNS):
        latest.note(f"run {number}", 1)
    latest.note("run 0", 2)
    latest.note("another", 1)
    assert len(latest) == MOST_RUNS
    assert latest["run 0"] == 2
    assert "run 1" not in latest
