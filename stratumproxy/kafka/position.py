"""How far a spool was acknowledged: a small file that is replaced as a whole."""

import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson

from stratumproxy.lockfile import MODE

MOST_RUNS = 256
"""A run that ended tells nothing again, so its number may be forgotten when others are many."""


class Latest(dict[str, int]):
    """The latest number of each run; of the runs that were noted last."""

    def note(self, run: str, seq: int) -> None:
        """A run has come to this number."""
        self.pop(run, None)
        self[run] = seq
        while len(self) > MOST_RUNS:
            del self[next(iter(self))]


@dataclass(slots=True)
class Position:
    """The first record that is not acknowledged, and what the ones before it were."""

    number: int = 0
    latest: Latest = field(default_factory=Latest)

    def save(self, folder: Path, *, sync: bool) -> None:
        """Replace the file.

        Args:
            folder: the spool's.
            sync: whether it must be there after a power cut too.

        Raises:
            OSError: it can't be written.
        """
        written = folder / "position.new"
        with open(written, "wb", opener=partial(os.open, mode=MODE)) as file:
            file.write(orjson.dumps({"number": self.number, "latest": self.latest}))
            if sync:
                file.flush()
                os.fsync(file.fileno())
        written.replace(folder / "position")

    @classmethod
    def load(cls, folder: Path) -> "Position":
        """What `save` wrote; the very beginning if that is missing or damaged.

        Raises:
            OSError: it is there, and can't be read.
        """
        try:
            values = orjson.loads((folder / "position").read_bytes())
            latest = Latest((str(run), int(seq)) for run, seq in values["latest"].items())
            return cls(int(values["number"]), latest)
        except (FileNotFoundError, ValueError, TypeError, LookupError, AttributeError):
            return cls()
