"""A job as miners know it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.accounting.account import Account, Earned
from stratumproxy.mining.content import Content
from stratumproxy.mining.issued import Job
from stratumproxy.mining.job import Terms
from stratumproxy.protocol.v1.notify import encode_notify, parse_notify
from stratumproxy.shares._reference import sha256d
from stratumproxy.shares.difficulty import target_bytes
from stratumproxy.testing import MinerJob
from stratumproxy.upstream.v1 import V1Session
from tests.proxy.playbook import notify

POOL = V1Session('farm "1"', "x", 0)


def job(
    *, extranonce1: bytes = b"\xf0\xf1", size: int = 8, whole: bool = False, **changes: Any
) -> Job:
    params = notify(changes.pop("job_id", "1"), room=len(extranonce1) + size, **changes)
    return Job(
        0xA1,
        parse_notify(params),
        Terms(extranonce1, size, 0.25, 0x1FFFE000),
        content=Content(b"", {}),
        ntime_roll=7000,
        whole=whole,
        group=None,
        source=POOL,
        account=Account("main", "farm"),
        earned=Earned(),
    )


def params(line: bytes) -> list[Any]:
    message = json.loads(line)
    assert message.keys() == {"id", "method", "params"}
    assert (message["id"], message["method"]) == (None, "mining.notify")
    return list(message["params"])


def test_what_miners_get() -> None:
    made = job()
    theirs, ours = notify("1", room=10), params(made.line(encode_notify, 8, True))
    assert ours == ["a1", theirs[1], f"{theirs[2]}f0f1", *theirs[3:8], True]
    assert made.job_id == "a1"
    assert made.difficulty == 0.25
    assert made.pool_target == target_bytes(0.25)


def test_spare_bytes_are_zeros_in_front_of_the_slot() -> None:
    assert params(job().line(encode_notify, 5, False))[2].endswith("f0f1000000")


def test_a_whole_job_leaves_the_pools_extranonce1_to_the_miner() -> None:
    made = job(whole=True, size=2)
    assert params(made.line(encode_notify, 4, False))[2] == notify("1", room=4)[2]
    assert made.room == 4


def test_a_line_is_encoded_once() -> None:
    made = job()
    assert made.line(encode_notify, 8, True) is made.line(encode_notify, 8, True)
    assert made.line(encode_notify, 8, True) != made.line(encode_notify, 8, False)


def test_what_goes_upstream_begins_with_the_account_and_the_pools_job() -> None:
    made = job(job_id='so "called"')
    assert json.loads(made.submit_head + b"]") == ['farm "1"', 'so "called"']


@pytest.mark.parametrize(
    ("bits", "mask", "rolled"),
    [
        (None, 0x1FFFE000, 0),
        (0x2000, 0x1FFFE000, 0x2000),
        (0x20002000, 0x1FFFE000, 0x2000),  # the whole version
        (0x6000, 0x2000, 0x2000),
    ],
)
def test_what_goes_upstream_fills_the_pools_room(bits: int | None, mask: int, rolled: int) -> None:
    found = job().upstream(b"slot", b"\1\2", 0x65000000, 7, bits, mask)
    assert found == (b"\0\0slot\1\2", 0x65000000, 7, rolled)


def test_a_miner_that_has_the_pools_extranonce1_fills_what_is_after_it() -> None:
    found = job(whole=True).upstream(b"\0\0\0\0", b"\1\2\3\4", 0x65000000, 7, None, 0)
    assert found[0] == b"\0\0\0\0\1\2\3\4"


def test_version_bits_go_to_pools_that_allow_some() -> None:
    made = job()
    made.version_mask = 0
    assert made.upstream(b"slot", bytes(4), 0x65000000, 7, 0, 0)[3] is None


@given(
    extranonce1=st.binary(max_size=32),
    size=st.integers(4, 16),
    whole=st.booleans(),
    data=st.data(),
)
def test_the_miner_hashes_what_is_checked(
    extranonce1: bytes, size: int, whole: bool, data: st.DataObject
) -> None:
    """However the bytes are split, header by the miner and header by the check are one."""
    made = job(extranonce1=extranonce1, size=size, whole=whole)
    total = made.room if whole else data.draw(st.integers(3, min(size, 8)))
    slot_size = len(extranonce1) if whole else data.draw(st.integers(1, total - 2))
    slot = extranonce1 if whole else data.draw(st.binary(min_size=slot_size, max_size=slot_size))
    extranonce2 = data.draw(st.binary(min_size=total - slot_size, max_size=total - slot_size))
    mined = MinerJob(params(made.line(encode_notify, total, False)), slot, len(extranonce2), 1)
    header = mined.header(extranonce2, mined.version, mined.ntime, 5)
    verdict, _, hash = made.check(slot, extranonce2, mined.ntime, 5, None, 0, b"\xff" * 32)
    assert verdict == 0
    assert hash == sha256d(header)


@pytest.mark.parametrize("attribute", ["__dict__", "__weakref__"])
def test_it_is_lean(attribute: str) -> None:
    assert not hasattr(job(), attribute)
