"""How a page's commands are told apart, and typed: a failure must not look like a success."""

import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.inside import Marks
from tests.docs.pages import Block, blocks
from tests.docs.shell import Shell, commands
from tests.waiting import PATIENCE


def block(text: str, language: str = "sh", *marks: str) -> Block:
    return Block("page.md", 1, language, marks, text)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    typed = Shell(tmp_path, os.environ)
    yield typed
    typed.close()


def test_a_command_may_take_several_lines() -> None:
    text = (
        "# first\none \\\n  more\n\nif true; then\n  two\nfi\ncat <<E\nthree\nE\nf() { a |\nb; }\n"
    )
    assert [line for line, _ in commands(block(text))] == [3, 6, 9, 12]
    assert [line for line, _ in commands(block("$ one\nits output\n$ two\n", "console"))] == [2, 4]


def test_a_command_that_does_not_end_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match=r"page\.md:1: this command does not end: echo 'a"):
        list(commands(block("echo 'a\n")))


def test_statuses_and_words(shell: Shell) -> None:
    assert shell.run("echo out; echo err >&2; false", PATIENCE) == (1, "out\nerr\n")
    assert shell.run("nothing-of-that-name", PATIENCE)[0] == 127
    assert shell.run("f() { return 3; }", PATIENCE) == (0, "")
    assert shell.run("f", PATIENCE) == (3, "")


def test_what_hangs_is_ended_and_the_next_is_run(shell: Shell) -> None:
    """However soon: it may not even have begun."""
    for patience in (0.5, 0.0):
        status, output = shell.run("sleep 1000", patience)
        assert status == -1
        assert output.endswith(f"no end after {patience} s")
        assert shell.run("true", PATIENCE) == (0, "")


def test_what_is_said_too_late_is_no_other_commands_status(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(_: float) -> int:
        assert select.select([shell._answers], [], [], PATIENCE)[0]
        raise TimeoutError("no end after 0 s")

    with monkeypatch.context() as once:
        once.setattr(shell, "_answer", too_late)
        assert shell.run("echo begun; false", 0.0) == (-1, "begun\n\nno end after 0 s")
    assert shell.run("true", PATIENCE) == (0, "")


def test_an_exit_is_no_success(shell: Shell) -> None:
    assert shell.run("exit 0", PATIENCE)[0] == -1
    assert shell.run("true", PATIENCE) == (0, "")


def test_what_stays_has_said_what_was_awaited(shell: Shell) -> None:
    assert shell.stay("echo ready; exec sleep 1000", "ready") == (0, "")
    assert shell.interrupt() == (-2, "ready\n")
    status, output = shell.stay("echo no; exit 0", "ready")
    assert status == -1
    assert output == "no\n\nnever printed 'ready'"


def test_marks_are_of_all_commands_or_of_some() -> None:
    marks = Marks(block("", "sh", "exit: `false`: 1", "not run: why\n     not"))
    assert marks.of("exit", "true; false") == "1"
    assert marks.of("exit", "true") is None
    assert marks.of("not run", "true") == "why not"
    with pytest.raises(AssertionError, match=r"page\.md:1: no mark is called 'ext'"):
        Marks(block("", "sh", "ext: 1"))


def test_marks_stand_directly_before_a_block() -> None:
    [step] = [each for each in blocks("README.md") if "run --config farm.toml" in each.text]
    assert step.marks == ("stays: dashboard, API and metrics",)
    assert step.text == "stratumproxy run --config farm.toml --require-native\n"
