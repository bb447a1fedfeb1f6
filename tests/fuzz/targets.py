"""The targets: how each is built and run, and what came of it."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import seeds

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHARES = ROOT / "stratumproxy" / "shares"
PROTOCOL = ROOT / "stratumproxy" / "protocol" / "v1"

C_TARGETS = {
    "scan": [PROTOCOL / "submit_scan.c"],
    "seen": [SHARES / "seen.c"],
    "work": sorted(path for path in SHARES.glob("*.c") if not path.name.startswith("_native")),
}
"""What each is compiled with, beside its own file in c/."""
PYTHON_TARGETS = "framing", "messages", "miner", "pool"
TARGETS = *C_TARGETS, *PYTHON_TARGETS

CC = os.environ.get("FUZZ_CC", "clang")
FLAGS = [
    "-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror",
    "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all",
]  # fmt: skip
LONGEST = {"work": 20_000, "seen": 8_192}
"""Bytes of an input; 4 KiB of the others."""
BUILD_SECONDS, GRACE = 180, 120
"""To build a target at most, and for a run to end beyond the time it was given."""


class CannotFuzz(Exception):
    """What is missing here, and where to get it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    target: str
    runs: int
    crashed: bool
    crashes: tuple[Path, ...]
    """Inputs that broke something."""
    log: str
    note: str = ""


def why_not_c() -> str:
    """Why the C targets can't be built here; empty if they can."""
    if not (SHARES / "work.c").exists():
        return "the C sources are not here"
    if shutil.which(CC) is None:
        return f"there is no {CC} here; on Debian: apt install clang"
    probe = "int LLVMFuzzerTestOneInput(const char *d, unsigned long s) { return !d && s; }"
    command = [CC, *FLAGS, "-Wno-error", "-xc", "-", "-o", os.devnull]
    made = subprocess.run(command, input=probe, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return f"{CC} has no libFuzzer or sanitizers; on Debian: apt install libclang-rt-14-dev"
    return ""


def command(target: str, folder: Path, *, plain: bool = False) -> list[str]:
    """How to run a target; a C target is built in that folder first.

    Args:
        target: one of `TARGETS`.
        folder: of what is built.
        plain: don't use atheris even where it is installed.

    Raises:
        CannotFuzz: it does not compile.
    """
    if target in PYTHON_TARGETS:
        return [sys.executable, "-m", "tests.fuzz.drive", target, *(["--plain"] if plain else [])]
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / target
    scarce = ["-Dcalloc=scarce_calloc"] if target == "seen" else []
    sources = [HERE / "c" / f"{target}.c", *C_TARGETS[target]]
    build: list[str | Path] = [CC, *FLAGS, *scarce, "-o", program, *sources, "-lm"]
    made = subprocess.run(build, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    if made.returncode != 0:
        raise CannotFuzz(f"{target} does not compile:\n{made.stderr}")
    return [str(program)]


def run(
    target: str,
    folder: Path,
    *,
    seconds: int = 0,
    runs: int = -1,
    seed: int = 0,
    plain: bool = False,
) -> Outcome:
    """Fuzz one target.

    Args:
        target: one of `TARGETS`.
        folder: where programs, corpus and crashes go.
        seconds: how long; 0 is until `runs`.
        runs: how many inputs; -1 is any number.
        seed: of the chance; 0 is another each time.
        plain: don't use atheris even where it is installed.
    """
    corpus, grown, crashes = (
        folder / "seeds" / target,
        folder / "corpus" / target,
        folder / "crashes",
    )
    seeds.write(target, corpus)
    grown.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    known = set(crashes.iterdir())
    line = [
        *command(target, folder / "bin", plain=plain),
        f"-runs={runs}",
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-max_len={LONGEST.get(target, 4096)}",
        f"-artifact_prefix={crashes}/{target}-",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        str(grown),
        str(corpus),
    ]
    try:
        done = subprocess.run(
            line, cwd=ROOT, capture_output=True, text=True, errors="replace",
            timeout=seconds + GRACE, check=False,
        )  # fmt: skip
        log, failed = done.stderr + done.stdout, done.returncode != 0
        log = re.sub(r"^INFO: (Instrument|Using|Running).*\n", "", log, flags=re.MULTILINE)
    except subprocess.TimeoutExpired as hung:
        log, failed = f"did not end in {hung.timeout} s", True
    counted = re.search(r"stat::number_of_executed_units:\s*(\d+)", log)
    found = tuple(sorted(set(crashes.iterdir()) - known))
    note = "hypothesis, no atheris" if "hypothesis bends" in log else ""
    return Outcome(target, int(counted[1]) if counted else 0, failed, found, log, note)
