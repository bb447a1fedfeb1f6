"""A session with a pool, and what a pool says to it."""

import json
from typing import Any

from stratumproxy.mining.submission import Submission
from stratumproxy.upstream.v1 import V1Session
from tests.proxy.playbook import notify

SUBSCRIBED = b'{"id":2,"result":[[["mining.notify","5e55"]],"f0f1",8],"error":null}\n'
AUTHORIZED = b'{"id":3,"result":true,"error":null}\n'


def job(job_id: str = "1", **changes: Any) -> bytes:
    params = notify(job_id, room=10, **changes)
    return json.dumps({"id": None, "method": "mining.notify", "params": params}).encode() + b"\n"


def said(session: V1Session) -> list[Any]:
    lines = [json.loads(line) for line in bytes(session.outgoing).splitlines()]
    session.outgoing.clear()
    return lines


def session(**settings: Any) -> V1Session:
    """One that has said its handshake."""
    settings = {"user": "farm", "password": "x", "version_mask": 0x1FFFE000, **settings}
    made = V1Session(**settings)
    made.outgoing.clear()
    return made


def ready(**settings: Any) -> V1Session:
    """One that can be mined on."""
    made = session(**settings)
    made.receive(SUBSCRIBED + AUTHORIZED + job(), 0)
    return made


def share(sent: float = 0.0) -> Submission:
    return Submission(None, None, b"4", 1, 1.0, sent, None)
