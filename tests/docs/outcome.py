"""What became of a page's command."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What became of a command.

    Attributes:
        line: of the page, from 1.
        well: it did what it should, or was not run for a good reason.
        why: why it was not run; empty if it was.
        output: what it printed, if it is not well.
    """

    page: str
    line: int
    command: str
    well: bool
    seconds: float
    why: str
    output: str

    def __str__(self) -> str:
        state = "not run" if self.why else "ok" if self.well else "FAILED"
        took = "" if self.why else f"{self.seconds:.1f} s"
        first = self.command.splitlines()[0]
        shown = first if len(first) <= 90 else f"{first[:89]}…"
        row = f"{self.page}:{self.line:<4} {state:7} {took:>7}  {shown}"
        return f"{row}\n{'':{len(self.page) + 22}}({self.why})" if self.why else row
