"""Names that no share counted for: not on the roll, but seen, and never more than there is room."""

from typing import Any

import pytest

from stratumproxy.fleet import strangers as module
from stratumproxy.fleet import worker
from stratumproxy.fleet.hashrate import MINUTE
from stratumproxy.fleet.strangers import MOST, RETENTION
from tests.fleet.telling import NOW, RUN, Told, miner, work


def refused(told: Told, name: str = "rig", shares: int = 1, **other: Any) -> None:
    told.tell(work=[work(name, 0, low_difficulty=shares)], unproven=(name,), **other)


def listed(told: Told) -> list[str]:
    return [each.name for each in told.fleet.strangers]


def test_a_machine_whose_shares_are_all_refused_is_seen_with_its_reasons() -> None:
    told = Told()
    told.tell(miners=[miner(worker="rig")], unproven=("rig",))
    assert (listed(told), len(told.fleet.roll)) == ([], 0)
    told.tell(work=[work("rig", 0, stale=2, low_difficulty=3)], unproven=("rig",), after=5)
    refused(told, after=5)
    (stranger,) = told.fleet.strangers
    assert stranger.reasons == {"stale": 2, "low-difficulty": 4}
    assert (stranger.rejected, stranger.accepted) == (6, 0)
    assert (stranger.address, stranger.agent) == ("10.0.0.1:4001", "cgminer/4")
    assert (stranger.since, stranger.last) == (NOW + 5, NOW + 10)
    assert len(told.fleet.roll) == 0
    assert told.fleet.rates.figure(MINUTE, told.now).shares == 0


def test_the_first_share_that_counts_makes_it_a_worker() -> None:
    told = Told()
    told.tell(miners=[miner(since=NOW)], unproven=("rig",))
    refused(told, after=10)
    told.works(work(accepted=4), after=5)
    assert (listed(told), told.worker().connections) == ([], 0)
    told.miners(miner(since=NOW))
    worker = told.worker()
    assert (worker.connections, worker.connects, worker.address) == (1, 1, "10.0.0.1:4001")
    assert (worker.accepted, worker.since, worker.counted_since) == (4, NOW, NOW)
    told.miners(miner(since=NOW, open=False))
    assert told.worker().connections == 0


def test_who_was_a_worker_before_stays_one_whatever_becomes_of_its_shares() -> None:
    """After a restart of the data plane every name has to prove itself anew."""
    told = Told()
    told.works(work())
    told.tell(run="next", miners=[miner()], unproven=("rig",), after=5)
    refused(told, shares=5, run="next", after=5)
    assert listed(told) == []
    assert (told.worker().connections, told.worker().rejected) == (1, 5)


@pytest.mark.parametrize("how", ["it", "its process"])
def test_a_stranger_that_goes_takes_no_connection_of_a_worker_along(how: str) -> None:
    told = Told()
    told.tell(miners=[miner(1), miner(2)], unproven=("rig",))
    told.works(work())
    told.miners(miner(1))
    if how == "it":
        told.tell(miners=[miner(2, open=False)], after=1)
        assert told.worker().connections == 1
    else:
        told.fleet.ended(RUN, told.now)
        assert told.worker().connections == 0
    assert not told.fleet.strangers._miners


def test_a_connection_that_changes_its_name() -> None:
    told = Told()
    told.works(work("rig"))
    told.tell(miners=[miner(worker="")])
    told.miners(miner(worker="rig"))
    assert told.worker().connections == 1
    told.tell(miners=[miner(worker="x")], unproven=("x",))
    assert told.worker().connections == 0


def test_what_has_no_name_at_all_is_in_the_sum_alone() -> None:
    told = Told()
    told.works(work("", 2))
    assert (listed(told), len(told.fleet.roll)) == ([], 0)
    assert told.fleet.rates.figure(MINUTE, told.now + 5).shares == 2


def test_silent_ones_are_forgotten() -> None:
    told = Told()
    refused(told)
    told.passes(RETENTION / 2)
    refused(told, "other")
    told.passes(RETENTION / 2 + 20)
    assert listed(told) == ["other"]


def test_a_flood_of_names_does_not_push_out_the_others() -> None:
    """The address that has the most of them makes room, the name with the least first."""
    told = Told()
    own = miner(worker="rig", address="10.0.0.9:4000")
    flood = [miner(number + 2, str(number)) for number in range(3 * MOST)]
    told.tell(miners=[own, *flood], unproven=("rig", *(each.worker for each in flood)))
    refused(told, "rig")
    refused(told, "0", 7)
    for each in flood[1:]:
        refused(told, each.worker)
    assert len(told.fleet.strangers) == MOST
    assert "rig" in listed(told)
    assert listed(told)[0] == "0"


def test_names_that_there_was_no_room_for_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    told = Told()
    for number in range(5):
        refused(told, f"rig-{number}")
    assert told.fleet.strangers.dropped == 2
    for _ in range(2):  # a share counts, and there were too many new names
        told.tell(work=[work("rig-4")], unproven=("rig-4",))
    assert told.fleet.strangers.dropped == 3


def test_reasons_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAX_REASONS", 2)
    told = Told()
    reasons = {f"reason_{number}": 1 for number in range(5)}
    told.tell(work=[work("rig", 0, **reasons)], unproven=("rig",))
    (stranger,) = told.fleet.strangers
    assert (len(stranger.reasons), stranger.reasons["other"]) == (3, 3)


def test_names_that_there_was_no_room_for_show_what_they_did() -> None:
    told = Told()
    told.tell(work=[work(accepted=3)], unproven=("rig",))
    (stranger,) = told.fleet.strangers
    assert (stranger.accepted, stranger.rejected) == (3, 0)
