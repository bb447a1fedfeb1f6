"""A pool's own figures."""

from pathlib import Path

import pytest

from stratumproxy.ledger.pool_figures import Figure, FiguresError, read_figures
from tests.ledger.told import DAY


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "theirs"


def test_csv_by_time(file: Path) -> None:
    file.write_bytes(
        b"\xef\xbb\xbfStart, Shares,Paid\r\n2023-11-15T00:10,5,0.1\r\n\r\n"
        b'2023-11-15T00:50,"7.5",0\r\n2023-11-15T02:00,1,\r\n2023-11-16,9,9\r\n'
    )
    figures, left = read_figures(file, by_worker=False).by_time(DAY, DAY + 86_400, 3600)
    assert figures == {DAY: Figure(12.5, None), DAY + 7200: Figure(1.0, None)}
    assert left == ["2023-11-16 00:00"]


def test_csv_by_worker(file: Path) -> None:
    file.write_text('work,worker\n1e12,rig\n5,"a, b"\n1e12,rig\n')
    figures = read_figures(file, by_worker=True).by_worker()
    assert figures == {"rig": Figure(None, 2e12), "a, b": Figure(None, 5.0)}


def test_json(file: Path) -> None:
    file.write_text(
        f' [{{"start": {DAY}, "shares": 3, "work": 6}}, {{"start": "2023-11-15", "shares": 1}}]'
    )
    figures, left = read_figures(file, by_worker=False).by_time(DAY, DAY + 86_400, 86_400)
    assert figures == {DAY: Figure(4.0, 6.0)}
    assert left == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", ":1: the header needs 'start', and 'shares' or 'work' or both; it has nothing"),
        ("start,x\n", ":1: the header needs 'start', and 'shares' or 'work' or both; it has 'st"),
        ("worker,work\n", ":1: the header needs 'start'"),
        ("start,work\n2023-11-15,1\n2023-11-15\n", ":3: 1 columns where the header has 2"),
        ("start,work\n2023-11-15,1\n2023-11-15,x\n", ":3: work: expected a number from 0 on, no"),
        ("start,work\n2023-11-15,-1\n", ":2: work: expected a number from 0 on, not '-1'"),
        ("start,work\n2023-11-15,nan\n", ":2: work: expected a number from 0 on, not 'nan'"),
        ("start,work\n2023-11-15,\n", ":2: neither shares nor work"),
        ("start,work\n,1\n", ":2: start is missing"),
        ("start,work\nsoon,1\n", ":2: start: expected a time such as 24h, yesterday, 2026-11-01"),
        ('start,work\n"2023,1\n', ":2: not CSV: "),
        ("[1]", ": entry 1: not an object with start, worker, shares, work"),
        ('[{"start": 1700000000}]', ": entry 1: neither shares nor work"),
        ('[{"shares": 1}]', ": entry 1: start is missing"),
        ('[{"start": 1700000000, "shares": true}]', ": entry 1: shares: expected a number"),
        ('[{"start": 1700000000, "shares": [1]}]', ": entry 1: shares: expected a number"),
        ('[\n{"start": }]', ":2:11: not JSON: Expecting value"),
        ("[" * 100_000, ": no JSON that can be used"),
    ],
)
def test_what_is_wrong_and_where(file: Path, text: str, error: str) -> None:
    file.write_text(text)
    with pytest.raises(FiguresError) as caught:
        read_figures(file, by_worker=False)
    assert str(caught.value).startswith(f"{file}{error}")


def test_files_that_cannot_be_read(file: Path, tmp_path: Path) -> None:
    with pytest.raises(FiguresError, match="theirs: can't be read: No such file or directory"):
        read_figures(file, by_worker=False)
    with pytest.raises(FiguresError, match="can't be read: Is a directory"):
        read_figures(tmp_path, by_worker=False)
    file.write_bytes(b"start,work\xff\n")
    with pytest.raises(FiguresError, match="not UTF-8"):
        read_figures(file, by_worker=False)
