"""How ``stratumproxy demo`` looks: a live view, plain lines, and the summary of both."""

from collections import deque
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stratumproxy import shares
from stratumproxy.cli.demo_world import FAULTY, HASHES_PER_DIFFICULTY, Moment, World
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot

WINDOW = 10
"""Seconds that a hashrate in the view looks back: shares come by chance, fewer say little."""
FRAME_LINES = 14
"""Lines of the view that are not miners."""
REASONS_SHOWN = 3
BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", "_.:-=+*#"


class History:
    """The last minute, a look each second, for what needs more than one."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, float, list[int]]] = deque(maxlen=WINDOW + 1)
        self.hashrates: deque[float] = deque(maxlen=60)
        """The proxy's, by the shares it accepted."""

    def look(self, world: World) -> None:
        """Take in how things stand."""
        if world.moment is None:
            return
        snapshot = world.moment.proxy
        if self._looks and self._looks[-1][0] >= snapshot.uptime:
            return
        tried = [miner.hashes for miner in world.fleet.miners]
        self._looks.append((snapshot.uptime, snapshot.work, tried))
        (since, before, _), (now, work, _) = self._looks[0], self._looks[-1]
        if now > since:
            self.hashrates.append((work - before) * HASHES_PER_DIFFICULTY / (now - since))

    def tried(self) -> list[float]:
        """Hashes a second that each miner really tried."""
        if len(self._looks) < 2:
            return []
        (since, _, before), (now, _, after) = self._looks[0], self._looks[-1]
        return [(b - a) / (now - since) for a, b in zip(before, after, strict=True)]


def view(
    world: World,
    history: History,
    width: int,
    height: int,
    *,
    ascii_only: bool = False,
    url: str = "",
) -> Group:
    """The live view, for a terminal of that many columns and lines; the dashboard is at the URL."""
    moment = world.moment
    dashboard = [Text.assemble((" Dashboard: ", "dim"), url)] if url else []
    if moment is None:
        return Group(_title(0.0), *dashboard, Text("connecting", style="dim"))
    columns = Table.grid(expand=True)
    columns.add_column(ratio=1)
    columns.add_column(ratio=1)
    columns.add_row(_shares(moment.proxy), _verdicts(moment))
    return Group(
        _title(moment.proxy.uptime),
        *dashboard,
        _hashrate(history, ASCII_BARS if ascii_only else BARS, max(width - 32, 1)),
        columns,
        _miners(world, history, max(height - FRAME_LINES - len(dashboard), 1)),
    )


def _title(seconds: float) -> Text:
    checked = "in C" if shares.NATIVE else "in Python"
    return Text.assemble(
        (" stratumproxy demo ", "bold reverse"),
        f"  shares checked {checked}, kernel {shares.kernel()}",
        (f"   {seconds:.0f} s, Ctrl-C ends it", "dim"),
    )


def _hashrate(history: History, bars: str, most_bars: int) -> Panel:
    by_shares = history.hashrates[-1] if history.hashrates else 0.0
    lines = Table.grid(padding=(0, 2))
    bars = sparkline(list(history.hashrates)[-most_bars:], bars)
    lines.add_row("by shares", f"{rate(by_shares):>10}", bars)
    lines.add_row("really tried", f"{rate(sum(history.tried())):>10}", Text("last 10 s", "dim"))
    return Panel(lines, title="Hashrate", title_align="left")


def _shares(snapshot: Snapshot) -> Panel:
    table = _figures()
    table.add_row("accepted", str(snapshot.accepted), style="green")
    table.add_row("rejected", str(sum(snapshot.rejected.values())))
    reasons = sorted(snapshot.rejected.items(), key=lambda item: -item[1])[:REASONS_SHOWN]
    for reason, count in reasons:
        table.add_row(f"  {reason}", str(count), style="yellow")
    for _ in range(REASONS_SHOWN - len(reasons)):
        table.add_row("", "")
    return Panel(table, title="Miners to proxy", title_align="left")


def _verdicts(moment: Moment) -> Panel:
    upstream = moment.proxy.pools[0]
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    agree = (upstream.accepted, upstream.rejected) == (moment.accepted, moment.rejected)
    table.add_row("", "proxy says", "pool says", style="dim")
    table.add_row("accepted", str(upstream.accepted), str(moment.accepted), style="green")
    table.add_row("rejected", str(upstream.rejected), str(moment.rejected))
    # What the pool has judged and the proxy has not read yet is no disagreement.
    table.add_row("under way", str(upstream.pending), "all equal" if agree else "")
    table.add_row("jobs", str(moment.proxy.jobs), f"{moment.jobs}, {moment.clean_jobs} clean")
    return Panel(table, title="Proxy to pool", title_align="left")


def _figures() -> Table:
    table = Table.grid(expand=True)
    table.add_column()
    table.add_column(justify="right")
    return table


def _miners(world: World, history: History, rows: int) -> Table:
    table = Table(box=None, expand=True, pad_edge=True, header_style="dim")
    table.add_column("Miner", no_wrap=True)
    table.add_column("Style", no_wrap=True)
    for title in ("Hashrate", "Difficulty", "Accepted", "Rejected"):
        table.add_column(title, justify="right", no_wrap=True)
    miners = world.fleet.miners
    tried = history.tried() or [0.0] * len(miners)
    # The faulty one is the last, and should be seen however many there are.
    shown = list(zip(miners, tried, strict=True))
    if len(shown) > rows:
        left_out = len(shown) - rows + 1
        shown = [*shown[: max(rows - 2, 0)], shown[-1]]
    else:
        left_out = 0
    for miner, hashrate in shown:
        counts = miner.counts
        table.add_row(
            miner.worker,
            miner.style.name,
            rate(hashrate),
            f"{miner.difficulty:.3g}",
            str(counts.accepted),
            str(counts.rejected.total()),
            style="yellow" if miner.worker == FAULTY else None,
        )
    if left_out:
        table.add_row(f"and {left_out} more", style="dim")
    return table


PLAIN_HEADER = (
    "   time    hashrate  miners  accepted  rejected  sent on  pool: accepted  rejected  jobs"
)


def plain_line(moment: Moment, history: History) -> str:
    """One second in one line, under `PLAIN_HEADER`."""
    snapshot = moment.proxy
    hashrate = history.hashrates[-1] if history.hashrates else snapshot.hashrate
    return (
        f"{snapshot.uptime:5.0f} s  {rate(hashrate):>10}  {snapshot.mining:6}"
        f"  {snapshot.accepted:8}  {sum(snapshot.rejected.values()):8}  {snapshot.forwarded:7}"
        f"  {moment.accepted:14}  {moment.rejected:8}  {snapshot.jobs:4}"
    )


def summary(world: World) -> RenderableType:
    """Who counted what, side by side, and whether all is well."""
    problems = world.problems()
    if world.moment is None:
        return Text("\n".join(problems), style="bold red")
    snapshot = world.moment.proxy
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Shares")
    for title in ("miners say", "proxy says", "pool says"):
        table.add_column(title, justify="right")
    for name, *counts in _counted(world, snapshot, snapshot.pools[0]):
        table.add_row(name, *("" if count is None else str(count) for count in counts))
    verdict = (
        Text("\n".join(problems), style="bold red")
        if problems
        else Text(
            "All counts agree, and neither miners nor pool saw a rule of Stratum broken.",
            style="green",
        )
    )
    ran = Text(
        f"{snapshot.uptime:.0f} s, miners: {len(world.fleet.miners)}, "
        f"{rate(snapshot.work * HASHES_PER_DIFFICULTY / max(snapshot.uptime, 1e-9))} by shares, "
        f"{rate(world.fleet.hashes / max(snapshot.uptime, 1e-9))} really tried, "
        f"jobs: {snapshot.jobs}"
    )
    return Group(ran, table, verdict)


def _counted(
    world: World, snapshot: Snapshot, upstream: PoolSnapshot
) -> list[tuple[str, int | None, int | None, int | None]]:
    miners, pool = world.fleet.total(), world.pool.total
    return [
        ("submitted", miners.submitted, None, None),
        ("accepted", miners.accepted, snapshot.accepted, None),
        ("rejected", miners.rejected.total(), sum(snapshot.rejected.values()), None),
        *((f"  {reason}", None, count, None) for reason, count in snapshot.rejected.items()),
        ("sent on to the pool", None, snapshot.forwarded, pool.submitted),
        ("accepted by the pool", None, upstream.accepted, pool.accepted),
        ("rejected by the pool", None, upstream.rejected, pool.rejected.total()),
    ]


def rate(hashes_per_second: float) -> str:
    """Such as ``1.23 MH/s``."""
    for unit in ("H/s", "kH/s", "MH/s", "GH/s"):
        if hashes_per_second < 1000:
            return f"{hashes_per_second:.3g} {unit}"
        hashes_per_second /= 1000
    return f"{hashes_per_second:.3g} TH/s"


def sparkline(values: Sequence[float], bars: str = BARS) -> str:
    """One bar a value, from nothing to the highest."""
    highest = max(values, default=0.0)
    if highest <= 0:
        return ""
    return "".join(bars[min(int(value / highest * len(bars)), len(bars) - 1)] for value in values)
