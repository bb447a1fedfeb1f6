"""``stratumproxy verify``: what shares are worth, recomputed from a log of them."""

import re
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import click
import orjson

from stratumproxy.cli.options import examples
from stratumproxy.errors import ProtocolError
from stratumproxy.mining.job import PoolJob
from stratumproxy.protocol.v1.configure import is_difficulty, parse_hex32
from stratumproxy.protocol.v1.hex import read_uint32
from stratumproxy.protocol.v1.notify import parse_notify
from stratumproxy.shares import Seen, Verdict, Work, share_difficulty
from stratumproxy.shares.difficulty import target_of, target_of_nbits

MAX_LINE = 1 << 20
"""Bytes; the largest job a pool can send takes a twentieth of it."""

MAX_EXTRANONCE = 64
"""Bytes of extranonce1, and of extranonce2; twice what any pool gives."""

_EXTRANONCE = re.compile(rf"(?:[0-9A-Fa-f]{{2}}){{0,{MAX_EXTRANONCE}}}")

ANY_TARGET = b"\xff" * 32


class BadShareError(Exception):
    """A line that is no share; the text says why."""


@click.command(
    epilog=examples(
        "stratumproxy verify shares.jsonl",
        "jq -c '.[]' shares.json | stratumproxy verify -",
        "stratumproxy verify shares.jsonl | jq 'select(.meets | not)'",
    )
)
@click.argument("file", type=click.File("rb"))
@click.pass_context
def verify(ctx: click.Context, file: BinaryIO) -> None:
    """Recompute shares from JSON lines, as in a dispute with a pool.

    FILE, or standard input for -, holds an object a line: "extranonce1" (hex, the pool's or the
    proxy's, whichever the miner was given), "version_mask" (hex, or null without version
    rolling), "difficulty", "notify_params" and "submit_params" (as in mining.notify and
    mining.submit). Other keys are ignored, and so are empty lines.

    For each a JSON line is printed: "hash" (as displayed, big-endian), "share_difficulty", and
    "meets": whether the hash is at or below the target of the difficulty, compared as integers.
    Without a difficulty, or with null, "meets" is about the network's own target. Nothing
    else is judged: not the age of the job, not the ntime, not duplicates.

    A line that is no share gives {"error": "...", "line": number}, and exit status 1 at the end.
    """
    output = sys.stdout.buffer
    # What reads along wants each answer now; a file is written faster in blocks.
    follow = not file.seekable()
    bad = False
    for number, line in _lines(file):
        answer: dict[str, object]
        try:
            answer = judge(line)
        except BadShareError as error:
            answer = {"error": str(error), "line": number}
            bad = True
        output.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
        if follow:
            output.flush()
    output.flush()
    if bad:
        ctx.exit(1)


def judge(line: bytes) -> dict[str, object]:
    """Recompute one share.

    Args:
        line: the JSON object, at most `MAX_LINE` bytes.

    Returns:
        ``hash``, ``share_difficulty`` and ``meets``.

    Raises:
        BadShareError: it is no share; the text says why.
    """
    if len(line) > MAX_LINE:
        raise BadShareError(f"longer than {MAX_LINE} bytes")
    try:
        share = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadShareError(f"not JSON: {error}") from None
    if not isinstance(share, dict):
        raise BadShareError("not a JSON object")
    for key in ("extranonce1", "notify_params", "submit_params"):
        if key not in share:
            raise BadShareError(f"{key} is missing")
    try:
        job = parse_notify(share["notify_params"])
    except ProtocolError as error:
        raise BadShareError(str(error)) from None
    limit = _limit(share.get("difficulty"), job)
    hash = _hash(share, job)
    return {
        "hash": hash[::-1].hex(),
        "share_difficulty": share_difficulty(hash),
        "meets": int.from_bytes(hash, "little") <= limit,
    }


def _hash(share: dict[str, Any], job: PoolJob) -> bytes:
    """The share's hash in internal order, by the same check that the proxy makes."""
    extranonce1 = _hex("extranonce1", share["extranonce1"])
    mask = _version_mask(share.get("version_mask"))
    _, _, extranonce2, ntime, nonce, *rolled = _submit(share["submit_params"])
    extranonce2 = _hex("extranonce2 of submit_params", extranonce2)
    ntime = _number("ntime of submit_params is", ntime)
    nonce = _number("nonce of submit_params is", nonce)
    bits = rolled[0] if rolled else None
    if bits is not None:
        bits = _number("the version bits of submit_params are", bits)
    try:
        work = Work(
            coinb1=job.coinb1,
            coinb2=job.coinb2,
            branches=job.branches,
            version=job.version,
            prevhash=job.prevhash,
            nbits=job.nbits,
            ntime=0,  # whatever ntime was submitted is in the range from here …
            extranonce_size=len(extranonce1) + len(extranonce2),
            pool_target=ANY_TARGET,
            seen=Seen(),
            ntime_roll=0xFFFFFFFF,  # … to here
        )
    except ValueError as error:
        raise BadShareError(str(error)) from None
    verdict, _, hash = work.check(extranonce1, extranonce2, ntime, nonce, bits, mask, ANY_TARGET)
    if verdict == Verdict.BAD_VERSION:
        raise BadShareError("the version bits of submit_params are outside version_mask")
    return hash


def _limit(difficulty: object, job: PoolJob) -> int:
    """The largest hash that meets the difficulty."""
    if difficulty is None:
        return target_of_nbits(job.nbits)
    if not isinstance(difficulty, int | float) or not is_difficulty(difficulty):
        raise BadShareError("difficulty is not a positive number")
    return target_of(difficulty)


def _version_mask(mask: object) -> int:
    if mask is None:
        return 0
    value = parse_hex32(mask)
    if value is None:
        raise BadShareError("version_mask is neither null nor 1 to 8 hex digits")
    return value


def _submit(params: object) -> list[Any]:
    if not isinstance(params, list) or len(params) not in (5, 6):
        raise BadShareError(
            "submit_params is not [worker, job_id, extranonce2, ntime, nonce], or these and the "
            "version bits"
        )
    return params


def _hex(name: str, value: object) -> bytes:
    """At most `MAX_EXTRANONCE` bytes from hex."""
    if not isinstance(value, str) or not _EXTRANONCE.fullmatch(value):
        raise BadShareError(f"{name} is not hex of at most {MAX_EXTRANONCE} bytes")
    return bytes.fromhex(value)


def _number(what: str, value: object) -> int:
    number = read_uint32(value)
    if number is None:
        raise BadShareError(f"{what} not 1 to 8 hex digits")
    return number


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers; too long ones are cut past `MAX_LINE`."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        rest = line
        while not rest.endswith(b"\n") and (rest := file.readline(MAX_LINE)):
            pass
        if line.strip():
            yield number, line
