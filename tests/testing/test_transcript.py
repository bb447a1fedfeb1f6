"""What was said, written down and said again."""

import io

import pytest

from stratumproxy.errors import StratumProxyError
from stratumproxy.testing import PoolSettings, SimulatedMiner, SimulatedPool, converse
from stratumproxy.testing.transcript import Recorder, Replayed, Said, read_transcript

NOW = 1_700_000_000.0


def test_lines_are_cut_by_side_and_connection() -> None:
    file = io.BytesIO()
    recorder = Recorder(file, 10.0)
    recorder.heard(1, "miner", b"one\ntw", 10.5)
    recorder.heard(2, "miner", b"other\n", 11.0)
    recorder.heard(1, "server", b"\xff\n", 11.5)
    recorder.heard(1, "miner", b"o\nrest", 12.0)
    recorder.closed(1, 13.0)
    assert list(read_transcript(file.getvalue().splitlines())) == [
        Said(0.5, 1, "miner", b"one"),
        Said(1.0, 2, "miner", b"other"),
        Said(1.5, 1, "server", b"\xff"),
        Said(2.0, 1, "miner", b"two"),
        Said(3.0, 1, "miner", b"rest"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"at":0,"connection":1,"from":"pool","line":"x"}', '{"at":0,"line":5}'],
)
def test_what_is_no_transcript(text: str) -> None:
    with pytest.raises(StratumProxyError, match="line 1 is not of a transcript"):
        list(read_transcript([text.encode()]))


def recording() -> list[Said]:
    """A miner of each side's first lines at a simulated pool."""
    miner, connection = SimulatedMiner("cgminer"), SimulatedPool().connect()
    lines = converse(miner, connection, miner.connect(), now=NOW)
    return [
        Said(0.0, 1, "miner" if line.startswith(">>") else "server", line[3:].encode())
        for line in lines
    ]


def test_a_server_takes_its_part_again() -> None:
    part = Replayed(recording(), "server")
    miner = SimulatedMiner("cgminer", strict=True)
    converse(miner, part, miner.connect(), now=NOW)
    assert miner.ready
    assert part.done
    assert len(part.heard) == 3


def test_a_miner_takes_its_part_again_at_another_pool() -> None:
    part = Replayed(recording(), "miner")
    connection = SimulatedPool(PoolSettings(extranonce2_size=4)).connect()
    to_pool = part.receive()
    while to_pool:
        to_pool = part.receive(connection.receive(to_pool, NOW))
    assert part.done
    assert connection.ready


def test_the_other_side_sets_the_pace() -> None:
    said = [Said(0, 1, "server", b"a"), Said(0, 1, "miner", b"b"), Said(0, 1, "server", b"c")]
    part = Replayed(said, "server")
    assert part.receive(b"") == b"a\n"
    assert part.receive(b"any") == b""
    assert part.receive(b"thing\n") == b"c\n"
    assert part.done
