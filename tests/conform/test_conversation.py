"""What is made of a server's lines, and of those that no miner could understand."""

import random
from collections.abc import Awaitable, Callable

import orjson
import pytest
import trio
import trio.testing

from stratumproxy.conform.conversation import Conversation, refusal
from stratumproxy.conform.outcome import Fault
from stratumproxy.testing.jobs import MAINNET_NBITS, JobSource

Said = Callable[..., Awaitable[Conversation]]


@pytest.fixture
def said(nursery: trio.Nursery) -> Said:
    """A conversation with a server that says these lines, and hangs up."""

    async def start(*lines: bytes) -> Conversation:
        ours, theirs = trio.testing.memory_stream_pair()
        at = Conversation(ours, 5.0)
        at.note(1, "mining.subscribe")
        at.note(2, "mining.configure")
        nursery.start_soon(at.hear)
        await theirs.send_all(b"".join(line + b"\n" for line in lines))
        await theirs.aclose()
        return at

    return start


SUBSCRIBED = b'{"id":1,"result":[[],"0a0b0c0d",4],"error":null}'


async def test_what_a_miner_would_know(said: Said) -> None:
    at = await said(
        b'{"id":2,"result":{"version-rolling":true,"version-rolling.mask":"1fffe000"}}',
        SUBSCRIBED,
        b'{"id":null,"method":"mining.set_difficulty","params":[0.5]}',
        b'{"id":null,"method":"mining.set_version_mask","params":["00006000"]}',
        b'{"id":null,"method":"mining.set_extranonce","params":["aabb",3]}',
    )
    assert (await at.reply(1))["result"][2] == 4
    await at.until(lambda: at.closed or None, 5.0)
    assert (at.mask, at.difficulty, at.extranonce1, at.extranonce2_size) == (
        0x6000,
        0.5,
        b"\xaa\xbb",
        3,
    )
    assert at.heard == 3
    assert at.transcript[-1] == "-- the connection is ended"


@pytest.mark.parametrize(
    ("lines", "case_id"),
    [
        ([b"HTTP/1.1 400 Bad Request"], "SV1-FRAME-JSON"),
        ([b"[1]"], "SV1-FRAME-JSON"),
        ([b'{"id":1,"result":[[],"xyz",4]}'], "SV1-EXTRANONCE1-HEX"),
        ([SUBSCRIBED, b'{"method":"mining.notify","params":["1"]}'], "SV1-JOB-SHAPE"),
        ([b'{"id":"1","result":true}'], "SV1-REPLY-ID"),
    ],
)
async def test_what_nobody_understands(said: Said, lines: list[bytes], case_id: str) -> None:
    at = await said(*lines)

    async def listen() -> None:
        await at.reply(1)
        await at.until(lambda: None, 5.0)

    with pytest.raises(Fault) as caught:
        await listen()
    assert caught.value.case_id == case_id


async def test_a_job_id_a_second_time(said: Said) -> None:
    job = JobSource(random.Random(1)).next(
        0, clean=True, coinbase_size=0, branches=1, version=2, nbits=MAINNET_NBITS
    )
    notify = orjson.dumps({"method": "mining.notify", "params": job.notify(8)})
    at = await said(SUBSCRIBED, notify, notify)
    with pytest.raises(Fault) as caught:
        await at.until(lambda: None, 5.0)
    assert caught.value.case_id == "SV1-JOB-ID-REPEATED"


async def test_no_reply(said: Said) -> None:
    at = await said()
    with pytest.raises(Fault, match="ended instead of a reply to"):
        await at.reply(1)


async def test_silence(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    ours, _theirs = trio.testing.memory_stream_pair()
    at = Conversation(ours, 7.0)
    at.note("x", "mining.authorize")
    nursery.start_soon(at.hear)
    with pytest.raises(Fault, match=r"no reply to mining.authorize \(id 'x'\) in 7 s"):
        await at.reply("x")
    await at.close()


@pytest.mark.parametrize(
    ("message", "no"),
    [
        ({"result": True, "error": None}, None),
        ({"result": None, "error": [23, "low", None]}, (23, "low")),
        ({"result": None, "error": [23]}, (23, "")),
        ({"error": {"code": -3, "message": "no"}}, (-3, "no")),
        ({"result": None, "error": "low"}, (None, "low")),
        ({"result": False, "error": None}, (None, "false")),
        ({"result": False, "error": None, "reject-reason": "low"}, (None, "low")),
        ({"result": None, "error": True}, (None, "True")),
    ],
)
def test_refusals(message: dict[str, object], no: tuple[int | None, str] | None) -> None:
    assert refusal(message) == no
