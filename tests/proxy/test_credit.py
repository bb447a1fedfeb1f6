"""What a share counts for: what was asked when its job went out, once, and nothing else."""

import json

import pytest

from stratumproxy.protocol.v1.notify import encode_notify
from stratumproxy.upstream.channel import Channel
from tests.proxy.peers import MinerEnd
from tests.proxy.playbook import EASY, POOL_EASY, Playbook, mined_on, notify, opened

HARD = 1e-8


def channel_of(play: Playbook) -> Channel:
    """The first group's way to the first pool."""
    return play.proxy.router.channels_to(play.proxy.pools[0])[0]


def reply(play: Playbook, name: str, share: list[str]) -> str:
    """What a miner is told of a share: "true", or the code of the reject. Pools say true."""
    play.skip()
    play.step(f'{name} >> 99 mining.submit "$share"', share=share)
    for pool in play.pools:
        for end in [each for each in play.peers if each.split(".")[0] == pool]:
            for request_id in list(play.pool(end).session.pending):
                play.step(f"{end} >> {request_id} result true")
    heard = play.miner(name).heard[0]
    play.skip()
    return "true" if '"result":true' in heard else heard.split('"error":[')[1][:2]


def work(play: Playbook) -> float:
    return play.snapshot().work


def resumed(play: Playbook, name: str, session_id: str, *said: str) -> MinerEnd:
    """A miner that names a session, after it said something else."""
    for line in said:
        play.aside(f"{name} >> 1 {line}")
    play.aside(f'{name} >> 2 mining.subscribe ["x", "{session_id}"]')
    return play.miner(name)


def session_of(play: Playbook, name: str) -> str:
    seat = play.miner(name).session.prefix
    assert seat is not None
    return seat.session_id


# -- difficulty ----------------------------------------------------------------------------------


def test_however_often_it_changed_since() -> None:
    """More often than anybody wants to remember: then the last wish waits, and nothing is lost."""
    play = mined_on(pool={"silence_seconds": 3600}, pool_difficulty=1)
    first = play.miner("a").share(misses=HARD)
    for step in range(1, 200):
        play.aside(f"clock -- 0.9 s\na >> 1 mining.suggest_difficulty [{HARD + step * 1e-10!r}]")
    assert reply(play, "a", first) == "true"
    assert work(play) == EASY


def test_a_share_that_was_held_back_is_not_worth_more() -> None:
    """Mined under an easy difficulty, submitted when a harder one is in force."""
    play = mined_on(pool_difficulty=1)
    held = [play.miner("a").share() for _ in range(3)]
    for step in range(1, 20):
        play.aside(f"clock -- 1 s\na >> 1 mining.suggest_difficulty [{HARD * step!r}]")
    assert [reply(play, "a", share) for share in held] == ["true"] * 3
    assert work(play) == 3 * EASY


@pytest.mark.parametrize("size", [8, 5, 4, 3])
def test_nor_on_the_connection_that_resumes(size: int) -> None:
    """Whatever it says meanwhile: nothing raises what was asked when the job went out."""
    play = Playbook()
    play.opens(size=size, difficulty=1, job=notify("1", room=4 + size))
    held = play.joins("a").share()
    session_id = session_of(play, "a")
    play.aside("a -- hangs up")
    again = resumed(play, "a:2", session_id)
    play.aside('a:2 >> 3 mining.authorize ["a", "d=0.0001"]')
    assert again.difficulty == 0.0001
    assert reply(play, "a:2", held) == "true"
    assert work(play) == EASY


def test_what_was_asked_on_an_earlier_connection_is_kept_over_several() -> None:
    play = mined_on(pool_difficulty=1)
    first = play.miner("a").share()
    play.aside(f"clock -- 1 s\na >> 1 mining.suggest_difficulty [{HARD!r}]")
    second = play.miner("a").share(meets=HARD)
    session_id = session_of(play, "a")
    play.aside("a -- hangs up")
    for number in range(6):
        resumed(play, f"a:{number + 2}", session_id)
        play.aside(f'a:{number + 2} >> 3 mining.authorize ["a"]\nclock -- 1 s')
        if number < 5:
            play.aside(f"a:{number + 2} -- hangs up\nclock -- 1 s")
    assert [reply(play, "a:7", share) for share in (first, second)] == ["true", "true"]
    assert work(play) == EASY + HARD


def test_without_the_session_it_is_not_known_what_was_asked() -> None:
    play = mined_on()
    play.joins("c")
    share = play.miner("a").share()
    play.aside("a -- hangs up")
    play.joins("a:2")
    assert reply(play, "a:2", ["a:2", *share[1:]]) in ("21", "23"), "another slot, another header"
    assert work(play) == 0


def test_a_job_that_others_were_sent_counts_for_no_more_than_the_pool_asks() -> None:
    """One for an easier pool difficulty that this miner missed, between two it was sent."""
    play = opened(pool_difficulty=1e-7)
    play.joins("a")
    for request in (f"mining.suggest_difficulty [{1e-7!r}]",):
        play.aside(f"clock -- 1 s\na >> 1 {request}")
    miner = play.miner("a")
    assert miner.difficulty == 1e-7
    missed = channel_of(play)
    terms = missed._newest.terms
    play.aside("pool >> mining.set_difficulty [1e-9]")
    play.slices = 0
    play.aside('pool >> mining.notify "$n"', n=notify("easy"))
    play.aside("pool >> mining.set_difficulty [1e-7]")
    play.slices = 10
    play.aside('pool >> mining.notify "$n"', n=notify("hard"))
    assert miner.difficulty == 1e-7
    assert missed._newest.terms.difficulty == terms.difficulty
    easy = play.proxy.jobs.get(f"{int(miner.last, 16) - 1:x}")
    assert easy is not None
    assert easy.difficulty == 1e-9
    params = ["a", easy.job_id, *share_of(miner, easy.line(encode_notify, 8, False), 1e-9)[2:]]
    assert reply(play, "a", params) == "true"
    assert work(play) == 1e-9


def share_of(miner: MinerEnd, line: bytes, meets: float) -> list[str]:
    """A share on a job that the miner was not sent, of which it has the line."""
    copy = MinerEnd.__new__(MinerEnd)
    copy.__dict__ |= miner.__dict__ | {"jobs": {}, "params": {}, "_tries": 0}
    for text in line.decode().splitlines():
        copy.learn(json.loads(text))
    return copy.share(meets=meets, misses=1e-7)


def test_a_burst_on_an_old_job_raises_a_miner_once() -> None:
    play = Playbook(difficulty={"vardiff": True, "start": EASY})
    play.opens(difficulty=1)
    miner = play.joins("a")
    asked = [miner.difficulty]
    for _ in range(64):
        play.aside('clock -- 0.05 s\na >> 4 mining.submit "$s"', s=miner.share(job="a1"))
        if miner.difficulty != asked[-1]:
            asked.append(miner.difficulty)
    assert len(asked) == 2
    assert work(play) == pytest.approx(64 * EASY)


def test_a_miner_that_sends_nothing_is_not_asked_for_next_to_nothing() -> None:
    play = Playbook(difficulty={"vardiff": True, "start": 8192, "min": 0.001})
    play.opens(difficulty=1e6)
    play.aside("clock -- 1 s")
    play.joins("a")
    play.joins("b")
    play.aside("b >> 1 mining.suggest_difficulty [1000]")
    play.aside("clock -- 900 s")
    assert play.miner("a").difficulty == 1
    assert play.miner("b").difficulty < 1, "it said itself that it can do with little"


# -- version bits ---------------------------------------------------------------------------------


def test_bits_that_a_miner_was_told_of_stay_good_for_what_it_found_with_them() -> None:
    """It configures itself anew, for fewer."""
    play = mined_on()
    share = play.miner("a").share(bits=0x10000000)
    play.aside('a >> 1 mining.configure [["version-rolling"], {"version-rolling.mask":"0000e000"}]')
    assert reply(play, "a", share) == "true"


def test_bits_that_a_pool_adds_are_good_at_once() -> None:
    """BIP310: also on the job that is mined on when they come."""
    play = Playbook()
    play.opens(mask="00c00000")
    miner = play.joins("a")
    play.aside('pool >> mining.set_version_mask ["1fffe000"]')
    assert miner.mask == 0x1FFFE000
    assert reply(play, "a", miner.share(job="a1", bits=0x10000000)) == "true"
    assert reply(play, "a", miner.share(bits=0x10000000, meets=POOL_EASY)) == "true"


# -- which jobs ----------------------------------------------------------------------------------


def alone(*names: str) -> Playbook:
    """A pool whose extranonce2 has 2 bytes: every miner has a session to itself."""
    play = Playbook()
    play.opens(size=2, extranonce1="f0f1f2f3", job=notify("1", room=6))
    for number, name in enumerate(names):
        play.joins(name)
        if number:
            play.opens(
                f"pool.{number}",
                size=2,
                extranonce1=f"f0f1f2f{3 + number}",
                job=notify("1", room=6),
            )
            play.skip()
    return play


def test_a_job_of_another_miners_session_is_stale() -> None:
    """Ids are consecutive, and the job is the same but for the extranonce1 of its session."""
    play = alone("a", "b", "c", "d")
    share = play.miner("a").share()
    ids = [play.miner(name).last for name in "bcd"]
    assert reply(play, "a", share) == "true"
    assert [reply(play, "a", [share[0], job, *share[2:]]) for job in ids] == ["21"] * 3
    assert work(play) == EASY


def test_nobody_gets_another_miner_off_its_pool() -> None:
    play = alone("a", "b")
    victim = play.miner("b").last
    for _ in range(30):
        share = play.miner("a").share(meets=POOL_EASY)
        assert reply(play, "a", [share[0], victim, *share[2:]]) == "21"
    [pool] = play.snapshot().pools
    assert (pool.rejected, pool.pending) == (0, 0)


def test_a_job_from_before_the_miner_came_is_stale() -> None:
    play = mined_on()
    play.aside('pool >> mining.notify "$n"', n=notify("2"))
    miner = play.joins("b")
    share = miner.share()
    assert reply(play, "b", [share[0], "a1", *share[2:]]) == "21"
    assert reply(play, "b", share) == "true"


@pytest.mark.parametrize("size", [8, 2])
def test_one_of_the_connection_that_it_resumes_is_not(size: int) -> None:
    play = Playbook()
    play.opens(size=size, job=notify("1", room=4 + size))
    share = play.joins("a").share()
    session_id = session_of(play, "a")
    play.aside(
        'a -- hangs up\nclock -- 3 s\npool >> mining.notify "$n"', n=notify("2", room=4 + size)
    )
    resumed(play, "a:2", session_id)
    play.aside('a:2 >> 3 mining.authorize ["a"]')
    assert reply(play, "a:2", share) == "true"
    assert reply(play, "a:2", share) == "22"
    assert work(play) == EASY


def test_one_that_went_out_under_an_earlier_extranonce1_counts_under_that() -> None:
    """The pool has less room now; the miner takes mining.set_extranonce."""
    play = mined_on()
    play.aside("a >> 1 mining.extranonce.subscribe []")
    share = play.miner("a").share()
    play.aside('pool >> mining.set_extranonce ["f0f1f2f3", 4]')
    play.aside('pool >> mining.notify "$n"', n=notify("2", room=8))
    assert play.miner("a").extranonce2_size == 2
    assert reply(play, "a", share) == "true"
    assert reply(play, "a", play.miner("a").share()) == "true"


def test_a_job_that_was_replaced_is_taken_for_the_grace() -> None:
    play = mined_on(pool={"silence_seconds": 3600})
    early, late = (play.miner("a").share() for _ in range(2))
    play.aside('pool >> mining.notify "$n"\nclock -- 179 s', n=notify("2"))
    assert reply(play, "a", early) == "true"
    play.aside("clock -- 2 s")
    assert reply(play, "a", late) == "21"


def test_a_clean_job_ends_it_at_once() -> None:
    play = mined_on()
    share = play.miner("a").share()
    play.aside('pool >> mining.notify "$n"', n=notify("2"))
    play.aside('pool >> mining.notify "$n"', n=notify("3", clean=True, height=800_001))
    assert reply(play, "a", share) == "21"


def test_the_grace_is_a_setting() -> None:
    play = mined_on(jobs={"grace_seconds": 10})
    share = play.miner("a").share()
    play.aside('pool >> mining.notify "$n"\nclock -- 11 s', n=notify("2"))
    assert reply(play, "a", share) == "21"


# -- pools ---------------------------------------------------------------------------------------


def switched() -> tuple[Playbook, list[str], list[str]]:
    """Two pools that are both well; the operator has just put the second before the first."""
    play = mined_on("main", "backup")
    play.skip()
    local = play.miner("a").share(misses=POOL_EASY)
    forwarded = play.miner("a").share(meets=POOL_EASY)
    play.proxy.router.prefer(play.proxy.router.pools[1], play.now)
    play._settle()
    assert play.snapshot().pools[1].miners == 1
    play.skip()
    return play, local, forwarded


def test_the_pool_that_was_left_takes_what_is_under_way() -> None:
    play, local, forwarded = switched()
    assert reply(play, "a", local) == "true"
    play(
        """
        a >> 7 mining.submit "$share"
        main << 16 mining.submit ["farm", "1", "..."]
        main >> 16 result true
        a << 7 result true
        """,
        share=forwarded,
    )
    assert work(play) == 2 * EASY
    assert [pool.accepted for pool in play.snapshot().pools] == [1, 0]


def test_until_it_says_that_the_job_is_over() -> None:
    play, local, _ = switched()
    play.aside('main >> mining.notify "$n"', n=notify("2", clean=True, height=800_001))
    assert reply(play, "a", local) == "21"


def test_or_is_lost() -> None:
    play, local, _ = switched()
    play.aside("main -- hangs up")
    assert reply(play, "a", local) == "21"


def test_or_for_the_grace() -> None:
    play, local, forwarded = switched()
    play.aside("clock -- 179 s")
    assert reply(play, "a", local) == "true"
    play.aside("clock -- 2 s")
    assert reply(play, "a", forwarded) == "21"


def test_gone_back_to_its_job_goes_out_with_a_later_ntime() -> None:
    """The same job with the same ntime would have a miner find what it found there before."""
    play, local, _ = switched()
    assert reply(play, "a", local) == "true"
    play.proxy.router.prefer(None, play.now)
    play._settle()
    ntimes = [params[7] for params in play.miner("a").params.values()]
    assert len(ntimes) == 3
    assert ntimes[2] > ntimes[0]
    assert reply(play, "a", play.miner("a").share()) == "true"


# -- once ----------------------------------------------------------------------------------------


def test_a_header_counts_once_in_every_layout_and_under_every_id() -> None:
    for size in (8, 4, 3, 2):
        play = Playbook(difficulty={"start": EASY})
        play.opens(size=size, job=notify("1", room=4 + size), difficulty=1)
        share = play.joins("a").share(ntime=30)
        for step in range(1, 6):
            play.aside(f"clock -- 2 s\na >> 1 mining.suggest_difficulty [{EASY * (1 + step / 10)}]")
        ids = list(play.miner("a").params)
        told = [reply(play, "a", [share[0], job, *share[2:]]) for job in ids]
        assert sorted(told) == ["22"] * (len(ids) - 1) + ["true"]


def test_a_header_counts_once_though_its_session_was_lost_in_between() -> None:
    """The work is the same on the session that is taken up again, and a rolled ntime still fits."""
    play = mined_on()
    share = play.miner("a").share(ntime=30)
    assert reply(play, "a", share) == "true"
    play.aside("pool -- hangs up\npool -- connects 5e55")
    play.opens()
    assert reply(play, "a", [share[0], play.miner("a").last, *share[2:]]) == "22"


def test_none_is_forgotten_while_its_job_is_taken() -> None:
    """Many more of one miner than any table of a fixed size would remember in its old half."""
    play = mined_on(pool_difficulty=1, difficulty={"start": 1e-12}, pool={"silence_seconds": 3600})
    miner = play.miner("a")
    first = miner.share()
    assert reply(play, "a", first) == "true"
    seen = channel_of(play)._generations[0][0].content.seen
    for number in range(100_000):
        seen.add(number.to_bytes(8, "little") + bytes(24), 0x65000000)
    assert reply(play, "a", first) == "22"


def test_a_flood_of_shares_that_are_too_easy_costs_the_flooder_only() -> None:
    """Vardiff has raised it, and it goes on with its first job: no honest miner does for long."""
    play = Playbook(
        limits={"exempt": [], "shares_per_second": 1}, difficulty={"vardiff": True, "start": EASY}
    )
    play.opens(difficulty=1)
    play.joins("a")
    flooder = play.joins("b")
    for _ in range(60):
        play.aside("clock -- 0.1 s")
        if flooder.closed is None:
            play.aside('b >> 4 mining.submit "$s"', s=flooder.share(job="a1"))
    assert flooder.closed == "it sends more than limits.messages_per_second"
    assert play.miner("a").closed is None
    assert len(channel_of(play)._generations[0][0].content.seen) < 60


def test_what_a_pool_is_remembered_for_goes_with_its_jobs() -> None:
    play = mined_on(pool={"silence_seconds": 3600})
    for number in range(2, 200):
        play.aside('a >> 4 mining.submit "$s"', s=play.miner("a").share())
        play.aside('pool >> mining.notify "$n"\nclock -- 30 s', n=notify(f"{number}"))
    assert len(play.proxy.jobs.contents) <= 14
    assert len(play.proxy.jobs) <= 14
