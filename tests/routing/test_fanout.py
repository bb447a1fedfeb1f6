"""A job on its way to many miners, in slices."""

from tests.proxy.playbook import Playbook, notify


def five_miners() -> Playbook:
    play = Playbook()
    play.opens()
    for name in "abcde":
        play.joins(name)
    play.slices = 0
    return play


def got(play: Playbook, name: str) -> list[tuple[str, bool]]:
    """Ids of the jobs a miner was sent since it joined, and whether they were clean."""
    params = list(play.miner(name).params.values())[1:]
    return [(each[0], each[-1]) for each in params]


def test_slices_serve_so_many_each() -> None:
    play = five_miners()
    play.aside('pool >> mining.notify "$n"', n=notify("2"))
    for served in ("", "ab", "abcd", "abcde"):
        assert [name for name in "abcde" if got(play, name)] == list(served)
        play.slices = 1
        play.aside("x >> 1 mining.ping []")  # whatever: the shell gets its turn
    assert not play.proxy.fanouts


def test_a_newer_job_takes_over() -> None:
    play = five_miners()
    play.slices = 1
    play.aside('pool >> mining.notify "$n"', n=notify("2"))
    play.slices = 100
    play.aside('pool >> mining.notify "$n"', n=notify("3"))
    assert [job for job, _ in got(play, "a")] == ["a2", "a3"]
    assert got(play, "e") == [("a3", False)]


def test_whom_a_clean_job_did_not_reach_gets_the_newer_one_clean() -> None:
    play = five_miners()
    play.slices = 1
    play.aside('pool >> mining.notify "$n"', n=notify("2", clean=True))
    play.slices = 100
    play.aside('pool >> mining.notify "$n"', n=notify("3"))
    assert got(play, "a") == [("a2", True), ("a3", True)]
    assert got(play, "e") == [("a3", True)]


def test_a_clean_job_that_reached_all_makes_no_newer_one_clean() -> None:
    """Its last slice is only known to be on its way when the next call comes."""
    play = five_miners()
    play.slices = 3
    play.aside('pool >> mining.notify "$n"', n=notify("2", clean=True))
    assert play.proxy.fanouts
    play.slices = 100
    play.aside('pool >> mining.notify "$n"', n=notify("3"))
    assert got(play, "e") == [("a2", True), ("a3", False)]


def test_whom_a_clean_job_did_not_reach_gets_its_own_one_clean() -> None:
    """A miner that asks for another difficulty gets a job at once, and must drop what is stale."""
    play = five_miners()
    play.slices = 1
    play.aside('pool >> mining.notify "$n"', n=notify("2", clean=True))
    play(
        """
        e >> 5 mining.suggest_difficulty [2e-9]
        e << 5 result true
        e << mining.set_difficulty [2e-9]
        e << mining.notify ["a3", "...", true]
        a >> 5 mining.suggest_difficulty [2e-9]
        a << 5 result true
        a << mining.set_difficulty [2e-9]
        a << mining.notify ["a3", "...", "*"]
        """
    )
    play.slices = 100
    play.aside("clock -- 1 s")
    assert [got(play, name) for name in "cde"] == [[("a2", True)]] * 2 + [[("a3", True)]]


def test_who_leaves_and_who_comes_meanwhile() -> None:
    play = five_miners()
    play.aside('pool >> mining.notify "$n"', n=notify("2"))
    play.aside("c -- hangs up")
    play.joins("f")
    play.slices = 100
    play.aside("clock -- 1 s")
    assert play.miner("f").last == "a2"
    assert len(play.miner("f").params) == 1
    assert got(play, "c") == []
    assert got(play, "d") == [("a2", False)]


def test_a_lost_pools_job_is_not_sent_any_further() -> None:
    play = five_miners()
    play.slices = 1
    play.aside('pool >> mining.notify "$n"', n=notify("2"))
    play.slices = 100
    play.aside("pool -- hangs up\nclock -- 1 s")
    assert got(play, "b") == [("a2", False)]
    assert got(play, "c") == []
