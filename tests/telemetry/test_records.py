"""Batches go over the wire and come back as they were."""

import orjson
import pytest

from stratumproxy.errors import TelemetryError
from stratumproxy.telemetry.records import (
    ACCEPTED,
    Batch,
    EventRecord,
    JobRecord,
    MinerRecord,
    ShareRecord,
    WorkRecord,
)

BATCH = Batch(
    run="5f3a",
    process=1,
    seq=7,
    at=1_790_000_000.5,
    shares=[ShareRecord(1.5, "farm.1", "main", "6a", 512, 8192.0, 9000.5, ACCEPTED, "", 0.031)],
    work=[WorkRecord("farm.1", "main", 3, 1536.0, {"stale": 1}, 512.0, 9000.5)],
    miners=[MinerRecord(4, "farm.1", "10.0.0.7:41000", "bmminer", 512, 1.0, "main", True, "")],
    jobs=[JobRecord(2.0, "main", 0, "6b", 840_000, True, 8192.0, 17_595, 0.001, 0.05, 0.09)],
    events=[EventRecord(3.0, "warning", "pool session lost", {"pool": "main"})],
    dropped={"shares": 12},
)


def test_a_batch_comes_back_as_it_was() -> None:
    assert Batch.decode(orjson.loads(BATCH.encode())) == BATCH


def test_one_is_a_line() -> None:
    assert b"\n" not in BATCH.encode()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"run": "x"},
        {**orjson.loads(BATCH.encode()), "shares": [[1, 2]]},
        {**orjson.loads(BATCH.encode()), "work": 5},
    ],
)
def test_anything_else_is_an_error(values: dict[str, object]) -> None:
    with pytest.raises(TelemetryError, match="not a batch of records"):
        Batch.decode(values)


def test_a_batch_from_before_processes_were_called_that_is_read() -> None:
    told = orjson.loads(Batch("run", 3, 1, 0.0).encode())
    told["worker"] = told.pop("process")
    assert Batch.decode(told).process == 3
