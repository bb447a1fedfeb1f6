"""What came of a file's scenarios, as JSON, for `compare`, `plot` and other programs."""

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stratumproxy.bench.figures import FIGURES
from stratumproxy.bench.rounds import Check, Outcome, Run
from stratumproxy.errors import BenchError

FORMAT, VERSION = "stratumproxy-bench", 1

NO_RESULT, MISSED, MET = 2, 1, 0
"""Exit status: a run had no result; an expectation was not met; all is as it should be."""


@dataclass
class Results:
    """All of it."""

    about: dict[str, str]
    """When, on what machine, by which version."""
    command: list[str] = field(default_factory=lambda: ["stratumproxy", *sys.argv[1:]])
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The exit status. What has no result is never a success."""
        if not self.outcomes or any(outcome.missing for outcome in self.outcomes):
            return NO_RESULT
        checks = [check for outcome in self.outcomes for check in outcome.checks]
        return MET if all(check.met for check in checks) else MISSED

    def to_json(self) -> str:
        """The document, with a newline at its end.

        Figures are medians over the repeats, in the units that are beside them; null: not measured.
        """
        document = {
            "format": FORMAT,
            "version": VERSION,
            "about": self.about,
            "command": self.command,
            "status": self.status,
            "units": {figure.name: figure.unit for figure in FIGURES},
            "scenarios": [_document(outcome) for outcome in self.outcomes],
        }
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def read(cls, path: Path) -> "Results":
        """A document that was written before.

        Raises:
            BenchError: it can't be read, or is something else.
        """
        try:
            document = json.loads(path.read_text("utf-8"))
            if (document["format"], document["version"]) != (FORMAT, VERSION):
                raise BenchError(
                    f"{path}: not {FORMAT} of version {VERSION}, which bench run --json writes"
                )
            outcomes = [_outcome(each) for each in document["scenarios"]]
            return cls(document["about"], document["command"], outcomes)
        except OSError as error:
            raise BenchError(f"{path}: can't be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise BenchError(f"{path}: not what bench run --json writes") from None


def _document(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "title": outcome.title,
        "settings": outcome.settings,
        "servers": outcome.servers,
        "figures": {
            server: {figure.name: _figure(outcome, server, figure.name) for figure in FIGURES}
            for server in outcome.servers
        },
        "expectations": [asdict(check) for check in outcome.checks],
        "runs": [asdict(run) for run in outcome.runs],
    }


def _figure(outcome: Outcome, server: str, figure: str) -> dict[str, float | None]:
    floor = outcome.named("floor")
    return {
        "median": outcome.median(server, figure),
        "of_floor": outcome.ratio(server, figure, floor) if floor in outcome.servers else None,
        "of_first": outcome.ratio(server, figure, outcome.first),
    }


def _outcome(document: dict[str, Any]) -> Outcome:
    return Outcome(
        document["name"],
        document["title"],
        document["settings"],
        document["servers"],
        [Run(**run) for run in document["runs"]],
        [Check(**check) for check in document["expectations"]],
    )
