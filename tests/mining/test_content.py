"""What a pool's work is, and how long the headers of it that counted are remembered."""

import os
from collections import deque
from pathlib import Path

import pytest

from stratumproxy.mining.content import MOST_FORMER, Content, Contents, key_of
from stratumproxy.mining.job import PoolJob, Terms
from stratumproxy.protocol.v1.notify import parse_notify
from tests.proxy.playbook import notify

SOAK = bool(os.environ.get("STRATUMPROXY_SOAK"))
TERMS = Terms(b"\xf0\xf1", 8, 1.0, 0)
GRACE = 180


def job(job_id: str = "1", **changes: object) -> PoolJob:
    return parse_notify(notify(job_id, room=10, **changes))  # type: ignore[arg-type]


def hash_of(number: int) -> bytes:
    return number.to_bytes(8, "little") + bytes(24)


def test_it_is_known_by_its_bytes_and_not_by_its_id_or_ntime() -> None:
    same = ["other", *notify("1", room=10)[1:]]
    assert key_of(parse_notify(same), TERMS) == key_of(job(), TERMS)
    assert key_of(job(ntime=0x65000001), TERMS) == key_of(job(), TERMS)
    assert key_of(job(clean=True), TERMS) == key_of(job(), TERMS)
    assert key_of(job(), Terms(b"\xf0\xf1", 8, 7.0, 0x1FFFE000)) == key_of(job(), TERMS)
    for other in (job("2"), job(height=800_001), job(branches=3)):
        assert key_of(other, TERMS) != key_of(job(), TERMS)
    assert key_of(job(), Terms(b"\xf0\xf2", 8, 1.0, 0)) != key_of(job(), TERMS)


def test_its_headers_are_kept_while_a_job_of_it_is_taken_and_for_a_while() -> None:
    contents = Contents()
    content = contents.of(job(), TERMS)
    contents.begin(content, 100)
    content.seen.add(hash_of(1), 100)
    contents.end(content, 100, now=5)
    contents.tend(GRACE, now=5 + GRACE - 1)
    assert contents.of(job(), TERMS) is content
    contents.tend(GRACE, now=5 + GRACE)
    assert contents.of(job(), TERMS) is not content
    assert len(contents) == 0


def test_taken_again_it_is_not_forgotten_for_having_been_idle() -> None:
    contents = Contents()
    content = contents.of(job(), TERMS)
    contents.begin(content, 100)
    content.seen.add(hash_of(1), 100)
    contents.end(content, 100, now=5)
    contents.begin(contents.of(job(), TERMS), 101)
    contents.tend(GRACE, now=5 + 2 * GRACE)
    assert contents.of(job(), TERMS) is content
    assert not content.seen.add(hash_of(1), 100)


def test_the_ntime_that_it_went_out_with_is_remembered_longer() -> None:
    contents = Contents()
    for number in range(MOST_FORMER + 10):
        content = contents.of(job(f"{number}"), TERMS)
        content.newest_ntime[0] = number
        contents.begin(content, number)
        contents.end(content, number, now=0)
    assert len(contents) == 0, "nothing was found on any"
    assert contents.of(job("0"), TERMS).newest_ntime == {}
    assert contents.of(job("1000"), TERMS).newest_ntime == {0: 1000}


def resident() -> int:
    """Bytes of this process that are in memory; 0 where the system does not say."""
    path = Path("/proc/self/statm")
    return int(path.read_text().split()[1]) * 4096 if path.exists() else 0


@pytest.mark.parametrize("every", [30, 3600])
def test_an_hour_without_a_block(every: int) -> None:
    """17,595 miners at 12 shares a minute; jobs that are not clean, or one that is sent again.

    Shortened, a tenth of the shares. None that could count again is forgotten, and what is
    remembered is the rate times the grace and a keep-alive or the pool's interval.
    """
    rate = 3519 if SOAK else 352
    contents, number, before = Contents(), 0, resident()
    taken: deque[tuple[float, Content, int]] = deque()
    recent: deque[tuple[int, Content, int, float]] = deque(maxlen=400 * rate // 50)
    most = 0
    for second in range(3600):
        if second % every == 0 or second % 55 == 0:
            content = contents.of(job(f"{second // every}"), TERMS)
            ntime = 1_700_000_000 + second
            contents.begin(content, ntime)
            taken.append((second, content, ntime))
        while len(taken) > 1 and taken[1][0] <= second - GRACE:
            _, ended, its_ntime = taken.popleft()
            contents.end(ended, its_ntime, second)
        contents.tend(GRACE, second)
        _, content, ntime = taken[-1]
        for _ in range(rate):
            number += 1
            assert content.seen.add(hash_of(number), ntime)
            if number % 50 == 0:
                recent.append((number, content, ntime, second))
        if second % 60 == 59:
            most = max(most, sum(len(each.seen) for each in {each for _, each, _ in taken}))
            for found, its, its_ntime, when in recent:
                if when >= second - GRACE:
                    assert not its.seen.add(hash_of(found), its_ntime), "it was forgotten"
    assert most <= rate * (GRACE + 55 + 64 + 1)
    used = resident() - before
    print(f"{number:,} shares; at most {most:,} remembered; {used / 2**20:.0f} MiB")
    assert used < 60 * most + (4 << 20)
