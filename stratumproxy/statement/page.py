"""A statement as one HTML file that needs nothing else, for a screen and for A4 paper.

It runs no script and loads nothing, and says so itself: names in it come from the network.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from html import escape

from stratumproxy.statement.chart import chart
from stratumproxy.statement.statement import Credit, Excused, Figures, Row, Statement
from stratumproxy.statement.targets import Delivered
from stratumproxy.statement.windows import KINDS
from stratumproxy.statement.words import (
    error,
    hours,
    minutes,
    percent,
    plain,
    rate,
    reasons,
    scaled,
    work,
)

STYLE = """
@page { size: A4; margin: 14mm 12mm 16mm }
:root { color-scheme: light }
body { font: 10pt/1.4 system-ui, "Segoe UI", "Liberation Sans", sans-serif; color: #1c2330;
  background: #fff; margin: 0 auto; padding: 18px; max-width: 190mm }
h1 { font-size: 19pt; margin: 0 }
h2 { font-size: 12pt; margin: 20px 0 6px; break-after: avoid }
p, li { margin: 3px 0 }
header { display: flex; justify-content: space-between; align-items: end; gap: 20px;
  border-bottom: 2px solid #1c2330; padding-bottom: 8px }
header p { color: #566074 }
header div + div { text-align: right }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 8px; margin: 12px 0 }
.tile { border: 1px solid #d5dae3; border-radius: 6px; padding: 7px 9px; break-inside: avoid }
.tile b { display: block; font-size: 14pt; line-height: 1.25; white-space: nowrap }
.tile span, small { color: #566074; font-size: 8.5pt }
table { border-collapse: collapse; width: 100%; font-size: 7.4pt;
  font-variant-numeric: tabular-nums }
th, td { padding: 2.5px 3px; text-align: right; vertical-align: top; white-space: nowrap }
th { white-space: normal; vertical-align: bottom }
th { font-weight: 600; border-bottom: 1px solid #1c2330; background: #f1f3f7;
  print-color-adjust: exact }
td { border-bottom: 1px solid #e6e9ef }
tr { break-inside: avoid }
thead { display: table-header-group }
.text { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 9ch }
.total td { font-weight: 600; border-top: 1px solid #1c2330; border-bottom: 0 }
.bad { color: #a11616; font-weight: 600 }
svg { width: 100%; height: auto; display: block; print-color-adjust: exact }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 12px; margin: 0;
  font-size: 8.5pt }
dt { font-weight: 600 } dd { margin: 0 }
.keep { break-inside: avoid }
@media print { body { padding: 0 } }
"""

STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{STYLE_HASH}'"
"""What a browser may do with it: show it."""

NAMES = {"day": "Day", "worker": "Machine", "group": "Group"}


def as_html(statement: Statement) -> str:
    """The file."""
    period = statement.period
    title = f"Statement for {plain(statement.tenant)}"
    made = datetime.fromtimestamp(statement.made, UTC).strftime("%Y-%m-%d %H:%M UTC")
    head = (
        f"<header><div><h1>{escape(title)}</h1>"
        f"<p>{period.text(statement.since)} to {period.text(statement.until)}, "
        f"{escape(period.zone.key)}</p></div>"
        f"<div><p>{statement.names:,} machines</p><p>made {made}</p></div></header>"
    )
    body = [
        head,
        _tiles(statement),
        _course(statement),
        _rows(statement),
        _targets(statement.targets),
        _credits(statement.credits, statement.confidence),
        _windows(statement),
        _notes(statement.notes),
        MEANING,
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}, {period.day(statement.since)} to "
        f"{period.day(statement.until - 1)}</title>\n<style>{STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(part for part in body if part)}\n</body></html>\n"
    )


def _tiles(statement: Statement) -> str:
    total = statement.total
    credited = sum(each.audit.credited for each in statement.credits)
    expected = [each.audit.expected for each in statement.credits]
    due = None if None in expected else sum(one or 0.0 for one in expected)
    tiles = [
        ("Mean hashrate", rate(total.hashrate), f"chance: {error(total)}"),
        ("Work proven", work(total.work), "in shares of difficulty 1"),
        ("Uptime", percent(total.uptime), "of what is not excused"),
        ("Machines", f"{total.machines:,.1f}", "there, on average"),
        ("Shares accepted", f"{total.accepted:,}", f"{percent(_rejected(total))} rejected"),
        (
            "Credited by pools",
            f"{credited:,}",
            f"of {'?' if due is None else f'{due:,.0f}'} expected",
        ),
        ("Down", hours(total.down_seconds), "of machines, not excused"),
        ("Excused", hours(total.excused_seconds), "downtime of machines"),
    ]
    return (
        '<div class="tiles">'
        + "".join(
            f'<div class="tile"><span>{name}</span><b>{value}</b><span>{more}</span></div>'
            for name, value, more in tiles
        )
        + "</div>"
    )


def _rejected(figures: Figures) -> float:
    every = figures.accepted + figures.rejected
    return figures.rejected / every if every else 0.0


def _course(statement: Statement) -> str:
    if statement.by != "day" or len(statement.rows) < 2:
        return ""
    drawn = chart(statement.rows)
    return f'<section class="keep"><h2>Hashrate and uptime by day</h2>{drawn}</section>'


def _rows(statement: Statement) -> str:
    columns = [
        NAMES[statement.by],
        "Hashrate",
        "± chance",
        "Accepted",
        "Rejected",
        "Credited",
        "There, h" if statement.by == "worker" else "Machines",
        "Proven, h",
        "Excused, h",
        "Down, h",
        "Uptime",
    ]
    lines = [_row(row, statement.by) for row in statement.rows]
    total = Row("Total", statement.since, statement.until, statement.total)
    lines.append(_row(total, statement.by, "total"))
    why = reasons(statement.total.reasons)
    rejected = f"<p><small>Rejected: {escape(why)}</small></p>" if why else ""
    return f"<section><h2>By {statement.by}</h2>{_table(columns, lines)}{rejected}</section>"


def _row(row: Row, by: str, kind: str = "") -> str:
    of = row.figures
    there = _hours(of.machine_seconds) if by == "worker" else _short(f"{of.machines:,.1f}")
    cells = [
        rate(of.hashrate),
        error(of).removeprefix("± "),
        f"{of.accepted:,}",
        f"{of.rejected:,}",
        f"{of.credited:,}",
        there,
        _hours(of.proven_seconds),
        _hours(of.excused_seconds),
        _hours(of.down_seconds),
        percent(of.uptime),
    ]
    title = f' title="{escape(reasons(of.reasons))}"' if of.reasons else ""
    return _line([row.name], cells, kind, title)


def _hours(seconds: float | None) -> str:
    """As `hours`, where the unit stands above."""
    return _short(hours(seconds).removesuffix(" h"))


def _short(text: str) -> str:
    """A number without its decimal where it has many digits before that."""
    return text.partition(".")[0] if len(text) > 6 else text


def _targets(targets: Sequence[Delivered]) -> str:
    if not targets:
        return ""
    columns = ["Target", "Promised", "Had", "Work", "Credited", "Work credited"]
    lines = [
        _line(
            [each.target],
            [
                percent(each.promised),
                percent(each.part),
                scaled(each.work).rstrip(),
                percent(each.credited_part),
                scaled(each.credited_work).rstrip(),
            ],
        )
        for each in targets
    ]
    return (
        f"<section><h2>Parts of the work</h2>{_table(columns, lines, left=(0,))}"
        "<p><small>Promised is a target's part by the weights that held, each counting by the work "
        "that was done while it did; had is its part of the work that counted; credited is its "
        "part of what pools credited, which goes by far fewer shares.</small></p></section>"
    )


def _credits(credits: Sequence[Credit], confidence: float) -> str:
    if not credits:
        return ""
    targets = any(each.target for each in credits)
    columns = [
        *("Pool", "Account", *["Target"] * targets, "Expected", "Chance allows", "Sent"),
        *("Credited", "Refused, lost", "Work credited", "Verdict"),
    ]
    left = (0, 1, 2, 9) if targets else (0, 1, 8)
    lines = []
    for each in credits:
        of = each.audit
        allowed = "?" if of.low is None else f"{of.low:,} to {of.high:,}"
        refused = f"{of.uncredited:,}"
        where = f"{each.pool} ({each.site})" if each.site else each.pool
        cells = [
            "?" if of.expected is None else f"{of.expected:,.1f}",
            allowed,
            f"{of.forwarded:,}",
            f"{of.credited:,}",
            refused,
            scaled(of.credited_work).rstrip(),
        ]
        verdict = f'<td class="text{"" if of.fine else " bad"}">{escape(of.verdict)}'
        if of.reasons:
            verdict += f"<br><small>{escape(reasons(of.reasons))}</small>"
        names = [where, each.account, *[each.target] * targets]
        lines.append(_line(names, cells, end=f"{verdict}</td>"))
    return (
        f"<section><h2>Credited by each pool</h2>{_table(columns, lines, left=left)}"
        "<p><small>Expected is what the machines' work comes to in shares at a pool's difficulty. "
        f"How many of them come is chance; it allows that many with {100 * confidence:g} % for all "
        "accounts together. Sent is what came; credited is what the pool acknowledged.</small></p>"
        "</section>"
    )


def _windows(statement: Statement) -> str:
    if not statement.windows:
        return ""
    lines = [_window(statement, each) for each in statement.windows]
    columns = ["From", "To", "Excused", "Why", "Proof, in the ledger"]
    return (
        f"<section><h2>Downtime that is excused</h2>{_table(columns, lines, left=(0, 1, 3, 4))}"
        "</section>"
    )


def _window(statement: Statement, each: Excused) -> str:
    window, text = each.window, statement.period.text
    why = (
        f'<td class="text">{escape(plain(window.why))}<br><small>{KINDS[window.kind]}</small></td>'
    )
    proof = f'<td class="text">{escape(plain(window.proof)) or "by agreement"}</td>'
    times = [text(window.since), text(window.until)]
    return _line(times, [minutes(each.machine_seconds)], end=why + proof)


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    items = "".join(f"<li>{escape(plain(note))}</li>" for note in notes)
    return f'<section class="keep"><h2>To be known</h2><ul>{items}</ul></section>'


def _table(columns: Sequence[str], lines: Iterable[str], left: Sequence[int] = (0,)) -> str:
    head = "".join(
        f"<th{' class=text' if number in left else ''}>{escape(name)}</th>"
        for number, name in enumerate(columns)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{chr(10).join(lines)}\n</tbody></table>"


def _line(
    texts: Iterable[str], cells: Iterable[str], kind: str = "", title: str = "", end: str = ""
) -> str:
    of = f' class="{kind}"' if kind else ""
    first = "".join(f'<td class="text">{escape(plain(text))}</td>' for text in texts)
    rest = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr{of}{title}>{first}{rest}{end}</tr>"


MEANINGS = {
    "Work": "the sum of the difficulties that accepted shares were asked to meet. Times 2^32, and "
    "through the time, it is the mean hashrate. Each share was checked here, hash by hash.",
    "± chance": "how far chance moves it: shares come at random, and 19 times of 20 what the "
    "machines really did is within that.",
    "Machines, There": "how many were there to mine, on average, and for how long: each from its "
    "first share on, until it changed hands or was silent for 14 days.",
    "Proven": "the time between the shares of a machine, unless it is longer than a machine that "
    "mines would leave: 8 mean gaps. What is shorter than that is not seen as an outage.",
    "Down": "the time that machines were there and did not prove to mine, and nothing excuses.",
    "Uptime": "what is proven, through what they were there less what is excused.",
    "Expected": "the shares that should have met what the pool asked for: each share here with the "
    "probability of its difficulty through the pool's.",
}

MEANING = (
    '<section class="keep"><h2>What the figures mean</h2><dl>'
    + "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in MEANINGS.items())
    + "</dl></section>"
)
