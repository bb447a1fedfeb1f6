"""Workers under their own names at the pool, as transcripts: one session for all, or one each."""

from typing import Any

import pytest

from stratumproxy.routing import named
from tests.proxy.playbook import POOL_EASY, Playbook, notify


def named_play(
    shared: bool | None, *pools: str, names: str = "each", form: str = "", **settings: Any
) -> Playbook:
    """Pools to which names go; the first is ready, and known to take several names, or one."""
    pools = pools or ("pool",)
    each = {"user": "acme", "worker_names": names, **({"worker_format": form} if form else {})}
    target = [{"pools": [{"pool": pool, **each} for pool in pools]}]
    play = Playbook(*pools, target=target, **settings)
    play.opens()
    play.skip()
    if shared is not None:
        decide(play, shared)
    return play


def decide(play: Playbook, shared: bool, pool: int = 0) -> None:
    play.proxy.pools[pool].sharing.decide(shared, "a probe said so", None, play.now)


def share(play: Playbook, name: str, worker: str = "") -> list[str]:
    return play.miner(name).share(meets=POOL_EASY, worker=worker)


def works(play: Playbook, *names: str) -> None:
    """Miners come, and each finds a share that the pool does not want."""
    for name in names:
        play.joins(name)
        found = play.miner(name).share(misses=POOL_EASY)
        play.aside(f'{name} >> 4 mining.submit "$found"', found=found)
    play.aside("clock -- 1 s")


def told(play: Playbook, words: str) -> list[dict[str, object]]:
    return [values for event, values in play.notices if words in event]


def ready(play: Playbook, name: str, job_id: str = "1") -> None:
    """A session by name answers its handshake and has work."""
    play.opens(name, extranonce1=f"{int(name[-1]):08x}", job=notify(job_id))
    play.skip()


# -- several names on one session ------------------------------------------------------------------


def test_one_session_for_all_names() -> None:
    play = named_play(True)
    play.joins("a")
    play.joins("acme.b")
    play(
        """
        a >> 5 mining.submit "$first"
        pool << 17 mining.authorize ["acme.a", "x"]
        pool << 16 mining.submit ["acme", "1", "..."]
        pool >> 16 result true
        a << 5 result true
        pool >> 17 result true
        a >> 6 mining.submit "$second"
        pool << 18 mining.submit ["acme.a", "1", "..."]
        acme.b >> 5 mining.submit "$third"
        pool << 20 mining.authorize ["acme.b", "x"]
        pool << 19 mining.submit ["acme", "1", "..."]
        """,
        first=share(play, "a"),
        second=share(play, "a"),
        third=share(play, "acme.b"),
    )
    told = play.snapshot().pools[0]
    assert (told.names, told.named, told.unnamed) == ("shared", 1, 2)


def test_a_share_that_was_under_way_goes_under_its_name_when_it_goes_once_more() -> None:
    play = named_play(True)
    play.joins("a")
    play(
        """
        a >> 5 mining.submit "$s"
        pool << 17 mining.authorize ["acme.a", "x"]
        pool << 16 mining.submit ["acme", "1", "..."]
        pool >> 17 result true
        """,
        s=share(play, "a"),
    )
    play.aside("pool -- hangs up\npool -- connects 5e55")
    play.opens("pool")
    play.skip("a")
    play(
        """
        pool << 17 mining.authorize ["acme.a", "x"]
        pool >> 17 result true
        pool << 16 mining.submit ["acme.a", "1", "..."]
        pool >> 16 error [22, "duplicate share", null]
        a << 5 result true
        """
    )


def test_nothing_is_asked_of_a_pool_that_is_not_known_yet() -> None:
    play = named_play(None)
    play.joins("a")
    play(
        """
        a >> 5 mining.submit "$s"
        pool << 16 mining.submit ["acme", "1", "..."]
        """,
        s=share(play, "a"),
    )
    assert play.proxy.router.to_ask(play.now)
    assert (play.snapshot().pools[0].names, play.snapshot().pools[0].unnamed) == ("asking", 1)


def test_auto_is_the_account_where_a_pool_takes_one_name() -> None:
    play = named_play(False, names="auto")
    play.joins("a")
    play("clock -- 3 s")
    assert len(play.proxy.router.groups) == 1
    play(
        """
        a >> 5 mining.submit "$s"
        pool << 16 mining.submit ["acme", "1", "..."]
        """,
        s=share(play, "a"),
    )


# -- a session for each ----------------------------------------------------------------------------


def test_a_session_for_a_name_and_the_miner_goes_there_once_it_has_work() -> None:
    play = named_play(False)
    works(play, "a")
    assert play.pool("pool.1").session.user == "acme.a"
    play(
        """
        clock -- 5 s
        a >> 5 mining.submit "$s"
        pool << 16 mining.submit ["acme", "1", "..."]
        pool >> 16 result true
        a << 5 result true
        """,
        s=share(play, "a"),
    )
    ready(play, "pool.1")
    play("clock -- 1 s\na << mining.notify [..., true]".replace("...", '"..."'))
    play(
        """
        a >> 6 mining.submit "$s"
        pool.1 << 16 mining.submit ["acme.a", "1", "..."]
        pool.1 >> 16 result true
        a << 6 result true
        """,
        s=share(play, "a"),
    )
    told = play.snapshot().pools[0]
    assert (told.names, told.named, told.unnamed) == ("own", 1, 1)
    assert play.miner("a").closed is None


def test_names_alone_open_no_session() -> None:
    play = named_play(False)
    for name in "abc":
        play.joins(name)
    play("clock -- 5 s")
    assert len(play.proxy.router.groups) == 1
    assert play.notices[-1][0] != "there are more workers than sessions by name"


def test_who_comes_back_is_there_at_once_and_so_is_another_of_that_name() -> None:
    play = named_play(False)
    works(play, "a")
    ready(play, "pool.1")
    play.aside("clock -- 1 s\na -- hangs up")
    for name in ("b", "c"):
        play.aside(f'{name} >> 2 mining.subscribe []\n{name} >> 3 mining.authorize ["a", "x"]')
    assert [len(group.miners) for group in play.proxy.router.groups] == [0, 2]
    play.aside(f"clock -- {named.WAIT_SECONDS} s")
    assert len(play.proxy.router.groups) == 2


def test_one_that_said_its_name_first() -> None:
    play = named_play(False)
    works(play, "b")
    ready(play, "pool.1")
    play.aside('a >> 2 mining.authorize ["b", "x"]\na >> 3 mining.subscribe []')
    play.aside("clock -- 1 s")
    assert [len(group.miners) for group in play.proxy.router.groups] == [0, 2]


def test_an_answer_that_comes_late_moves_those_who_are_there() -> None:
    play = named_play(None)
    works(play, "a", "b")
    decide(play, False)
    play.aside("clock -- 1 s")
    for name in ("pool.1", "pool.2"):
        ready(play, name)
    play.aside("clock -- 1 s")
    assert [len(group.miners) for group in play.proxy.router.groups] == [0, 1, 1]
    decide(play, True)
    play.aside("clock -- 1 s")
    assert [len(group.miners) for group in play.proxy.router.groups] == [2, 0, 0]


def test_the_account_has_no_session_of_its_own() -> None:
    play = named_play(False)
    works(play, "acme")
    assert len(play.proxy.router.groups) == 1


def test_a_connection_with_several_names_goes_as_the_account() -> None:
    """A job is of one session, so its shares can't be of two."""
    play = named_play(False)
    works(play, "a")
    ready(play, "pool.1")
    play.aside("clock -- 1 s")
    assert [len(group.miners) for group in play.proxy.router.groups] == [0, 1]
    play.aside('a >> 9 mining.authorize ["b", "x"]\nclock -- 1 s')
    assert [len(group.miners) for group in play.proxy.router.groups] == [1, 0]
    play(
        """
        a >> 5 mining.submit "$s"
        pool << 16 mining.submit ["acme", "1", "..."]
        """,
        s=share(play, "a", worker="b"),
    )
    assert play.snapshot().pools[0].unnamed == 1


def test_a_session_by_name_that_is_lost_costs_no_work() -> None:
    play = named_play(False)
    works(play, "a")
    ready(play, "pool.1")
    play.aside("clock -- 1 s\npool.1 -- hangs up\nclock -- 1 s")
    assert [len(group.miners) for group in play.proxy.router.groups] == [1, 0]
    play.aside("pool.1 -- connects")
    ready(play, "pool.1", "2")
    play.aside("clock -- 1 s")
    assert [len(group.miners) for group in play.proxy.router.groups] == [0, 1]


def test_where_all_is_dark_nobody_is_moved_about() -> None:
    play = named_play(False)
    works(play, "a")
    ready(play, "pool.1")
    play.aside("clock -- 1 s\npool.1 -- hangs up\npool -- hangs up\nclock -- 5 s")
    assert [group.members for group in play.proxy.router.groups] == [0, 1]


def test_a_pool_that_refuses_a_name_costs_no_work_either() -> None:
    play = named_play(False)
    works(play, "a")
    play.aside('pool.1 >> 2 result [[], "0a0b", 8]\npool.1 >> 3 result false\nclock -- 9 s')
    assert [len(group.miners) for group in play.proxy.router.groups] == [1, 0]
    assert play.miner("a").closed is None


def test_past_the_limit_names_go_as_the_account_until_there_is_room() -> None:
    play = named_play(False, limits={"named_sessions": 2, "resume_seconds": 0})
    works(play, *"abcd")
    for name in ("pool.1", "pool.2"):
        ready(play, name)
    play.aside("clock -- 1 s")
    assert [len(group.miners) for group in play.proxy.router.groups] == [2, 1, 1]
    assert told(play, "more workers than sessions by name") == [
        {"named_sessions": 2, "tenant": "default", "target": "default"}
    ]
    play.aside("a -- hangs up\nd -- hangs up")
    play.aside(f"clock -- {named.WAIT_SECONDS + 2} s")
    ready(play, "pool.3")
    play.aside("clock -- 1 s")
    groups = play.proxy.router.groups
    assert [group.who.worker if group.who else "" for group in groups] == ["", "b", "c"]
    assert [len(group.miners) for group in groups] == [0, 1, 1]


def test_sessions_are_not_opened_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named, "OPENINGS", 2)
    play = named_play(False)
    works(play, *"abcde")
    opened = []
    for _ in range(3):
        opened.append(len(play.proxy.router.groups) - 1)
        play.aside("clock -- 1 s")
    assert opened == [2, 4, 5]


def test_another_pool_in_the_order_has_names_in_its_own_way() -> None:
    play = named_play(False, "pool", "second")
    decide(play, True, 1)
    play.opens("second", extranonce1="0b0b0b0b")
    works(play, "a")
    ready(play, "pool.1")
    play.aside("clock -- 1 s")
    assert play.pool("pool.1").session.user == "acme.a"
    assert play.pool("second.1").session.user == "acme"
    play.opens("second.1", extranonce1="0c0c0c0c", job=notify("s"))
    play.aside("pool.1 -- hangs up")
    play(
        """
        a >> 5 mining.submit "$s"
        second.1 << 17 mining.authorize ["acme.a", "x"]
        second.1 << 16 mining.submit ["acme", "s", "..."]
        """,
        s=share(play, "a"),
    )


def test_a_session_on_the_next_pool_that_began_as_the_account_begins_anew() -> None:
    """It was not known yet that this pool takes one name; what is mined on is left alone."""
    play = named_play(False, "pool", "second")
    play.opens("second", extranonce1="0b0b0b0b")
    works(play, "a")
    ready(play, "pool.1")
    play.opens("second.1", extranonce1="0c0c0c0c", job=notify("s"))
    play.aside("clock -- 1 s")
    decide(play, False, 1)
    play.aside("clock -- 1 s")
    assert play.pool("second.1").closed
    assert play.pool("second.1'").session.user == "acme.a"
    assert play.pool("second").closed is None
    play.opens("second.1'", extranonce1="0d0d0d0d", job=notify("t"))
    play.aside("clock -- 3 s\npool.1 -- hangs up")
    play(
        """
        a >> 5 mining.submit "$s"
        second.1' << 16 mining.submit ["acme.a", "t", "..."]
        """,
        s=share(play, "a"),
    )


def test_names_by_machine_are_a_session_for_each_machine() -> None:
    play = named_play(False, form="{account}.{ip}")
    works(play, "10.0.0.7:1", "10.0.0.8:1")
    users = [play.pool(name).session.user for name in ("pool.1", "pool.2")]
    assert users == ["acme.10x0x0x7", "acme.10x0x0x8"]


def test_where_each_miner_has_the_whole_session_names_go_as_the_account() -> None:
    """It subscribed on the pool's own extranonce1 before it said its name."""
    target = [{"pools": [{"pool": "pool", "user": "acme", "worker_names": "each"}]}]
    play = Playbook("pool", target=target)
    decide(play, False)
    play.opens(size=2, job=notify("1", room=6))
    play.aside('a >> 2 mining.subscribe []\na >> 3 mining.authorize ["a", "x"]\nclock -- 2 s')
    assert len(play.proxy.router.groups) == 1
    play(
        """
        a >> 5 mining.submit "$s"
        pool << 16 mining.submit ["acme", "1", "..."]
        """,
        s=share(play, "a"),
    )
    assert play.snapshot().pools[0].unnamed == 1


def test_a_reload_that_wants_names_no_more() -> None:
    play = named_play(False)
    works(play, "a")
    ready(play, "pool.1")
    play.aside("clock -- 1 s")
    play.reconfigure("pool", target=[{"pools": [{"pool": "pool", "user": "acme"}]}])
    play.opens("pool'", extranonce1="0d0d0d0d", job=notify("3"))
    play.aside("clock -- 2 s")
    assert len(play.proxy.router.groups[0].miners) == 1
    assert play.miner("a").closed is None
    assert (play.snapshot().pools[0].names, play.proxy.router.to_ask(1e9)) == ("", [])
