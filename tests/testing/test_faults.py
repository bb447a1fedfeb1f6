"""What a bad network does to bytes, on a clock of the test's own."""

import random

import pytest

from stratumproxy.testing.faults import Direction, Faults


def arrivals(faults: Faults, *sent: tuple[float, bytes]) -> list[tuple[float, bytes]]:
    """When what arrived."""
    direction = Direction(faults, random.Random(1))
    for now, data in sent:
        direction.feed(data, now)
    arrived = []
    while (now := direction.next_due) != float("inf"):
        arrived.append((now, direction.take(now)))
    assert direction.queued == 0
    return arrived


def test_without_faults_it_is_a_wire() -> None:
    assert arrivals(Faults(), (1.0, b"abc"), (2.0, b"d")) == [(1.0, b"abc"), (2.0, b"d")]


def test_latency() -> None:
    assert arrivals(Faults(latency=0.5), (1.0, b"abc")) == [(1.5, b"abc")]


def test_jitter_never_lets_bytes_overtake() -> None:
    sent = [(number / 10, b"%d" % number) for number in range(9)]
    arrived = arrivals(Faults(jitter=5.0), *sent)
    assert b"".join(data for _, data in arrived) == b"012345678"
    assert [at for at, _ in arrived] == sorted(at for at, _ in arrived)


def test_trickle() -> None:
    faults = Faults(piece_bytes=2, piece_seconds=1.0)
    assert arrivals(faults, (0.0, b"abcde")) == [(0.0, b"ab"), (1.0, b"cd"), (2.0, b"e")]


def test_swapped_lines() -> None:
    arrived = arrivals(Faults(swap_every=2), (0.0, b"a\nb\nc\nd"), (1.0, b"\ne\n"))
    assert b"".join(data for _, data in arrived) == b"a\nc\nb\ne\nd\n"


def test_what_is_not_due_stays() -> None:
    direction = Direction(Faults(latency=1.0), random.Random(0))
    direction.feed(b"abc", 0.0)
    assert (direction.take(0.9), direction.queued) == (b"", 3)
    assert direction.take(1.0) == b"abc"


def test_nothing_is_below_0() -> None:
    with pytest.raises(ValueError, match="latency: 0 or more"):
        Faults(latency=-1)
