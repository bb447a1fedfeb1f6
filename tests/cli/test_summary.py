"""What a run came to."""

import pytest

from stratumproxy.cli.summary import duration, summary, summary_values
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot


def pool(accepted: int, rejected: int, lost: int, pending: int) -> PoolSnapshot:
    return PoolSnapshot(
        name="pool.example:3333",
        url="stratum+tcp://pool.example:3333",
        state="ready",
        sessions=1,
        miners=0,
        difficulty=8192,
        extranonce2_size=8,
        version_mask=0x1FFFE000,
        accepted=accepted,
        rejected=rejected,
        pending=pending,
        lost=lost,
    )


BUSY = Snapshot(
    uptime=93_784.6,
    connected=0,
    mining=0,
    hashrate=0.0,
    accepted=1000,
    work=1e6,
    forwarded=64,
    rejected={"low-difficulty": 2, "bad-ntime": 0, "stale": 5, "duplicate": 2},
    blocks=1,
    pools=(pool(50, 2, 1, 0), pool(7, 0, 0, 4)),
)
QUIET = Snapshot(uptime=2.04, connected=0, mining=0, hashrate=0, accepted=0, work=0, forwarded=0)


def test_summary() -> None:
    assert summary(BUSY) == (
        "ran 1d 2h 3m 5s; 1000 shares accepted; "
        "9 rejected (5 stale, 2 duplicate, 2 low-difficulty); "
        "64 sent to pools (57 accepted, 2 rejected, 1 lost, 4 without a verdict); "
        "1 at the network's target"
    )
    assert summary(QUIET) == "ran 2.0s; 0 shares accepted; 0 rejected; 0 sent to pools"


def test_values() -> None:
    assert summary_values(BUSY) == {
        "uptime": 93784.6,
        "accepted": 1000,
        "rejected": {"stale": 5, "duplicate": 2, "low-difficulty": 2},
        "forwarded": 64,
        "pool_accepted": 57,
        "pool_rejected": 2,
        "lost": 1,
        "pending": 4,
        "blocks": 1,
        "blocks_accepted": 0,
        "blocks_refused": 0,
        "dropped": {},
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (9.94, "9.9s"),
        (10, "10s"),
        (59.6, "1m 0s"),
        (3600, "1h 0m 0s"),
        (90_061, "1d 1h 1m 1s"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
