"""Whatever ends or is not heard, and in whatever order: nothing owed is lost or counted twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.control.split_site import WEIGHTS, Site

PROCESSES = 3

numbers = st.integers(0, PROCESSES - 1)
finds = st.tuples(st.just("finds"), numbers, st.sampled_from("ab"), st.integers(1, 1000))
events = st.one_of(
    finds,
    finds,
    finds,
    st.tuples(st.just("mines"), numbers, st.integers(1, 100)),
    st.tuples(st.just("is killed"), numbers, st.booleans()),
    st.tuples(st.just("reads no orders"), numbers),
    st.tuples(st.sampled_from(["control begins", "all begin"])),
    st.tuples(st.just("passes"), st.sampled_from([1, 2, 70])),
)


@settings(max_examples=60)
@given(st.lists(events, min_size=3, max_size=25))
def test_nothing_is_lost_or_counted_twice(happens) -> None:
    site, work = Site(PROCESSES), dict.fromkeys(WEIGHTS, 0)
    for event in happens:
        match event:
            case "finds", number, target, found:
                site.processes[number].finds(target, found)
                work[target] += found
                site.second()  # what it has not told when it is killed is lost
            case "mines", number, rate:
                site.processes[number].mines(rate, site.now)
            case "is killed", number, told:
                site.kill(number, told=told)
            case "reads no orders", number:
                site.deaf ^= {number}
            case ("control begins",):
                site.start_control()
            case ("all begin",):
                for number in range(PROCESSES):
                    site.kill(number, told=False)
                site.start_control()
            case "passes", seconds:
                site.seconds(seconds)
    site.deaf.clear()
    site.seconds(62)
    for each in site.together():
        debt = WEIGHTS[each.target] / 100 * sum(work.values()) - work[each.target]
        assert each.delivered == pytest.approx(work[each.target], abs=1e-6)
        assert each.debt + each.forgiven == pytest.approx(debt, abs=1e-6)
