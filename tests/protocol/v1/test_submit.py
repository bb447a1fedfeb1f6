"""mining.submit: the JSON parser's reading of it, the C scanner that must agree with it, and what
is written for a pool."""

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stratumproxy.errors import ProtocolError
from stratumproxy.mining.submission import Submit
from stratumproxy.protocol.v1 import submit
from stratumproxy.protocol.v1.messages import id_of, parse
from stratumproxy.protocol.v1.submit import (
    FAULTS,
    encode_submit,
    encode_submit_head,
    read_submit,
    scan_submit,
)

HERE = Path(__file__).parent
SOURCE = HERE.parents[2] / "stratumproxy" / "protocol" / "v1" / "submit_scan.c"
SAMPLES: list[dict[str, str]] = json.loads(
    (HERE.parents[1] / "vectors" / "wire_samples.json").read_text()
)
SUBMITS = [each["line"] for each in SAMPLES if '"mining.submit"' in each["line"]]
FIELDS = ["bc1qexample.worker", "bf", "00000001", "504e86ed", "b2957c02"]
PARTS = "bc1qexample.worker", "bf", b"\0\0\0\1", 0x504E86ED, 0xB2957C02

needs_the_scanner = pytest.mark.skipif(
    scan_submit is submit._scan_in_python, reason="the C scanner is not built"
)


def in_json(line: bytes) -> Submit | None:
    """What the JSON parser reads of a line that nothing is wrong with; None for another."""
    message = parse(line)
    if message.get("method") != "mining.submit":
        return None
    submit, fault = read_submit(message, id_of(line, message)) or (None, "")
    return None if fault else submit


# -- the reading -------------------------------------------------------------------------------


def test_five_params_and_six() -> None:
    assert read_submit({"params": FIELDS}, b"4") == ((b"4", *PARTS, None), "")
    assert read_submit({"params": [*FIELDS, None]}, b"4") == ((b"4", *PARTS, None), "")
    assert read_submit({"params": [*FIELDS, "00006000"]}, b"4") == ((b"4", *PARTS, 0x6000), "")
    assert read_submit({"params": [*FIELDS, "0"]}, b"") == ((b"", *PARTS, 0), "")


def test_numbers_need_no_padding() -> None:
    """NerdMiner's do not have any."""
    read = read_submit({"params": ["w", "j", "", "1", "a", "2000"]}, b"4")
    assert read == ((b"4", "w", "j", b"", 1, 10, 0x2000), "")


def test_the_first_field_that_is_not_hex_is_named() -> None:
    fields = [*FIELDS, "00006000"]
    for at in reversed(range(4)):
        fields[2 + at] = "x"
        submit, fault = read_submit({"params": fields}, b"4") or (None, "")
        assert fault == FAULTS[at]
        assert submit is not None
        assert submit[:3] == (b"4", *PARTS[:2])
        assert submit[3 + at :] == (b"", 0, 0, 0)[at:]


@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        "abcde",
        {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5},
        [],
        FIELDS[:4],
        [*FIELDS, "0", "0"],
        *[[*FIELDS[:at], wrong, *FIELDS[at + 1 :]] for at in range(5) for wrong in (None, 5, [])],
        [*FIELDS, 5],
        [*FIELDS, ["0"]],
    ],
)
def test_params_that_are_none(params: object) -> None:
    assert read_submit({"params": params}, b"4") is None


# -- the scanner -------------------------------------------------------------------------------


@needs_the_scanner
@pytest.mark.parametrize("line", SUBMITS)
@pytest.mark.parametrize("end", ["", "\n", "\r\n", " \n"])
def test_what_known_firmware_sends_is_recognised(line: str, end: str) -> None:
    found = scan_submit((line + end).encode())
    assert found is not None
    assert found == in_json(line.encode())


@needs_the_scanner
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["line"][:40])
def test_nothing_else_is(sample: dict[str, str]) -> None:
    if sample["line"] not in SUBMITS:
        assert scan_submit(sample["line"].encode()) is None


@pytest.mark.parametrize(
    "line",
    [
        '{"id":null,"method":"mining.submit","params":["w","j","e0","1","2"]}',
        '{"id":4.0,"method":"mining.submit","params":["w","j","e0","1","2"]}',
        '{"id":-4,"method":"mining.submit","params":["w","j","e0","1","2"]}',
        '{"id":[4],"method":"mining.submit","params":["w","j","e0","1","2"]}',
        '{"id":9999999999999999999,"method":"mining.submit","params":["w","j","e0","1","2"]}',
        '{"method":"mining.submit","params":["w","j","e0","1","2"]}',
        '{"id":4,"method":"mining.submit","params":["w","j","e0","1","2"],"jsonrpc":"2.0"}',
        '{"id":4,"id":5,"method":"mining.submit","params":["w","j","e0","1","2"]}',
        '{"id":4,"method":"mining.submit","params":["w\\u0041","j","e0","1","2"]}',
        '{"id":4,"method":"mining.submit","params":["\u00e4","j","e0","1","2"]}',
        '{"id":4,"method":"mining.submit","params":["w","j","e0","1"]}',
        '{"id":4,"method":"mining.submit","params":["w","j","e0","1",5]}',
        '{"id":4,"method":"mining.submit","params":["w","j","e0","1","2","3","4"]}',
        '{"id":4,"method":"mining.submit","params":["w","j","e0","1","2",null]}',
        '{"id":4,"method":"mining.submi","params":["w","j","e0","1","2"]}',
        '{"id":4,"method":"mining.submit","params":["w","j","e0","1","2"]',
        '{"id":04,"method":"mining.submit","params":["w","j","e0","1","2"]}',
        '{"id":4,"method":"mining.submit","params":["w","j","e0","1","2"],}',
        '{"id":4,"method":"mining.submit","params":["w","j","e0","1","2"]}{}',
        '{"id":4,"method":"mining.submit","params":["w","j","e0","1","2"]}\n\n',
        '{"id":4,"method":"mining.submit","params":["%s","j","e0","1","2"]}' % ("w" * 1024),
        '{"id":4,"method":"mining.submit","params":["w","j","%s","1","2"]}' % ("00" * 33),
        *[
            f'{{"id":4,"method":"mining.submit","params":["w","j",{fields}]}}'
            for fields in (
                '"e","1","2"',
                '"0g","1","2"',
                '"e0 ","1","2"',
                '"e0","","2"',
                '"e0","1","123456789"',
                '"e0","1","0x2"',
                '"e0","1","2",""',
                '"e0","1","2","-3"',
            )
        ],
        "",
        "{",
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(line: str) -> None:
    assert scan_submit(line.encode()) is None


def test_white_space_and_order_do_not_matter() -> None:
    line = (
        b' { "params" : [ "w" ,"j", "e0","1" , "2" , "3" ]\t, "method":"mining.submit","id" : 7}\n'
    )
    assert scan_submit(line) in (None, (b"7", "w", "j", b"\xe0", 1, 2, 3))
    assert in_json(line) == (b"7", "w", "j", b"\xe0", 1, 2, 3)


def test_without_the_scanner_nothing_is_recognised() -> None:
    assert submit._scan_in_python(SUBMITS[0].encode()) is None


def agree(line: bytes) -> None:
    """What the scanner recognises, the parser reads the same way."""
    found = scan_submit(line)
    if found is not None:
        assert found == in_json(line)


pieces = st.sampled_from(
    [
        "{", "}", "[", "]", ":", ",", '"', "\\", " ", "\t", "\r", "\n", "0", "4", "-", "null",
        '"id"', '"method"', '"params"', '"mining.submit"', '"x"', '""', "4.0", "true", "\x00",
        '"id":4', '"method":"mining.submit"', '"params":["a","b","cc","d","e"]', "\u00e4", "\x7f",
    ]
)  # fmt: skip


@given(st.lists(pieces, max_size=12).map("".join))
@example('{"id":4,"method":"mining.submit","params":["a","b","cc","d","e"]}')
def test_they_agree_on_pieces_of_json(line: str) -> None:
    agree(line.encode())


@given(st.sampled_from(SUBMITS), st.data())
def test_they_agree_on_lines_with_a_fault(line: str, data: st.DataObject) -> None:
    raw = bytearray(line.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(st.sampled_from(["change", "drop", "double", "insert"])):
            case "change":
                raw[at] = data.draw(st.integers(0, 255))
            case "drop":
                del raw[at]
            case "double":
                raw[at:at] = raw[at : at + data.draw(st.integers(1, 9))]
            case _:
                raw[at:at] = data.draw(pieces).encode()
    if b"\n" not in raw[:-1]:
        try:
            agree(bytes(raw))
        except ProtocolError:
            pytest.fail(f"the scanner took what is no JSON: {bytes(raw)!r}")


HEX_OR_NEARLY = st.text(alphabet="0123456789abcdefABCDEF", max_size=10) | st.text(
    alphabet="09afAFgxX_+- ", max_size=9
)


@needs_the_scanner
@given(st.lists(HEX_OR_NEARLY, min_size=3, max_size=4))
@example(["00" * 32, "1", "2"])
@example(["", "00000001", "ffffffff", "FFFFFFFF"])
def test_they_read_the_same_numbers(fields: list[str]) -> None:
    """What is hex to the parser is hex to the scanner, and the same bytes and integers."""
    params = ["w", "j", *fields]
    line = json.dumps({"id": 4, "method": "mining.submit", "params": params}).encode()
    assert scan_submit(line) == in_json(line)


@needs_the_scanner
@pytest.mark.parametrize("wrong", ["line", None, 5, bytearray(b"{}")])
def test_anything_but_bytes_is_a_mistake_of_the_caller(wrong: object) -> None:
    with pytest.raises(TypeError):
        scan_submit(wrong)  # type: ignore[arg-type]


# -- for a pool --------------------------------------------------------------------------------

HEAD = encode_submit_head('farm "1"', "b\u00e4")


def test_a_line_for_a_pool() -> None:
    line = encode_submit(16, HEAD, b"\0\0\xab", 0x65000000, 0xBEEF, None)
    assert (
        line
        == (
            '{"id":16,"method":"mining.submit",'
            '"params":["farm \\"1\\"","b\u00e4","0000ab","65000000","0000beef"]}\n'
        ).encode()
    )
    rolled = encode_submit(16, HEAD, b"\0\0\xab", 0x65000000, 0xBEEF, 0x2000)
    assert rolled == line.replace(b'"]', b'","00002000"]')


@given(
    request_id=st.integers(16, 2**40),
    extranonce2=st.binary(max_size=32),
    numbers=st.tuples(*[st.integers(0, 2**32 - 1)] * 2),
    bits=st.none() | st.integers(0, 2**32 - 1),
)
def test_a_pool_reads_what_was_meant(
    request_id: int, extranonce2: bytes, numbers: tuple[int, int], bits: int | None
) -> None:
    line = encode_submit(request_id, HEAD, extranonce2, *numbers, bits)
    assert line.endswith(b"}\n")
    assert in_json(line) == (
        b"%d" % request_id, 'farm "1"', "b\u00e4", extranonce2, *numbers, bits,
    )  # fmt: skip


# -- alone, under sanitizers -------------------------------------------------------------------


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scanner in a program of its own, with a sanitizer to watch it."""
    if shutil.which("cc") is None or not SOURCE.exists():
        pytest.skip("needs a C compiler and the sources")
    path = tmp_path_factory.mktemp("scan") / "scan"
    command = ["cc", "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-o", str(path)]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    command += [str(HERE / "c" / "scan.c"), str(SOURCE)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if "sanitize" in built.stderr or "asan" in built.stderr:
        pytest.skip("the C compiler has no address and undefined behaviour sanitizers")
    assert built.returncode == 0, built.stderr
    return path


def test_the_scanner_reads_no_byte_too_many(program: Path) -> None:
    rng = random.Random(1)
    plain = [line.encode() for line in SUBMITS]
    lines = [line[:cut] for line in plain for cut in range(len(line) + 1)]
    lines += [each["line"].encode() for each in SAMPLES]
    for _ in range(5000):
        changed = bytearray(rng.choice(plain))
        for _ in range(rng.randint(1, 4)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        lines.append(bytes(changed))
    done = subprocess.run(
        [program],
        input="".join(line.hex() + "\n" for line in lines if line),
        capture_output=True,
        text=True,
        encoding="latin-1",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.split("\n")[:-1]
    for line, found in zip(filter(None, lines), said, strict=True):
        expected = scan_submit(line)
        if expected is not None:
            reply_to, worker, job_id, extranonce2, *numbers = expected
            fields = ["-" if each is None else f"{each:x}" for each in numbers]
            assert found == "\t".join(
                [reply_to.decode(), worker, job_id, extranonce2.hex(), *fields]
            )
        elif scan_submit is not submit._scan_in_python:
            assert found == "-"
