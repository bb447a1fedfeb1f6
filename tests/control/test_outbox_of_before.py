"""What an outbox of this release says, and what those of before said: files, read by a channel."""

import socket
from pathlib import Path

import orjson
import pytest
from structlog.testing import capture_logs

from stratumproxy.control.channel import Channel
from stratumproxy.control.intake import Gap, Told
from stratumproxy.telemetry.outbox import Outbox
from stratumproxy.telemetry.records import (
    VERSION,
    Batch,
    EventRecord,
    JobRecord,
    MinerRecord,
    ShareRecord,
    WorkRecord,
)

OUTBOXES = Path(__file__).parents[1] / "vectors" / "outbox"

SHARE = ShareRecord(1.5, "farm.1", "main", "6a", 512, 8192.0, 9000.5, "lost", "", 0.03)
WORK = WorkRecord("farm.1", "main", 3, 1536.0, {"stale": 1}, 512.0, 9000.5)
OTHER_WORK = WorkRecord("farm.2", "main", 2, 1024.0, {}, 0.0, 700.0, 524288.0)
MINER = MinerRecord(4, "farm.1", "10.0.0.7:41000", "bmminer", 512, 1.0, "main", True, "")
JOB = JobRecord(2.0, "main", 0, "6b", 840_000, True, 8192.0, 17_595, 0.001, 0.05, 0.09)
EVENT = EventRecord(3.0, "warning", "pool session lost", {"pool": "main"})
LATER = ("south", "account", "LTC", "target")
"""What these say since version 1: tenant, account, coin, target."""


FIRST = {
    0: Batch("5f3a", 1, 1, 5.5, [SHARE], [WORK], [MINER], [JOB], [EVENT], {"shares": 12}),
    1: Batch(
        "5f3a",
        1,
        1,
        5.5,
        [ShareRecord(*SHARE[:-4], *LATER)],
        [WorkRecord(*WORK[:-6], 1.25, 17.5, *LATER)],
        [MinerRecord(*MINER[:-4], *LATER)],
        [JobRecord(*JOB[:-4], *LATER)],
        [EVENT],
        {"shares": 12},
        ("farm.3",),
        "north",
    ),
}


async def heard(said: bytes) -> list[Told | Gap]:
    """What a control process makes of all that a process said until its end."""
    found: list[Told | Gap] = []

    async def batch(_process: int, what: Told | Gap) -> None:
        found.append(what)

    def unheard(*what: object) -> None:
        assert what[1] == "a-1", "the answer to an order"

    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        ours.sendall(said)
        ours.shutdown(socket.SHUT_WR)
        channel = Channel(
            1,
            theirs,
            asker="b",
            batch=batch,
            snapshot=unheard,
            offence=unheard,
            bans=unheard,
            done=unheard,
        )
        await channel.read()
    return found


@pytest.mark.parametrize("version", range(VERSION + 1))
async def test_what_each_version_told_is_read(version: int) -> None:
    first, second = await heard((OUTBOXES / f"{version}.lines").read_bytes())
    assert isinstance(first, Told)
    assert (first.batch, first.age) == (FIRST[version], 2.0)
    assert isinstance(second, Told)
    assert (second.batch.seq, second.batch.work) == (2, [OTHER_WORK])


def test_the_newest_file_is_what_is_said_today() -> None:
    """If this fails, raise `VERSION`, and keep what is said now under the new number beside it."""
    first = FIRST[VERSION]
    outbox = Outbox("5f3a", 1, site="north")
    outbox.add(
        5.5,
        shares=first.shares,
        work=first.work,
        miners=first.miners,
        jobs=first.jobs,
        events=first.events,
        dropped=first.dropped,
        unproven=first.unproven,
    )
    outbox.add(6.5, work=[OTHER_WORK])
    outbox.answer("a-1", {"result": {"miners": 1}})
    assert outbox.take(7.5) == (OUTBOXES / f"{VERSION}.lines").read_bytes()


async def test_one_of_a_later_release_is_refused_in_words() -> None:
    said = orjson.loads(FIRST[VERSION].encode()) | {"version": VERSION + 1, "sites": []}
    with capture_logs() as logs:
        gap, empty = await heard(orjson.dumps(said) + b"\n")
    assert gap == Gap("5f3a", 1, 1), "it is named as lost"
    assert isinstance(empty, Told)
    assert not empty.batch.shares
    assert [entry["what"] for entry in logs] == [
        f"a batch of records is of version {VERSION + 1}, and this release reads those up to "
        f"{VERSION}: a later one wrote it; use that one"
    ]
