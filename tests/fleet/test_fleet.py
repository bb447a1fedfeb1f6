"""The fleet as batches and snapshots tell of it."""

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.fleet.fleet import AWAITED_SECONDS, LOOK_SECONDS, Earlier
from stratumproxy.fleet.hashrate import DAY, HASHES_PER_DIFFICULTY, HOUR, MINUTE, Done, Rates
from stratumproxy.fleet.worker import Counts
from stratumproxy.telemetry.records import Batch
from tests.fleet.telling import NOW, RUN, Told, event, job, miner, share, snapshot, work


def test_work_is_the_workers_and_the_fleets() -> None:
    told = Told()
    told.miners(miner(1, "a"), miner(2, "b"))
    told.works(work("a", 2), work("b", 3, stale=1), after=20)
    told.works(work("a", 1), after=10)
    assert (told.worker("a").accepted, told.worker("b").accepted) == (3, 3)
    assert told.fleet.rates.figure(MINUTE, told.now).shares == 6
    told.works(work("b", 6), after=50)
    figure = told.fleet.figures(told.now)[MINUTE]
    assert (figure.shares, figure.window) == (7, 50.0)
    assert figure.rate == 7 * 1024 * HASHES_PER_DIFFICULTY / 50
    assert sum(point.accepted for point in told.fleet.hour.points(told.now)) == 12
    assert sum(point.rejected for point in told.fleet.day.points(told.now)) == 1


def test_a_batch_told_again_changes_nothing() -> None:
    told = Told()
    batch = Batch(
        RUN, 0, 1, NOW, work=[work()], jobs=[job()], events=[event()], dropped={"shares": 2}
    )
    assert told.fleet.apply(batch, NOW)
    revision = told.fleet.roll.revision
    assert not told.fleet.apply(batch, NOW)
    assert told.worker().accepted == 1
    assert told.fleet.lost == {"shares": 2}
    assert len(told.fleet.journal.jobs) == len(told.fleet.journal.events) == 1
    assert told.fleet.roll.revision == revision


def test_jobs_events_and_latencies_are_kept() -> None:
    told = Told()
    told.tell(jobs=[job()], events=[event()], shares=[share(latency=0.25)])
    assert told.fleet.journal.jobs[0].record == job()
    assert told.fleet.journal.events[0].record == event()
    assert told.fleet.round_trips.percentiles("pool", NOW) == (0.25, 0.25)


class TestMiners:
    def test_they_come_change_and_go(self) -> None:
        told = Told()
        told.miners(miner(1), miner(2))
        assert (told.worker().connections, told.worker().connects) == (2, 2)
        told.miners(miner(2, difficulty=4096.0))
        assert (told.worker().connections, told.worker().connects) == (2, 2)
        assert told.worker().difficulty == 4096.0
        told.miners(miner(1, open=False), after=5)
        assert (told.worker().connections, told.worker().connects) == (1, 2)
        assert list(told.fleet.processes.running[RUN].miners) == [2]

    def test_before_it_authorizes_a_miner_is_no_worker(self) -> None:
        told = Told()
        told.miners(miner(1, worker=""))
        assert len(told.fleet.roll) == 0
        assert len(told.fleet.processes.running[RUN].miners) == 1
        told.miners(miner(1))
        assert told.worker().connections == 1

    def test_one_that_takes_another_name_leaves_the_first(self) -> None:
        told = Told()
        told.miners(miner(1, worker="a"))
        told.miners(miner(1, worker="b"))
        assert (told.worker("a").connections, told.worker("b").connections) == (0, 1)
        told.miners(miner(1, worker="b", open=False))
        assert (told.worker("a").connections, told.worker("b").connections) == (0, 0)

    def test_one_that_came_and_went_between_two_batches_did_connect(self) -> None:
        told = Told()
        told.miners(miner(1, open=False))
        assert (told.worker().connections, told.worker().connects) == (0, 1)
        assert told.fleet.processes.running[RUN].miners == {}

    def test_a_worker_is_known_since_its_miner_connected(self) -> None:
        told = Told()
        told.miners(miner(1, since=NOW - 500), after=30)
        assert told.worker().since == NOW - 500
        told.works(work(), after=30)
        assert told.worker().rates.figure(DAY, told.now).window == 560

    def test_one_that_was_there_before_we_were_is_counted_from_what_it_tells_first(self) -> None:
        told = Told()
        told._seq = count(40)  # what it told before, it told another
        told.tell(miners=[miner(1, since=NOW - 500)])
        told.works(work(accepted=9), after=4)
        told.works(work(accepted=9), after=9)
        worker = told.worker()
        assert (worker.accepted, worker.connects, worker.counted_since) == (18, 0, NOW)
        figure = worker.rates.figure(DAY, told.now + 7)
        assert (figure.shares, figure.window) == (9, 9.0)
        assert worker.rates.figure(DAY, told.now + 11).rate is not None


class TestRuns:
    def test_the_miners_of_a_run_go_with_it_and_its_counts_stay(self) -> None:
        told = Told()
        told.miners(miner(1), miner(2, worker="other"))
        told.works(work())
        told.fleet.snapshot(0, RUN, snapshot(accepted=50), told.now)
        told.fleet.ended(RUN, told.now)
        told.tell(run="run-2", miners=[miner(1)])
        assert told.worker().connections == 1
        assert told.worker("other").connections == 0
        assert told.worker().accepted == 1
        told.fleet.snapshot(0, "run-2", snapshot(accepted=1, connected=1), told.now)
        together = told.fleet.processes.snapshot()
        assert together is not None
        assert (together.accepted, together.connected) == (51, 1)

    def test_a_run_does_not_end_because_another_has_its_number(self) -> None:
        told = Told()
        told.miners(miner(1))
        told.tell(run="run-2", miners=[miner(1)])
        assert told.worker().connections == 2
        told.fleet.ended(RUN, told.now)
        assert told.worker().connections == 1

    def test_two_sites_stay_apart(self) -> None:
        """Their processes have one number, their miners one id, and their worker one name."""
        told = Told()
        for run, site, accepted in ((RUN, "north", 3), ("south-run", "south", 5)):
            told.tell(run=run, site=site, miners=[miner(1)], work=[work(accepted=accepted)])
            told.fleet.snapshot(0, run, snapshot(accepted=accepted), told.now)
        assert (told.worker().connections, told.worker().accepted) == (2, 8)
        assert set(told.fleet.processes.named()) == {"0 at north", "0 at south"}
        both = told.fleet.processes.snapshot()
        assert both is not None
        assert both.accepted == 8
        told.fleet.ended("south-run", told.now)
        assert (told.worker().connections, told.worker().accepted) == (1, 8)
        assert set(told.fleet.processes.named()) == {"0"}

    def test_a_run_that_is_over_before_anything_of_it_is_heard(self) -> None:
        told = Told()
        told.fleet.processes.counted = {RUN: 1}
        told.fleet.ended(RUN, told.now)
        told.works(work())  # it is in what was counted before
        told.tell(work=[work()], miners=[miner(9)])
        assert told.worker().accepted == 1
        assert told.worker().connections == 0

    def test_what_a_gone_run_tells_late_still_counts_but_for_its_miners(self) -> None:
        told = Told()
        told.miners(miner(1))
        told.fleet.ended(RUN, told.now)
        assert told.worker().connections == 0
        told.tell(work=[work()], miners=[miner(9)])
        assert told.worker().accepted == 1
        assert told.worker().connections == 0
        assert told.fleet.processes.running == {}

    def test_two_processes_number_their_miners_alike(self) -> None:
        told = Told()
        told.miners(miner(1))
        told.tell(process=1, run="other", miners=[miner(1)])
        assert told.worker().connections == 2
        told.fleet.ended("other", told.now)
        assert told.worker().connections == 1


class TestAttention:
    def test_a_reject_or_a_disconnect_shows_at_once(self) -> None:
        told = Told()
        told.miners(miner(1))
        told.works(work(accepted=40, stale=20))
        assert told.worker().attention == ("rejecting",)
        assert told.fleet.attention["rejecting"] == 1
        told.miners(miner(1, open=False))
        assert told.worker().attention == ("gone", "rejecting")
        assert told.fleet.attention["gone"] == 1
        told.miners(miner(2))
        assert told.worker().attention == ("rejecting",)
        told.works(work(accepted=400))
        assert told.worker().attention == ()
        assert told.fleet.attention.total() == 0

    def test_silence_shows_within_a_round(self) -> None:
        told = Told()
        told.miners(*(miner(number, f"rig {number}") for number in range(25)))
        told.works(*(work(f"rig {number}") for number in range(25)))
        told.passes(600)
        assert told.fleet.attention["gone"] == 0
        revision = told.fleet.roll.revision
        told.passes(2 * LOOK_SECONDS)
        assert told.fleet.attention["gone"] == 25
        assert len(list(told.fleet.roll.since(revision))) == 25, "the rows have changed"

    def test_a_process_that_was_frozen_looks_at_all_at_once(self) -> None:
        told = Told()
        told.miners(*(miner(number, f"rig {number}") for number in range(25)))
        told.works(*(work(f"rig {number}") for number in range(25)))
        told.now += 3000
        told.fleet.tend(told.now)
        told.passes(LOOK_SECONDS)
        assert told.fleet.attention["gone"] == 25


class TestBounds:
    def test_silent_workers_are_forgotten_in_the_end(self) -> None:
        told = Told(retention=1000.0)
        told.works(work("silent"))
        told.miners(miner(1, worker="connected"))
        before = told.fleet.roll.revision
        told.passes(999)
        assert ("default", "silent") in told.fleet.roll
        told.passes(2)
        assert ("default", "silent") not in told.fleet.roll
        assert ("default", "connected") in told.fleet.roll
        assert told.fleet.roll.gone_since(before) == [("default", "silent")]
        assert told.fleet.attention["gone"] == 0, "the forgotten need nobody"

    def test_new_names_push_out_the_silent_but_never_the_connected(self) -> None:
        told = Told(limit=3)
        told.miners(miner(1, worker="connected"))
        for number in range(10):
            told.works(work(f"name {number}"), after=1)
        assert len(told.fleet.roll) == 3
        assert {"connected", "name 8", "name 9"} == {name for _, name in told.fleet.roll.keys}

    def test_when_all_are_connected_the_next_is_counted_and_not_kept(self) -> None:
        told = Told(limit=2)
        told.miners(miner(1, worker="a"), miner(2, worker="b"), miner(3, worker="c"))
        told.works(work("c", accepted=4))
        assert set(told.fleet.roll.keys) == {("default", "a"), ("default", "b")}
        assert told.fleet.lost["workers"] == 2
        assert told.fleet.rates.figure(MINUTE, told.now).shares == 4, "its work is the fleet's"
        told.miners(miner(3, worker="c", open=False))


class TestRevisions:
    def test_each_change_has_a_higher_one(self) -> None:
        told = Told()
        told.miners(miner(1, worker="a"), miner(2, worker="b"))
        seen = told.fleet.roll.revision
        told.works(work("a"))
        assert [worker.name for worker in told.fleet.roll.since(seen)] == ["a"]

    def test_a_rate_that_only_time_changes_is_a_change(self) -> None:
        told = Told()
        told.miners(miner(1))
        told.works(work())
        told.passes(11)
        seen = told.fleet.roll.revision
        told.passes(60 + LOOK_SECONDS)
        assert [worker.name for worker in told.fleet.roll.since(seen)] == ["rig"]

    def test_a_later_process_numbers_from_higher(self) -> None:
        first, second = Told(NOW), Told(NOW + 60)
        first.works(*(work(str(number)) for number in range(1000)))
        assert not second.fleet.roll.follows(first.fleet.roll.revision)
        assert second.fleet.journal.newest > first.fleet.journal.newest


NONE = Counts(0, 0, {}, 0.0, 0.0, 0)


class TestRecall:
    """What a ledger has of the day before: `tests/cli/test_past.py` has it from a real one."""

    @staticmethod
    def past(since: float = NOW - 80_000) -> Rates:
        past = Rates(NOW, since)
        for window, seconds in ((HOUR, 300), (DAY, 3600)):
            for start in range(int(NOW) - 72_000, int(NOW), seconds):
                past.put(window, start, Done(seconds / 10 * 10.0, seconds * 10.0, seconds // 10, 1))
        return past

    @classmethod
    def recalled(cls, **changes: Any) -> Told:
        told = Told()
        counts = Counts(7200, 80, {"stale": 60, "pool": 20}, 72_000.0, 5e6, 3)
        earlier = Earlier(("default", "rig"), NOW - 1e6, NOW - 30, counts, cls.past())
        told.fleet.rates.take_in(cls.past(), NOW)
        told.fleet.recall([earlier._replace(**changes)], NOW, NOW - 80_000)
        return told

    def test_the_long_windows_are_there_again(self) -> None:
        told = self.recalled()
        hour, day = (told.worker().rates.figure(window, NOW) for window in (HOUR, DAY))
        assert (hour.shares, hour.window) == (330, 3300)
        assert (day.shares, day.window) == (7200, 80_000)
        assert told.fleet.figures(NOW)[DAY].shares == 7200
        assert told.worker().rates.figure(MINUTE, NOW).shares == 0

    def test_counts_and_their_reasons_agree_and_say_since_when(self) -> None:
        worker = self.recalled().worker()
        assert (worker.accepted, worker.rejected, worker.best) == (7200, 80, 5e6)
        assert sum(worker.reasons.values()) == worker.rejected
        assert worker.counted_since == NOW - 80_000
        assert worker.since == NOW - 1e6

    def test_the_fleets_counts_go_on_with_theirs(self) -> None:
        told = self.recalled()
        told.works(work(accepted=2, stale=1), after=1)
        assert (told.fleet.accepted, told.fleet.counted_since) == (7202, NOW - 80_000)
        assert told.fleet.reasons == {"stale": 61, "pool": 20}

    def test_they_begin_when_the_first_worker_came_if_that_was_within_the_day(self) -> None:
        assert self.recalled(since=NOW - 100).fleet.counted_since == NOW - 100

    def test_where_it_was_last_is_known_until_it_is_somewhere_else(self) -> None:
        told = self.recalled(address="10.9.9.9:1", agent="cgminer")
        assert (told.worker().address, told.worker().agent) == ("10.9.9.9:1", "cgminer")
        told.miners(miner(1), after=1)
        assert told.worker().address == "10.0.0.1:4001"
        told.fleet.recall(
            [Earlier(("default", "rig"), NOW, NOW, NONE, self.past(), address="old:1")], NOW, NOW
        )
        assert told.worker().address == "10.0.0.1:4001"

    def test_one_whose_newest_shares_were_rejected_still_needs_a_person(self) -> None:
        assert self.recalled(newest=(200, 60)).worker().attention == ("rejecting",)

    @pytest.mark.parametrize("goes_on", [True, False])
    @pytest.mark.parametrize("connected", [True, False])
    def test_who_was_lost_before_is_not_lost_once_more(
        self, goes_on: bool, connected: bool
    ) -> None:
        """If miners went on meanwhile; if all had to come back, it is one that did not."""
        told = Told()
        told.fleet.processes.counted = {RUN if goes_on else "before": 1}
        told.tell()
        told.tell(miners=[miner(1, "another")])
        counts = Counts(7200, 80, {"stale": 80}, 72_000.0, 5e6, 3)
        earlier = Earlier(
            ("default", "rig"), NOW - 1e6, NOW - 30, counts, self.past(), connected=connected
        )
        told.fleet.recall([earlier], NOW, NOW - 80_000)
        told.passes(AWAITED_SECONDS + LOOK_SECONDS)
        assert told.worker().attention == ("gone",)
        turns = told.fleet.outages.tend(told.now + 10)
        assert [turn.common for turn in turns] == ["rig"] * (connected or not goes_on)
        told.miners(miner(2), after=1)
        assert told.worker().attention == ()
        told.miners(miner(2, open=False), after=30)
        assert [turn.turn for turn in told.fleet.outages.tend(told.now + 10)] == ["lost", "back"]

    def test_its_last_share_is_not_from_before_it_came(self) -> None:
        """A ledger knows the five minutes of it."""
        assert self.recalled(since=NOW - 20, last_share=NOW - 100).worker().last_share == NOW - 20

    def test_one_that_is_not_there_any_more_is_gone(self) -> None:
        told = self.recalled()
        assert told.worker().attention == (), "its process may not have told of it yet"
        told.passes(AWAITED_SECONDS + LOOK_SECONDS)
        assert told.worker().attention == ("gone",)
        told.tell(run="a new one", miners=[miner(1)])
        assert told.worker().attention == ()

    def test_one_whose_work_is_told_before_its_connection_is_not_gone(self) -> None:
        told = Told()
        told.tell(work=[work()])
        told.passes(AWAITED_SECONDS - 1)
        assert told.worker().attention == ()
        told.passes(LOOK_SECONDS + 1)
        assert told.worker().attention == ("gone",)

    def test_one_that_was_heard_of_meanwhile_is_what_it_is_now(self) -> None:
        told = Told()
        told.tell(miners=[miner(1)], work=[work()])
        told.passes(5)
        counts = Counts(90, 2, {"stale": 2}, 100.0, 7.0, 5)
        earlier = Earlier(("default", "rig"), NOW - 1e6, NOW - 30, counts, self.past())
        told.fleet.recall([earlier], told.now, NOW - 80_000)
        worker = told.worker()
        assert (worker.since, worker.last_share, worker.accepted) == (NOW - 1e6, NOW, 91)
        assert (worker.connections, worker.connects, worker.attention) == (1, 6, ())
        assert worker.rates.figure(DAY, told.now).shares == 7201

    def test_batches_that_the_ledger_has_are_not_counted_again(self) -> None:
        told = self.recalled()
        told.fleet.processes.counted = {RUN: 40}
        assert not told.fleet.apply(Batch(RUN, 0, 40, NOW, work=[work()]), NOW)
        assert told.fleet.apply(Batch(RUN, 0, 41, NOW, work=[work()]), NOW)
        assert told.worker().accepted == 7201


OPENED = st.tuples(st.integers(0, 5), st.sampled_from(["", "a", "b"]), st.booleans())


@given(told_of=st.lists(st.lists(OPENED, max_size=6), max_size=12))
def test_connections_are_always_what_is_open(told_of: list[list[tuple[int, str, bool]]]) -> None:
    told = Told(limit=100)
    for records in told_of:
        told.miners(*(miner(id, worker, open=is_open) for id, worker, is_open in records), after=1)
    miners = told.fleet.processes.running[RUN].miners.values() if told_of else ()
    for name in ("a", "b"):
        is_open = sum(miner.worker == name for miner in miners)
        worker = told.fleet.roll.get(("default", name))
        assert (worker.connections if worker else 0) == is_open
    told.fleet.ended(RUN, told.now)
    assert all(worker.connections == 0 for worker in told.fleet.roll.workers)
