"""Many runs of each farm: medians and the worst, as a table and as JSON."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from statistics import median

from stratumproxy.bench.split.day import seeds, simulate
from stratumproxy.bench.split.farm import Farm, Outcome

HEADING = (
    "machines",
    "split",
    "day",
    "worst",
    "hour",
    "worst",
    "moves",
    "off",
    "worst",
    "seated",
    "debt",
    "reach",
    "plan",
)

FIGURES = ("error", "hour", "moves", "off", "seated", "rescued", "debt", "reach", "pools", "plan")


@dataclass(frozen=True, slots=True)
class Trial:
    """All runs of one farm."""

    farm: Farm
    outcomes: Sequence[Outcome]

    def all(self, figure: str) -> list[float]:
        """A figure of each run."""
        return [getattr(outcome, figure) for outcome in self.outcomes]

    def row(self) -> list[str]:
        """The cells under `HEADING`."""
        error, hour, off = self.all("error"), self.all("hour"), self.all("off")
        return [
            f"{self.farm.machines:,}",
            self.farm.split,
            f"{median(error):.4f}",
            f"{max(error):.4f}",
            f"{median(hour):.2f}",
            f"{max(hour):.2f}",
            f"{median(self.all('moves')):.0f}",
            f"{median(off):.0f}",
            f"{max(off):.0f}",
            f"{median(self.all('seated')):.0f}",
            f"{max(self.all('debt')):.1f}",
            f"{median(self.all('reach')):.1f}",
            f"{max(self.all('plan')):.2f}",
        ]

    def document(self) -> dict[str, object]:
        """All of it, for JSON; the trace of the first run."""
        runs = [{name: getattr(each, name) for name in FIGURES} for each in self.outcomes]
        return {
            "farm": asdict(self.farm),
            "median": {name: median(self.all(name)) for name in FIGURES},
            "worst": {name: max(self.all(name)) for name in FIGURES},
            "runs": runs,
            "trace": self.outcomes[0].trace,
        }


def tried(farms: Sequence[Farm], count: int, jobs: int) -> Iterator[Trial]:
    """Each farm with so many seeds.

    Args:
        farms: their seeds are not looked at.
        count: seeds of each, from 1 on.
        jobs: processes that simulate side by side.
    """
    with ProcessPoolExecutor(jobs) as pool:
        running = [
            (farm, [pool.submit(simulate, each) for each in seeds(farm, count)]) for farm in farms
        ]
        for farm, futures in running:
            yield Trial(farm, [future.result() for future in futures])


def markdown(trials: Sequence[Trial]) -> str:
    """The table for a file."""
    lines = [
        "| " + " | ".join(HEADING) + " |",
        "| --: | --- |" + " --: |" * (len(HEADING) - 2),
        *("| " + " | ".join(trial.row()) + " |" for trial in trials),
    ]
    return "\n".join(lines) + "\n"
