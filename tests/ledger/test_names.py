"""Names and their ids."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.ledger import names as module
from stratumproxy.ledger.database import open_for_writing, transaction
from stratumproxy.ledger.names import Names
from tests.ledger.told import DAY, job, query


@pytest.fixture
def names(path: Path) -> Iterator[Names]:
    with closing(open_for_writing(str(path))) as connection, transaction(connection):
        yield Names(connection)


def test_a_name_keeps_its_id(names: Names) -> None:
    ids = [names.worker(name, DAY) for name in ("a", "b", "", "a\0b")]
    assert len({*ids, 0}) == 5
    names.forget()
    assert [names.worker(name, DAY + 9) for name in ("a", "b", "", "a\0b")] == ids
    assert names.pool(job()) == names.pool(job())


def test_no_more_names_in_memory_than_allowed(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_CACHED", 3)
    ids = [names.worker(str(n), DAY) for n in range(10)]
    assert len(names._workers) <= 3
    assert [names.worker(str(n), DAY) for n in range(10)] == ids


def test_when_there_was_something_of_a_worker_last(names: Names) -> None:
    a, b = names.worker("a", DAY), names.worker("b", DAY)
    for worker, at in ((a, DAY + 5), (a, DAY + 86_405), (a, DAY + 9), (b, DAY + 10)):
        names.seen(worker, at)
    names.forget()
    names.seen(a, DAY)
    found = names._connection.execute("SELECT name, seen FROM workers").fetchall()
    assert found == [("a", DAY + 86_400), ("b", DAY)]


def test_a_name_that_went_is_known_no_more(names: Names) -> None:
    names.seen(names.worker("old", DAY), DAY)
    names.seen(kept := names.worker("new", DAY), DAY + 86_400)
    names.expire(DAY + 1, 10)
    assert names._workers == {("default", "new"): kept}
    assert names._seen == {kept: DAY + 86_400}
    found = names._connection.execute("SELECT name FROM workers").fetchall()
    assert found == [("new",)]
    names.worker("old", DAY + 9)
    assert names._connection.execute("SELECT count(*) FROM workers").fetchone() == (2,)


def test_a_pools_words_are_not_ours(names: Names) -> None:
    assert names.reason("stale", by_pool=True) != names.reason("stale", by_pool=False)


def test_a_pool_that_finds_ever_new_words(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_REASONS", 4)
    ids = [names.reason(str(n), by_pool=True) for n in range(20)]
    assert len(set(ids)) == 5  # the last of them is "other"
    assert len(names._reasons) <= 8
    assert names.reason("3", by_pool=True) == ids[3]
    assert names.reason("y" * 300, by_pool=True) == ids[-1]


def test_words_are_cut(names: Names) -> None:
    assert names.reason("x" * 200, by_pool=True) == names.reason("x" * 201, by_pool=True)


def test_when_a_worker_was_first_heard_of(path: Path) -> None:
    with closing(open_for_writing(str(path))) as connection, transaction(connection):
        names = Names(connection)
        names.worker("a", DAY)
        names.forget()
        names.worker("a", DAY + 5)
    assert query(path, "SELECT name, since FROM workers") == [("a", DAY)]
