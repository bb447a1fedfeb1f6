"""How long pools take."""

from stratumproxy.fleet.round_trip import POOLS, SECONDS, SHARES, RoundTrips
from tests.fleet.telling import NOW, share


def test_half_and_nearly_all() -> None:
    trips = RoundTrips()
    for number in range(1, 101):
        trips.add(share(latency=number / 100), NOW)
    assert trips.percentiles("pool", NOW) == (0.5, 0.99)
    assert trips.percentiles("another", NOW) is None


def test_what_was_never_judged_took_no_time() -> None:
    trips = RoundTrips()
    trips.add(share(latency=30.0, verdict="timed-out"), NOW)
    trips.add(share(latency=5.0, verdict="lost"), NOW)
    assert trips.percentiles("pool", NOW) is None
    trips.add(share(latency=0.2, verdict="rejected"), NOW)
    assert trips.percentiles("pool", NOW) == (0.2, 0.2)


def test_only_of_the_last_hour_and_so_many() -> None:
    trips = RoundTrips()
    trips.add(share(latency=9.0), NOW)
    assert trips.percentiles("pool", NOW + SECONDS + 1) is None
    for _ in range(SHARES):
        trips.add(share(latency=0.1), NOW)
    assert trips.percentiles("pool", NOW) == (0.1, 0.1)


def test_pools_are_bounded() -> None:
    trips = RoundTrips()
    for number in range(POOLS + 1):
        trips.add(share()._replace(pool=f"pool {number}"), NOW)
    assert trips.percentiles("pool 0", NOW) is None
    assert trips.percentiles("pool 1", NOW) is not None
