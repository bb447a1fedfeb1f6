"""`stratumproxy bench split`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stratumproxy.cli import cli

SHORT = ("--machines", "3", "--split", "70/30", "--seeds", "2", "--hours", "1", "--jobs", "1")


def split(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["bench", "split", *map(str, words)])


def test_a_table_all_runs_and_a_picture(tmp_path: Path) -> None:
    table, picture = tmp_path / "table.md", tmp_path / "day.svg"
    done = split(*SHORT, "--json", "-", "--svg", picture, "--markdown", table)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    (farm,) = document["farms"]
    assert farm["farm"]["machines"] == 3
    assert len(farm["runs"]) == 2
    assert farm["worst"]["debt"] == max(run["debt"] for run in farm["runs"])
    assert "3 machines, 70/30: 2 runs" in done.stderr
    assert "│ 70/30 │" in done.stderr
    assert "<svg" in picture.read_text("utf-8")
    assert table.read_text("utf-8").count("\n") == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--split", "70"), "'70' is no split"),
        (("--event", "fire@6"), "'fire@6' is no event"),
        (("--event", "down:3:10@6"), "other targets than the 2 of 70/30"),
        (("--event", "weights:1/1/1@6"), "other targets than the 2 of 70/30"),
        (("--event", "kill@1"), "the hour 1 is after the end: 1 hours are simulated"),
        (("--lie", "white"), "'white' is not one of"),
    ],
)
def test_what_can_t_be_simulated(words, said) -> None:
    done = split(*SHORT, *words)
    assert done.exit_code == 2
    assert said in done.output
