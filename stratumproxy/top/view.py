"""How ``stratumproxy top`` looks: the page of all workers, and the page of one."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from stratumproxy.top.state import ANY, KINDS, State
from stratumproxy.top.words import (
    ASCII_BARS,
    BARS,
    age,
    bars,
    clean,
    counts,
    delay,
    error,
    exact,
    owed,
    percent,
    rate,
    rejected,
    short,
)

POOLS_SHOWN = 4
SPLITS_SHOWN = 6
WHY = {
    "gone": "mined, and has no connection, or had no share for 10 minutes and 20 expected shares",
    "slow": "did less than 75% of the usual over 900 expected shares, and no 85% since",
    "rejecting": "more than 5% of its newest shares were rejected, beyond chance",
    "reconnecting": "connected 5 times or more within the last hour",
}
STYLES = {"gone": "red", "slow": "yellow", "rejecting": "yellow", "reconnecting": "yellow"}
SEVERITIES = {"critical": "bold red", "warning": "bold yellow", "notice": "bold cyan"}
KEYS = "q quit  / search  s sort  a attention  arrows PgUp PgDn  Enter worker"
DETAIL_KEYS = "Esc back  q quit"

COLUMNS = (
    ("Worker", "left", 0),
    ("Tenant", "left", 70),
    ("5m", "right", 0),
    ("", "right", 0),
    ("1h", "right", 100),
    ("Of usual", "right", 110),
    ("Missing", "right", 130),
    ("Difficulty", "right", 90),
    ("Accepted", "right", 0),
    ("Rejected", "right", 0),
    ("Conn", "right", 70),
    ("Last", "right", 0),
    ("Attention", "left", 60),
    ("Pool", "left", 120),
    ("Agent", "left", 140),
)
"""Title, how it is aligned, and the width of a terminal that has room for it. The tenant is there
only where there are several."""


def page(
    state: State, title: str, width: int, height: int | None, *, ascii_only: bool = False
) -> Group:
    """What is shown now, for a terminal of that many columns and lines; None for no end of them.

    Tells the state how many workers there is room for.
    """
    sign = "+-" if ascii_only else "±"
    head = [_title(state, title), *_conditions(state)]
    figures = list(_figures(state, sign))
    if state.detail is not None:
        lines = [*head, *figures[:1], *_worker(state, sign, width, ascii_only)]
        return _lines(lines, height, state.trouble or DETAIL_KEYS)
    head += [*figures, *_pools(state), *_splits(state), *_attention(state)]
    if height is None:
        state.room(state.rows)
        return Group(*head, _table(state, width, sign, cursor=False))
    head = head[: max(height - 4, 1)]
    state.room(height - len(head) - 2)
    foot = _foot(state)
    return Group(*head, _table(state, width, sign, cursor=True), foot)


def _lines(lines: list[Text], height: int | None, keys: str) -> Group:
    if height is None:
        return Group(*lines)
    lines = lines[: max(height - 1, 1)]
    padding = [Text()] * (height - 1 - len(lines))
    return Group(*lines, *padding, _line(clean(keys), style="dim"))


def _line(*parts: str | tuple[str, str], style: str = "") -> Text:
    """A line that is cut off and not wrapped."""
    return Text.assemble(*parts, style=style, no_wrap=True, overflow="ellipsis")


def _title(state: State, title: str) -> Text:
    uptime = f"  up {age(state.summary['uptime'])}" if state.summary else ""
    missing, part = state.summary.get("missing"), state.summary.get("of_usual")
    return _line(
        (" stratumproxy top ", "bold reverse"),
        f" {title}{uptime}",
        (f"  missing {rate(missing)}" if missing else "", "bold red"),
        f", {percent(part)} of usual" if missing and part is not None else "",
    )


def _conditions(state: State) -> Iterator[Text]:
    """What is not as usual with the proxy itself, the worst first."""
    now = state.summary.get("now", 0.0)
    for each in state.summary.get("conditions", ()):
        subject = f" ({clean(each['subject'])})" if each["subject"] else ""
        yield _line(
            (f"{each['text']}{subject}", SEVERITIES[each["severity"]]),
            f" for {age(now - each['since'])}",
            f": {clean(each['why'])}" if each["why"] else "",
        )


def _figures(state: State, sign: str) -> Iterator[Text]:
    summary = state.summary
    if not summary:
        return
    figures = summary["hashrate"].items()
    yield _line(
        *(
            part
            for window, figure in figures
            for part in (
                (f"{window} ", "dim"),
                (rate(figure["rate"]), "bold"),
                (f" {error(figure, sign)}  ", "dim"),
            )
        )
    )
    shares = summary["shares"]
    refused, strangers = sum(shares["rejected"].values()), summary["strangers"]
    yield _line(
        f"{summary['mining']:,} mining of {summary['connected']:,}, ",
        f"{summary['workers']:,} workers  ",
        (f"{strangers:,} names without an accepted share  " if strangers else "", "yellow"),
        (f"accepted {shares['accepted']:,}", "green"),
        f"  rejected {rejected(shares['accepted'], refused)}",
        (f"  blocks {summary['blocks']:,}" if summary["blocks"] else "", "bold green"),
        f"  best {short(summary['best_difficulty'])}",
    )
    reasons, drops = counts(shares["rejected"]), counts(summary["drops"])
    yield _line(
        ("rejected: ", "dim"),
        reasons or "none",
        ("   dropped: ", "dim"),
        drops or "none",
        (f"   records lost: {summary['lost_records']:,}" if summary["lost_records"] else "", "red"),
    )


def _pools(state: State) -> Iterator[Text]:
    pools = [pool for pool in state.summary.get("pools", ()) if pool["state"]]
    for pool in pools[:POOLS_SHOWN]:
        ready = pool["state"] == "ready"
        trip = pool.get("round_trip")
        how = "mined on" if pool["mined_for"] is not None else pool["state"]
        yield _line(
            (f"{how:<10} ", "green" if ready else "bold red"),
            (clean(pool["name"]), "bold"),
            f"  miners {pool['miners']:,}  difficulty {short(pool['difficulty'])}"
            f"  accepted {pool['accepted']:,}"
            f"  rejected {rejected(pool['accepted'], pool['rejected'])}",
            (f"  lost {pool['lost']:,}" if pool["lost"] else "", "yellow"),
            f"  round trip {delay(trip['p50'])}, p99 {delay(trip['p99'])}" if trip else "",
            (f"  {clean(pool['detail'])}" if pool["detail"] else "", "red"),
        )
    if len(pools) > POOLS_SHOWN:
        yield _line(f"and {len(pools) - POOLS_SHOWN} pools more", style="dim")


def _splits(state: State) -> Iterator[Text]:
    """What each target of a split was promised, had, was credited and is owed."""
    splits = [each for each in state.splits if state.tenant in ("", each["tenant"])]
    for each in splits[:SPLITS_SHOWN]:
        whose = f"{clean(each['tenant'])} " if state.several else ""
        debt, reach = each["debt_seconds"], each["reach_seconds"]
        much = abs(debt) > max(300, 3 * reach)
        yield _line(
            (
                f"{'split' if each['ready'] else 'no pool':<10} ",
                "green" if each["ready"] else "red",
            ),
            (f"{whose}{clean(each['target'])}", "bold"),
            f"  promised {exact(each['part'])}  had {exact(each['delivered_part'])}"
            f"  credited {exact(each['credited_part'])}  ",
            (owed(debt), "bold red" if much else ""),
            f", {age(reach)} in reach  miners {each['miners']:,}",
        )
    if len(splits) > SPLITS_SHOWN:
        yield _line(f"and {len(splits) - SPLITS_SHOWN} targets more", style="dim")


def _attention(state: State) -> Iterator[Text]:
    told = state.summary.get("attention", {})
    for kind in KINDS:
        if count := told.get(kind, 0):
            names = [clean(name) for name in state.needy.get(kind, ())]
            more = [f"and {count - len(names):,} more"] if 0 < len(names) < count else []
            yield _line(
                (f"{kind} {count:,}", f"bold {STYLES[kind]}"), f"  {', '.join(names + more)}"
            )


def _table(state: State, width: int, sign: str, *, cursor: bool) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, padding=(0, 1), header_style="dim")
    shown = [
        wanted <= width and (title != "Tenant" or state.several) for title, _, wanted in COLUMNS
    ]
    for (title, align, _), fits in zip(COLUMNS, shown, strict=True):
        if fits:
            first = not table.columns
            table.add_column(
                title,
                justify="right" if align == "right" else "left",
                no_wrap=True,
                ratio=1 if first else None,
                min_width=8 if first else None,
                max_width=None if first or align == "right" else 24,
            )
    now = state.summary.get("now", 0.0)
    for index, worker in enumerate(state.workers[: state.rows]):
        cells = _cells(worker, now, sign)
        chosen = cursor and state.first + index == state.cursor
        kinds = worker["attention"]
        style = STYLES.get(kinds[0], "yellow") if kinds else ""
        table.add_row(
            *(Text(cell) for cell, fits in zip(cells, shown, strict=True) if fits),
            style=f"{style} reverse" if chosen else style,
        )
    if cursor:
        for _ in range(state.rows - min(len(state.workers), state.rows)):
            table.add_row("")
    return table


def _cells(worker: dict[str, Any], now: float, sign: str) -> list[str]:
    figures = worker["hashrate"]
    last = worker["last_share"]
    return [
        clean(worker["name"]),
        clean(worker.get("tenant", "")),
        rate(figures["5m"]["rate"]),
        error(figures["5m"], sign),
        rate(figures["1h"]["rate"]),
        "" if worker["of_usual"] is None else percent(worker["of_usual"]),
        rate(worker["missing"]) if worker["missing"] else "",
        short(worker["difficulty"]),
        f"{worker['accepted']:,}",
        rejected(worker["accepted"], worker["rejected"]),
        str(worker["connections"]),
        age(None if last is None else now - last),
        " ".join(worker["attention"]),
        clean(worker["pool"]),
        clean(worker["agent"]),
    ]


def _foot(state: State) -> Text:
    if state.typing:
        return _line(
            ("/", "bold"), clean(state.search), ("_", "blink"), ("  Enter keeps it, Esc not", "dim")
        )
    if state.trouble:
        return _line((f"trying again: {clean(state.trouble)}", "bold red"))
    first = min(state.first + 1, state.matched)
    last = min(state.first + state.rows, state.matched)
    filters = f"  /{clean(state.search)}" if state.search else ""
    if state.attention:
        filters += (
            f"  only {'those that need a person' if state.attention == ANY else state.attention}"
        )
    if state.tenant:
        filters += f"  of {clean(state.tenant)}"
    keys = KEYS.replace("a attention", "a attention  t tenant") if state.several else KEYS
    return _line(
        f"{first:,}-{last:,} of {state.matched:,} by {state.sort}{filters}  ", (keys, "dim")
    )


def _worker(state: State, sign: str, width: int, ascii_only: bool) -> list[Text]:
    worker = state.worker
    if not worker:
        return [_line((clean(state.detail), "bold")), _line("asking …", style="dim")]
    now = state.summary.get("now", 0.0)
    lines = [
        _line(),
        _line(
            (clean(worker["name"]), "bold"),
            f"  of {clean(worker['tenant'])}" if state.whose else "",
            f"  on {clean(worker['pool']) or 'no pool'}",
            f" as {clean(worker['account'])}" if state.whose and worker["account"] else "",
        ),
    ]
    lines += [
        _line((kind, f"bold {STYLES.get(kind, 'yellow')}"), f": {WHY.get(kind, '')}")
        for kind in worker["attention"]
    ]
    for window, figure in worker["hashrate"].items():
        lines.append(
            _line(
                (f"{window:>8}  ", "dim"),
                (f"{rate(figure['rate']):>10}", "bold"),
                f"  {error(figure, sign):<7} ",
                (f"{figure['shares']:,} shares in {age(figure['window'])}", "dim"),
            )
        )
    if worker["usual"] is not None:
        part, lacks = worker["of_usual"], worker["missing"]
        lines.append(
            _line(
                ("   usual  ", "dim"),
                f"{rate(worker['usual']):>10}",
                (f"  by {worker['usual_hours']:,} working hours", "dim"),
                "" if part is None else f"  now {percent(part)} of it",
                (f"  missing {rate(lacks)}" if lacks else "", "red"),
            )
        )
    if state.history:
        drawn = bars(state.history[-max(width - 12, 1) :], ASCII_BARS if ascii_only else BARS)
        lines.append(_line(("last hour  ", "dim"), drawn))
    lines += [
        _line(
            f"accepted {worker['accepted']:,}, "
            f"rejected {rejected(worker['accepted'], worker['rejected'])}"
            f"  {counts(worker['reasons'])}"
        ),
        _line(
            f"difficulty {short(worker['difficulty'])}, best {short(worker['best'])}, last share "
            f"{age(None if worker['last_share'] is None else now - worker['last_share'])} ago"
            if worker["last_share"] is not None
            else f"difficulty {short(worker['difficulty'])}, no share yet"
        ),
        _line(
            f"connections {worker['connections']}, connects {worker['connects']}, "
            f"known for {age(now - worker['since'])}"
        ),
        _line(),
    ]
    miners = worker.get("miners", ())
    if not miners and worker["address"]:
        lines.append(_line(f"last at {clean(worker['address'])}  {clean(worker['agent'])}"))
    for miner in miners:
        lines.append(
            _line(
                f"{clean(miner['address'])}  {clean(miner['agent'])}"
                f"  difficulty {short(miner['difficulty'])}"
                f"  for {age(now - miner['since'])}  {clean(miner['pool'])}"
            )
        )
    return lines
