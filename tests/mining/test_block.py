import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.errors import ProtocolError
from stratumproxy.mining.block import Coinbase, CoinbaseFormat, Header
from stratumproxy.shares import sha256d

VECTORS = Path(__file__).parent.parent / "vectors"
BLOCKS = json.loads((VECTORS / "blocks.json").read_text())
SUBSIDY = {0: 50, 1: 50, 170: 50}


@pytest.fixture(params=BLOCKS, ids=lambda block: f"{block['chain']}-{block['height']}")
def block(request):
    return request.param


def test_a_real_header_is_read_and_built_again(block):
    data = bytes.fromhex(block["header"])
    header = Header.parse(data)
    assert header.ntime == int(block["ntime"], 16)
    assert header.nbits == int(block["nbits"], 16)
    assert header.nonce == int(block["nonce"], 16)
    assert header.prevhash[::-1].hex() == block["prev_hash"]
    assert header.merkle_root.hex() == block["merkle_root_internal"]
    assert header.build() == data
    assert sha256d(data)[::-1].hex() == block["hash"]


def test_a_real_coinbase_is_read(block):
    data = bytes.fromhex(block["coinbase_stripped"])
    coinbase = Coinbase.parse(data)
    assert coinbase.script.hex() == block["coinbase_script_sig"]
    assert coinbase.value > 0
    if block["height"] >= 227_931:  # BIP34 from here on
        assert coinbase.height == block["height"]
    if block["height"] in SUBSIDY:
        assert coinbase.value == SUBSIDY[block["height"]] * 100_000_000
    assert CoinbaseFormat.build(CoinbaseFormat.parse(data)) == data


@pytest.mark.parametrize("size", [0, 79, 81])
def test_a_header_of_another_size_is_refused(size):
    with pytest.raises(ProtocolError, match=f"{size} bytes are not a block header"):
        Header.parse(bytes(size))


@given(data=st.data())
def test_a_coinbase_cut_short_or_too_long_is_refused(data):
    whole = bytes.fromhex(BLOCKS[1]["coinbase_stripped"])
    with pytest.raises(ProtocolError):
        Coinbase.parse(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ProtocolError):
        Coinbase.parse(whole + b"\0")


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_read_but_never_breaks(data):
    try:
        coinbase = Coinbase.parse(data)
    except ProtocolError:
        return
    _ = coinbase.height, coinbase.value


@pytest.mark.parametrize(
    ("script", "height"),
    [("03a0bb0d", 900_000), ("51", 1), ("60", 16), ("", None), ("03a0", None), ("00", None)],
)
def test_the_height_is_the_first_push(script, height):
    coinbase = Coinbase.parse(bytes.fromhex(BLOCKS[0]["coinbase_stripped"]))
    assert replace(coinbase, script=bytes.fromhex(script)).height == height
