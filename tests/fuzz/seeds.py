"""What each target begins with: the real lines and shares of tests/vectors, in its own form."""

import json
import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from stratumproxy.shares.difficulty import target_bytes

VECTORS = Path(__file__).parents[1] / "vectors"
FIRST_JOB = "a1"
"""What `tests.proxy.playbook.Playbook` calls a pool's first job."""


def write(target: str, folder: Path) -> None:
    """Write the seeds of a target, a file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[target]()):
        (folder / f"seed-{number:03}").write_bytes(seed)


def _load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def _lines(direction: str) -> list[bytes]:
    lines = _load("wire_samples.json") + _load("sessions/bitaxe_publicpool.json")["lines"]
    return [each["line"].encode() + b"\n" for each in lines if each["dir"] == direction]


def _shares() -> list[dict[str, Any]]:
    shares: list[dict[str, Any]] = _load("stratum_shares.json")
    return [share for share in shares if len(share["submit_params"]) >= 5]


def scan() -> Iterator[bytes]:
    """Lines as they are, and some at the edges of what is plain."""
    yield from _lines("c2s")
    for request_id in ("9" * 18, "9" * 19, "0", "00", '""'):
        for count in (4, 5, 6, 7):
            params = ",".join(['"aa"'] * count)
            line = f'{{"id":{request_id},"method":"mining.submit","params":[{params}]}}'
            yield line.encode()
            for size in (1024, 1025):
                yield line.replace('"aa"', f'"{"a" * (size - len(line) + 2)}"', 1).encode()
    for fields in ('"","1","2"', f'"{"ab" * 32}","1","2"', f'"{"ab" * 33}","1","2"'):
        yield f'{{"id":1,"method":"mining.submit","params":["w","j",{fields}]}}'.encode()
    for number in ("", "1", "ABCDEF09", "123456789", "0x1"):
        line = f'{{"id":1,"method":"mining.submit","params":["w","j","00","1","2","{number}"]}}'
        yield line.encode()


def seen() -> Iterator[bytes]:
    """Limit, mixer, then steps: each key twice, the set cleared and memory short in between."""
    keys = [struct.pack("<BH", how, key) for how in range(4) for key in (0, 1, 256, 257, 65535)]
    crowding, spreading = struct.pack("<Q", 1), struct.pack("<Q", 0x9E3779B97F4A7C15)
    for limit in (0, 1, 6, 255):
        begin = bytes([limit]) + (crowding if limit else spreading)
        yield begin + b"".join(keys + keys)
        yield begin + b"".join([*keys, b"\xff\0\0", *keys, b"\xf8\1\0", *keys])
    many = [struct.pack("<BH", 0, key) for key in range(300)]
    for mixer in (crowding, spreading):
        yield b"\xff" + mixer + b"".join(many)


def work() -> Iterator[bytes]:
    """Shares, as c/work.c lists their fields."""
    for share in _shares():
        _, prevhash, coinb1, coinb2, branches, version, nbits, ntime, _ = share["notify_params"]
        _, _, extranonce2, *numbers = share["submit_params"]
        at, nonce, bits = (int(number, 16) for number in (*numbers, "0")[:3])
        before, after = bytes.fromhex(coinb1), bytes.fromhex(coinb2)
        extranonce1 = bytes.fromhex(share["extranonce1"])
        size = share["extranonce2_size"]
        prev = b"".join(word[::-1] for word in _words(bytes.fromhex(prevhash)))
        target = target_bytes(share["difficulty"])
        rolled = at - int(ntime, 16)
        for roll in (7000, rolled, rolled - 1):
            if roll < 0:
                continue
            yield b"".join(
                [
                    bytes([len(numbers) > 2]),
                    struct.pack("<4I", *(int(each, 16) for each in (version, nbits, ntime)), roll),
                    struct.pack("<I", int(share["version_mask"] or "0", 16)),
                    struct.pack("<3I", at, nonce, bits),
                    struct.pack("<HB", len(extranonce1) + size, len(branches)),
                    prev + target + target,
                    struct.pack("<H", len(before)) + before,
                    struct.pack("<H", len(after)) + after,
                    bytes([len(extranonce1)]) + extranonce1,
                    bytes([size]) + bytes.fromhex(extranonce2),
                    *map(bytes.fromhex, branches),
                ]
            )


def _words(data: bytes) -> Iterator[bytes]:
    for start, end in pairwise(range(0, len(data) + 1, 4)):
        yield data[start:end]


def framing() -> Iterator[bytes]:
    """A limit and seven cuts, then a stream."""
    lines = _lines("c2s")
    for number in range(0, len(lines), 4):
        yield bytes([200, 1, 2, 50, 3, 100, 0, 9]) + b"".join(lines[number : number + 4])


def messages() -> Iterator[bytes]:
    """Lines of both sides."""
    yield from (line.rstrip() for line in _lines("c2s") + _lines("s2c"))


def miner() -> Iterator[bytes]:
    """Size and greeting, then what a miner says; a share of the job that there is, too."""
    lines = _lines("c2s")
    for number, line in enumerate(lines):
        yield bytes([number % 256]) + line
        if b'"mining.submit"' in line:
            message = json.loads(line)
            message["params"][0:2] = ["a", FIRST_JOB]
            yield b"\x03" + json.dumps(message).encode() + b"\n"
    yield b"\x02" + b"\xff".join(lines[:8])


def pool() -> Iterator[bytes]:
    """Greeting, then what a pool says; notifies that fit the extranonce, too."""
    lines = _lines("s2c")
    for line in lines:
        yield b"\x00" + line
        yield b"\x01" + line
    yield b"\x01" + b"\xff".join(lines[:8])
    for share in _shares()[:8]:
        message = {"id": None, "method": "mining.notify", "params": share["notify_params"]}
        yield b"\x01" + json.dumps(message).encode() + b"\n"


SEEDS = {
    "scan": scan,
    "seen": seen,
    "work": work,
    "framing": framing,
    "messages": messages,
    "miner": miner,
    "pool": pool,
}
