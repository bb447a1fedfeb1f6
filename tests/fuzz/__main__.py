"""`python -m tests.fuzz` fuzzes all targets; with `replay TARGET FILE` it runs one input again."""

import argparse
import subprocess
import sys
from pathlib import Path

from tests.fuzz.targets import (
    C_TARGETS,
    ROOT,
    TARGETS,
    CannotFuzz,
    Outcome,
    command,
    run,
    why_not_c,
)

FOLDER = ROOT / "build" / "fuzz"


def shown(path: Path) -> str:
    """A path as short as it can be."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def fuzz(names: list[str], seconds: int) -> int:
    """Fuzz these targets, the time split evenly; print a line each.

    Returns:
        The exit code: 1 if anything broke.
    """
    missing = why_not_c()
    if missing:
        print(f"Skipped {', '.join(C_TARGETS)}: {missing}")
        names = [name for name in names if name not in C_TARGETS]
    if not names:
        return 0
    each = max(1, seconds // len(names))
    print(f"{'target':10}{'seconds':>8}{'runs':>12}{'crashes':>9}")
    broken: list[Outcome] = []
    for name in names:
        outcome = run(name, FOLDER, seconds=each)
        crashes = max(len(outcome.crashes), int(outcome.crashed))
        print(
            f"{name:10}{each:8}{outcome.runs:12,}{crashes:9}  {outcome.note}".rstrip(), flush=True
        )
        if outcome.crashed:
            broken.append(outcome)
    for outcome in broken:
        print(f"\n== {outcome.target}, the end of its log:\n{outcome.log[-4000:]}")
        for path in outcome.crashes:
            print(f"The input is in {shown(path)}; to run it again:")
            python = shown(Path(sys.executable))
            print(f"  {python} -m tests.fuzz replay {outcome.target} {shown(path)}")
    return 1 if broken else 0


def replay(target: str, file: Path) -> int:
    """Run one input, and show what it does."""
    line = [*command(target, FOLDER / "bin", plain=True), str(file.resolve())]
    return subprocess.run(line, cwd=ROOT, check=False).returncode


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument(
        "--target", action="append", choices=TARGETS, help="only this (again: these)"
    )
    again = parser.add_subparsers(dest="what").add_parser("replay", help="run one input again")
    again.add_argument("target_name", metavar="target", choices=TARGETS)
    again.add_argument("file", type=Path)
    options = parser.parse_args()
    try:
        if options.what == "replay":
            return replay(options.target_name, options.file)
        return fuzz(options.target or list(TARGETS), options.seconds)
    except CannotFuzz as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
