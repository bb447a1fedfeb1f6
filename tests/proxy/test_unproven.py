"""What is told of a name before a share of it counted: that nobody need keep it."""

import pytest

from stratumproxy.telemetry.records import MinerRecord
from tests.proxy.playbook import EASY, POOL_EASY
from tests.proxy.test_recorder import Told, mined_on, submit


def unproven(told: Told) -> list[tuple[str, ...]]:
    return [batch.unproven for batch in told.batches]


def refused(told: Told, name: str = "a") -> None:
    submit(told, name, meets=1e-12, misses=EASY)


def miners(told: Told) -> list[tuple[MinerRecord, bool]]:
    """Every record of a miner, and whether it was under a proven name."""
    return [
        (record, record.worker not in batch.unproven)
        for batch in told.batches
        for record in batch.miners
    ]


def test_a_name_is_anybodys_until_a_share_counts() -> None:
    told = mined_on()
    told.hear()
    assert [proven for _, proven in miners(told)] == [False]
    refused(told)
    told.hear()
    assert told.all("work")[0].rejected == {"low-difficulty": 1}
    assert set(unproven(told)) == {("a",)}
    told.batches.clear()
    submit(told, misses=POOL_EASY)
    told.hear()
    assert told.all("work")[0].accepted == 1
    assert set(unproven(told)) == {()}
    assert [(record.worker, proven) for record, proven in miners(told)] == [("a", True)]
    told.batches.clear()
    refused(told)
    told.hear()
    assert (set(unproven(told)), miners(told)) == ({()}, [])


@pytest.mark.parametrize("verdict", ["accepted", "rejected"])
def test_a_share_that_a_pool_was_sent_proves_it_if_it_counts(verdict: str) -> None:
    told = mined_on()
    submit(told, meets=POOL_EASY)
    says = "result true" if verdict == "accepted" else 'error [23, "no", null]'
    told.play.aside(f"pool >> 16 {says}")
    told.hear()
    assert told.all("shares")[0].verdict == verdict
    assert set(unproven(told)) == {() if verdict == "accepted" else ("a",)}


def test_every_name_of_a_connection_has_to_prove_itself() -> None:
    told = mined_on()
    told.play.aside('a >> 9 mining.authorize ["b"]\na >> 9 mining.authorize ["c"]')
    submit(told, misses=POOL_EASY)
    submit(told, misses=POOL_EASY, worker="b")
    told.play.aside('a >> 1 mining.submit ["c", "ff", "00000000", "65000000", "00000000"]')
    told.hear()
    assert set(unproven(told)) == {("c",)}


def test_one_that_left_without_proof_says_so() -> None:
    told = mined_on()
    told.hear()
    told.batches.clear()
    told.play.aside("a -- hangs up")
    told.hear()
    ((record, proven),) = miners(told)
    assert (record.open, proven) == (False, False)
    assert not told.play.recorder._proof._miners


def test_new_names_past_the_limit_mine_on_and_count_in_the_sum() -> None:
    told = mined_on(limits={"connections": 2, "new_workers_per_minute": 1})
    told.hear()
    told.play.aside('a >> 9 mining.authorize ["b"]\na >> 9 mining.authorize ["c"]')
    for name in "abc":
        submit(told, misses=POOL_EASY, worker=name)
    told.hear(1)
    assert told.work()["a", "pool"].accepted == 1
    assert {name for name, _ in told.work()} == set("abc")
    (left,) = unproven(told)[-1]
    told.batches.clear()
    told.hear(60)
    submit(told, misses=POOL_EASY, worker=left)
    told.hear()
    assert [batch.unproven for batch in told.batches if batch.work] == [()]


def test_at_the_end_nothing_is_told_under_a_name_without_proof() -> None:
    told = mined_on()
    refused(told)
    told.play.recorder.finish(told.play.proxy.workers, told.play.now)
    told.take()
    assert told.all("work")[0].worker == "a"
    assert set(unproven(told)) == {("a",)}


def test_who_is_forgotten_without_proof_is_told_without_a_name() -> None:
    told = mined_on()
    told.play.proxy.workers._limit = 1
    refused(told)
    told.play.aside("a -- hangs up")
    told.play.joins("b")
    told.hear()
    assert told.work()["", "pool"].rejected == {"low-difficulty": 1}
