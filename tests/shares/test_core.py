"""The C core without Python, under the address and undefined behaviour sanitizers, and on ARM."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SHARES = HERE.parents[1] / "stratumproxy" / "shares"
SOURCES = [
    HERE / "c" / "core.c",
    *sorted(path for path in SHARES.glob("*.c") if not path.name.startswith("_native")),
]
PLAIN = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Dcalloc=scarce_calloc"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
ARM_COMPILER, ARM = "aarch64-linux-gnu-gcc", "qemu-aarch64"


def build(compiler: str, program: Path, flags: list[str]) -> None:
    command = [compiler, *PLAIN, *flags, "-o", str(program), *map(str, SOURCES), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def run(command: list[str | Path], cases: list[Any]) -> dict[str, str]:
    """What the program says about each kernel."""
    lines = "".join(line_of(case) + "\n" for case in cases)
    done = subprocess.run(
        command, input=lines, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split(": ") for line in done.stdout.splitlines())


def line_of(case: Any) -> str:
    """A case as the program reads it; c/core.c lists the fields."""
    extranonce2, ntime, nonce, bits = case.submit
    fields = [
        case.coinb1.hex(),
        case.coinb2.hex(),
        b"".join(case.branches).hex(),
        case.version,
        case.prevhash.hex(),
        case.nbits,
        case.ntime,
        7000,
        case.extranonce_size,
        bytes(32).hex(),
        case.extranonce1.hex(),
        extranonce2.hex(),
        ntime,
        nonce,
        bits,
        case.version_mask,
        case.target.to_bytes(32, "little").hex(),
        2 if case.is_block else 0,
        case.hash.hex(),
    ]
    return " ".join(str(field) if field not in ("", None) else "-" for field in fields)


def can_sanitize(tmp_path: Path) -> bool:
    source = tmp_path / "empty.c"
    source.write_text("int main(void) { return 0; }\n")
    command = ["cc", *SANITIZERS, "-o", str(tmp_path / "empty"), str(source)]
    built = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return built.returncode == 0 and (
        subprocess.run([tmp_path / "empty"], timeout=60, check=False).returncode == 0
    )


def test_under_sanitizers(tmp_path: Path, cases: list[Any]) -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    if not can_sanitize(tmp_path):
        pytest.skip("the C compiler has no address and undefined behaviour sanitizers")
    program = tmp_path / "core"
    build("cc", program, SANITIZERS)
    said = run([program], cases)
    assert "portable" in said
    assert set(said.values()) == {f"{len(cases)} known shares"}


def test_on_arm(tmp_path: Path, cases: list[Any]) -> None:
    if shutil.which(ARM_COMPILER) is None or shutil.which(ARM) is None:
        pytest.skip("needs gcc-aarch64-linux-gnu and qemu-user")
    program = tmp_path / "core"
    build(ARM_COMPILER, program, ["-static"])
    said = run([ARM, program], cases)
    assert said == dict.fromkeys(("armv8", "portable"), f"{len(cases)} known shares")
