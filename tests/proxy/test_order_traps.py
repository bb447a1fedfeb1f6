"""The order traps: what must be said before what, and what must not be said at all."""

from tests.proxy.playbook import EASY, Playbook


def test_1_difficulty_and_job_follow_the_reply_to_subscribe() -> None:
    """cgminer, bfgminer and cpuminer reset their difficulty to 1 when that reply arrives."""
    play = Playbook()
    play.opens()
    play(
        """
        cgminer >> 0 mining.configure [["version-rolling"], {"version-rolling.mask": "ffffffff"}]
        cgminer << 0 result {"version-rolling": true, "version-rolling.mask": "1fffe000"}
        cgminer >> 1 mining.subscribe ["cgminer/4.11.1"]
        cgminer << 1 result [["*", ["mining.notify", "$sid"]], "$e", 4]
        cgminer >> 2 mining.authorize ["farm.1", "x"]
        cgminer << 2 result true
        cgminer << mining.set_difficulty [1e-9]
        cgminer << mining.notify ["$job", "...", true]
        """
    )
    assert EASY == 1e-9
