from typing import Any

from stratumproxy.testing import SimulatedMiner, converse


class Echo:
    """A server that counts, and says one thing to everything."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heard: list[tuple[bytes, float]] = []

    def receive(self, data: bytes, now: float) -> bytes:
        self.heard.append((data, now))
        return self.answers.pop(0) if self.answers else b""


def test_transcript_in_order() -> None:
    miner = SimulatedMiner("cpuminer")
    server = Echo(b'{"id":1,"result":[[],"0102",4],"error":null}\n')
    said = converse(miner, server, miner.connect(), now=5.0)
    assert [line[:30] for line in said] == [
        '>> {"id":1,"method":"mining.su',
        '<< {"id":1,"result":[[],"0102"',
        '>> {"id":2,"method":"mining.au',
    ]
    assert {now for _, now in server.heard} == {5.0}


def test_what_is_queued_is_fetched(table: Any) -> None:
    at = table().start()
    at.pool.new_job(at.now)
    assert [line[:2] for line in at.talk()] == ["<<"]
    assert at.talk() == []
