"""`stratumproxy bench`: its three commands, and their exit status."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stratumproxy.cli import cli
from tests.bench.measuring import needs_generator

PEER = Path(__file__).parents[1] / "bench/peer.py"


def bench(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["bench", *map(str, words)])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bench.toml"
    path.write_text(f"""
    [[server]]
    name = "plain"
    command = ["{{python}}", "{PEER}", "plain", "{{miners_port}}"]
    [[generator]]
    [[generator]]
    [scenario.open]
    miners = 9
    seconds = 1
    warmup = 0.1
    repeats = 1
    expect = ["faults == 0"]
    [scenario.fast]
    miners = 5
    seconds = 1
    repeats = 1
    expect = ["reply.p99 < 0.000001 ms"]
    """)
    return path


@needs_generator[0]
@needs_generator[1]
def test_run_compare_and_plot(file: Path) -> None:
    first, second = file.with_name("first.json"), file.with_name("second.json")
    good = bench("run", file, "--scenario", "open", "--json", first)
    assert good.exit_code == 0, good.output
    assert "open: 9 miners, each with 1 share under way; 1 s, once" in good.output
    assert "== 0 met" in good.output
    document = json.loads(first.read_text("utf-8"))
    assert document["status"] == 0
    assert document["scenarios"][0]["runs"][0]["report"]["miners"]["mining"] == 9  # of two parts

    missed = bench("run", file, "--server", "plain", "--json", "-")
    assert missed.exit_code == 1
    assert "MISSED" in missed.stderr
    second.write_text(missed.stdout, "utf-8")

    compared = bench("compare", first, second)
    assert compared.exit_code == 0
    assert "CPU a share, µs" in compared.output
    drawn = bench("plot", first)
    assert drawn.exit_code == 0
    assert "<svg" in first.with_suffix(".svg").read_text("utf-8")


@needs_generator[0]
@needs_generator[1]
def test_what_has_no_result_is_no_success(file: Path) -> None:
    file.write_text(
        file.read_text("utf-8").replace('"plain", "{miners_port}"', '"silent", "{miners_port}"')
    )
    done = bench("run", file, "--scenario", "open", "--server", "plain", "--seconds", "0.3")
    assert done.exit_code == 2
    assert "no result: none of 9 shares was answered" in done.output


def test_what_can_t_be_run(file: Path) -> None:
    assert bench("run", file, "--scenario", "opn").exit_code == 2
    assert "there are open, fast" in bench("run", file, "--scenario", "opn").output
    assert "there are floor, plain" in bench("run", file, "--server", "x").output
    gone = CliRunner().invoke(cli, ["bench", "compare", str(file), str(file)])
    assert gone.exit_code == 2
    assert "not what bench run --json writes" in gone.output


@needs_generator[0]
def test_without_a_compiler(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    done = bench("run", file)
    assert done.exit_code == 2
    assert "no C compiler 'no-such-compiler'" in done.output
    assert "apt install gcc" in done.output
