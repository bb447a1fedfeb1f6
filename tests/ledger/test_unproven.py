"""Names that no share counted for: no row for them, and nothing of what they did is missing."""

from contextlib import closing
from pathlib import Path

from stratumproxy.ledger import LedgerReader, Standing
from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.audit import audit
from stratumproxy.ledger.schema import LEVELS
from stratumproxy.telemetry.records import REJECTED
from tests.ledger.told import DAY, batch, keep, miner, query, share, sums, work

REFUSED = {"low-difficulty": 2}


def names(path: Path) -> set[str]:
    return {name for (name,) in query(path, "SELECT name FROM workers")}


def test_strangers_leave_no_rows_but_count_in_the_sums(path: Path) -> None:
    """64 made-up names a connection, each with one refused submit, took 6 KB each for years."""
    made_up = [f"{number:0255}" for number in range(100)]
    keep(
        path,
        [
            batch(
                1,
                work=[work("rig"), *(work(name, 0, rejected=REFUSED) for name in made_up)],
                miners=[miner(number, name) for number, name in enumerate(made_up)],
                shares=[share(worker=made_up[0], verdict=REJECTED, reason="no")],
                unproven=tuple(made_up),
            )
        ],
    )
    assert names(path) == {"", "rig"}
    assert query(path, "SELECT count(*) FROM miners") == [(0,)]
    for level in LEVELS:
        assert sums(path, level)[DAY, "", "main"].rejected == 200
        whole = sums(path, level, fleet=True)[DAY, "", "main"]
        assert (whole.accepted, whole.rejected, whole.pool_rejected) == (1, 200, 1)
        assert query(path, f"SELECT count(*) FROM {level.table}_rejects") == [(4,)]


def test_a_name_that_is_there_already_stays_its_own(path: Path) -> None:
    keep(path, [batch(1, work=[work("rig")])])
    told = batch(
        1,
        run="restarted",
        work=[work("rig", 0, rejected=REFUSED)],
        miners=[miner(1, "rig")],
        unproven=("rig",),
    )
    keep(path, [told])
    assert names(path) == {"rig"}
    assert sums(path, LEVELS[0])[DAY, "rig", "main"].rejected == 2
    assert query(path, "SELECT count(*) FROM miners") == [(1,)]


def test_its_connection_counts_from_its_beginning_once_it_is_proven(path: Path) -> None:
    later = DAY + 600
    keep(path, [batch(1, miners=[miner(1, since=DAY)], unproven=("rig",))])
    keep(path, [batch(2, later, work=[work()], miners=[miner(1, since=DAY)])])
    connects = {
        start: each.connects
        for (start, name, _), each in sums(path, LEVELS[0]).items()
        if name == "rig" and each.connects
    }
    assert connects == {DAY: 1}
    keep(path, [batch(3, later + 5, miners=[miner(1, since=DAY, open=False)])])
    assert query(path, "SELECT count(*) FROM miners") == [(0,)]


def test_whoever_takes_over_knows_no_worker_without_a_name(path: Path) -> None:
    keep(path, [batch(1, work=[work("rig"), work("x", 0, rejected=REFUSED)], unproven=("x",))])
    with closing(Standing(str(path))) as standing:
        totals = standing.totals(DAY + 10)
        assert list(totals.workers) == [("default", "rig")]
        assert sum(row[-1] for row in standing.bucket(LEVELS[0], DAY)) == 2


def test_an_audit_by_worker_has_a_row_for_all_of_them(path: Path) -> None:
    refused = [share(worker="x", verdict=REJECTED, reason="no"), share(worker="y")]
    keep(path, [batch(1, shares=refused, work=[work("x"), work("y")], unproven=("x", "y"))])
    with closing(LedgerReader(str(path))) as reader:
        found = audit(reader, Which("main"), DAY, DAY + 3600, by="worker", confidence=0.99)
    assert [(row.worker, row.forwarded) for row in found.rows] == [("", 2)]
