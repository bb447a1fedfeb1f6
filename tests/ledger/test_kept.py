"""How stretches of time are read from several levels."""

from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.ledger.kept import Kept, Part
from stratumproxy.ledger.schema import DAYS, FIVE_MINUTES, HOURS

HOUR, DAY = 3600, 86_400
KEPT = Kept(DAY, 5 * DAY, 9 * DAY + 7 * HOUR)

moments = st.floats(0, 14 * DAY)


def buckets(parts: list[tuple[int, Part]]) -> dict[int, int]:
    """How often each five minutes are in them."""
    found: dict[int, int] = {}
    for sign, part in parts:
        assert part.since % part.level.step == part.until % part.level.step == 0
        for start in range(part.since, part.until, FIVE_MINUTES.step):
            found[start] = found.get(start, 0) + sign
    return {start: count for start, count in found.items() if count}


@given(moments, moments)
def test_each_time_is_read_once_and_finer_only_where_it_is_kept(one: float, other: float) -> None:
    since, until = sorted((KEPT.cut(one), KEPT.cut(other)))
    wanted = dict.fromkeys(range(since, until, FIVE_MINUTES.step), 1)
    parts = [(1, part) for part in KEPT.parts(since, until)]
    fewest = KEPT.fewest(since, until)
    assert buckets(parts) == buckets(fewest) == wanted
    rows = [sum((p.until - p.since) // p.level.step for _, p in all) for all in (parts, fewest)]
    assert rows[1] <= rows[0]
    for _, part in (*parts, *fewest):
        if part.since >= KEPT.begins:
            assert part.level.step >= KEPT.level(part.since).step


@given(moments)
def test_a_cut_is_a_moments_own(at: float) -> None:
    cut, step = KEPT.cut(at), KEPT.level(at).step
    assert abs(cut - at) <= step / 2
    assert KEPT.before(at) <= at <= KEPT.after(at)
    assert KEPT.cut(cut) == cut
    assert KEPT.cut(at + 0.5) >= cut


def test_the_most_of_a_day_is_the_day_less_the_rest() -> None:
    day = 7 * DAY
    assert KEPT.fewest(day - HOUR, day + 23 * HOUR) == [
        (1, Part(HOURS, day - HOUR, day)),
        (1, Part(DAYS, day, day + DAY)),
        (-1, Part(HOURS, day + 23 * HOUR, day + DAY)),
    ]
