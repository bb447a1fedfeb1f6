"""Connects and disconnects, from what is told of miners."""

from contextlib import closing
from pathlib import Path

from stratumproxy.ledger import LedgerReader, Standing
from stratumproxy.ledger.schema import DAYS, FIVE_MINUTES
from tests.clocks import Time
from tests.ledger.told import DAY, added, batch, keep, miner, open_ledger, query, sums, work


def counts(path: Path, worker: str = "rig") -> dict[int, tuple[int, int]]:
    """Connects and disconnects by minutes after DAY."""
    found: dict[int, tuple[int, int]] = {}
    for (start, name, _), row in sums(path, FIVE_MINUTES).items():
        if name == worker:
            key = (start - DAY) // 60
            before = found.get(key, (0, 0))
            found[key] = before[0] + row.connects, before[1] + row.disconnects
    return found


def is_open(path: Path) -> int:
    ((count,),) = query(path, "SELECT count(*) FROM miners")
    return int(count)


def test_a_connection_counts_once_however_often_it_is_told(path: Path) -> None:
    later = DAY + 900
    keep(
        path,
        [
            batch(1, DAY + 20, miners=[miner(worker=""), miner(since=DAY + 10)]),
            batch(2, later, miners=[miner(since=DAY + 10, difficulty=5.0)]),
            batch(3, later, miners=[miner(since=DAY + 10, open=False, reason="idle")]),
        ],
    )
    assert counts(path) == {0: (1, 0), 15: (0, 1)}
    assert is_open(path) == 0


def test_where_a_worker_connected_last_is_kept_though_it_is_gone(path: Path) -> None:
    first, second = miner(1, address="10.0.0.1:1"), miner(2, address="10.0.0.2:2", agent="bosminer")
    keep(path, [batch(1, miners=[first]), batch(2, miners=[second, first, miner(3, "other")])])
    keep(path, [batch(3, miners=[first._replace(open=False), second._replace(open=False)])])
    with closing(Standing(str(path))) as standing:
        rig = standing.totals(DAY + 60).workers["default", "rig"]
    assert (rig.connections, rig.address, rig.agent) == (0, "10.0.0.2:2", "bosminer")


def test_one_that_never_authorized_does_not_count(path: Path) -> None:
    keep(path, [batch(1, miners=[miner(worker=""), miner(worker="", open=False)])])
    assert sums(path, FIVE_MINUTES) == {}


def test_one_that_came_and_went_at_once(path: Path) -> None:
    keep(path, [batch(1, DAY + 310, miners=[miner(since=DAY, open=False)])])
    assert counts(path) == {0: (1, 0), 5: (0, 1)}


def test_another_name_on_the_same_connection(path: Path) -> None:
    keep(path, [batch(1, miners=[miner()]), batch(2, DAY + 600, miners=[miner(worker="other")])])
    assert counts(path) == {0: (1, 0), 10: (0, 1)}
    assert counts(path, "other") == {10: (1, 0)}
    assert is_open(path) == 1


def test_a_run_that_is_over_ends_its_connections(path: Path) -> None:
    keep(
        path,
        [
            batch(1, DAY, "old", 0, miners=[miner(1), miner(2), miner(3, "b")]),
            batch(1, DAY, "beside", 1, miners=[miner(1, "c")]),
            batch(2, DAY + 300, "old", 0),
            batch(1, DAY + 900, "new", 0, miners=[miner(1, since=DAY + 890)]),
        ],
    )
    assert is_open(path) == 5, "that another has its number says nothing"
    keep(path, [batch(1, DAY + 901, "control", -1, ended=["old", "unheard"])])
    assert counts(path) == {0: (2, 0), 5: (0, 2), 10: (1, 0)}
    assert counts(path, "b") == {0: (1, 0), 5: (0, 1)}
    assert counts(path, "c") == {0: (1, 0)}
    # What the old one told before its end, and is heard of only now.
    keep(path, [batch(3, DAY + 310, "old", 0, miners=[miner(4, "d", DAY + 305)])])
    assert counts(path, "d") == {5: (1, 1)}
    assert is_open(path) == 2


def test_two_sites_stay_apart(path: Path) -> None:
    """Their processes have one number, their miners one id, and their worker one name."""
    for run, site in (("n", "north"), ("s", "south")):
        told = {"miners": [miner(1, account="farm")], "work": [work(account="farm")]}
        keep(path, [batch(1, DAY, run, 0, site=site, **told)])
    assert is_open(path) == 2
    keep(path, [batch(1, DAY + 300, "control", -1, site="south", ended=["s"])])
    assert is_open(path) == 1
    rows = query(
        path,
        "SELECT site, pools.name, accepted, connects, disconnects FROM days "
        "JOIN pools ON pools.id = pool WHERE worker <> 0 ORDER BY site, pools.name",
    )
    assert rows == [
        ("north", "main", 1, 1, 0),
        ("south", "", 0, 0, 1),
        ("south", "main", 1, 1, 0),
    ]


def test_a_run_that_is_silent_for_an_hour_is_gone(path: Path) -> None:
    time = Time(DAY)
    with closing(open_ledger(path, time)) as ledger:
        ledger.take([batch(1, DAY, "old", 3, miners=[miner()])])
        time.jumps(10 * 86_400)
        ledger.take([batch(1, time.wall, "new", 0)])
        assert is_open(path) == 1, "it was not silent: the clock jumped"
        time.jumps(-10 * 86_400)
        time.passes(3500)
        ledger.take([])
        assert is_open(path) == 1
        time.passes(3700)
        ledger.take([])
        assert is_open(path) == 0
    with closing(LedgerReader(str(path))) as reader:
        now = time.wall
        history = reader.history(None, "24h", now)
        assert history
        assert [point.connections for point in history.points[:2]] == [0, 0]
    assert added(sums(path, FIVE_MINUTES).values()).disconnects == 1


def test_nothing_of_a_worker_stands_in_another_tenants_accounts(path: Path) -> None:
    """Whoever a connection is given to, and whatever ends: an account's rows are its customer's."""
    whose = ("acme", "zeta", "default", "acme", "zeta")
    told = [
        batch(
            n + 1, DAY + 300 * n, miners=[miner(id, tenant=tenant, account=tenant) for id in (1, 2)]
        )
        for n, tenant in enumerate(whose)
    ]
    keep(path, [*told, batch(9, DAY + 3000, miners=[miner(2, tenant="acme", open=False)])])
    keep(path, [batch(1, DAY + 3600, run="control", process=-1, ended=["run"])])
    assert is_open(path) == 0
    rows = query(
        path,
        "SELECT workers.tenant, pools.tenant, sum(connects), sum(disconnects) FROM days AS b "
        "JOIN workers ON workers.id = worker JOIN pools ON pools.id = pool "
        "GROUP BY 1, 2 ORDER BY 1",
    )
    assert rows == [("acme", "acme", 5, 5), ("default", "default", 2, 2), ("zeta", "zeta", 4, 4)]
    with closing(Standing(str(path))) as standing:
        assert standing.parts(DAYS, DAY) == []  # nothing was mined for a target of theirs
