"""Results as pictures: latencies, cost, and cost over a range of miners or rates."""

from collections import Counter
from collections.abc import Iterator

from stratumproxy.bench.results import Results
from stratumproxy.bench.rounds import Outcome
from stratumproxy.bench.svg import Axis, Bars, Curve, Panel, document
from stratumproxy.bench.table import digits

TAIL = (0.0001, 0.001, 0.01, 0.1, 1.0)
TAIL_LABELS = ("p99.99", "p99.9", "p99", "p90", "all")
MILLISECONDS = (0.01, 0.1, 1, 10, 100, 1000, 10_000)
LONGEST_NOTE = 70


def draw(results: Results) -> str:
    """All of it as SVG; the note under it says when and where it was measured."""
    panels: list[Panel | Bars] = []
    ranges: dict[str, list[Outcome]] = {}
    for outcome in results.outcomes:
        if outcome.settings.get("vary"):
            ranges.setdefault(outcome.name.rpartition(" ")[0], []).append(outcome)
            continue
        if any(outcome.median(server, "reply.p50") for server in outcome.servers):
            panels.append(_latencies(outcome))
        if any(outcome.median(server, "cpu.share") for server in outcome.servers):
            panels.append(_costs(outcome))
    panels += [panel for name, outcomes in ranges.items() for panel in _over(name, outcomes)]
    facts = [results.about[key] for key in ("date", "machine", "kernel") if key in results.about]
    return document(panels, " · ".join(facts))


def _note(outcome: Outcome) -> str:
    """What was run, as far as there is room."""
    words = outcome.title.split(", ")
    while len(", ".join(words)) > LONGEST_NOTE:
        words.pop()
    return ", ".join(words)


def _latencies(outcome: Outcome) -> Panel:
    """What part of the replies takes longer than so many milliseconds."""
    tails = {server: _tail(outcome, server) for server in outcome.servers}
    return Panel(
        f"{outcome.name}: replies",
        Axis("a reply takes longer than, ms", MILLISECONDS),
        Axis("slowest part of the replies", TAIL, labels=TAIL_LABELS),
        {server: tail for server, tail in tails.items() if tail},
        dots=False,
        note=_note(outcome),
        names_low=True,
    )


def _tail(outcome: Outcome, server: str) -> Curve:
    """Over all repeats."""
    counts: Counter[float] = Counter()
    for run in outcome.runs:
        if run.server == server and run.report:
            counts.update(dict(run.report["histogram"]))
    total = left = counts.total()
    curve = []
    for seconds in sorted(counts):
        if left / total >= TAIL[0]:
            curve.append((seconds * 1e3, left / total))
        left -= counts[seconds]
    return curve


def _costs(outcome: Outcome) -> Bars:
    bars = {}
    for server in outcome.servers:
        cost = outcome.median(server, "cpu.share")
        bars[server] = cost, "not measured" if cost is None else f"{digits(cost)} µs"
    return Bars(f"{outcome.name}: CPU a share", bars, _note(outcome))


def _over(name: str, outcomes: list[Outcome]) -> Iterator[Panel]:
    """CPU a share, the more miners or shares there are."""
    vary = outcomes[0].settings["vary"]
    assert isinstance(vary, dict)
    for key, numbers in vary.items():
        curves: dict[str, Curve] = {}
        for server in outcomes[0].servers:
            points = [(each.settings[key], each.median(server, "cpu.share")) for each in outcomes]
            measured = [(float(str(x)), y) for x, y in points if y is not None]
            if measured:
                curves[server] = measured
        most = max((cost for curve in curves.values() for _, cost in curve), default=1.0)
        step = 10 ** len(str(int(most))) / 20
        top = int(most / step) + 2
        yield Panel(
            f"{name}: cost by {'miners' if key == 'miners' else 'load'}",
            Axis("miners" if key == "miners" else "shares/s", sorted(numbers)),
            Axis("CPU a share, µs", [step * n for n in range(top)], logarithmic=False),
            curves,
        )
