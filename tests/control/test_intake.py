"""What comes over a channel, in whatever order: once each, in order, and what is missing named."""

from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.control import intake as module
from stratumproxy.control.intake import PATIENCE, Gap, Intake, Told
from stratumproxy.telemetry.records import Batch


def told(seq: int, run: str = "one") -> Told:
    return Told(Batch(run, 0, seq, 0.0), 100)


def plain(ready: list[Told | Gap]) -> list[object]:
    """Numbers of batches, and gaps as pairs."""
    return [each.batch.seq if isinstance(each, Told) else (each.first, each.last) for each in ready]


def take(intake: Intake, *seqs: int, run: str = "one") -> list[object]:
    return plain([each for seq in seqs for each in intake.take(told(seq, run))])


def waited(intake: Intake, looks: int = PATIENCE) -> list[Told | Gap]:
    """What that many looks bring."""
    return [each for _ in range(looks) for each in intake.look()]


def begun() -> Intake:
    intake = Intake()
    intake.hello()
    return intake


def test_from_the_first_on() -> None:
    intake = begun()
    assert take(intake, 1, 2, 3) == [1, 2, 3]
    assert not intake.missing


def test_what_is_told_again_is_left_out() -> None:
    intake = begun()
    assert take(intake, 1, 2, 3, 1, 2, 3, 4) == [1, 2, 3, 4]


def test_in_the_middle_of_a_run_it_waits_for_what_is_told_again() -> None:
    """6 and 7 were on their way when it started; 3 to 5 were read by its predecessor."""
    intake = begun()
    assert take(intake, 6, 7) == []
    assert take(intake, 3) == [3]
    assert take(intake, 4, 5, 6, 7, 8) == [4, 5, 6, 7, 8]
    assert not intake.missing


def test_nothing_was_on_its_way() -> None:
    intake = begun()
    intake.heard()
    assert take(intake, 3, 4) == [3, 4]


def test_the_answer_comes_while_it_is_told_again() -> None:
    intake = begun()
    assert take(intake, 3, 4) == []
    intake.heard()
    assert take(intake, 5, 6) == [3, 4, 5, 6]


def test_the_answer_comes_between_what_was_on_its_way_and_what_is_told_again() -> None:
    intake = begun()
    assert take(intake, 6, 7) == []
    intake.heard()
    assert take(intake, 3, 4, 5, 6, 7) == [3, 4, 5, 6, 7]


def test_no_answer_ever_comes() -> None:
    intake = begun()
    assert take(intake, 3, 4) == []
    assert waited(intake, PATIENCE - 1) == []
    assert plain(intake.look()) == [3, 4]
    assert take(intake, 5) == [5]


def test_nothing_comes_for_long_and_then_something() -> None:
    intake = begun()
    assert waited(intake) == []
    assert take(intake, 7, 8) == [7, 8]


def test_a_missing_one_is_asked_for_and_comes() -> None:
    intake = begun()
    assert take(intake, 1, 3, 4) == [1]
    intake.heard()
    assert take(intake, 2) == [2, 3, 4]


def test_a_missing_one_that_is_not_told_again_is_a_gap() -> None:
    intake = begun()
    assert take(intake, 1) == [1]
    intake.heard()
    assert take(intake, 2, 5) == [2]
    assert intake.missing
    intake.hello()
    assert not intake.missing
    assert take(intake, 6) == []
    intake.heard()
    assert take(intake, 5, 6, 7) == [(3, 4), 5, 6, 7]


def test_a_missing_one_is_given_up_if_nothing_is_told_at_all() -> None:
    intake = begun()
    assert take(intake, 1, 4) == [1]
    assert plain(waited(intake)) == [(2, 3), 4]


def test_a_gap_has_a_run() -> None:
    intake = begun()
    intake.take(told(1, "this"))
    intake.take(told(3, "this"))
    [gap, _] = waited(intake)
    assert gap == Gap("this", 2, 2)


def test_another_process_takes_its_place() -> None:
    intake = begun()
    assert take(intake, 1, 2) == [1, 2]
    assert take(intake, 1, 2, run="two") == [1, 2]
    assert intake.run == "two"


def test_the_first_of_another_process_is_missed() -> None:
    intake = begun()
    assert take(intake, 1, 2) == [1, 2]
    assert take(intake, 2, run="two") == []
    assert take(intake, 1, 2, run="two") == [1, 2]


def test_what_was_held_of_a_process_that_is_gone_is_passed_on() -> None:
    intake = begun()
    assert take(intake, 6, 7) == []
    assert take(intake, 1, 2, run="two") == [6, 7, 1, 2]


def test_what_is_held_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_HELD", 3)
    intake = begun()
    assert take(intake, 1, 3, 4, 5, 6) == [1, (2, 2), 3, 4, 5, 6]


@given(
    kept=st.integers(1, 20),
    read=st.integers(0, 20),
    stale=st.integers(0, 20),
    told_since=st.integers(0, 5),
    answer=st.integers(-3, 30),
)
def test_whenever_it_starts_it_gets_all_that_was_not_acknowledged(
    kept: int, read: int, stale: int, told_since: int, answer: int
) -> None:
    """Of `kept` on: some were read and lost, some are in the socket, all are told again."""
    in_socket = list(range(kept + read, kept + read + stale))
    again = list(range(kept, kept + read + stale + told_since))
    arrives: list[int | None] = [*in_socket, *again]
    # The answer to what was said with hello comes no sooner than what is told again.
    arrives.insert(len(in_socket) + max(answer, 0) if answer < len(again) else len(arrives), None)
    intake = begun()
    ready: list[object] = []
    for each in arrives:
        if each is None:
            intake.heard()
        else:
            ready += take(intake, each)
    ready += plain(waited(intake))
    assert ready == again
