"""The vectors themselves, computed again with nothing but hashlib and struct."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parents[1] / "vectors"


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


BLOCKS = load("blocks.json")
SHARES = load("stratum_shares.json")
DIFFICULTY_1 = 0xFFFF << 208

block_by_block = pytest.mark.parametrize(
    "block", BLOCKS, ids=[f"{block['chain']}-{block['height']}" for block in BLOCKS]
)
share_by_share = pytest.mark.parametrize("share", SHARES, ids=[s["name"] for s in SHARES])


def sha256d(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def fold(root: bytes, branch: list[str]) -> bytes:
    for other in branch:
        root = sha256d(root + bytes.fromhex(other))
    return root


def swap_words(data: bytes) -> bytes:
    return b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4))


def header_of(entry: dict[str, Any]) -> bytes:
    """The header that a notify and a submit stand for."""
    _job_id, prevhash, coinb1, coinb2, branch, version, nbits, ntime, _clean = entry[
        "notify_params"
    ]
    _worker, _job_id, extranonce2, ntime, nonce, *bits = entry["submit_params"]
    mask = int(entry["version_mask"] or "0", 16)
    rolled = int(version, 16) & ~mask | int(bits[0] if bits else version, 16) & mask
    assert len(extranonce2) == 2 * entry["extranonce2_size"]
    coinbase = bytes.fromhex(coinb1 + entry["extranonce1"] + extranonce2 + coinb2)
    return (
        struct.pack("<I", rolled)
        + swap_words(bytes.fromhex(prevhash))
        + fold(sha256d(coinbase), branch)
        + struct.pack("<III", int(ntime, 16), int(nbits, 16), int(nonce, 16))
    )


@pytest.mark.parametrize("name", ["blocks.json", "stratum_shares.json", "wire_samples.json"])
def test_every_entry_names_its_source(name: str) -> None:
    assert all(entry["source"] for entry in load(name))


@pytest.mark.parametrize("name", ["headers_1_11.json", "sessions/bitaxe_publicpool.json"])
def test_every_file_names_its_source(name: str) -> None:
    assert load(name)["source"]


@block_by_block
def test_block_header(block: dict[str, Any]) -> None:
    header = bytes.fromhex(block["header"])
    version, prevhash, root, ntime, nbits, nonce = struct.unpack("<I32s32sIII", header)
    assert sha256d(header)[::-1].hex() == block["hash"]
    assert prevhash[::-1].hex() == block["prev_hash"]
    assert swap_words(prevhash).hex() == block["prev_hash_stratum"]
    assert root.hex() == block["merkle_root_internal"]
    for name, value in (("version", version), ("ntime", ntime), ("nbits", nbits), ("nonce", nonce)):
        assert f"{value:08x}" == block[name]
    assert f"{version & 0x1FFFE000:08x}" == block["rolled_bits_1fffe000"]
    target = (nbits & 0x7FFFFF) << 8 * ((nbits >> 24) - 3)
    assert f"{target:064x}" == block["network_target"]
    assert block["network_difficulty"] == DIFFICULTY_1 / target
    assert block["hash_difficulty"] == DIFFICULTY_1 / int(block["hash"], 16)
    assert int(block["hash"], 16) <= target


@block_by_block
def test_block_coinbase_and_branch(block: dict[str, Any]) -> None:
    coinbase = bytes.fromhex(block["coinbase_stripped"])
    full, stripped = transaction(bytes.fromhex(block["coinbase_full"]), 0)[1:]
    assert (full.hex(), stripped) == (block["coinbase_full"], coinbase)
    assert block["segwit_coinbase"] == (full != stripped)
    assert block["coinbase_script_sig"] in block["coinbase_stripped"]
    txid = sha256d(coinbase)
    assert txid[::-1].hex() == block["coinbase_txid"]
    assert fold(txid, block["merkle_branch"]).hex() == block["merkle_root_internal"]


@block_by_block
def test_derived_stratum_is_the_block(block: dict[str, Any]) -> None:
    assert header_of(block["derived_stratum"]).hex() == block["header"]


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b["full_block_file"]], ids=lambda b: b["hash"]
)
def test_full_block(block: dict[str, Any]) -> None:
    raw = bytes.fromhex((VECTORS / block["full_block_file"]).read_text().strip())
    assert raw[:80].hex() == block["header"]
    count, at = compact_size(raw, 80)
    assert count == block["n_tx"]
    txids = []
    for i in range(count):
        at, full, stripped = transaction(raw, at)
        txids.append(sha256d(stripped))
        assert i > 0 or full.hex() == block["coinbase_full"]
    assert at == len(raw)
    assert merkle_branch(txids) == block["merkle_branch"]


def test_headers_are_a_chain() -> None:
    vectors = load("headers_1_11.json")
    headers = [bytes.fromhex(header) for header in vectors["headers"]]
    hashes = [sha256d(header) for header in headers]
    assert [hash[::-1].hex() for hash in hashes] == vectors["hashes"]
    assert [header[4:36] for header in headers[1:]] == hashes[:-1]
    assert headers[0].hex() == BLOCKS[0]["header"]


@share_by_share
def test_share(share: dict[str, Any]) -> None:
    header, expect = header_of(share), share["expect"]
    hash = int.from_bytes(sha256d(header), "little")
    target = DIFFICULTY_1 * 2**20 // int(share["difficulty"] * 2**20)
    assert header.hex() == expect["header"]
    assert f"{hash:064x}" == expect["hash"]
    assert f"{struct.unpack_from('<I', header)[0]:08x}" == expect["version"]
    assert header[36:68].hex() == expect["merkle_root"]
    assert DIFFICULTY_1 / hash == expect["share_difficulty"]
    assert f"{target:064x}" == expect["target"]
    assert (hash <= target) == expect["hash_le_target"] == expect["meets_difficulty"]


def test_session_has_one_header_under_two_jobs() -> None:
    by_name = {share["name"]: share["expect"]["hash"] for share in SHARES}
    assert by_name["bitaxe-publicpool-id6"] == by_name["bitaxe-publicpool-id11"]


@pytest.mark.parametrize(
    "line",
    [sample["line"] for sample in load("wire_samples.json")]
    + [line["line"] for line in load("sessions/bitaxe_publicpool.json")["lines"]],
)
def test_wire_line_is_json(line: str) -> None:
    assert isinstance(json.loads(line), dict)


# Just enough of Bitcoin's serialization to walk over a block.


def compact_size(data: bytes, at: int) -> tuple[int, int]:
    """The number at that place, and the place after it."""
    first = data[at]
    size = {0xFD: 2, 0xFE: 4, 0xFF: 8}.get(first, 0)
    value = int.from_bytes(data[at + 1 : at + 1 + size], "little") if size else first
    return value, at + 1 + size


def transaction(data: bytes, start: int) -> tuple[int, bytes, bytes]:
    """Where it ends, the transaction, and the same without its witness."""
    witness = data[start + 4] == 0
    body = at = start + (6 if witness else 4)
    inputs, at = compact_size(data, at)
    for _ in range(inputs):
        size, at = compact_size(data, at + 36)
        at += size + 4
    outputs, at = compact_size(data, at)
    for _ in range(outputs):
        size, at = compact_size(data, at + 8)
        at += size
    body_end = at
    for _ in range(inputs if witness else 0):
        items, at = compact_size(data, at)
        for _ in range(items):
            size, at = compact_size(data, at)
            at += size
    end = at + 4
    stripped = data[start : start + 4] + data[body:body_end] + data[at:end]
    return end, data[start:end], stripped


def merkle_branch(txids: list[bytes]) -> list[str]:
    """What the coinbase needs to come to the root: the other side at every step up."""
    branch, level = [], txids
    while len(level) > 1:
        if len(level) % 2:
            level = [*level, level[-1]]
        branch.append(level[1].hex())
        level = [sha256d(level[i] + level[i + 1]) for i in range(0, len(level), 2)]
    return branch
