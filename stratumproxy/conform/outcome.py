"""What came of a case."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from stratumproxy.conform.catalogue import Case

Status = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Result:
    """One case's."""

    case: Case
    status: Status
    text: str = ""
    """What was wrong, or why it was not tried."""
    transcript: tuple[str, ...] = ()
    """The conversation's last lines, of a failed one: ``>> `` said, ``<< `` heard, ``-- `` what
    happened."""


class Fault(Exception):
    """The peer broke a rule: the end of this conversation.

    Args:
        text: what was seen.
        case_id: the rule's, if it is not that of the case that is run: a fault is named, and not
            what follows from it.
    """

    def __init__(self, text: str, case_id: str = "") -> None:
        super().__init__(text)
        self.case_id = case_id


class Skip(Exception):
    """A case can't be tried here; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the suite goes about it."""

    user: str = "conform.1"
    password: str = "x"
    timeout: float = 10.0
    """Seconds that an answer may take."""
    hashes: float = 3e8
    """What finding one share may cost; a case that needs more is skipped."""
    pace: float = 0.0
    """Seconds between two cases."""
    slow: bool = False
    """Also what takes a minute or more."""
    hostile: bool = False
    """Also what a public pool might ban for."""
    difficulty: float = 1e-3
    """What a miner that is tried is asked for."""
    now: Callable[[], float] = time.time
    """Unix seconds."""

    def unasked(self, case: Case) -> str:
        """Why a case is left out; empty if it is not."""
        if "slow" in case.needs and not self.slow:
            return "it takes a minute or more: --slow"
        if "hostile" in case.needs and not self.hostile:
            return "a public pool might ban for it: --hostile"
        return ""


class Book:
    """The results so far, a case each: a fault found again is the same fault.

    Args:
        cases: what is asked for; the faults of others are not told.
        on_result: told each result, once.
    """

    def __init__(
        self, cases: tuple[Case, ...], on_result: Callable[[Result], None] | None = None
    ) -> None:
        self._cases = {case.id: case for case in cases}
        self._results: dict[str, Result] = {}
        self._broken: set[str] = set()
        self._causes: dict[str, str] = {}
        self._on_result = on_result

    def failed(self, case_id: str) -> bool:
        """Whether a rule was found broken, whoever asked."""
        return case_id in self._broken

    def cause(self, case_id: str) -> str:
        """Which broken rule keeps others from resting on this case: its own, or the one that kept
        it from being tried; empty for none.
        """
        return case_id if case_id in self._broken else self._causes.get(case_id, "")

    def hinder(self, case_id: str, cause: str) -> None:
        """A case can't be tried because another rule is broken."""
        self._causes.setdefault(case_id, cause)
        self.put(case_id, "skipped", f"because of {cause}")

    def decided(self, case_id: str) -> bool:
        """Whether there is a result."""
        return case_id in self._results

    def put(
        self, case_id: str, status: Status, text: str = "", transcript: tuple[str, ...] = ()
    ) -> None:
        """A result; of several the first one counts, but a fault stands over all."""
        if status == "failed":
            first = case_id not in self._broken
            self._broken.add(case_id)
        else:
            first = case_id not in self._results
        if first and case_id in self._cases:
            result = Result(self._cases[case_id], status, text, transcript)
            self._results[case_id] = result
            if self._on_result is not None:
                self._on_result(result)

    def results(self) -> list[Result]:
        """All, in the catalogue's order."""
        return [self._results[case_id] for case_id in self._cases if case_id in self._results]
