"""The targets in Python: bytes in, and an exception out where something does not hold."""

import contextlib
import json
from collections.abc import Callable

from stratumproxy.downstream.miner import Miner
from stratumproxy.errors import LineTooLong, ProtocolError
from stratumproxy.protocol.v1.configure import Wishes
from stratumproxy.protocol.v1.framing import split_lines
from stratumproxy.protocol.v1.messages import encode_error, encode_result, error_of, id_of, parse
from stratumproxy.protocol.v1.notify import parse_notify
from stratumproxy.protocol.v1.submit import read_submit, scan_submit
from stratumproxy.upstream.v1 import LINE_LIMIT, MAX_OUTGOING
from tests.proxy.playbook import POOL_EASY, Playbook, notify

SIZES = 2, 3, 4, 8, 16
"""Of extranonce2, that the simulated pool gives."""
LINE_BYTES = 1024
PIECE = b"\xff"
"""In a stream: what follows arrives later. No JSON has it."""


def require(condition: object, what: str) -> None:
    """An assert that no switch of Python's leaves out."""
    if not condition:
        raise AssertionError(f"does not hold: {what}")


def framing(data: bytes) -> None:
    """Input: a limit, seven sizes, a stream. However it is cut, the lines are the same."""
    limit, cuts, stream = data[:1], data[1:8], data[8:]
    most = limit[0] if limit else 0
    lines: list[bytes] = []
    tail, rest = b"", stream
    try:
        for size in (*cuts, len(stream)):
            piece, rest = rest[:size], rest[size:]
            more, tail = split_lines(tail, piece, most)
            lines += more
    except LineTooLong:
        require(any(len(line) > most for line in stream.split(b"\n")), "too long is too long")
    else:
        require([*lines, tail] == stream.split(b"\n"), "nothing is lost, nothing is added")
        require(all(len(line) <= most for line in (*lines, tail)), "nothing is past the limit")


def messages(data: bytes) -> None:
    """Input: one line. Whatever can be read can be judged, and answered in JSON."""
    line = data.replace(b"\n", b" ")
    scanned = scan_submit(line)
    try:
        message = parse(line)
        reply_to = id_of(line, message)
        read = read_submit(message, reply_to)
    except ProtocolError:
        require(scanned is None, "the scanner takes no line that the parser refuses")
        return
    if scanned is not None:
        require(message.get("method") == "mining.submit", "the scanner takes submits only")
        require((scanned, "") == read, "the scanner and the parser read the same")
    refused = error_of(message)
    if refused is not None:
        code, text = refused
        answer = json.loads(encode_error(reply_to or b"null", code, text))
        require(answer["error"] == [code, text, None], "a reason goes back as it came")
    json.loads(encode_result(reply_to or b"null", True))
    params = message.get("params")
    json.loads(encode_result(b"1", Wishes.parse(params).answer(0x1FFFE000)))
    with contextlib.suppress(ProtocolError):
        parse_notify(params)


class _Link:
    """A miner's end of the wire: it looks whether it hears whole lines of JSON."""

    def __init__(self, play: Playbook) -> None:
        self._play = play
        self.open = True
        self.session: Miner = play.proxy.connect(self, "nobody", 1, play.now)

    def send(self, data: bytes) -> None:
        require(not data or data.endswith(b"\n"), "a miner hears whole lines")
        for line in data.splitlines():
            require(isinstance(json.loads(line), dict), "a miner hears objects")

    def close(self, reason: str) -> None:
        require(reason, "a miner is closed for a reason")
        if self.open:
            self.open = False
            self._play.proxy.disconnect(self.session, self._play.now)

    def says(self, data: bytes) -> None:
        if not self.open:
            return
        try:
            self.send(self.session.receive(data, self._play.now))
        except ProtocolError as error:
            self.close(str(error))

    def greet(self) -> None:
        self.says(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
        self.says(b'{"id":2,"method":"mining.extranonce.subscribe","params":[]}\n')
        self.says(b'{"id":3,"method":"mining.authorize","params":["a","x"]}\n')


def miner(data: bytes) -> None:
    """Input: greeted (bit 0) and size; what it says. It hears JSON, and leaves no trace."""
    first = data[0] if data else 0
    size = SIZES[first // 2 % len(SIZES)]
    play = Playbook(limits={"line_bytes": LINE_BYTES})
    play.opens(size=size, difficulty=1e-9)
    link = _Link(play)
    if first & 1:
        link.greet()
    for piece in data[1:].split(PIECE):
        link.says(piece)
    play.aside('pool >> mining.notify "$n"\nclock -- 1 s', n=notify("2", room=4 + size))
    link.close("enough")
    require(not play.proxy.miners, "a miner that is gone is forgotten")
    require(play.proxy.router.groups[0].members == 0, "and its seat is free")


def pool(data: bytes) -> None:
    """Input: greeted or not (bit 0); what it says. The other pool can be mined on all the same."""
    play = Playbook("pool", "backup")
    play.opens("backup", size=8)
    if data[:1] and data[0] & 1:
        play.opens("pool")
    link = _Link(play)
    link.greet()
    bad = play.pool("pool")
    for piece in data[1:].split(PIECE):
        if bad.closed is None:
            bad.says(piece)
            play.aside("clock -- 1 s")
    require(len(bad.session.outgoing) < MAX_OUTGOING, "what waits for a pool is bounded")
    require(len(bad.session._tail) <= LINE_LIMIT, "and so is half a line of it")
    play.aside("pool -- hangs up\nclock -- 5 s")
    require(play.proxy.pending == 0, "no share waits for a pool that is gone")
    play.joins("b")
    if play.miner("b").last:
        share = play.miner("b").share(meets=POOL_EASY)
        play.aside('b >> 4 mining.submit "$s"', s=share)
        require(play.proxy.pending == 1, "a share goes to the other pool")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "framing": framing,
    "messages": messages,
    "miner": miner,
    "pool": pool,
}
