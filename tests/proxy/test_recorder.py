"""What the control plane is told: every share, all work once, miners and jobs as they are."""

from collections import Counter
from typing import Any

import pytest

from stratumproxy.accounting.account import Account
from stratumproxy.downstream.drops import IDLE
from stratumproxy.proxy import recorder as module
from stratumproxy.proxy.recorder import JOB_GROUPS, LOOKS, MOST_EVENTS
from stratumproxy.telemetry import outbox as outbox_module
from stratumproxy.telemetry.channel import HELLO, Lines, encode_ack
from stratumproxy.telemetry.outbox import Outbox
from stratumproxy.telemetry.records import Batch, MinerRecord, WorkRecord
from tests.proxy.playbook import EASY, POOL_EASY, UNIX, Playbook, notify


class Told:
    """A proxy with a journal, and everything that came out of it."""

    def __init__(self, *pools: str, **settings: Any) -> None:
        self.outbox = Outbox("run", 3)
        self.play = Playbook(*pools, outbox=self.outbox, **settings)
        self.batches: list[Batch] = []
        self._lines = Lines()

    def hear(self, seconds: float = 12) -> "Told":
        """Let a round pass, and take what is told by then."""
        self.play.aside(f"clock -- {seconds} s")
        proxy, now = self.play.proxy, self.play.now
        for _ in range(module.TICKS):
            self.play.recorder.tick(
                proxy.workers, proxy.miners, proxy.misbehaviour, now, now + UNIX
            )
        return self.take()

    def take(self) -> "Told":
        while data := self.outbox.take():
            for message in self._lines.cut(data):
                self.batches.append(Batch.decode(message))
                self.outbox.receive(encode_ack("run", self.batches[-1].seq))
        return self

    def all(self, kind: str) -> list[Any]:
        return [record for batch in self.batches for record in getattr(batch, kind)]

    def work(self) -> dict[tuple[str, str], WorkRecord]:
        """Every worker's records on a pool, added up."""
        found: dict[tuple[str, str], WorkRecord] = {}
        for record in self.all("work"):
            assert record.accepted or record.rejected
            before = found.get((record.worker, record.pool))
            if before is not None:
                rejected = Counter(before.rejected) + Counter(record.rejected)
                record = WorkRecord(
                    record.worker,
                    record.pool,
                    before.accepted + record.accepted,
                    before.work + record.work,
                    dict(rejected),
                    before.refused_work + record.refused_work,
                    max(before.best, record.best),
                )
            found[record.worker, record.pool] = record
        return found


def mined_on(*pools: str, **settings: Any) -> Told:
    told = Told(*pools, **settings)
    for pool in told.play.pools:
        told.play.opens(pool)
    told.play.joins("a")
    return told


def submit(told: Told, name: str = "a", **how: Any) -> None:
    share = told.play.miner(name).share(**how)
    told.play.aside(f'{name} >> 1 mining.submit "$s"', s=share)


def test_without_anything_nothing_is_told() -> None:
    told = Told()
    assert told.hear().batches == []


def test_shares_that_a_pool_was_sent() -> None:
    told = mined_on()
    submit(told, misses=POOL_EASY)
    for _ in range(3):
        submit(told, meets=POOL_EASY)
    told.play.aside('clock -- 2 s\npool >> 16 result true\npool >> 17 error [23, "low", null]')
    told.play.aside("pool -- hangs up")
    told.hear(40)
    accepted, rejected, lost = told.all("shares")
    assert accepted.at == pytest.approx(UNIX + 1002)
    assert (accepted.worker, accepted.pool, accepted.job) == ("a", "pool", "1")
    assert (accepted.difficulty, accepted.pool_difficulty) == (EASY, POOL_EASY)
    assert accepted.met >= POOL_EASY
    assert (accepted.verdict, accepted.reason) == ("accepted", "")
    assert accepted.latency == pytest.approx(2)
    assert (rejected.verdict, rejected.reason) == ("rejected", "low")
    assert (lost.verdict, lost.reason) == ("lost", "")
    (pool,) = told.play.snapshot().pools
    assert pool.round_trip.count == 2
    assert pool.round_trip.sum == pytest.approx(4)


def test_a_share_that_has_no_verdict_in_time() -> None:
    told = mined_on(pool={"reply_timeout_seconds": 10})
    submit(told, meets=POOL_EASY)
    (share,) = told.hear(12).all("shares")
    assert share.verdict == "timed-out"
    assert told.play.snapshot().pools[0].round_trip.count == 0, "there was no trip back"


def test_work_is_told_as_what_was_added() -> None:
    told = mined_on()
    for _ in range(3):
        submit(told, misses=POOL_EASY)
    told.play.aside('a >> 1 mining.submit ["a", "ff", "00000000", "65000000", "00000000"]')
    submit(told, meets=1e-12, misses=EASY)
    (record,) = told.hear().all("work")
    assert (record.worker, record.pool, record.accepted) == ("a", "pool", 3)
    assert record.work == pytest.approx(3 * EASY)
    assert record.rejected == {"stale": 1, "low-difficulty": 1}
    assert record.refused_work == 0
    assert EASY <= record.best < POOL_EASY
    assert len(told.hear().all("work")) == 1, "nothing was added since"
    submit(told, misses=POOL_EASY)
    assert told.hear().all("work")[1].accepted == 1


@pytest.mark.parametrize("verdict", ["pool", "local"])
def test_work_that_the_pool_did_not_credit(verdict: str) -> None:
    told = mined_on(verdict=verdict)
    for _ in range(2):
        submit(told, meets=POOL_EASY)
    told.play.aside('pool >> 16 error [21, "stale", null]\npool -- hangs up')
    told.hear(40)
    record = told.work()["a", "pool"]
    assert record.rejected == {"pool": 1, "lost": 1}
    assert record.refused_work == pytest.approx(2 * EASY)
    assert (record.accepted, record.best) == (0, 0)


def test_work_belongs_to_the_pool_whose_job_it_was() -> None:
    told = mined_on("main", "backup")
    submit(told, misses=POOL_EASY)
    submit(told, meets=POOL_EASY)
    told.play.aside("main -- hangs up")
    submit(told, misses=POOL_EASY)
    told.play.aside("main -- connects")
    told.play.opens("main", job=notify("2"))
    told.play.aside("main >> 16 result true")
    submit(told, misses=POOL_EASY)
    told.hear()
    assert {key: row.accepted for key, row in told.work().items()} == {
        ("a", "main"): 2,
        ("a", "backup"): 2,
    }


def test_all_work_is_told_once_whatever_happens() -> None:
    told = mined_on("main", "backup")
    told.play.joins("b")
    for number in range(60):
        submit(told, "ab"[number % 2], misses=POOL_EASY)
        if number % 7 == 0:
            submit(told, "a", meets=POOL_EASY)
        if number == 20:
            told.play.aside("main -- hangs up")
        if number % 10 == 0:
            told.hear(1)
    told.hear(60)
    snapshot = told.play.snapshot()
    rows = told.work().values()
    assert sum(row.accepted for row in rows) == snapshot.accepted
    assert sum(row.work for row in rows) == pytest.approx(snapshot.work)
    assert sum((Counter(row.rejected) for row in rows), Counter()) == snapshot.rejected
    assert len(told.all("shares")) == snapshot.forwarded
    assert [batch.seq for batch in told.batches] == list(range(1, len(told.batches) + 1))


def test_nothing_is_lost_while_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    told = mined_on()
    told.hear()
    monkeypatch.setattr(outbox_module, "MOST_BATCHES", 0)
    monkeypatch.setattr(module, "ENOUGH", 3)
    for _ in range(5):
        submit(told, meets=POOL_EASY)
    for number in range(5):
        told.play.aside(f"pool >> {16 + number} result true")
    told.play.joins("b")
    told.hear(30)
    assert told.all("shares") == []
    monkeypatch.undo()
    told.hear()
    assert len(told.all("shares")) == 3
    assert sum((Counter(batch.dropped) for batch in told.batches), Counter()) == {"shares": 2}
    assert told.work()["a", "pool"].accepted == 5
    assert told.all("miners")[-1].worker == "b"


def test_many_shares_are_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENOUGH", 2)
    told = mined_on()
    for number in range(5):
        submit(told, meets=POOL_EASY)
        told.play.aside(f"pool >> {16 + number} result true")
    assert max(len(batch.shares) for batch in told.take().batches) == 2
    assert len(told.hear().all("shares")) == 5


# -- miners ------------------------------------------------------------------------------------


def test_a_miner_that_is_new_changes_and_goes() -> None:
    told = mined_on()
    (new,) = told.hear().all("miners")
    assert new == MinerRecord(
        1, "a", "a:1", "", EASY, UNIX + 1000, "pool", True, "", account="farm"
    )
    assert len(told.hear().all("miners")) == 1, "nothing changed"
    told.play.aside("a >> 4 mining.suggest_difficulty [1e-8]")
    assert told.hear().all("miners")[1:] == [new._replace(difficulty=1e-8)]
    told.play.aside("a -- hangs up")
    last = told.hear().all("miners")[2]
    assert (last.id, last.open, last.reason) == (1, False, "")


def test_why_it_was_closed() -> None:
    told = mined_on(limits={"idle_seconds": 100})
    told.hear(200)
    (*_, last) = told.all("miners")
    assert (last.open, last.reason) == (False, IDLE.key)


def test_one_that_was_never_told_of_goes_unheard() -> None:
    told = mined_on()
    told.play.aside("a -- hangs up")
    assert told.hear().all("miners") == []


def test_no_end_of_one_that_was_told_of_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be shown for ever. Only those that are open now can wait to be told as closed."""
    told = mined_on()
    told.play.joins("b")
    told.hear()
    monkeypatch.setattr(outbox_module, "MOST_BATCHES", 0)
    told.play.aside("a -- hangs up\nb -- hangs up")
    for number in range(20):
        told.play.joins(f"c{number}")
        told.hear(1)
        told.play.aside(f"c{number} -- hangs up")
    assert told.play.recorder is not None
    assert len(told.play.recorder._closed) == 2
    monkeypatch.undo()
    told.hear()
    assert [(record.worker, record.open) for record in told.all("miners")[-2:]] == [
        ("a", False),
        ("b", False),
    ]


def test_one_that_did_not_subscribe_yet() -> None:
    told = Told()
    told.play.opens()
    told.play.aside("b -- connects")
    (record,) = told.hear().all("miners")
    assert (record.worker, record.difficulty, record.pool, record.open) == ("", 0, "", True)


def test_a_switch_tells_where_they_mine_now() -> None:
    told = mined_on("main", "backup")
    assert [record.pool for record in told.hear().all("miners")] == ["main"]
    told.play.aside("main -- hangs up")
    assert [record.pool for record in told.hear().all("miners")] == ["main", "backup"]
    told.play.aside("backup -- hangs up")
    assert told.hear().all("miners")[-1].pool == ""


def test_whoever_says_hello_is_told_of_every_miner() -> None:
    told = mined_on()
    told.play.joins("b")
    told.hear()
    told.outbox.receive(HELLO)
    told.hear()
    assert sorted(record.worker for record in told.all("miners")) == ["a", "a", "b", "b"]
    told.hear()
    assert len(told.all("miners")) == 4


# -- workers that are forgotten ----------------------------------------------------------------


def test_what_a_forgotten_worker_did_is_told() -> None:
    told = mined_on()
    told.play.proxy.workers._limit = 1
    submit(told, misses=POOL_EASY)
    submit(told, meets=POOL_EASY)
    told.play.aside("a -- hangs up")
    told.play.joins("b")
    assert "a" not in told.play.proxy.workers
    told.play.aside("pool >> 16 result true")
    told.hear()
    assert told.work()["a", "pool"].accepted == 2, "the later verdict, too"


def test_forgotten_workers_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    told = mined_on()
    told.hear()
    monkeypatch.setattr(outbox_module, "MOST_BATCHES", 0)
    monkeypatch.setattr(module, "MOST_FORGOTTEN", 2)
    told.play.proxy.workers._limit = 1
    for name in ("b", "c", "d", "e", "f"):
        told.play.joins(name)
        submit(told, name, misses=POOL_EASY)
        submit(told, name, meets=1e-12, misses=EASY)
        told.play.aside(f"{name} -- hangs up")
    told.play.joins("g")
    monkeypatch.undo()
    rows = told.hear().work()
    assert {name: row.accepted for (name, _), row in rows.items()} == {"b": 1, "c": 1, "": 3}
    assert rows["", "pool"].rejected == {"low-difficulty": 3}


def test_many_forgotten_workers_are_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may take a kilobyte and a half as JSON, and no line may have more than 16 MB."""
    monkeypatch.setattr(module, "ENOUGH", 2)
    told = mined_on()
    told.hear()
    told.play.proxy.workers._limit = 1
    monkeypatch.setattr(outbox_module, "MOST_BATCHES", 0)
    for name in ("b", "c", "d", "e", "f"):
        told.play.joins(name)
        submit(told, name, misses=POOL_EASY)
        told.play.aside(f"{name} -- hangs up")
    told.play.joins("g")
    monkeypatch.setattr(outbox_module, "MOST_BATCHES", 4096)
    told.hear()
    assert max(len(batch.work) for batch in told.batches) <= 2
    assert {name for name, _ in told.work()} == set("bcdef")


@pytest.mark.parametrize("kind", ["forgotten", "known"])
def test_so_they_are_at_the_end(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENOUGH", 2)
    told = mined_on()
    told.play.proxy.workers._limit = 1 if kind == "forgotten" else 100
    monkeypatch.setattr(outbox_module, "MOST_BATCHES", 0)
    for name in ("b", "c", "d", "e", "f"):
        told.play.joins(name)
        submit(told, name, misses=POOL_EASY)
        told.play.aside(f"{name} -- hangs up")
    assert told.play.recorder is not None
    told.play.recorder.finish(told.play.proxy.workers, told.play.now)
    told.take()
    assert max(len(batch.work) for batch in told.batches) <= 2
    assert {name for name, _ in told.work()} == set("bcdef")


@pytest.mark.parametrize(("workers", "seconds"), [(10, 1.7), (30 * LOOKS, 4.2)])
def test_work_is_told_within_a_second_or_a_tick_for_so_many(workers: int, seconds: float) -> None:
    """And the half second in which a batch is cut. It is lost with a worker that is killed."""
    told = mined_on()
    all_of_them = [told.play.proxy.workers.get(f"w{number}") for number in range(workers)]
    told.hear()
    told.batches.clear()
    for worker in all_of_them:
        worker.on(Account("pool", "farm")).accepted += 1
    for _ in range(round(seconds * 10)):
        told.play.aside("clock -- 0.1 s")
    assert {record.worker for record in told.take().all("work")} == {
        worker.name for worker in all_of_them
    }


# -- jobs and events ---------------------------------------------------------------------------


def test_a_job_once_the_last_miner_was_sent_it() -> None:
    told = mined_on()
    for name in "bcd":
        told.play.joins(name)
    told.hear()
    told.play.slices = 0
    told.play.aside('pool >> mining.notify "$n"', n=notify("2", clean=True))
    for _ in range(3):  # two slices; what each sent is on its way when the next call comes
        told.play.now += 1
        told.play.slices = 1
        told.play.aside("x >> 1 mining.ping []")
    told.play.slices = 1000
    job = told.hear().all("jobs")[-1]
    assert (job.pool, job.group, job.job, job.height) == ("pool", 0, "2", 800_000)
    assert (job.clean, job.difficulty, job.miners) == (True, POOL_EASY, 4)
    assert (job.first, job.median, job.last) == pytest.approx((2, 2, 3))
    assert told.play.snapshot().fan_out.count == 1


def test_a_job_whose_pool_is_lost_right_after_the_last_miner_was_sent_it() -> None:
    told = mined_on()
    told.hear()
    told.play.slices = 1
    told.play.aside('pool >> mining.notify "$n"', n=notify("2"))
    told.play.aside("pool -- hangs up")
    jobs = told.hear().all("jobs")
    assert [(job.job, job.miners) for job in jobs][-1] == ("2", 1)


def test_a_job_that_nobody_mines_on_yet() -> None:
    told = Told()
    told.play.opens()
    (job,) = told.hear().all("jobs")
    assert (job.job, job.miners, job.first, job.last) == ("1", 0, 0, 0)


def test_a_job_that_is_sent_again_is_no_news() -> None:
    told = mined_on(jobs={"keepalive_seconds": 30})
    told.hear(100)
    assert [job.job for job in told.all("jobs")] == ["1"]


def test_the_jobs_of_the_first_groups_only() -> None:
    told = Told(pool={"miners_per_session": 1})
    told.play.opens()
    for number in range(JOB_GROUPS + 3):
        told.play.joins(f"m{number}")
        if number:
            told.play.opens(f"pool.{number}")
    groups = {job.group for job in told.hear().all("jobs")}
    assert groups == set(range(JOB_GROUPS))


def test_how_late_a_stale_share_came() -> None:
    told = mined_on()
    late = told.play.miner("a").share(misses=POOL_EASY)
    told.play.aside('pool >> mining.notify "$n"\nclock -- 3 s', n=notify("2", clean=True))
    told.play.aside('a >> 1 mining.submit "$s"', s=late)
    told.play.aside('a >> 1 mining.submit ["a", "guessed", "00", "00", "00"]')
    stale = told.play.snapshot().stale_age
    assert (stale.count, stale.sum) == (1, pytest.approx(3))


def test_events_are_told_as_they_are_logged() -> None:
    told = mined_on()
    told.play.aside('pool >> client.show_message ["hello"]')
    events = told.hear().all("events")
    assert events[-1].event == "pool says"
    assert (events[-1].level, events[-1].values) == ("info", {"pool": "pool", "text": "hello"})
    assert events[-1].at == pytest.approx(UNIX + 1000)
    assert len(events) == len(told.play.notices)


def test_events_are_bounded() -> None:
    told = mined_on()
    told.hear()
    for number in range(MOST_EVENTS + 7):
        told.play.recorder.warning("x", number=number)
    told.hear()
    assert len([event for event in told.all("events") if event.event == "x"]) == MOST_EVENTS
    assert told.batches[-1].dropped == {"events": 7}


def test_what_is_for_those_who_debug_is_not_on_record() -> None:
    told = mined_on()
    told.play.proxy.notices.debug("x")
    assert "x" not in [event.event for event in told.hear().all("events")]


def test_what_an_event_says_is_plain_and_short() -> None:
    told = mined_on()
    told.play.proxy.notices.warning(
        "x", exc_info=True, text="\ud800" + "y" * 1000, big=1 << 80, reasons={"a": 1}, other=EASY
    )
    (event,) = [event for event in told.hear().all("events") if event.event == "x"]
    assert event.values.keys() == {"text", "big", "reasons", "other"}
    assert len(event.values["text"]) == module.LONGEST_TEXT
    assert event.values["big"] == str(1 << 80)
    assert event.values["reasons"] == {"a": 1}


# -- the end -----------------------------------------------------------------------------------


def test_at_the_end_all_is_told() -> None:
    told = mined_on()
    for name in "bcd":
        told.play.joins(name)
    for name in "abcd":
        submit(told, name, misses=POOL_EASY)
    submit(told, meets=POOL_EASY)
    told.play.proxy.give_up(told.play.now)
    assert told.play.recorder is not None
    told.play.recorder.finish(told.play.proxy.workers, told.play.now)
    told.take()
    assert sum(row.accepted for row in told.work().values()) == 4
    assert [share.verdict for share in told.all("shares")] == ["lost"]
    assert {record.worker for record in told.all("miners")} == set("abcd")
