"""What is known of a pool's names: when it is asked, and what follows from what is configured."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.telemetry.notices import NoNotices
from stratumproxy.upstream.sharing import LATEST, SOON, Sharing


def asked(sharing: Sharing, seconds: int, answer: bool | None) -> list[int]:
    """When a pool is asked within so many seconds, each time with that answer."""
    times = []
    for now in range(seconds):
        if sharing.due(now):
            times.append(now)
            sharing.begin()
            assert not sharing.due(now), "one at a time"
            if answer is None:
                sharing.fail("no connection", now)
            else:
                sharing.decide(answer, "it said so", "print", now)
                sharing.doubt("whatever")
    return times


def test_nobody_asks_for_nothing() -> None:
    assert asked(Sharing("pool"), 1000, True) == []


def test_a_pool_that_can_not_be_asked_is_asked_every_minute() -> None:
    sharing = Sharing("pool")
    sharing.want(NoNotices())
    assert asked(sharing, 600, None) == list(range(0, 600, int(SOON)))
    assert (sharing.shared, sharing.why) == (None, "it could not be asked: no connection")


def test_doubts_that_come_to_nothing_come_ever_more_seldom() -> None:
    sharing = Sharing("pool")
    sharing.want(NoNotices())
    times = asked(sharing, 20_000, True)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[0] == SOON
    assert gaps == sorted(gaps)
    assert max(gaps) == LATEST


def test_what_is_known_is_not_asked_again_until_something_speaks_against_it() -> None:
    sharing = Sharing("pool")
    sharing.want(NoNotices())
    sharing.begin()
    sharing.decide(False, "silence", "print", 0.0)
    sharing.meet("print")
    assert not sharing.due(1e9)
    sharing.meet("another")
    assert not sharing.due(SOON - 1)
    assert sharing.due(SOON)


@given(
    st.lists(
        st.sampled_from(["begin", "yes", "no", "fail", "doubt", "suspend", "contradict"]),
        max_size=60,
    )
)
def test_whatever_happens_it_is_never_asked_in_a_tight_loop(steps: list[str]) -> None:
    sharing = Sharing("pool")
    sharing.want(NoNotices())
    ended = []
    for now, step in enumerate(steps):
        match step:
            case "begin" if sharing.due(now):
                assert all(now - end >= SOON for end in ended)
                sharing.begin()
            case "yes" | "no" if vars(sharing)["_probing"]:
                sharing.decide(step == "yes", "it said so", 1, now)
                ended.append(now)
            case "fail" if vars(sharing)["_probing"]:
                sharing.fail("no", now)
                ended.append(now)
            case "doubt":
                sharing.doubt("no")
            case "suspend":
                sharing.suspend("no")
            case "contradict":
                sharing.contradict("no", now)


def test_how_names_get_there() -> None:
    sharing = Sharing("pool")
    ways = []
    for shared in (None, True, False):
        sharing.shared = shared
        ways.append([sharing.way("account"), sharing.way("each"), sharing.way("auto")])
    assert ways == [
        ["account", None, None],
        ["account", "shared", "shared"],
        ["account", "own", "account"],
    ]
