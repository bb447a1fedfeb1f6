"""A captured session of a Bitaxe on public-pool, with the proxy in between.

public-pool gave the miner extranonce1 703d5a17 and 4 bytes of extranonce2. Here it gives the proxy
none and 8, and the proxy the miner the slot 703d5a17 of them: the coinbase has the same bytes, so
the hashes that were found then are the ones that are checked now. Everything the pool says is what
it said then, and so is everything the miner says, but for the ids of jobs.

public-pool sent one job twice, under two ids, since it changed the difficulty; the miner found a
header of it twice, and was credited twice. The proxy sends the second one out with a later ntime,
on which nobody found anything then. So the first of the two is left out, but for one test.
"""

import json
from pathlib import Path
from typing import Any

from stratumproxy.mining.prefix import NO_PAST
from tests.proxy.playbook import Playbook

LINES: list[dict[str, str]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "sessions" / "bitaxe_publicpool.json").read_text()
)["lines"]
SLOT = "703d5a17"
REPEATED, FOUND_ON_IT = "e6ee4a", 6
"""The job that was sent again as e6ee53, and the share that was found on it."""


def on_the_miners_slot(of_pool: float, **settings: Any) -> Playbook:
    """The proxy on public-pool, which sent its first job; the captured slot is the next to give."""
    play = Playbook(**settings)
    first_job = next(line for _, _, line in messages() if '"mining.notify","params"' in line)
    play.aside(
        f"""
        pool >> 1 result {{"version-rolling": true, "version-rolling.mask": "1fffe000"}}
        pool >> 2 result [[["mining.notify", "1"]], "", 8]
        pool >> 3 result true
        pool >> mining.set_difficulty [{of_pool!r}]
        pool >> {first_job}
        """
    )
    layout = play.proxy.router.groups[0].target.layout
    assert layout is not None
    space = play.proxy.allocator.space(layout)
    space.give_back(bytes.fromhex(SLOT), "a miner that is long gone", play.now - 1e6, NO_PAST)
    return play


def messages() -> list[tuple[str, dict[str, Any], str]]:
    every = [(each["dir"], json.loads(each["line"]), each["line"]) for each in LINES]
    return [
        (direction, message, line)
        for direction, message, line in every
        if message["id"] != FOUND_ON_IT and REPEATED not in message.get("params", [])
    ]


def replay(play: Playbook, *, forwarded: bool) -> dict[int, Any]:
    """Let everybody say again what they said; the verdicts the miner hears, by id."""
    bitaxe = play.miner("bitaxe")
    ours: dict[str, str] = {}
    verdicts: dict[int, Any] = {}
    upstream = 15
    first = True
    for direction, message, line in messages():
        method = message.get("method")
        if direction == "s2c" and method == "mining.notify":
            if not first:  # the first one is what the proxy opened with
                play.aside(f"pool >> {line}")
            first = False
            ours[message["params"][0]] = bitaxe.last
        elif direction == "s2c" and method == "mining.set_difficulty" and message["id"] is None:
            if forwarded:
                play.aside(f"pool >> {line}")
        elif direction == "c2s" and method == "mining.submit":
            worker, job, extranonce2, ntime, nonce, bits = message["params"]
            share = [worker, ours[job], extranonce2, ntime, nonce, bits]
            play.step(f'bitaxe >> {message["id"]} mining.submit "$share"', share=share)
            if forwarded:
                upstream += 1
                params = ["farm", job, SLOT + extranonce2, ntime, nonce, bits]
                play.step(f'pool << {upstream} mining.submit "$params"', params=params)
                del play.values["params"]
                play.step(f"pool >> {upstream} result true")
            verdicts[message["id"]] = json.loads(bitaxe.heard.popleft())
            play.nothing_more()
        elif direction == "c2s":
            play.step(f"bitaxe >> {line}")
            answer = json.loads(bitaxe.heard[0])
            assert answer["id"] == message["id"]
            if method == "mining.subscribe":
                assert answer["result"][1:] == [SLOT, 4]
            if method == "mining.configure":
                assert answer["result"] == {
                    "version-rolling": True,
                    "version-rolling.mask": "1fffe000",
                }
            play.skip()
    return verdicts


def expected() -> dict[int, Any]:
    """What the pool said then."""
    said = {
        message["id"]: message
        for direction, message, _ in messages()
        if direction == "s2c" and message.get("result") is True and message["id"] >= 5
    }
    assert len(said) == 23
    return said


def test_every_share_goes_to_the_pool_and_gets_its_verdict() -> None:
    play = on_the_miners_slot(1000)
    assert replay(play, forwarded=True) == expected()
    snapshot = play.snapshot()
    assert snapshot.accepted == snapshot.forwarded == 23
    assert snapshot.rejected == {}
    # one share on the job at 1000, the others on the one at 128
    assert snapshot.work == 1000 + 22 * 128


def test_the_difficulty_changed_with_the_last_job() -> None:
    play = on_the_miners_slot(1000)
    replay(play, forwarded=True)
    assert [job.difficulty for job in play.miner("bitaxe").jobs.values()] == [1000, 128]


def test_a_job_that_was_sent_twice_goes_out_with_a_later_ntime() -> None:
    """So what was found on the one, and was credited twice, is not looked for on the other."""
    play = on_the_miners_slot(1000)
    play.joins("bitaxe")
    jobs = [each["line"] for each in LINES if '"mining.notify","params"' in each["line"]]
    for line in jobs[1:]:
        play.aside(f"pool >> {line}")
    first, second = list(play.miner("bitaxe").params.values())[-2:]
    assert first[1:7] == second[1:7]
    assert (first[7], second[7]) == ("65df993c", "65df993d")


def test_below_the_pools_difficulty_they_are_answered_here() -> None:
    """All at 128, which is the most that miners are given here."""
    play = on_the_miners_slot(1e9, difficulty={"max": 128})
    assert replay(play, forwarded=False) == expected()
    assert play.snapshot().forwarded == 0
    assert play.snapshot().work == 23 * 128
