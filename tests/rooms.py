"""The last section of docs/architecture.md: each file of the package, by its own first line.

`make docs` runs this, which writes it.
"""

import ast
from collections import defaultdict
from pathlib import Path

from tests.importing import ROOT

PAGE = ROOT.parent / "docs" / "architecture.md"
HEADING = "## Rooms, file by file\n"
INTRODUCTION = "`make docs` writes this section: of each file the first line.\n"


def first_line(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text()))
    assert text, f"{path} does not say what it is"
    return text.partition("\n")[0]


def section() -> str:
    rooms = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        rooms[path.parent.relative_to(ROOT.parent)].append(path)
    parts = [HEADING, INTRODUCTION]
    for room in sorted(rooms):
        lines = [f"- `{path.name}`: {first_line(path)}\n" for path in rooms[room]]
        parts.append(f"### {room}/\n\n" + "".join(lines))
    return "\n".join(parts)


def main() -> None:
    PAGE.write_text(PAGE.read_text().partition(HEADING)[0].rstrip() + "\n\n" + section())


if __name__ == "__main__":
    main()
