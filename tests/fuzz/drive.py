"""Drives one Python target: `python -m tests.fuzz.drive TARGET [-flags] [FOLDER or FILE]`.

With atheris it is libFuzzer, guided by what the code does. Without, or with --plain, hypothesis
bends the seeds at random; it knows the few of libFuzzer's flags that are used here, writes what it
finds to the same place and says the same about itself, so that whoever runs it need not care.
"""

import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

SWEEP = 200
"""Examples until the clock is looked at."""
NOISE = [b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\n", b"\xff", b"\0", b"null", b"1e400",
         b"-1", b"0", b"true", b'"a1"', b"[" * 1100, b"9" * 30, b"\\ud800", b"\xc3\x28",
         b'{"id":1,"method":', b'"params":[']  # fmt: skip


def guided(target: str) -> None:
    """Hand over to atheris; does not come back."""
    import atheris

    with atheris.instrument_imports(include=["stratumproxy"]):
        from tests.fuzz.sessions import TARGETS
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[target])
    atheris.Fuzz()


@st.composite
def bent(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A seed with a few faults."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 4)):
            case 0:
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case 1:
                del data[at : at + draw(st.integers(1, 20))]
            case 2:
                data[at:at] = data[at : at + draw(st.integers(1, 40))]
            case 3:
                data[at:at] = draw(st.sampled_from(NOISE))
            case _:
                data[at:] = draw(st.sampled_from(seeds))[at:]
    return bytes(data)


class Bending:
    """A run without atheris.

    Args:
        flags: libFuzzer's, without their dash.
        paths: folders of seeds, or one file to run again.
    """

    def __init__(self, flags: dict[str, str], paths: list[Path]) -> None:
        self.runs = 0
        self._most = int(flags.get("runs", -1))
        self._seed = int(flags.get("seed", 0)) or random.SystemRandom().getrandbits(32)
        self._until = time.monotonic() + (float(flags.get("max_total_time", 0)) or float("inf"))
        self._prefix = flags.get("artifact_prefix", "")
        self._files = [
            file for path in paths for file in (path.iterdir() if path.is_dir() else [path])
        ]
        self._last = b""

    def run(self, one: Callable[[bytes], None]) -> int:
        """The exit code: 77 is libFuzzer's for a crash."""
        seeds = [file.read_bytes() for file in sorted(self._files)] or [b""]

        def counted(data: bytes) -> None:
            self._last = data
            self.runs += 1
            one(data)

        try:
            for data in seeds:
                counted(data)
            while (
                len(self._files) != 1 and self.runs != self._most and time.monotonic() < self._until
            ):
                self._round(seeds, counted)
        except Exception:
            traceback.print_exc()
            if self._prefix:
                file = f"{self._prefix}crash-{random.SystemRandom().getrandbits(64):016x}"
                Path(file).write_bytes(self._last)
                print(f"Test unit written to {file}", file=sys.stderr)
            return 77
        finally:
            print(f"stat::number_of_executed_units: {self.runs}", file=sys.stderr)
        return 0

    def _round(self, seeds: list[bytes], one: Callable[[bytes], None]) -> None:
        left = self._most - self.runs if self._most >= 0 else SWEEP
        example = seed(self._seed + self.runs)(
            settings(
                max_examples=max(1, min(left, SWEEP)),
                database=None,
                deadline=None,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            )(given(bent(seeds))(one))
        )
        example()


def main() -> int:
    """Run it."""
    target, *rest = sys.argv[1:]
    plain = "--plain" in rest
    if plain:
        rest.remove("--plain")
        sys.argv.remove("--plain")
    else:
        try:
            guided(target)
        except ImportError:
            print("no atheris here: hypothesis bends the seeds", file=sys.stderr)
    from tests.fuzz.sessions import TARGETS

    flags = dict(each[1:].split("=", 1) for each in rest if each.startswith("-"))
    paths = [Path(each) for each in rest if not each.startswith("-")]
    return Bending(flags, paths).run(TARGETS[target])


if __name__ == "__main__":
    sys.exit(main())
