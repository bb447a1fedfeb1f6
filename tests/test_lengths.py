"""No file is longer than one can read in a sitting."""

from pathlib import Path

import stratumproxy

ROOT = Path(stratumproxy.__file__).parent
LINES = 500
WRITTEN = (".py", ".c", ".h", ".sql", ".js", ".css", ".html")
"""What people wrote, unlike what is vendored or generated."""


def test_no_file_is_long() -> None:
    files = [
        path
        for part in ("stratumproxy", "bench", "tests")
        for path in (ROOT.parent / part).rglob("*")
        if path.suffix in WRITTEN and "vendor" not in path.parts
    ]
    lengths = {
        str(path.relative_to(ROOT.parent)): len(path.read_text().splitlines()) for path in files
    }
    assert len(lengths) > 600
    assert {path: length for path, length in lengths.items() if length > LINES} == {}
