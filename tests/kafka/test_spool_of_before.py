"""A spool that an earlier version left behind is delivered: what it had no word for is missing."""

import shutil
from contextlib import closing
from pathlib import Path

import orjson

from stratumproxy.kafka.messages import count, messages
from stratumproxy.kafka.spool import Spool
from stratumproxy.telemetry.records import COIN, TENANT, Batch

SEGMENT = Path(__file__).parents[1] / "vectors" / "spool" / "00000000000000000000.spool"


def test_before_records_said_whose_they_are(tmp_path: Path) -> None:
    shutil.copy(SEGMENT, tmp_path)
    with closing(Spool(tmp_path, 1 << 20)) as spool:
        entry = spool.read()
        assert entry is not None
        assert spool.read() is None
    batch = Batch.decode(orjson.loads(entry.data))
    assert (batch.run, batch.process, batch.seq, batch.site) == ("5f3a", 1, 7, "")
    [share], [work], [job] = batch.shares, batch.work, batch.jobs
    assert (share.worker, share.difficulty, share.tenant, share.account) == (
        "farm.1",
        512,
        TENANT,
        "",
    )
    assert (work.accepted, work.expected, work.proven_seconds, work.coin) == (3, None, None, COIN)
    assert (job.group, job.height) == (0, 840_000)
    assert len(list(messages(batch))) == count(batch) == entry.messages
