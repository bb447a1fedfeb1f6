"""`stratumproxy verify`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.cli import cli
from stratumproxy.cli.verify import MAX_LINE, BadShareError, judge

VECTORS = Path(__file__).parents[1] / "vectors"
SHARES: list[dict[str, Any]] = json.loads((VECTORS / "stratum_shares.json").read_text())
BLOCKS: list[dict[str, Any]] = json.loads((VECTORS / "blocks.json").read_text())
GOOD = SHARES[1]
"""With version rolling."""

DIFFICULTY_1 = 0xFFFF << 208


def verify(data: bytes) -> Result:
    return CliRunner().invoke(cli, ["verify", "-"], input=data)


def answers(*shares: object) -> list[dict[str, Any]]:
    shown = verify(b"".join(json.dumps(share).encode() + b"\n" for share in shares))
    assert shown.exit_code == 0
    return [json.loads(line) for line in shown.stdout.splitlines()]


def changed(**changes: Any) -> dict[str, Any]:
    return {**GOOD, **changes}


def with_param(key: str, index: int, value: Any) -> dict[str, Any]:
    params = list(GOOD[key])
    params[index] = value
    return changed(**{key: params})


def refusal(share: object) -> str:
    with pytest.raises(BadShareError) as refused:
        judge(json.dumps(share).encode())
    return str(refused.value)


def test_captured_shares() -> None:
    assert len(SHARES) == 27
    for share, answer in zip(SHARES, answers(*SHARES), strict=True):
        expect = share["expect"]
        assert answer == {
            "hash": expect["hash"],
            "share_difficulty": expect["share_difficulty"],
            "meets": expect["meets_difficulty"],
        }, share["name"]


def test_blocks_meet_the_networks_target() -> None:
    for block in BLOCKS:
        derived = block["derived_stratum"]
        for share in (derived, {**derived, "difficulty": None}):
            (answer,) = answers(share)
            assert (answer["hash"], answer["meets"]) == (block["hash"], True)
        (answer,) = answers({**derived, "difficulty": block["network_difficulty"] * 1e9})
        assert answer["meets"] is False


def test_a_share_that_is_no_block() -> None:
    (answer,) = answers({key: value for key, value in GOOD.items() if key != "difficulty"})
    assert answer["meets"] is False


@given(st.sampled_from(SHARES), st.integers(-3, 3))
def test_meets_compares_integers(share: dict[str, Any], steps: int) -> None:
    """At the last bits of a double, where a comparison of doubles goes wrong."""
    difficulty = share["expect"]["share_difficulty"]
    step = difficulty * sys.float_info.epsilon / 2
    difficulty += steps * step
    numerator, denominator = difficulty.as_integer_ratio()
    target = DIFFICULTY_1 * denominator // numerator
    answer = judge(json.dumps({**share, "difficulty": difficulty}).encode())
    assert answer["meets"] is (int(share["expect"]["hash"], 16) <= target)


def test_version_rolling() -> None:
    rolled = answers(GOOD)[0]["hash"]
    # Without rolled bits, and with none at all, it is the job's own version.
    five, none = (
        changed(submit_params=GOOD["submit_params"][:5]),
        with_param("submit_params", 5, "0"),
    )
    assert answers(five) == answers(none)
    assert answers(five)[0]["hash"] != rolled
    assert answers(changed(submit_params=GOOD["submit_params"][:5], version_mask=None)) == answers(
        five
    )
    assert "outside version_mask" in refusal(changed(version_mask=None))
    assert "outside version_mask" in refusal(changed(version_mask="00004000"))


@pytest.mark.parametrize(
    ("share", "says"),
    [
        ([], "not a JSON object"),
        (None, "not a JSON object"),
        ({}, "extranonce1 is missing"),
        (changed(extranonce1=None), "extranonce1 is not hex"),
        (changed(extranonce1="abc"), "extranonce1 is not hex"),
        (changed(extranonce1="zz"), "extranonce1 is not hex"),
        (changed(extranonce1="ab cd"), "extranonce1 is not hex"),
        (changed(extranonce1="00" * 65), "extranonce1 is not hex of at most 64 bytes"),
        (changed(version_mask=0x1FFFE000), "version_mask is neither null nor"),
        (changed(version_mask="1fffe0000"), "version_mask is neither null nor"),
        (changed(difficulty="512"), "difficulty is not a positive number"),
        (changed(difficulty=0), "difficulty is not a positive number"),
        (changed(difficulty=-1e-300), "difficulty is not a positive number"),
        (changed(difficulty=True), "difficulty is not a positive number"),
        (changed(notify_params={}), "mining.notify: "),
        (changed(notify_params=[[]] * 9), "mining.notify: "),
        (with_param("notify_params", 1, "00"), "mining.notify: prevhash"),
        (with_param("notify_params", 2, "0"), "mining.notify: coinb1"),
        (with_param("notify_params", 4, ["00"]), "mining.notify: branch"),
        (with_param("notify_params", 5, 2), "mining.notify: version"),
        (changed(submit_params=None), "submit_params is not [worker, job_id, "),
        (changed(submit_params=["a", "b", "00", "0"]), "submit_params is not [worker, job_id, "),
        (changed(submit_params=["0"] * 7), "submit_params is not [worker, job_id, "),
        (with_param("submit_params", 2, 7), "extranonce2 of submit_params"),
        (with_param("submit_params", 2, "000"), "extranonce2 of submit_params"),
        (with_param("submit_params", 3, "64b3f3ec0"), "ntime of submit_params"),
        (with_param("submit_params", 3, None), "ntime of submit_params"),
        (with_param("submit_params", 4, "-1"), "nonce of submit_params"),
        (with_param("submit_params", 4, ""), "nonce of submit_params"),
        (with_param("submit_params", 5, "0x2000"), "version bits of submit_params"),
        (with_param("submit_params", 5, 8192), "version bits of submit_params"),
    ],
)
def test_what_is_no_share(share: object, says: str) -> None:
    assert says in refusal(share)


def test_a_coinbase_too_long() -> None:
    share = with_param("notify_params", 2, "00" * 8160)
    share["notify_params"][3] = "00" * 8160
    assert judge(json.dumps(share).encode())["meets"] is False
    assert "coinbase" in refusal({**share, "extranonce1": "00" * 64})


def test_ntime_is_not_judged() -> None:
    for ntime in ("0", "ffffffff"):
        assert answers(with_param("submit_params", 3, ntime))[0]["meets"] is False


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"\xff\xfe",
        b'{"extranonce1": "\xff"}',
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"1" * 5000,
        b'{"extranonce1": NaN}',
        b'{"extranonce1": "\\ud800"}',
        b"\0",
        b"x" * (MAX_LINE + 1),
    ],
)
def test_what_is_not_even_json(line: bytes) -> None:
    with pytest.raises(BadShareError):
        judge(line)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet="0123456789abcdefx \n", max_size=20)
    | st.sampled_from(["1fffe000", "00000000", "64b3f3ec", "00" * 32]),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@given(
    st.sampled_from(
        ["extranonce1", "version_mask", "difficulty", "notify_params", "submit_params"]
    ),
    st.none() | st.integers(0, 8),
    json_values,
)
def test_any_value_anywhere_is_a_share_or_none(key: str, index: int | None, value: object) -> None:
    share = changed(**{key: value})
    if index is not None and isinstance(GOOD[key], list) and index < len(GOOD[key]):
        share = with_param(key, index, value)
    try:
        answer = judge(json.dumps(share).encode())
    except BadShareError:
        return
    assert set(answer) == {"hash", "share_difficulty", "meets"}


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(BadShareError):
        judge(data)


def test_bad_lines_have_their_number_and_cost_the_status() -> None:
    good = json.dumps(GOOD).encode()
    long = b"x" * (3 * MAX_LINE)
    shown = verify(b"\n".join([good, b"", b"{", long, b"  \r", good]))
    first, broken, too_long, last = map(json.loads, shown.stdout.splitlines())
    assert first == last
    assert first["meets"] is True
    assert broken["line"] == 3
    assert broken["error"].startswith("not JSON")
    assert too_long == {"error": f"longer than {MAX_LINE} bytes", "line": 4}
    assert shown.exit_code == 1


def test_empty_input_is_fine() -> None:
    assert (verify(b"").exit_code, verify(b"").stdout) == (0, "")


def test_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "shares.jsonl"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    shown = CliRunner().invoke(cli, ["verify", str(path)])
    assert json.loads(shown.stdout)["hash"] == GOOD["expect"]["hash"]
    assert CliRunner().invoke(cli, ["verify", str(tmp_path)]).exit_code == 2
    assert CliRunner().invoke(cli, ["verify", str(tmp_path / "absent")]).exit_code == 2


def test_answers_while_the_input_is_open() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "stratumproxy", "verify", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for share in SHARES[:3]:
            process.stdin.write(json.dumps(share).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["hash"] == share["expect"]["hash"]
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_a_reader_that_leaves_is_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "shares.jsonl"
    path.write_text((json.dumps(GOOD) + "\n") * 2000, encoding="utf-8")
    piped = subprocess.run(
        f"'{sys.executable}' -m stratumproxy verify '{path}' | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert json.loads(piped.stdout)["meets"] is True
    assert piped.stderr == ""


def test_the_readme_shows_what_happens() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    command = next(line for line in text.splitlines() if line.startswith("echo '{"))
    shown = verify(command.removeprefix("echo '").removesuffix("' |").encode())
    assert shown.exit_code == 0
    assert f"```json\n{shown.stdout}```" in text
