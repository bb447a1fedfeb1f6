"""What an operator orders, and what comes of it."""

from typing import Any

import pytest

from stratumproxy.proxy import orders as module
from stratumproxy.proxy.orders import Orders
from stratumproxy.telemetry.bans import MOST_ORDERED
from tests.proxy.playbook import EASY, POOL_EASY, Playbook, notify


class Ordered:
    """A proxy, its miners, and an operator."""

    def __init__(self, *pools: str, miners: str = "ab", **settings: Any) -> None:
        self.play = Playbook(*pools, **settings)
        for pool in self.play.pools:
            self.play.opens(pool)
        for name in miners:
            self.play.joins(name)
        self._orders = Orders(self.play.proxy, lambda: self.play.now, "0-run")

    def __call__(self, action: object, **arguments: object) -> Any:
        answer = self._orders({"do": 1, "action": action, **arguments})
        assert len(answer) == 1
        self.play._settle()
        return answer.get("result", answer.get("error"))

    @property
    def pools(self) -> list[int]:
        """How many miners each pool has."""
        return [pool.miners for pool in self.play.snapshot().pools]


@pytest.mark.parametrize("action", ["explode", None, 5, ["ban"], ""])
def test_what_is_no_action(action: object) -> None:
    answer = Ordered()(action)
    assert answer == (
        "there is no such action; there are disconnect, ban, weights, switch-pool, difficulty"
    )


def test_nothing_is_done_as_well() -> None:
    assert Ordered()("none") == {}


def deep(levels: int) -> list[object]:
    nested: list[object] = []
    for _ in range(levels):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ("disconnect", "miner"),
        ("disconnect", "worker"),
        ("ban", "seconds"),
        ("switch-pool", "pool"),
        ("difficulty", "difficulty"),
    ],
)
@pytest.mark.parametrize("value", [deep(1000), "x" * 60_000, {"a": deep(1000)}])
def test_whatever_is_ordered_the_answer_is_short(action: str, key: str, value: object) -> None:
    answer = Ordered()(action, **{"worker": "a", "seconds": 1, "difficulty": 1} | {key: value})
    assert isinstance(answer, str)
    assert len(answer) < 300


def test_a_mistake_of_ours_in_an_order_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    order = Ordered()
    monkeypatch.setattr(order.play.proxy.router, "groups", None)
    assert order("switch-pool", pool="") == "a bug, please report it: the log says more"
    (event, values) = order.play.notices[-1]
    assert (event, values) == ("a bug, please report it", {"exc_info": True})


# -- disconnect --------------------------------------------------------------------------------


def test_hang_up_on_a_worker() -> None:
    order = Ordered()
    assert order("disconnect", worker="a") == {"miners": 1}
    order.play.aside("clock -- 1 s")
    assert order.play.miner("a").closed == "an operator ordered it"
    assert order.play.miner("b").closed is None
    assert order("disconnect", worker="a") == "no miner of worker 'a' is connected"


@pytest.mark.parametrize("miner", ["0-run:2", "2", 2])
def test_hang_up_on_a_miner(miner: object) -> None:
    order = Ordered()
    assert order("disconnect", miner=miner) == {"miners": 1}
    order.play.aside("clock -- 1 s")
    assert order.play.miner("b").closed is not None


@pytest.mark.parametrize("miner", [None, 1.5, {}, ["0-run:2"]])
def test_what_is_no_id_of_a_miner(miner: object) -> None:
    assert Ordered()("disconnect", miner=miner) == "miner must be an id"


@pytest.mark.parametrize("miner", ["1-run:2", "0-run:7", "", "x", "0-run:", 7])
def test_a_miner_that_is_not_here(miner: object) -> None:
    order = Ordered()
    assert order("disconnect", miner=miner) == f"no miner {str(miner)!r} is connected"


def test_many_go_at_a_gentle_pace() -> None:
    order = Ordered(miners="")
    for number in range(5):
        order.play.miner(f"m{number}")
        order.play.aside(
            f'm{number} >> 1 mining.subscribe []\nm{number} >> 2 mining.authorize ["w"]'
        )
    assert order("disconnect", worker="w") == {"miners": 5}
    order.play.aside("clock -- 2 s")
    assert order.play.snapshot().connected == 3


@pytest.mark.parametrize("name", [None, "", 5, "x" * 256])
@pytest.mark.parametrize("action", ["disconnect", "ban", "difficulty"])
def test_what_is_no_name(action: str, name: object) -> None:
    order = Ordered()
    answer = order(action, worker=name, seconds=1, difficulty=1)
    assert answer == "worker must be a name of at most 255 characters"


# -- ban ---------------------------------------------------------------------------------------


def test_a_ban_lasts_as_long_as_was_said() -> None:
    order = Ordered()
    assert order("ban", worker="a", seconds=100) == {"worker": "a", "miners": 1, "known": True}
    order.play.aside("clock -- 1 s")
    assert order.play.miner("a").closed is not None
    order.play(
        """
        again >> 1 mining.subscribe []
        again << 1 result ["..."]
        again >> 2 mining.authorize ["a"]
        again << 2 error [24, "Banned for 99 s more by the operator", null]
        again -- closed: an operator banned its worker
        """
    )
    order.play.aside("clock -- 100 s")
    order.play.aside('later >> 1 mining.subscribe []\nlater >> 2 mining.authorize ["a"]')
    assert order.play.miner("later").closed is None


def test_a_ban_holds_for_addresses_that_are_exempt() -> None:
    order = Ordered(limits={"exempt": ["0.0.0.0/0", "::/0"]})
    order("ban", worker="new", seconds=100)
    order.play.aside('x >> 1 mining.subscribe []\nx >> 2 mining.authorize ["new"]')
    assert order.play.miner("x").closed is not None


def test_who_is_not_here_may_come_later() -> None:
    order = Ordered()
    assert order("ban", worker="c", seconds=5) == {"worker": "c", "miners": 0, "known": False}


@pytest.mark.parametrize("seconds", [0, -1, None, "60", True, 1e12, float("nan")])
def test_what_is_no_time_for_a_ban(seconds: object) -> None:
    answer = Ordered()("ban", worker="a", seconds=seconds)
    assert answer == "seconds must be a number above 0 and at most 31622400"


def test_bans_are_bounded() -> None:
    order = Ordered()
    for number in range(MOST_ORDERED):
        assert order.play.proxy.misbehaviour.bans.order(f"w{number}", 10, order.play.now)
    assert order("ban", worker="x", seconds=5) == "too many workers are banned already"
    assert order("ban", worker="w1", seconds=5)["known"] is False
    order.play.now += 11
    assert "miners" in order("ban", worker="x", seconds=5)


@pytest.mark.parametrize("bans", [None, [["a"]], 5])
def test_what_other_processes_know_may_be_nonsense(bans: object) -> None:
    assert Ordered()("bans", bans=bans).startswith("these are not bans: ")


# -- switch-pool -------------------------------------------------------------------------------


def test_mine_on_another_pool_and_back() -> None:
    order = Ordered("main", "backup", "third")
    assert order("switch-pool", pool="third") == {"pool": "third", "miners": 2, "ready": True}
    assert order.pools == [0, 0, 2]
    order.play.aside("clock -- 1000 s")
    assert order.pools == [0, 0, 2], "until told otherwise"
    assert order("switch-pool", pool="third") == {"pool": "third", "miners": 0, "ready": True}
    assert order("switch-pool", pool="") == {"pool": "", "miners": 2, "ready": True}
    assert order.pools == [2, 0, 0]


def test_a_preferred_pool_that_is_lost_is_left_and_gone_back_to() -> None:
    order = Ordered("main", "backup", failover={"return_seconds": 60})
    order("switch-pool", pool="backup")
    order.play.aside("backup -- hangs up")
    assert order.pools == [2, 0]
    order.play.aside("backup -- connects")
    order.play.opens("backup", job=notify("2"))
    assert order.pools == [2, 0], "not at once"
    order.play.aside("clock -- 61 s")
    assert order.pools == [0, 2]


def test_a_pool_that_is_not_ready_is_mined_on_once_it_is() -> None:
    play = Ordered("main", "backup")
    play.play.aside("backup -- hangs up")
    answer = play("switch-pool", pool="backup")
    assert answer == {"pool": "backup", "miners": 0, "ready": False}
    play.play.aside("backup -- connects")
    play.play.opens("backup", job=notify("2"))
    assert play.pools == [0, 2]


def test_the_operator_overrules_what_is_held_against_a_pool() -> None:
    order = Ordered("main", "backup")
    group = order.play.proxy.router.groups[0]
    group.leave_pool(
        order.play.proxy.router.channels_to(order.play.proxy.pools[0])[0], order.play.now
    )
    assert order.pools == [0, 2]
    order("switch-pool", pool="main")
    assert order.pools == [2, 0]


@pytest.mark.parametrize("pool", [None, 5, ["main"]])
def test_what_is_no_name_of_a_pool(pool: object) -> None:
    answer = Ordered()("switch-pool", pool=pool)
    assert answer == "pool must be a name, or empty for the configured order"


def test_a_pool_that_is_not_configured() -> None:
    answer = Ordered("main", "backup")("switch-pool", pool="nowhere")
    assert answer == "no pool is named 'nowhere'; there are main, backup"


def test_a_pool_that_is_not_configured_any_more() -> None:
    order = Ordered("main", "backup")
    order.play.reconfigure("backup")
    answer = order("switch-pool", pool="main")
    assert answer == "no pool is named 'main'; there are backup"


def test_the_order_outlives_a_reload_while_the_pool_is_configured() -> None:
    order = Ordered("main", "backup")
    order("switch-pool", pool="backup")
    order.play.reconfigure("backup", "main")
    order.play.aside("clock -- 100 s")
    assert order.pools == [2, 0]
    order.play.reconfigure("main", "backup")
    order.play.aside("clock -- 100 s")
    assert order.pools == [0, 2]
    order.play.reconfigure("main")
    assert order.pools[0] == 2
    assert order.play.proxy.router.preferred == ""
    order.play.reconfigure("main", "backup")
    assert order.play.proxy.router.preferred == "", "that was then"


# -- difficulty --------------------------------------------------------------------------------


def vardiff() -> Ordered:
    return Ordered(difficulty={"vardiff": True, "start": EASY, "max": 1e9})


def test_a_difficulty_that_is_fixed() -> None:
    order = vardiff()
    answer = order("difficulty", worker="a", difficulty=4e-9)
    assert answer == {"worker": "a", "miners": 1, "known": True}
    assert order.play.miner("a").difficulty == 4e-9
    assert order.play.miner("b").difficulty == EASY
    order.play.aside("clock -- 600 s")
    assert order.play.miner("a").difficulty == 4e-9, "whatever vardiff makes of its silence"
    order.play.aside("a >> 9 mining.suggest_difficulty [1e-8]")
    assert order.play.miner("a").difficulty == 4e-9


def test_it_is_remembered_for_later_connections() -> None:
    order = vardiff()
    order("difficulty", worker="a", difficulty=4e-9)
    order("difficulty", worker="new", difficulty=5e-9)
    order.play.aside("a -- hangs up")
    order.play.aside('c >> 1 mining.subscribe []\nc >> 2 mining.authorize ["a", "d=7"]')
    order.play.joins("new")
    order.play.aside("clock -- 600 s")
    assert order.play.miner("c").difficulty == 4e-9
    assert order.play.miner("new").difficulty == 5e-9


def test_thousands_under_one_name_are_told_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some sites use one name for everything; shares must have their turn meanwhile."""
    monkeypatch.setattr(module, "AT_ONCE", 3)
    order = Ordered(miners="")
    names = [f"m{number}" for number in range(6)]
    for name in names:
        order.play.aside(f'{name} >> 1 mining.subscribe []\n{name} >> 2 mining.authorize ["w"]')
    order.play.slices = 0
    assert order("difficulty", worker="w", difficulty=4e-9)["miners"] == 6
    assert {order.play.miner(name).difficulty for name in names} == {EASY}, "none before its slice"
    order.play.slices = 1000
    order.play._settle()
    assert {order.play.miner(name).difficulty for name in names} == {4e-9}


def test_null_leaves_it_to_vardiff_again() -> None:
    order = vardiff()
    order("difficulty", worker="a", difficulty=4e-9)
    assert order("difficulty", worker="a", difficulty=None)["miners"] == 1
    order.play.aside("clock -- 600 s")
    assert order.play.miner("a").difficulty < 4e-9


def test_the_pools_difficulty_stays_the_most() -> None:
    order = vardiff()
    order("difficulty", worker="a", difficulty=100)
    assert order.play.miner("a").difficulty == POOL_EASY


@pytest.mark.parametrize(
    ("difficulty", "error"),
    [
        (1e-13, "difficulty must be from 1e-12 to 1e+09, as configured"),
        (0, "difficulty must be from 1e-12 to 1e+09, as configured"),
        (-1, "difficulty must be from 1e-12 to 1e+09, as configured"),
        (1e10, "difficulty must be from 1e-12 to 1e+09, as configured"),
        (True, "difficulty must be a number, or null"),
        ("8", "difficulty must be a number, or null"),
        (float("inf"), "difficulty must be a number, or null"),
    ],
)
def test_what_is_no_difficulty(difficulty: object, error: str) -> None:
    assert vardiff()("difficulty", worker="a", difficulty=difficulty) == error


def test_no_difficulty_at_all() -> None:
    answer = vardiff()("difficulty", worker="a")
    assert answer == "difficulty is missing; null leaves it to vardiff"


def test_fixed_difficulties_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FIXED", 1)
    order = vardiff()
    order("difficulty", worker="a", difficulty=1e-9)
    answer = order("difficulty", worker="b", difficulty=1e-9)
    assert answer == "too many workers have a difficulty that was fixed"
    assert order("difficulty", worker="a", difficulty=2e-9)["miners"] == 1
