"""Text for man."""

import re
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratumproxy.cli import roff

SIGNS = st.characters(codec="ascii", exclude_categories=["Cc"])
LINES = st.lists(st.text(SIGNS, min_size=1).filter(lambda line: line == line.strip()), min_size=1)


def shown(page: str) -> str:
    """What a terminal shows of a page, without bold and italics."""
    mandoc = shutil.which("mandoc")
    if mandoc is None:
        pytest.skip("mandoc is not here; on Debian: apt install mandoc")
    ran = subprocess.run(
        [mandoc, "-T", "utf8", "-O", "indent=0,width=200"],
        input=page,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return re.sub(r".\x08", "", ran.stdout)


@settings(max_examples=25, deadline=None)
@given(lines=LINES)
def test_nothing_in_a_text_is_taken_for_a_command(lines: list[str]) -> None:
    head = [roff.title("it", 1, "2026-11-29", "it 1"), roff.heading("EXAMPLES")]
    body = shown(roff.page([*head, roff.example("\n".join(lines))])).split("EXAMPLES", 1)[1]
    assert [line.strip() for line in body.splitlines() if line.strip()][:-1] == lines


def test_other_signs_than_ascii() -> None:
    assert roff.plain("bc1q…") == "bc1q\\[u2026]"


def test_a_paragraph() -> None:
    text = "Say `stratumproxy check`, or read\n[operations.md](operations.md#reload) first."
    assert roff.prose(text) == (
        "Say \\fB\\%stratumproxy \\%check\\fR, or read operations.md first."
    )


def test_a_line_of_a_paragraph_that_begins_with_a_dot() -> None:
    lines = roff.prose(f"{'x' * roff.WIDTH} .onion").splitlines()
    assert lines == ["x" * roff.WIDTH, "\\&.onion"]


def test_usage() -> None:
    assert roff.usage("-c, --config FILE") == (
        "\\fB\\%\\-c\\fR, \\fB\\%\\-\\-config\\fR \\fIFILE\\fR"
    )
    assert roff.usage("[auto|json]") == "[\\fB\\%auto\\fR|\\:\\fB\\%json\\fR]"


def test_markdown() -> None:
    text = (
        "# Title\n\n<!-- Not\nshown. -->\n\nOne.\n\n"
        "```toml\na = 1\n\nb = 2\n```\n\n## A\n\n### b\n\nTwo.\n"
    )
    assert roff.page(roff.from_markdown(text)).splitlines() == [
        *[".PP", "One.", ".PP", ".EX", "\\&a = 1", "", "b = 2", ".EE"],
        *['.SH "A"', '.SS "b"', "Two."],
    ]
