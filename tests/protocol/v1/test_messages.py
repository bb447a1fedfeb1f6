"""JSON lines in and out; every shape of an error."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.errors import ProtocolError
from stratumproxy.protocol.v1.messages import (
    MAX_REASON,
    encode_error,
    encode_id,
    encode_notification,
    encode_request,
    encode_result,
    encode_true,
    error_of,
    parse,
)

NO_REASON = "refused without a reason"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"GET / HTTP/1.1", "not JSON"),
        (b"\x16\x03\x01\x02", "not JSON"),
        (b'{"id":NaN}', "not JSON"),
        (b'{"id":"\xff"}', "not JSON"),
        (b'{"id":"\\ud800"}', "not JSON"),
        (b'{"id":1e999}', "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b"[]", "a JSON list where an object was expected"),
        (b"1", "a JSON int where an object was expected"),
        (b'"{}"', "a JSON str where an object was expected"),
        (b"null", "a JSON NoneType where an object was expected"),
    ],
)
def test_what_is_no_message(line: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        parse(line)


def test_white_space_does_not_matter() -> None:
    assert parse(b'  {"id": 1}\r') == {"id": 1}


@pytest.mark.parametrize(
    "text", ["4", "0", "-1", '"auth"', '"txlist\\"bf"', "null", "true", "1.5", '"\u00e4"', '""']
)
def test_an_id_goes_back_as_it_came(text: str) -> None:
    assert encode_id(orjson.loads(text)) == text.encode()


@pytest.mark.parametrize("text", ["[]", "{}", "[" * 300 + "]" * 300])
def test_an_id_that_does_not(text: str) -> None:
    with pytest.raises(ProtocolError, match="neither a number nor a string"):
        encode_id(orjson.loads(text))


scalar = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)


@given(scalar)
def test_any_id_goes_back_with_its_value(value: object) -> None:
    text = encode_id(orjson.loads(orjson.dumps(value)))
    assert json.loads(text) == value
    assert b"\n" not in text


def test_replies() -> None:
    assert encode_true(b"4") == b'{"id":4,"result":true,"error":null}\n'
    assert encode_true(b"") == b"", "nobody wants a reply"
    assert encode_result(b'"a"', [1, "x"]) == b'{"id":"a","result":[1,"x"],"error":null}\n'
    assert (
        encode_error(b"4", 21, 'no "such" job')
        == b'{"id":4,"result":null,"error":[21,"no \\"such\\" job",null]}\n'
    )


def test_what_is_sent_unasked() -> None:
    assert (
        encode_notification("mining.set_difficulty", [1e-9])
        == b'{"id":null,"method":"mining.set_difficulty","params":[1e-9]}\n'
    )
    assert (
        encode_request(7, "mining.authorize", ["farm", "x"])
        == b'{"id":7,"method":"mining.authorize","params":["farm","x"]}\n'
    )


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        # as seen (vectors/wire_samples.json)
        ('{"id":4,"result":null,"error":[21,"Job not found","trace"]}', (21, "Job not found")),
        ('{"id":4,"result":null,"error":[23,"low difficulty"]}', (23, "low difficulty")),
        ('{"error":[20,"unknown-work",null],"id":4,"result":null}', (20, "unknown-work")),
        ('{"id":3,"result":false,"error":[0,"Missing KYC/KYB",null]}', (0, "Missing KYC/KYB")),
        ('{"error":{"code":-32601,"message":"Method not found"}}', (-32601, "Method not found")),
        ('{"result":false,"error":null,"reject-reason":"Above target"}', (20, "Above target")),
        ('{"id":null,"result":[],"error":true}', (20, NO_REASON)),
        ('{"result":false,"error":true,"reject-reason":"why"}', (20, "why")),
        ('{"id":4,"result":null,"error":"stale"}', (20, "stale")),
        # and their neighbours
        ('{"result":false}', (20, NO_REASON)),
        ('{"result":null}', (20, NO_REASON)),
        ("{}", (20, NO_REASON)),
        ('{"result":false,"error":[]}', (20, NO_REASON)),
        ('{"result":false,"error":false}', (20, NO_REASON)),
        ('{"result":false,"error":{}}', (20, NO_REASON)),
        ('{"result":false,"error":""}', (20, NO_REASON)),
        ('{"result":false,"error":0}', (20, NO_REASON)),
        ('{"result":null,"error":["only words"]}', (20, "only words")),
        ('{"result":null,"error":[21]}', (21, NO_REASON)),
        ('{"result":null,"error":[21,null]}', (21, NO_REASON)),
        ('{"result":null,"error":[21,["x"]]}', (21, NO_REASON)),
        ('{"result":null,"error":["21","x"]}', (21, "x")),
        ('{"result":null,"error":["no job","x"]}', (20, "no job")),
        ('{"result":null,"error":[true,"x"]}', (20, NO_REASON)),
        ('{"result":null,"error":{"code":"21","message":"x"}}', (20, "x")),
        ('{"result":null,"error":{"code":21}}', (21, NO_REASON)),
        ('{"result":null,"error":5}', (20, NO_REASON)),
        ('{"result":false,"reject-reason":5}', (20, NO_REASON)),
        ('{"result":true,"error":[20,"yes and no"]}', (20, "yes and no")),
    ],
)
def test_a_refusal(line: str, refusal: tuple[int, str]) -> None:
    assert error_of(json.loads(line)) == refusal


@pytest.mark.parametrize(
    "line",
    [
        '{"result":true,"error":null}',
        '{"result":true}',
        '{"result":true,"error":false}',
        '{"result":true,"error":[]}',
        '{"result":true,"error":""}',
        '{"result":true,"error":{}}',
        '{"result":true,"error":0}',
        '{"result":[],"error":null}',
        '{"result":"ok"}',
    ],
)
def test_no_refusal(line: str) -> None:
    assert error_of(json.loads(line)) is None


@pytest.mark.parametrize(
    "error", [[20, "x" * 9999], ["x" * 9999], "x" * 9999, {"message": "x" * 9999}]
)
def test_a_long_reason_is_cut(error: object) -> None:
    """It is told to the miner, counted and logged."""
    assert error_of({"error": error}) == (20, "x" * MAX_REASON)


def test_a_long_reason_beside_the_error_is_cut_too() -> None:
    assert error_of({"result": False, "reject-reason": "x" * 9999}) == (20, "x" * MAX_REASON)


json_value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner)
)


@given(json_value, json_value, json_value)
def test_errors_of_any_kind(error: object, result: object, reason: object) -> None:
    refusal = error_of({"error": error, "result": result, "reject-reason": reason})
    if refusal is not None:
        code, text = refusal
        assert type(code) is int
        assert isinstance(text, str)
        encode_error(b"1", code, text)
