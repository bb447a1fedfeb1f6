"""The core mines with whatever protocol: here both ends speak one that is made up.

Frames of a length byte, a letter and a body, all numbers big-endian; no hex, no JSON, no lines.
"""

import struct
from typing import Any

from stratumproxy.downstream.miner import Miner
from stratumproxy.mining import rejects
from stratumproxy.mining.issued import Found
from stratumproxy.mining.job import PoolJob, Terms
from stratumproxy.mining.rejects import Reject
from stratumproxy.mining.submission import Submission
from stratumproxy.shares import Seen, Work
from stratumproxy.shares.difficulty import target_bytes
from stratumproxy.upstream.session import Event, NewJob, Session
from tests.proxy.playbook import POOL_EASY, Playbook

JOB = PoolJob(
    "j", b"\x11" * 32, b"\x01" * 60, b"\x02" * 60, (), 0x20000000, 0x17034219, 0x65000000, True
)
TERMS = Terms(b"\xaa\xbb", 8, POOL_EASY, 0)


def frame(letter: bytes, *parts: bytes) -> bytes:
    body = letter + b"".join(parts)
    return bytes([len(body)]) + body


def frames(data: bytes) -> list[bytes]:
    found = []
    while data:
        size, data = data[0], data[1:]
        found.append(data[:size])
        data = data[size:]
    return found


class ToyMiner(Miner):
    """``H name`` to mine; ``S number job extranonce2 ntime nonce`` for a share."""

    __slots__ = ()

    def receive(self, data: bytes, now: float) -> bytes:
        answers = b""
        for body in frames(data):
            if body[:1] == b"H":
                assert self.authorize(body[1:].decode(), now) is None
                self.house.allocator.admit(self, "", now)
                answers += self.say_subscribed(now)
            else:
                number, job, extranonce2, ntime, nonce = struct.unpack(">BI4sII", body[1:])
                assert self.worker is not None
                share = (
                    bytes([number]),
                    self.worker.name,
                    f"{job:x}",
                    extranonce2,
                    ntime,
                    nonce,
                    None,
                )
                answers += self.submit(share, now)
        return answers

    @staticmethod
    def encode_job(job_id: str, job: PoolJob, prefix: bytes, clean: bool) -> bytes:
        return frame(b"J", struct.pack(">I?", int(job_id, 16), clean), prefix)

    def say_subscribed(self, now: float) -> bytes:
        assert self.prefix is not None
        return frame(b"P", self.prefix.slot) + self.start_mining(now)

    def say_accepted(self, reply_to: bytes) -> bytes:
        return frame(b"Y", reply_to)

    def say_refused(self, reply_to: bytes, reject: Reject) -> bytes:
        return frame(b"N", reply_to, reject.reason.encode())

    def say_difficulty(self, difficulty: float) -> bytes:
        return frame(b"D", struct.pack(">d", difficulty))

    def say_version_mask(self, mask: int) -> bytes:
        raise AssertionError("it rolls none")

    def say_extranonce(self, extranonce1: bytes, extranonce2_size: int) -> bytes:
        raise AssertionError("it keeps what it has")

    def say_reconnect(self) -> bytes:
        return frame(b"R")


class ToySession(Session):
    """The pool says ``J`` for its one job, and ``Y`` or ``N`` for the share of a number."""

    def receive(self, data: bytes, now: float) -> list[Event]:
        events: list[Event] = []
        for body in frames(data):
            if body == b"J":
                self.ready = self.answered = True
                self.extranonce1, self.extranonce2_size = TERMS.extranonce1, TERMS.extranonce2_size
                events.append(NewJob(JOB, TERMS))
            else:
                share = self.pending.pop(body[1])
                share.error = None if body[:1] == b"Y" else (20, "it does not like it")
                events.append(share)
        return events

    def submit_head(self, pool_job_id: str) -> bytes:
        return pool_job_id.encode()

    def submit(self, share: Submission, head: bytes, found: Found) -> None:
        number = len(self.pending) + 1
        self.pending[number] = share
        share.found = found
        extranonce2, ntime, nonce, _ = found
        self.outgoing += frame(b"S", bytes([number]), extranonce2, struct.pack(">II", ntime, nonce))


class Wire:
    """What the proxy says to a miner."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.heard += frames(data)

    def close(self, reason: str) -> None:
        raise AssertionError(reason)


def test_both_ends_speak_another_protocol() -> None:
    play: Any = Playbook("pool", difficulty={"start": 1e-9, "min": 1e-12})
    proxy, now = play.proxy, play.now
    channel = proxy.router.channels_to(proxy.pools[0])[0]
    session, wire = ToySession("farm", lambda: None), Wire()
    channel.hear(session, session.receive(frame(b"J"), now), now)

    miner = proxy.connect(wire, "10.0.0.1", 5, now, speaks=ToyMiner)
    wire.send(miner.receive(frame(b"H", b"rig"), now))
    (slot,) = [body[1:] for body in wire.heard if body[:1] == b"P"]
    (job,) = [body for body in wire.heard if body[:1] == b"J"]
    number, _clean = struct.unpack(">I?", job[1:6])
    assert job[6:] == TERMS.extranonce1, "what stands between the pool's coinbase and the slot"

    mined = Work(
        coinb1=JOB.coinb1 + TERMS.extranonce1,
        coinb2=JOB.coinb2,
        branches=JOB.branches,
        version=JOB.version,
        prevhash=JOB.prevhash,
        nbits=JOB.nbits,
        ntime=JOB.ntime,
        extranonce_size=8,
        pool_target=target_bytes(POOL_EASY),
        seen=Seen(),
        ntime_roll=0,
    )
    shares = {"below": 0, "above": 0}
    nonce = 0
    while not all(shares.values()):
        nonce += 1
        verdict, *_ = mined.check(slot, bytes(4), JOB.ntime, nonce, None, 0, target_bytes(1e-9))
        kind = {0: "below", 1: "above"}.get(int(verdict))
        if kind and not shares[kind]:
            shares[kind] = nonce

    def submits(request: int, nonce: int) -> None:
        body = struct.pack(">BI4sII", request, number, bytes(4), JOB.ntime, nonce)
        wire.send(miner.receive(frame(b"S", body), now))

    wire.heard.clear()
    submits(7, shares["below"])
    assert wire.heard == [frame(b"Y", b"\x07")[1:]], "it stays here"
    submits(8, shares["below"])
    assert wire.heard[1] == frame(b"N", b"\x08", rejects.DUPLICATE.reason.encode())[1:]

    submits(9, shares["above"])
    (sent,) = frames(bytes(session.outgoing))
    assert sent[2:] == slot + bytes(4) + struct.pack(">II", JOB.ntime, shares["above"])
    assert len(wire.heard) == 2, "the pool has the word"
    channel.hear(session, session.receive(frame(b"Y", b"\x01"), now), now)
    assert wire.heard[2] == frame(b"Y", b"\x09")[1:]
    snapshot = play.snapshot()
    assert (snapshot.accepted, snapshot.rejected) == (2, {"duplicate": 1})
    assert snapshot.pools[0].accepted == 1
