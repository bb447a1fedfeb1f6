"""Names that no share counted for are no keys, and not in the spool."""

from collections.abc import Sequence

import orjson

from stratumproxy.kafka.messages import messages
from stratumproxy.kafka.sink import entry
from stratumproxy.telemetry.records import REJECTED, Batch, ShareRecord, WorkRecord


def share(worker: str) -> ShareRecord:
    return ShareRecord(1.0, worker, "pool", "a", 512.0, 8192.0, 9000.0, REJECTED, "no", 0.1)


def work(worker: str, accepted: int) -> WorkRecord:
    return WorkRecord(worker, "pool", accepted, 512.0 * accepted, {"stale": 1}, 0.0, 0.0)


def keys(batch: Batch) -> Sequence[tuple[str, str]]:
    return [(each.topic, each.key) for each in messages(batch)]


def test_what_was_done_under_them_is_told_without_them() -> None:
    told = Batch(
        "run",
        0,
        7,
        1.5,
        shares=[share("rig"), share("made up")],
        work=[work("rig", 1), work("made up", 0)],
        unproven=("made up", "connected alone"),
    )
    kept = entry(told)
    assert b"made up" not in kept.data
    assert b"alone" not in kept.data
    batch = Batch.decode(orjson.loads(kept.data))
    assert (kept.messages, batch.seq) == (4, 7)
    assert keys(batch) == [("shares", "rig"), ("shares", ""), ("work", "rig"), ("work", "")]
