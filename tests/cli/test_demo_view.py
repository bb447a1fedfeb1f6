"""How the demo looks, at given moments."""

import io
from collections import deque

import pytest
from rich.console import Console

from stratumproxy.cli.demo_view import (
    PLAIN_HEADER,
    History,
    plain_line,
    rate,
    sparkline,
    summary,
    view,
)
from stratumproxy.cli.demo_world import FAULTY, Moment, World
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot


def moment(seconds: float = 5.0) -> Moment:
    count = round(seconds) * 10
    pool = PoolSnapshot(
        name="simulated pool",
        url="stratum+tcp://127.0.0.1:1",
        state="ready",
        sessions=1,
        miners=8,
        difficulty=1e-5,
        extranonce2_size=8,
        version_mask=0x1FFFE000,
        accepted=count // 4,
        rejected=1,
        pending=2,
        lost=0,
    )
    snapshot = Snapshot(
        uptime=seconds,
        connected=8,
        mining=8,
        hashrate=1e6,
        accepted=count,
        work=count * 1e-5,
        forwarded=count // 4 + 1,
        rejected={"duplicate": 5, "stale": 7, "low-difficulty": 1, "bad-ntime": 2},
        jobs=3,
        new_blocks=1,
        pools=(pool,),
    )
    return Moment(snapshot, accepted=count // 4, rejected=1, jobs=3, clean_jobs=1)


def shown(world: World, history: History, width: int, height: int, encoding: str) -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=out, width=width, height=height, force_terminal=True, color_system=None)
    ascii_only = console.options.ascii_only
    assert ascii_only is (encoding == "ascii")
    console.print(view(world, history, *console.size, ascii_only=ascii_only))
    out.seek(0)
    return out.read()


def at_work(miners: int) -> tuple[World, History]:
    world, history = World(miners, 1e-6), History()
    for second in range(1, 71):
        world.moment = moment(second)
        history.look(world)
        history.look(world)  # the view asks more often than there is news
    return world, history


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("miners", [1, 8, 10, 11, 500])
def test_fits_a_plain_terminal(miners: int, encoding: str) -> None:
    text = shown(*at_work(miners), 80, 24, encoding)
    lines = text.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "…" not in text
    assert ("and" in text) is (miners > 10)
    assert (FAULTY in text) is (miners >= 4)
    for word in ("stale", "duplicate", "bad-ntime", "all equal", "kernel", "kH/s", "demo.1"):
        assert word in text
    assert "low-difficulty" not in text  # there is room for the three most frequent reasons


def test_a_tall_terminal_shows_more_miners() -> None:
    text = shown(*at_work(500), 100, 50, "utf-8")
    assert "demo.30 " in text
    assert len(text.splitlines()) <= 50


def test_counts_that_are_under_way_are_not_called_equal() -> None:
    world, history = at_work(1)
    now = moment()
    world.moment = Moment(now.proxy, now.accepted + 1, now.rejected, now.jobs, now.clean_jobs)
    assert "all equal" not in shown(world, history, 80, 24, "utf-8")


def test_before_the_first_moment() -> None:
    assert "connecting" in shown(World(2), History(), 80, 24, "utf-8")


def test_the_hashrate_is_that_of_the_last_seconds() -> None:
    _, history = at_work(1)
    assert len(history.hashrates) == 60
    assert history.hashrates[-1] == pytest.approx(10 * 1e-5 * 2**32)
    assert history.tried() == [0.0]
    assert History().tried() == []


def test_plain_lines_are_aligned() -> None:
    world, history = World(1), History()
    world.moment = moment()
    history.look(world)
    line = plain_line(world.moment, history)
    assert len(line) == len(PLAIN_HEADER) <= 100
    titles = ["time", "hashrate", "miners", "accepted", "rejected", "sent on"]
    ends = [PLAIN_HEADER.index(title) + len(title) for title in titles]
    values = ["5 s", "1 MH/s", "8", "50", "15", "13"]
    assert [line[:end].endswith(value) for end, value in zip(ends, values, strict=True)] == [
        True
    ] * 6
    assert line.split()[-3:] == ["12", "1", "3"]


def text_of(world: World) -> str:
    out = io.StringIO()
    Console(file=out, width=80).print(summary(world), highlight=False)
    return out.getvalue()


def test_summary_names_what_does_not_agree() -> None:
    world = World(2, 1e-6)
    world.moment = moment()
    text = text_of(world)
    assert max(map(len, text.splitlines())) <= 80
    assert "shares accepted: miners 0, proxy 50" in text
    assert "accepted by the pool: proxy 12, pool 0" in text
    assert "low-difficulty" in text
    assert "All counts agree" not in text


def test_summary_of_nothing() -> None:
    assert "stopped before" in text_of(World(1))


@pytest.mark.parametrize(
    ("hashes", "text"),
    [
        (0, "0 H/s"),
        (999, "999 H/s"),
        (1234, "1.23 kH/s"),
        (2.5e6, "2.5 MH/s"),
        (7.77e9, "7.77 GH/s"),
        (1.1e14, "110 TH/s"),
    ],
)
def test_rate(hashes: float, text: str) -> None:
    assert rate(hashes) == text


@pytest.mark.parametrize(
    ("values", "bars"), [([], ""), ([0, 0], ""), ([1], "█"), ([0, 1, 2, 4, 8], "▁▂▃▅█")]
)
def test_sparkline(values: list[float], bars: str) -> None:
    assert sparkline(deque(values)) == bars
