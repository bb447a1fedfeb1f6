"""Shares a page at a time."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.ledger import LedgerReader, ShareQuery
from stratumproxy.ledger.pages import MAX_PAGE, parse_cursor
from stratumproxy.telemetry.records import ACCEPTED, REJECTED, VERDICTS, ShareRecord
from tests.ledger.told import DAY, batch, keep, share

TOLD = [
    share(
        DAY + n // 3 * 0.1,
        f"rig{n % 5}",
        VERDICTS[n % 4 if n % 3 else 0],
        pool=("main", "backup")[n % 7 == 0],
        reason=f"why {n % 2}" if n % 3 else "",
        met=float(n),
        tenant=("default", "acme")[n % 11 == 0],
        account="abc"[n % 3],
    )
    for n in range(200)
]


@pytest.fixture
def reader(path: Path) -> LedgerReader:
    keep(path, [batch(1, shares=TOLD)])
    return LedgerReader(str(path))


def pages(reader: LedgerReader, query: ShareQuery, limit: int) -> list[ShareRecord]:
    found: list[ShareRecord] = []
    before = None
    while True:
        page = reader.shares(query, before, limit)
        assert len(page.shares) <= limit
        found += [record for _, record in page.shares]
        before = page.next
        if before is None:
            return found


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (ShareQuery(), lambda s: True),
        (ShareQuery(worker="rig3"), lambda s: s.worker == "rig3" and s.tenant == "default"),
        (
            ShareQuery(worker="rig3", tenant="acme"),
            lambda s: s.worker == "rig3" and s.tenant != "default",
        ),
        (ShareQuery(tenant="acme"), lambda s: s.tenant == "acme"),
        (ShareQuery(tenant="acme", account="b"), lambda s: s[10:12] == ("acme", "b")),
        (
            ShareQuery(account="b", verdict="lost"),
            lambda s: s.account == "b" and s.verdict == "lost",
        ),
        (ShareQuery(pool="backup"), lambda s: s.pool == "backup"),
        (ShareQuery(verdict=ACCEPTED), lambda s: s.verdict == ACCEPTED),
        (ShareQuery(verdict=REJECTED), lambda s: s.verdict == REJECTED),
        (
            ShareQuery(pool="main", verdict=REJECTED),
            lambda s: s.pool == "main" and s.verdict == REJECTED,
        ),
        (
            ShareQuery(worker="rig1", pool="main", verdict="lost"),
            lambda s: s[1:3] == ("rig1", "main") and s.verdict == "lost" and s.tenant == "default",
        ),
        (ShareQuery(since=DAY + 1.0, until=DAY + 2.0), lambda s: DAY + 1 <= s.at < DAY + 2),
        (ShareQuery(worker="nobody"), lambda s: False),
        (ShareQuery(pool="none"), lambda s: False),
    ],
)
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_are_the_whole_in_order(
    reader: LedgerReader, query: ShareQuery, wanted: Callable[[ShareRecord], bool], limit: int
) -> None:
    newest_first = sorted(TOLD, key=lambda s: (s.at, s.met), reverse=True)
    with closing(reader):
        assert pages(reader, query, limit) == [one for one in newest_first if wanted(one)]


def test_a_cursor_stays_right_while_shares_come(reader: LedgerReader, path: Path) -> None:
    with closing(reader):
        page = reader.shares(limit=50)
        seen = [id for id, _ in page.shares]
        # A newer one, and a late one at the time of the last that was shown.
        late = share(page.shares[-1][1].at, "late")
        keep(path, [batch(2, shares=[share(DAY + 1000, "new"), late])])
        rest = reader.shares(None, page.next, 1000)
        assert not {*seen} & {id for id, _ in rest.shares}
        assert len(rest.shares) == 150
        assert "new" not in {record.worker for _, record in rest.shares}


def test_a_page_is_bounded(path: Path) -> None:
    keep(path, [batch(1, shares=TOLD * 6)])
    with closing(LedgerReader(str(path))) as reader:
        assert len(reader.shares(limit=10**6).shares) == MAX_PAGE


@pytest.mark.parametrize(
    "text", ["", "5", "x:1", "1:x", "1.5:-1", "nan:1", "1:2:3", "1:" + "9" * 99]
)
def test_what_is_no_cursor(reader: LedgerReader, text: str) -> None:
    with closing(reader), pytest.raises(ValueError, match="not a cursor"):
        reader.shares(None, text)


@given(st.floats(-1e17, 1e17), st.integers(0, 10**17))
def test_cursors_round_trip(at: float, id: int) -> None:
    assert parse_cursor(f"{at!r}:{id}") == (at, id)
