"""Every command of the pages does what it says, as it is written."""

import pytest

from tests.docs.commands import run
from tests.docs.pages import PAGES, blocks, read
from tests.docs.sandbox import why_not
from tests.docs.shell import SHELLS, commands


@pytest.fixture(scope="module")
def _sandbox() -> None:
    if why := why_not():
        pytest.skip(f"the pages' commands: {why}")


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(block.language in SHELLS for block in blocks(page))],
)
@pytest.mark.usefixtures("_sandbox")
def test_run(page: str) -> None:
    rows = run(page)
    assert rows
    assert [f"{row}\n{row.output}" for row in rows if not row.well] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_reader_is_told_which_file_it_is(page: str) -> None:
    """Where a block is what is in a file, the text before it says so, or a command after it."""
    for block in blocks(page):
        for mark in block.marks:
            name, _, path = mark.partition(": ")
            if name in ("file", "append", "beforehand"):
                lines = read(page).splitlines()
                before = "\n".join(lines[max(0, block.line - 9) : block.line - 2])
                after = [each.text for each in blocks(page) if each.language in SHELLS]
                assert f"`{path}`" in before or any(path in text for text in after), block


@pytest.mark.parametrize("page", PAGES)
def test_are_told_to_be_commands(page: str) -> None:
    """Nothing that is typed into a shell hides in a block that says it is something else."""
    for block in blocks(page):
        assert block.language not in {"bash", "shell", "shell-session"}, f"{block}: say sh"
        if block.language not in SHELLS:
            assert "\nstratumproxy " not in f"\n{block.text}", f"{block}: is sh"
        else:
            assert list(commands(block)), f"{block}: has no command"
