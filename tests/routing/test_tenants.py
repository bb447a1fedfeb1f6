"""Tenants: who is mined for, under which account, with which bytes, and when that changes."""

from typing import Any

import pytest

from stratumproxy.accounting.account import Account
from stratumproxy.proxy.orders import Orders
from tests.proxy.playbook import EASY, POOL_EASY, Playbook, notify

ACME: dict[str, Any] = {
    "name": "acme",
    "workers": ["acme.*"],
    "target": [{"pools": [{"pool": "pool", "user": "acme"}]}],
}
MOLE: dict[str, Any] = {
    "name": "mole",
    "workers": ["mole.*"],
    "target": [
        {"pools": [{"pool": "pool", "user": "mole"}, {"pool": "second", "user": "mole2"}]},
    ],
}


def hosted(
    *tenants: dict[str, Any], pools: tuple[str, ...] = ("pool", "second"), **more: Any
) -> Playbook:
    """A proxy with tenants, all of whose sessions are ready, each with another extranonce1."""
    play = Playbook(*pools, tenant=list(tenants), **more)
    for number, name in enumerate(list(play.peers)):
        play.opens(name, extranonce1=f"{number:08x}", job=notify(f"{number}", room=12))
    play.skip()
    return play


def account(play: Playbook, name: str) -> tuple[str, str]:
    """For which tenant a miner mines, and as whom at the pool."""
    miner = play.miner(name).session
    assert miner.account is not None
    return miner.account.tenant, miner.account.user


def sends_on(play: Playbook, name: str, pool: str, user: str, worker: str = "") -> None:
    """A share of a miner's goes to that session, under that name."""
    share = play.miner(name).share(meets=POOL_EASY)
    play.aside(f'{name} >> 9 mining.submit "$s"', s=[worker or name, *share[1:]])
    play.skip()
    said = [line for line in play.log if line.startswith(f"{pool} << ") and "submit" in line]
    assert said, "\n".join(play.log[-20:])
    assert f'["{user}"' in said[-1]


def test_the_name_says_who_is_mined_for() -> None:
    play = hosted(ACME, MOLE)
    for name, owner in (("acme.1", "acme"), ("mole.1", "mole"), ("other", "default")):
        play.joins(name)
        user = owner if owner != "default" else "farm"
        assert account(play, name) == (owner, user)
    sends_on(play, "acme.1", "pool", "acme")
    sends_on(play, "mole.1", "pool.1", "mole")
    sends_on(play, "other", "pool.2", "farm")


def test_bytes_are_given_before_the_name_is_known() -> None:
    """And whoever has them, nobody else in the whole proxy does."""
    play = hosted(ACME, MOLE)
    play('a >> 1 mining.subscribe []\na << 1 result ["*", "01000000", 4]')
    play('b >> 1 mining.subscribe []\nb << 1 result ["*", "01000001", 4]')
    play(
        """
        a >> 2 mining.authorize ["mole.7"]
        a << 2 result true
        a << mining.set_difficulty [1e-9]
        a << mining.notify ["..."]
        b >> 2 mining.authorize ["acme.7"]
        b << 2 result true
        b << mining.set_difficulty [1e-9]
        b << mining.notify ["..."]
        """
    )
    assert (account(play, "a")[0], account(play, "b")[0]) == ("mole", "acme")


def test_a_listener_or_an_address_says_it_before_the_name() -> None:
    play = hosted(
        {**ACME, "workers": [], "listen": ["hall-a"]},
        {**MOLE, "workers": [], "addresses": ["10.1.0.0/16"]},
        listen=[{"address": ":3333"}, {"address": ":3334", "name": "hall-a"}],
    )
    assert play.miner("x@1").session.tenant is not None
    for name, owner in (("x@1", "acme"), ("10.1.2.3:5", "mole"), ("10.2.2.3:5", "default")):
        play.joins(name, worker="w")
        assert account(play, name)[0] == owner


def test_a_narrow_pool_costs_its_own_tenants_miners_only() -> None:
    """By address it is known whose a miner is when it subscribes."""
    narrow: dict[str, Any] = {"name": "narrow", "addresses": ["10.1.0.0/16"]}
    narrow["target"] = [{"pools": [{"pool": "second", "user": "n"}]}]
    wide: dict[str, Any] = {"target": [{"pools": [{"pool": "pool", "user": "farm"}]}]}
    play = Playbook("pool", "second", tenant=[narrow], **wide)
    play.opens("second", size=2, job=notify("n", room=6))
    play.opens("pool.1", size=8, job=notify("w", room=12))
    play('10.1.0.1:1 >> 1 mining.subscribe []\n10.1.0.1:1 << 1 result ["*", "f0f1f2f3", 2]')
    play('10.2.0.1:1 >> 1 mining.subscribe []\n10.2.0.1:1 << 1 result ["*", "01000000", 4]')
    play('10.2.0.2:1 >> 1 mining.subscribe []\n10.2.0.2:1 << 1 result ["*", "01000001", 4]')


def test_a_pool_that_is_too_narrow_for_a_tenant_by_name() -> None:
    """It turned out so: its own miners have to come back, the others know nothing of it."""
    play = Playbook(
        "pool",
        "second",
        tenant=[{**MOLE, "target": [{"pools": [{"pool": "second", "user": "mole"}]}]}],
        target=[{"pools": [{"pool": "pool", "user": "farm"}]}],
    )
    play.opens("second", size=2, job=notify("n", room=6))
    play.opens("pool.1", size=8, job=notify("w", room=12))
    play.joins("other")
    assert account(play, "other") == ("default", "farm")
    play.joins("mole.1")
    play.aside("clock -- 2 s")
    assert play.miner("mole.1").closed == "its extranonce does not fit the pool's any more"
    assert play.miner("other").closed is None


def test_what_a_listener_reaches_decides_how_many_bytes_there_are() -> None:
    play = Playbook(
        "pool",
        "second",
        tenant=[
            {
                **ACME,
                "listen": ["hall-a"],
                "target": [{"pools": [{"pool": "second", "user": "acme"}]}],
            },
        ],
        target=[{"pools": [{"pool": "pool", "user": "farm"}]}],
        listen=[{"address": ":3333"}, {"address": ":3334", "name": "hall-a"}],
    )
    play.opens("second", size=4, job=notify("n", room=8))
    play.opens("pool.1", size=8, job=notify("w", room=12))
    play('a@1 >> 1 mining.subscribe []\na@1 << 1 result ["*", "$slot", 3]')
    play('b >> 1 mining.subscribe []\nb << 1 result ["*", "01000000", 4]')


# -- who is not let in ---------------------------------------------------------------------------


def test_a_second_name_of_another_tenant_is_refused() -> None:
    play = hosted(ACME, MOLE)
    play.joins("acme.1")
    play(
        """
        acme.1 >> 4 mining.authorize ["acme.2"]
        acme.1 << 4 result true
        acme.1 >> 5 mining.authorize ["mole.2"]
        acme.1 << 5 error [24, "This connection is another customer's already", null]
        """
    )


def test_unknown_workers_may_be_refused() -> None:
    play = hosted(ACME, unknown_workers="refuse")
    play.aside("x >> 1 mining.subscribe []")
    play(
        """
        x >> 2 mining.authorize ["x"]
        x << 2 error [24, "No customer has a worker of this name; ask who hosts the machine", null]
        """
    )
    play.joins("acme.1")
    assert account(play, "acme.1")[0] == "acme"


def test_a_tenant_has_so_many_miners_and_no_more() -> None:
    play = hosted({**ACME, "max_miners": 2}, MOLE)
    play.joins("acme.1")
    play.joins("acme.2")
    play.aside("acme.3 >> 1 mining.subscribe []")
    play(
        """
        acme.3 >> 2 mining.authorize ["acme.3"]
        acme.3 << 2 error [24, "acme has 2 miners already", null]
        """
    )
    play.aside('acme.1 -- hangs up\nacme.3 >> 3 mining.authorize ["acme.3"]')
    assert account(play, "acme.3")[0] == "acme"


# -- pools come and go -----------------------------------------------------------------------------


def test_each_tenant_has_a_failover_of_its_own() -> None:
    play = hosted(ACME, MOLE)
    play.joins("mole.1")
    play.joins("acme.1")
    play.aside("pool.1 -- hangs up")
    assert account(play, "mole.1") == ("mole", "mole2")
    assert account(play, "acme.1") == ("acme", "acme")
    on_backup = {each.tenant: each for each in play.snapshot().targets if each.backup}
    assert on_backup.keys() == {"mole"}
    mole = on_backup["mole"]
    assert (mole.backup, mole.backup_miners) == ("second", 1)
    assert mole.first.startswith("pool gives mole no work: ")
    moved = [values for event, values in play.notices if event == "mining on pool"]
    whose = {"pool": "second", "tenant": "mole", "account": "mole2"}
    assert moved[-1].items() >= whose.items(), "the tenant is told, too"
    play.aside("pool.2 -- hangs up")
    moved = [values for event, values in play.notices if event == "mining on pool"]
    assert (moved[-1]["pool"], "tenant" in moved[-1]) == ("second", False), "the host's own"


def test_a_tenant_without_a_pool_is_let_go_and_nobody_else() -> None:
    play = hosted(ACME, MOLE, failover={"release_seconds": 5})
    play.joins("acme.1")
    play.joins("mole.1")
    play.aside("pool -- hangs up\nclock -- 10 s")
    assert play.miner("acme.1").closed == "no pool is ready"
    assert play.miner("mole.1").closed is None
    dark = {each.tenant: each for each in play.snapshot().targets if each.dark_for is not None}
    assert dark.keys() == {"acme"}
    assert dark["acme"].dark_for == pytest.approx(10, abs=1.5)
    assert dark["acme"].why.startswith("pool gives acme no work: ")
    assert not play.proxy.turning_away
    play.aside("acme.2 >> 1 mining.subscribe []")
    play(
        'acme.2 >> 2 mining.authorize ["acme.2"]\nacme.2 << 2 error [24, "No pool is ready", null]'
    )
    assert play.miner("acme.2").closed == "no pool is ready"


# -- another configuration -----------------------------------------------------------------------


def test_a_miner_that_is_somebody_elses_from_now_on_moves_by_a_job() -> None:
    play = hosted(ACME, {**MOLE, "workers": ["acme.2", "mole.*"]})
    play.joins("acme.2")
    old = play.miner("acme.2").share()
    before = play.proxy.workers.get("acme.2", "acme")
    play.log.append("the tenants change places")
    play.reconfigure("pool", "second", tenant=[{**MOLE, "workers": ["acme.2", "mole.*"]}, ACME])
    play('acme.2 << mining.notify ["*", "...", true]')
    assert account(play, "acme.2") == ("mole", "mole")
    new = play.miner("acme.2").share()
    play('acme.2 >> 4 mining.submit "$s"\nacme.2 << 4 result true', s=old)
    play('acme.2 >> 5 mining.submit "$s"\nacme.2 << 5 result true', s=new)
    after = play.proxy.workers.get("acme.2", "mole")
    (row,) = before.rows()
    assert (row.account.tenant, row.account.user, row.accepted) == ("acme", "acme", 1)
    (row,) = after.rows()
    assert (row.account.tenant, row.account.user, row.accepted) == ("mole", "mole", 1)
    assert (before.connections, after.connections) == (0, 1)


@pytest.mark.parametrize("back", [False, True])
def test_shares_count_after_any_number_of_moves(back: bool) -> None:
    """Also on the job of a group that it comes back to."""
    play = hosted(ACME, MOLE)
    play.joins("acme.1")
    first = play.miner("acme.1").share()
    taken = [{**MOLE, "workers": ["acme.1"]}, ACME]
    play.reconfigure("pool", "second", tenant=taken)
    play.skip()
    second = play.miner("acme.1").share()
    if back:
        play.reconfigure("pool", "second", tenant=[ACME, MOLE])
        play.skip()
        third = play.miner("acme.1").share()
        play('acme.1 >> 6 mining.submit "$s"\nacme.1 << 6 result true', s=third)
    play('acme.1 >> 4 mining.submit "$s"\nacme.1 << 4 result true', s=first)
    play('acme.1 >> 5 mining.submit "$s"\nacme.1 << 5 result true', s=second)
    play('acme.1 >> 7 mining.submit "$s"\nacme.1 << 7 error [22, "Duplicate share", null]', s=first)


def test_a_tenant_that_goes_leaves_its_miners_to_the_next() -> None:
    play = hosted(ACME)
    play.joins("acme.1")
    play.reconfigure("pool", "second")
    play('acme.1 << mining.notify ["*", "...", true]')
    assert account(play, "acme.1") == ("default", "farm")
    play.aside("clock -- 40 s")
    assert [target.tenant for target in play.proxy.router.tenants.targets] == ["default"]
    assert play.peers["pool"].closed is not None


def test_a_tenant_that_comes_gets_sessions_and_its_miners_when_they_are_ready() -> None:
    play = hosted(MOLE)
    play.joins("acme.1")
    assert account(play, "acme.1") == ("default", "farm")
    play.reconfigure("pool", "second", tenant=[MOLE, ACME])
    assert account(play, "acme.1") == ("default", "farm")
    play.skip()
    play.opens("pool.2", extranonce1="0000000a", job=notify("new", room=12))
    play('clock -- 1 s\nacme.1 << mining.notify ["*", "...", true]')
    assert account(play, "acme.1") == ("acme", "acme")


def test_a_tenant_that_is_called_otherwise_has_the_machines_that_it_had() -> None:
    """A machine, and what it was before, are not two that have one name at the pool."""
    target = [{"pools": [{"pool": "pool", "user": "farm", "worker_names": "each"}]}]
    acme, apex, mole = (
        {"name": name, "workers": workers, "target": target}
        for name, workers in (("acme", ["a.*"]), ("apex", ["a.*"]), ("mole", ["a_*"]))
    )
    play = hosted(acme, mole)
    play.proxy.pools[0].sharing.decide(True, "a probe said so", None, play.now)
    play.joins("a.1")
    found = play.miner("a.1").share(meets=POOL_EASY)
    play.aside('a.1 >> 5 mining.submit "$s"', s=found)
    there = set(play.peers)
    play.reconfigure("pool", "second", tenant=[apex, mole])
    for number, name in enumerate(set(play.peers) - there, 10):
        play.opens(name, extranonce1=f"{number:08x}", job=notify(f"{number}", room=12))
    play.aside("clock -- 2 s")
    for name in ("a.1", "a_1"):
        if name not in play.peers:
            play.joins(name)
        found = play.miner(name).share(meets=POOL_EASY)
        play.aside(f'{name} >> 6 mining.submit "$s"', s=found)
    told = [(event, each["tenant"]) for event, each in play.notices if "worker" in each]
    assert told == [
        ("a name is changed to what pools take", "acme"),
        ("a name is changed to what pools take", "apex"),
        ("two workers have the same name at the pool; here they are counted apart", "mole"),
    ]


def test_who_is_nobodys_any_more_is_let_go() -> None:
    play = hosted(ACME)
    play.joins("other")
    play.joins("acme.1")
    play.reconfigure("pool", "second", tenant=[ACME], unknown_workers="refuse")
    play.aside("clock -- 2 s")
    assert play.miner("other").closed == "it belongs to no tenant any more"
    assert play.miner("acme.1").closed is None


def test_a_slot_that_is_taken_up_for_somebody_else_has_no_past() -> None:
    play = hosted(ACME, MOLE)
    play.aside('a >> 1 mining.subscribe []\na >> 2 mining.authorize ["acme.1"]')
    share = play.miner("a").share()
    session = play.proxy.router.groups[0]
    prefix = play.miner("a").session.prefix
    assert prefix is not None
    play.aside("a -- hangs up")
    for name, worker, verdict in (
        ("thief", "mole.1", 'error [21, "Job not found (stale)", null]'),
    ):
        play.aside(f'{name} >> 1 mining.subscribe ["x", "{prefix.session_id}"]')
        play.aside(f'{name} >> 2 mining.authorize ["{worker}"]')
        assert play.miner(name).session.route is not session
        play(
            f'{name} >> 3 mining.submit "$s"\n{name} << 3 {verdict}',
            s=[worker, *share[1:]],
        )


def test_accounts_stand_in_every_record() -> None:
    play = hosted(ACME)
    play.joins("acme.1")
    share = play.miner("acme.1").share()
    play.aside('acme.1 >> 4 mining.submit "$s"', s=share)
    (record,) = play.proxy.workers.get("acme.1", "acme").take()
    assert record[0] == "acme.1"
    assert record[-4:] == ("acme", "acme", "BTC", "")
    assert Account("pool", "acme", "BTC", "acme", "").tenant == "acme"
    assert EASY < POOL_EASY


def test_a_ban_is_of_one_tenants_worker() -> None:
    """By listeners two customers may use the same names."""
    play = hosted(
        {**ACME, "workers": [], "listen": ["hall-a"]},
        listen=[{"address": ":3333"}, {"address": ":3334", "name": "hall-a"}],
    )
    play.joins("1", worker="w")
    play.joins("1@1", worker="w")
    orders = Orders(play.proxy, lambda: play.now)
    asked = {"action": "ban", "worker": "w", "seconds": 60, "tenant": "acme"}
    assert orders(asked)["result"]["miners"] == 1
    play.aside("clock -- 2 s")
    assert (play.miner("1").closed, play.miner("1@1").closed) == (None, "an operator ordered it")
    play.joins("2", worker="w")
    play.joins("2@1", worker="w")
    assert play.miner("2").closed is None
    assert play.miner("2@1").closed == "an operator banned its worker"
    assert orders({**asked, "tenant": "x"})["error"] == "no tenant is named 'x'"


def test_a_difficulty_that_is_fixed_is_one_tenants() -> None:
    play = hosted(
        {**ACME, "workers": [], "listen": ["hall-a"]},
        listen=[{"address": ":3333"}, {"address": ":3334", "name": "hall-a"}],
    )
    play.joins("1", worker="w")
    play.joins("1@1", worker="w")
    orders = Orders(play.proxy, lambda: play.now)
    orders({"action": "difficulty", "worker": "w", "difficulty": 1e-8, "tenant": "acme"})
    assert play.miner("1").difficulty == EASY
    assert play.miner("1@1").difficulty == 1e-8


def test_a_tenants_difficulty_is_its_own() -> None:
    play = hosted({**ACME, "difficulty": {"start": 5e-9}})
    play.joins("acme.1")
    play.joins("other")
    assert (play.miner("acme.1").difficulty, play.miner("other").difficulty) == (5e-9, EASY)
