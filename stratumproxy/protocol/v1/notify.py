"""mining.notify: a pool's read and checked, ours written."""

from typing import Any

import orjson

from stratumproxy.errors import ProtocolError
from stratumproxy.mining.job import MAX_BRANCHES, MAX_COINBASE, PoolJob
from stratumproxy.protocol.v1.configure import parse_hex32


def parse_notify(params: object) -> PoolJob:
    """Read the params of a mining.notify.

    Raises:
        ProtocolError: names the first field that is wrong.
    """
    if not isinstance(params, list) or len(params) < 8:
        raise ProtocolError("mining.notify: 9 params expected")
    job_id, prevhash, coinb1, coinb2, branches, version, nbits, ntime = params[:8]
    if not isinstance(job_id, str) or len(job_id) > 128:
        raise ProtocolError("mining.notify: the job id is not a string of at most 128 chars")
    if not isinstance(branches, list) or len(branches) > MAX_BRANCHES:
        raise ProtocolError(f"mining.notify: the branches are not a list of at most {MAX_BRANCHES}")
    start = _unhex("coinb1", coinb1, up_to=MAX_COINBASE)
    end = _unhex("coinb2", coinb2, up_to=MAX_COINBASE)
    if len(start) + len(end) > MAX_COINBASE:
        raise ProtocolError(f"mining.notify: coinb1 and coinb2 are more than {MAX_COINBASE} bytes")
    return PoolJob(
        pool_job_id=job_id,
        prevhash=swap_words(_unhex("prevhash", prevhash, 32)),
        coinb1=start,
        coinb2=end,
        branches=tuple(_unhex("branch", branch, 32) for branch in branches),
        version=_integer("version", version),
        nbits=_integer("nbits", nbits),
        ntime=_integer("ntime", ntime),
        # It is the last, whatever else there is (ESP-Miner reads it there). A pool that leaves
        # it out is taken to mean the safe thing.
        clean=params[-1] is not False if len(params) > 8 else True,
    )


def encode_notify(job_id: str, job: PoolJob, prefix: bytes, clean: bool) -> bytes:
    """A mining.notify line for miners.

    Args:
        job_id: the id they know it by.
        job: what the pool sent.
        prefix: what stands between the pool's coinb1 and the miner's extranonce1.
        clean: whether they must drop what they had.
    """
    params: list[Any] = [
        job_id,
        swap_words(job.prevhash).hex(),
        (job.coinb1 + prefix).hex(),
        job.coinb2.hex(),
        [branch.hex() for branch in job.branches],
        f"{job.version:08x}",
        f"{job.nbits:08x}",
        f"{job.ntime:08x}",
        clean,
    ]
    return b'{"id":null,"method":"mining.notify","params":%b}\n' % orjson.dumps(params)


def swap_words(data: bytes) -> bytes:
    """Reverse each 4-byte word: from V1's order of the previous hash to internal, and back."""
    return b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4))


def _unhex(name: str, value: object, size: int | None = None, up_to: int = 0) -> bytes:
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        data = None
    if data is None or (len(data) != size if size is not None else len(data) > up_to):
        wanted = f"{size} bytes" if size is not None else f"at most {up_to} bytes"
        raise ProtocolError(f"mining.notify: {name} is not {wanted} of hex")
    return data


def _integer(name: str, value: object) -> int:
    number = parse_hex32(value)
    if number is None:
        raise ProtocolError(f"mining.notify: {name} is not 8 hex digits")
    return number
