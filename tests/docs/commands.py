"""Run every command of the pages as it is written there, each page on a machine of its own.

`make docs-test` runs this; the suite (test_commands.py) leaves out what is slow. What a command is
not run for stands before its block, as a comment, which a page does not show:

    <!-- not run: REASON -->  nothing of the block
    <!-- slow: REASON -->     in make docs-test only
    <!-- again: REASON -->    until it does well
    <!-- stays: TEXT -->      until the page ends, with a Ctrl-C; once it has printed TEXT, the next
                              command follows
    <!-- exit: STATUS -->     what it ends with, if that is not 0
    <!-- file: PATH -->       the block is what is in this file from here on (append: PATH, it is
                              added to it here; beforehand: PATH, it is there from the beginning)

Of the first five each can be said of those commands alone that have a PART in them:
<!-- not run: `PART`: REASON -->.
What no page can run (docker, apt …) is named in tests/docs/inside.py; make only says what it would
do, and systemctl is a stand-in that starts what the unit says.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.docs.outcome import Outcome
from tests.docs.pages import PAGES, ROOT, blocks
from tests.docs.sandbox import ENTER, why_not
from tests.docs.shell import SHELLS


def run(page: str, *, slow: bool = False, package: Path | None = None) -> list[Outcome]:
    """What became of each command of a page.

    Args:
        slow: those that are slow, too.
        package: a Debian package for this machine, which pages that begin with none install.

    Raises:
        RuntimeError: its machine could not be set up, or a mark is none.
    """
    if not any(block.language in SHELLS for block in blocks(page)):
        return []
    command = [*ENTER, sys.executable, "-m", "tests.docs.inside", page]
    command += ["slow" if slow else "quick", *([str(package)] if package else [])]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"{page}: {ran.stderr}{ran.stdout[-2000:]}")
    return [Outcome(**json.loads(line)) for line in ran.stdout.splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", default=PAGES)
    parser.add_argument("--quick", action="store_true", help="leave out what is slow")
    parser.add_argument(
        "--package", type=Path, help="a Debian package to install where a page does"
    )
    options = parser.parse_args()
    if why := why_not():
        print(f"the commands of the pages can't be run here: {why}", file=sys.stderr)
        return 2
    package = options.package and options.package.resolve()

    def one(page: str) -> list[Outcome]:
        return run(page, slow=not options.quick, package=package)

    with ThreadPoolExecutor(2) as pool:
        rows = []
        for found in pool.map(one, options.pages):
            rows += found
            print("".join(f"{row}\n" for row in found), end="", flush=True)
    for row in rows:
        if not row.well:
            print(f"\n{row.page}:{row.line}: {row.command}\n{row.output}")
    failed = sum(not row.well for row in rows)
    left = sum(bool(row.why) for row in rows)
    print(f"\n{len(rows)} commands: {len(rows) - failed - left} ran, {left} not, {failed} failed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
