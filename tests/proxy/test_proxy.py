"""The proxy as a whole: when it opens, what becomes of forwarded shares, and the regular look."""

import pytest

from stratumproxy.proxy.proxy import PATIENCE
from tests.proxy.playbook import POOL_EASY, Playbook, mined_on, notify

# -- the start ---------------------------------------------------------------------------------


def test_miners_wait_for_the_first_pool() -> None:
    play = Playbook()
    play.aside(
        """
        a >> 1 mining.subscribe []
        a >> 2 mining.authorize ["a", "x"]
        """
    )
    assert not play.proxy.doors.open
    play.peers["pool"] = play.pool()
    play.pool().says(b'{"id":2,"result":[[],"f0f1",8],"error":null}\n')
    play.pool().says(b'{"id":3,"result":true,"error":null}\n')
    play(
        """
        pool >> mining.notify "$n"
        a << 1 result ["*", "01000000", 4]
        a << 2 result true
        a << mining.set_difficulty [1e-9]
        a << mining.notify ["..."]
        """,
        n=notify("1", room=10),
    )


def test_half_a_line_waits_too() -> None:
    play = Playbook()
    play.aside("")
    play.miner("a").says(b'{"id":1,"method":"mini')
    play.opens()
    play.nothing_more()
    play.miner("a").says(b'ng.ping"}\n')
    play('a << 1 result "pong"')


def test_what_is_no_stratum_is_found_out_when_the_pool_is_ready() -> None:
    play = Playbook()
    play.aside("a >> raw nothing that is known")
    play.opens()
    assert play.miner("a").closed is not None


def test_pools_that_did_not_say_their_size_are_waited_for() -> None:
    """Miners get a layout that fits every pool, so a later switch needs no reconnect."""
    play = Playbook("pool", "backup")
    play.opens("pool", size=8)
    play.miner("a").says(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
    play.skip()
    play.opens("backup", size=4, extranonce1="b0b1b2b3", job=notify("x", room=8))
    play('a << 1 result ["*", "$slot", 3]')


def test_the_first_pool_is_preferred_whoever_is_ready_first() -> None:
    """Nobody mines yet, so the first need not prove itself for a minute."""
    play = Playbook("pool", "backup", pool={"extranonce2_size": 8})
    play.aside('a >> 1 mining.subscribe []\na >> 2 mining.authorize ["a"]')
    play.opens("backup", extranonce1="b0b1", job=notify("x", room=10))
    play.aside("clock -- 2 s")
    assert not play.proxy.doors.open
    play.opens("pool")
    assert [pool.miners for pool in play.snapshot().pools] == [1, 0]
    assert list(play.miner("a").params) == ["a2"]


def test_the_first_pool_is_not_waited_for_if_it_could_not_be_reached() -> None:
    play = Playbook("pool", "backup", pool={"extranonce2_size": 8})
    play.aside('a >> 1 mining.subscribe []\na >> 2 mining.authorize ["a"]\npool -- hangs up')
    play.opens("backup")
    assert [pool.miners for pool in play.snapshot().pools] == [0, 1]


def test_but_not_for_ever() -> None:
    play = Playbook("pool", "backup")
    play.opens("pool", size=8)
    play.miner("a").says(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
    play.skip()
    play(f"clock -- {PATIENCE - 1} s")
    play('clock -- 1 s\na << 1 result ["*", "$slot", 4]')


def test_and_not_for_one_that_could_not_be_reached() -> None:
    play = Playbook("pool", "backup")
    play.aside("backup -- hangs up")
    play.opens("pool", size=8)
    assert play.proxy.doors.open


def test_nor_where_the_size_is_configured() -> None:
    play = Playbook("pool", "backup", pools={"backup": {"extranonce2_size": 4}})
    play.skip()
    play.aside("pool -- hangs up\npool -- connects")
    play.opens("pool", size=8)
    play('a >> 1 mining.subscribe []\na << 1 result ["*", "$slot", 3]')


# -- forwarded shares --------------------------------------------------------------------------


def test_a_share_of_the_pools_difficulty_has_the_pools_verdict() -> None:
    play = mined_on()
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$s"
        pool << 16 mining.submit ["farm", "1", "$upstream", "65000000", "$nonce", "00000000"]
        """,
        s=share,
        upstream=f"01000000{share[2]}",
        nonce=share[4],
    )
    assert play.snapshot().accepted == 0
    play("pool >> 16 result true\na << 4 result true")
    assert play.snapshot().accepted == 1
    assert play.snapshot().work == 1e-9
    assert play.snapshot().pools[0].accepted == 1


def test_a_share_below_it_is_answered_at_once_and_goes_nowhere() -> None:
    play = mined_on()
    share = play.miner("a").share(misses=POOL_EASY)
    play('a >> 4 mining.submit "$s"\na << 4 result true', s=share)
    assert play.snapshot().forwarded == 0


def test_with_local_verdicts_the_answer_comes_at_once() -> None:
    play = mined_on(verdict="local")
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$s"
        a << 4 result true
        pool << 16 mining.submit ["..."]
        pool >> 16 error [23, "low", null]
        """,
        s=share,
    )
    snapshot = play.snapshot()
    assert snapshot.rejected == {"pool": 1}
    assert snapshot.accepted == 0
    assert snapshot.pools[0].rejected == 1


REFUSALS = {
    '{"id":16,"result":null,"error":[23,"low difficulty",null]}': [23, "low difficulty", None],
    '{"id":16,"result":null,"error":[23,"low difficulty share of 0.5"]}': [
        23,
        "low difficulty share of 0.5",
        None,
    ],
    '{"error":[20,"unknown-work",null],"id":16,"result":null}': [20, "unknown-work", None],
    '{"id":16,"result":false,"error":null,"reject-reason":"Above target"}': [
        20,
        "Above target",
        None,
    ],
    '{"id":16,"result":false,"error":[0,"Missing KYC/KYB",null]}': [0, "Missing KYC/KYB", None],
    '{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":16}': [
        -32601,
        "Method not found",
        None,
    ],
    '{"id":16,"result":null,"error":"stale"}': [20, "stale", None],
    '{"id":16,"result":false,"error":null}': [20, "refused without a reason", None],
    '{"id":16,"result":null,"error":true}': [20, "refused without a reason", None],
    '{"id":16,"result":true,"error":[21,"no, after all",null]}': [21, "no, after all", None],
}


@pytest.mark.parametrize("line", REFUSALS)
def test_a_refusal_in_any_shape_reaches_the_miner_with_its_reason(line: str) -> None:
    play = mined_on()
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        f"""
        a >> "x" mining.submit "$s"
        pool << 16 mining.submit ["..."]
        pool >> {line}
        a << "x" error "$reason"
        """,
        s=share,
        reason=REFUSALS[line],
    )
    assert play.snapshot().rejected == {"pool": 1}
    assert play.proxy.pools[0].verdicts.reasons == {REFUSALS[line][1]: 1}


def test_verdicts_come_back_to_whom_they_belong() -> None:
    """Two miners, both with id 4 for everything, and a pool that answers the second first."""
    play = mined_on()
    one, two = play.miner("a").share(meets=POOL_EASY), play.joins("b").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$one"
        pool << 16 mining.submit ["..."]
        b >> 4 mining.submit "$two"
        pool << 17 mining.submit ["..."]
        pool >> 17 result true
        b << 4 result true
        pool >> 16 error [20, "no", null]
        a << 4 error [20, "no", null]
        """,
        one=one,
        two=two,
    )


def test_a_share_the_pool_says_nothing_of_times_out() -> None:
    play = mined_on(pool={"reply_timeout_seconds": 10})
    share = play.miner("a").share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$s"
        pool << 16 mining.submit ["..."]
        clock -- 10 s
        clock -- 1 s
        a << 4 error [20, "Lost: the pool gave no verdict in time", null]
        """,
        s=share,
    )
    assert play.snapshot().rejected == {"timed-out": 1}
    assert play.snapshot().pools[0].lost == 1
    play("pool >> 16 result true")
    assert play.snapshot().accepted == 0
    assert play.proxy.pending == 0


def test_a_verdict_for_a_miner_that_is_gone_counts_for_its_worker() -> None:
    play = mined_on()
    share = play.miner("a").share(meets=POOL_EASY)
    play.aside('a >> 4 mining.submit "$s"\na -- hangs up\npool >> 16 result true', s=share)
    assert [row.accepted for row in play.proxy.workers.get("a").rows()] == [1]
    assert play.snapshot().accepted == 1


def test_verdicts_in_the_segment_that_ends_the_session_still_count() -> None:
    """A pool that says true and then something impossible accepted the share all the same."""
    play = mined_on()
    share = play.miner("a").share(meets=POOL_EASY)
    play.aside('a >> 4 mining.submit "$s"', s=share)
    play.pool().says(b'{"id":16,"result":true,"error":null}\n{"id":3,"result":false}\n')
    play(
        """
        a << 4 result true
        pool -- closed: the pool refused to authorize "farm": refused without a reason
        """
    )
    assert play.snapshot().accepted == 1
    assert play.snapshot().pools[0].lost == 0
    assert play.proxy.pending == 0


def test_shares_of_a_group_that_is_closed_are_lost_and_counted() -> None:
    play = mined_on(pool={"miners_per_session": 1}, limits={"resume_seconds": 0})
    play.joins("b")
    play.skip()
    play.pool("pool.1").heard.clear()
    play.aside(
        """
        pool.1 >> 2 result [[], "0a0b0c0d", 8]
        pool.1 >> 3 result true
        pool.1 >> mining.set_difficulty [1e-6]
        pool.1 >> mining.notify "$n"
        """,
        n=notify("x"),
    )
    share = play.miner("b").share(meets=POOL_EASY)
    play.aside('b >> 4 mining.submit "$s"\nb -- hangs up', s=share)
    assert play.proxy.pending == 1
    play("clock -- 2 s")
    assert play.pool("pool.1").closed == "the group is closed"
    assert play.proxy.pending == 0
    assert play.settled == 1
    assert play.snapshot().pools[0].lost == 1


# -- jobs --------------------------------------------------------------------------------------


def test_a_block_is_told() -> None:
    play = Playbook()
    play.opens(difficulty=1e-9, job=notify("1", nbits=0x207FFFFF))
    share = play.joins("a").share()
    play('a >> 4 mining.submit "$s"\npool << 16 mining.submit ["..."]', s=share)
    event, values = play.notices[-1]
    assert event == "BLOCK found"
    assert values["worker"] == "a"
    assert values["pool_job"] == "1"
    assert play.snapshot().blocks == 1


def test_version_bits_inside_the_mask_are_told_once() -> None:
    play = mined_on()
    play.aside('pool >> mining.notify "$n"', n=notify("2", version=0x20002000))
    play.aside('pool >> mining.notify "$n"', n=notify("3", version=0x20002000))
    told = [values for event, values in play.notices if "inside its own mask" in event]
    assert told == [{"pool": "pool", "version": "20002000", "mask": "1fffe000"}]


def test_a_message_of_the_pool_is_told() -> None:
    play = mined_on()
    play('pool >> client.show_message ["Pool restarting"]')
    assert play.notices[-1] == ("pool says", {"pool": "pool", "text": "Pool restarting"})


def test_miners_with_most_hashrate_get_a_job_first() -> None:
    play = mined_on()
    play.joins("b")
    for _ in range(3):
        play.aside('b >> 4 mining.submit "$s"', s=play.miner("b").share(misses=POOL_EASY))
    play.aside("clock -- 11 s")
    play.log.clear()
    play.aside('pool >> mining.notify "$n"', n=notify("2"))
    assert [line.split()[0] for line in play.log if "notify" in line] == ["pool", "b", "a"]


# -- the regular look --------------------------------------------------------------------------


def test_who_does_not_introduce_itself_is_disconnected() -> None:
    play = mined_on(limits={"handshake_seconds": 10})
    play.aside("b >> 1 mining.subscribe []\nclock -- 16 s")
    play("b -- closed: it did not subscribe and authorize in time")
    assert play.miner("a").closed is None


def test_nobody_is_disconnected_for_waiting_for_the_pool() -> None:
    play = Playbook(limits={"handshake_seconds": 10})
    play.aside("b >> 1 mining.subscribe []\nclock -- 30 s")
    assert play.miner("b").closed is None
    play.opens()
    play.aside("clock -- 8 s")
    assert play.miner("b").closed is None


def test_who_is_silent_is_disconnected() -> None:
    play = mined_on(limits={"idle_seconds": 20})
    play.aside("clock -- 12 s\na >> 1 mining.ping []\nclock -- 15 s")
    assert play.miner("a").closed is None
    play.aside("clock -- 12 s")
    play("a -- closed: it was silent for too long")


def test_an_outage_of_the_pool_is_not_held_against_the_miners() -> None:
    """They find nothing while there is no job; a lower difficulty then would be a flood later."""
    play = mined_on(difficulty={"vardiff": True, "start": 1e-7, "retarget_seconds": 10})
    play.aside("pool -- hangs up\nclock -- 100 s\npool -- connects")
    play.opens(job=notify("2"))
    play('a << mining.notify ["..."]')


def test_a_group_nobody_mines_on_is_closed_and_its_slots_rest() -> None:
    play = mined_on(pool={"miners_per_session": 1}, limits={"resume_seconds": 30})
    play.aside("b >> 1 mining.subscribe []")
    assert len(play.proxy.router.groups) == 2
    play.aside("b -- hangs up\nclock -- 29 s")
    assert len(play.proxy.router.groups) == 2
    play.aside("clock -- 2 s")
    assert len(play.proxy.router.groups) == 1
    assert play.pool("pool.1").closed == "the group is closed"


def test_what_a_pool_still_says_to_a_group_that_is_closed_is_nothing() -> None:
    """Its task may have a segment in hand when it is cancelled."""
    play = mined_on(pool={"miners_per_session": 1}, limits={"resume_seconds": 0})
    play.joins("b")
    play.opens("pool.1")
    play.aside("b -- hangs up\nclock -- 2 s")
    end = play.pool("pool.1")
    assert end.closed == "the group is closed"
    jobs = len(play.proxy.jobs)
    end.closed = None
    play.aside('pool.1 >> mining.notify "$n"', n=notify("late"))
    assert len(play.proxy.jobs) == jobs


def test_who_spoke_early_is_answered_in_slices() -> None:
    play = Playbook()
    names = [f"m{number}" for number in range(40)]
    for name in names:
        play.aside(f'{name} >> 1 mining.subscribe []\n{name} >> 2 mining.authorize ["{name}"]')
    play.aside(f"{names[-2]} >> raw not Stratum\n{names[-1]} -- hangs up")
    play.slices = 0
    play.opens()

    def answered() -> int:
        return sum(bool(play.miner(name).params) for name in names)

    assert answered() == 0
    play.slices = 5
    play.aside("x >> 1 mining.ping []")
    assert 0 < answered() <= 10
    play.aside(f"{names[20]} >> 3 mining.ping []")
    assert play.miner(names[20]).params, "who speaks again has everything answered at once"
    play.slices = 1000
    play.aside("x >> 1 mining.ping []")
    assert answered() == 38
    assert play.miner(names[-2]).closed is not None
