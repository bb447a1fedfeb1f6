"""Names on a session with a pool, as a transcript: what it says goes in, what it is told comes out.

The session's user is "farm"; miners are called "a", "b", … and so "farm.a", "farm.b" at the pool.
"""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratumproxy.accounting.naming import Naming
from stratumproxy.accounting.workers import Worker
from stratumproxy.mining.submission import Submission
from stratumproxy.protocol.v1.submit import encode_submit_head
from stratumproxy.upstream import names as limits
from stratumproxy.upstream.names import MOST_ASKED, PATIENCE, Names, SessionNames, Who
from stratumproxy.upstream.sharing import Sharing
from stratumproxy.upstream.v1 import V1Session
from tests.upstream.sessions import AUTHORIZED, SUBSCRIBED, job, session

FOUND = bytes(4), 0x65000000, 1, None
HEAD = encode_submit_head("farm", "1")


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def debug(self, event: str, **values: Any) -> None:
        self.lines.append((event, values))

    info = warning = debug


class Talk:
    """A session whose names are shared, mined on, and what goes over the wire."""

    def __init__(self, form: str = "{account}.{worker}", *, shared: bool | None = True) -> None:
        self.log = Log()
        self.sharing = Sharing("pool")
        self.sharing.shared = shared
        self.names = Names(Naming("farm", form), self.sharing, self.log)
        self.woken = 0
        self.begin()

    def begin(self) -> None:
        """The first session, or one after it."""
        self.session: V1Session = session(names=SessionNames(self.names), wake=self.wake)
        self.session.receive(SUBSCRIBED + AUTHORIZED + job(), 0)

    def wake(self) -> None:
        self.woken += 1

    def find(self, worker: str, sent: float = 0.0, *, again: bool = False) -> Submission:
        """A share is found."""
        finder = SimpleNamespace(host="10.0.0.7", listener=SimpleNamespace(name="hall-a"))
        share = Submission(finder, Worker(worker), b"4", 1, 1.0, sent, None)
        share.again = again
        self.session.submit(share, HEAD, FOUND)
        return share

    def said(self) -> list[str]:
        """What was said since: "authorize NAME ID" or "submit NAME ID"."""
        lines = [json.loads(line) for line in bytes(self.session.outgoing).splitlines()]
        self.session.outgoing.clear()
        return [f"{each['method'][7:]} {each['params'][0]} {each['id']}" for each in lines]

    def hear(self, *answers: tuple[int, Any], now: float = 0.0) -> None:
        """The pool answers: True, False, or an error's words."""
        for number, answer in answers:
            reply: dict[str, Any] = {
                "id": number,
                "result": answer if isinstance(answer, bool) else None,
            }
            if isinstance(answer, str):
                reply["error"] = [24, answer, None]
            self.session.receive(json.dumps(reply).encode() + b"\n", now)


def test_a_name_is_asked_for_with_its_first_share_and_used_from_the_pools_true_on() -> None:
    talk = Talk()
    talk.find("a")
    assert talk.said() == ["authorize farm.a 17", "submit farm 16"]
    talk.find("a")
    assert talk.said() == ["submit farm 18"]
    talk.hear((17, True))
    talk.find("a")
    talk.find("b")
    assert talk.said() == ["submit farm.a 19", "authorize farm.b 21", "submit farm 20"]
    assert talk.sharing.unnamed == 3


def test_what_a_named_share_looks_like() -> None:
    talk = Talk()
    talk.find("a")
    talk.hear((17, True))
    talk.said()
    talk.session.submit(talk_share(), HEAD, (b"\0\0\0\2", 0x65000000, 0xDEADBEEF, 0x2000))
    assert json.loads(bytes(talk.session.outgoing)) == {
        "id": 18,
        "method": "mining.submit",
        "params": ["farm.a", "1", "00000002", "65000000", "deadbeef", "00002000"],
    }


def talk_share() -> Submission:
    return Submission(SimpleNamespace(host=""), Worker("a"), b"", 1, 1.0, 0.0, None)


def test_who_has_no_name_but_the_account_is_not_asked_for() -> None:
    talk = Talk()
    talk.find("farm")
    assert talk.said() == ["submit farm 16"]
    assert talk.sharing.unnamed == 0


@pytest.mark.parametrize("shared", [None, False])
def test_where_names_can_not_share_a_session_none_is_asked_for(shared: bool | None) -> None:
    talk = Talk(shared=shared)
    share = talk.find("a")
    assert talk.said() == ["submit farm 16"]
    assert (share.name, talk.sharing.unnamed) == ("farm", 1)


def test_answers_in_any_order_twice_and_to_nothing() -> None:
    talk = Talk()
    for worker in "abc":
        talk.find(worker)
    talk.said()
    talk.hear((21, True), (17, True), (17, True), (99, True), (19, "no such worker"), (21, True))
    for worker in "abc":
        talk.find(worker)
    assert talk.said() == ["submit farm.a 22", "submit farm 23", "submit farm.c 24"]


def test_a_yes_that_becomes_a_no_and_a_no_that_becomes_a_yes() -> None:
    """NiceHash answers authorize twice: true, and what it thinks of it later."""
    talk = Talk()
    talk.find("a")
    talk.hear((17, True), (17, "unknown user"))
    talk.said()
    talk.find("a")
    assert talk.said() == ["submit farm 18"]
    talk.hear((17, True))
    talk.find("a")
    assert talk.said() == ["submit farm.a 19"]


def test_an_answer_that_never_comes_and_one_that_comes_late() -> None:
    talk = Talk()
    talk.find("a", 100.0)
    talk.session.tend(100.0 + PATIENCE - 1)
    talk.find("a", 109.0)
    talk.session.tend(100.0 + PATIENCE)
    talk.find("a", 111.0)
    assert talk.said() == ["authorize farm.a 17", *(f"submit farm {n}" for n in (16, 18, 19))]
    assert talk.sharing.due(1000.0), "a pool that does not answer is asked anew"
    talk.hear((17, True), now=200.0)
    talk.find("a", 201.0)
    assert talk.said() == ["submit farm.a 20"]


def test_a_pool_has_only_so_many_to_answer_for_at_a_time() -> None:
    talk = Talk()
    workers = [f"w{number}" for number in range(MOST_ASKED + 2)]
    for worker in workers:
        talk.find(worker)
    asked = [line.split()[1:] for line in talk.said() if line.startswith("authorize")]
    assert [name for name, _ in asked] == [f"farm.{worker}" for worker in workers[:MOST_ASKED]]
    talk.woken = 0
    talk.hear((int(asked[5][1]), True))
    assert [line.split()[1] for line in talk.said()] == [f"farm.w{MOST_ASKED}"]
    assert talk.woken == 1
    talk.session.tend(PATIENCE)
    assert [line.split()[1] for line in talk.said()] == [f"farm.w{MOST_ASKED + 1}"]


def test_past_the_most_names_shares_go_as_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST", 2)
    talk = Talk()
    for worker in "abc":
        talk.find(worker)
    assert [line for line in talk.said() if "farm.c" in line] == []
    talk.hear((17, True), (19, False))
    for worker in "abc":
        talk.find(worker)
    assert talk.said() == ["submit farm.a 21", "submit farm 22", "submit farm 23"]
    assert len(talk.session.names or ()) == 2


def test_nothing_is_asked_before_the_account_is_authorized() -> None:
    talk = Talk()
    talk.session = session(names=SessionNames(talk.names))
    talk.session.authorize("farm.a", 0.0)
    assert talk.said() == []
    talk.session.receive(SUBSCRIBED + AUTHORIZED + job(), 0)
    assert talk.said() == ["authorize farm.a 16"]


# -- shares once more ------------------------------------------------------------------------------


def test_a_share_that_goes_once_more_waits_for_its_name() -> None:
    talk = Talk()
    talk.find("a", again=True)
    talk.find("b", again=True)
    assert talk.said() == ["authorize farm.a 17", "authorize farm.b 19"]
    assert len(talk.session.pending) == 2
    talk.woken = 0
    talk.hear((17, True), (19, "no such worker"))
    assert talk.said() == ["submit farm.a 16", "submit farm 18"]
    assert talk.woken == 1, "the writer is woken once for what it takes at once"
    assert talk.sharing.unnamed == 1


def test_and_goes_as_the_account_if_there_is_no_answer() -> None:
    talk = Talk()
    share = talk.find("a", again=True)
    talk.session.tend(PATIENCE)
    assert talk.said() == ["authorize farm.a 17", "submit farm 16"]
    assert share.name == "farm"


def test_a_share_that_was_given_up_meanwhile_does_not_go_out() -> None:
    talk = Talk()
    share = talk.find("a", again=True)
    assert talk.session.overdue(1.0) == [share]
    talk.hear((17, True))
    assert talk.said() == ["authorize farm.a 17"]


def test_one_that_waits_is_lost_with_its_session() -> None:
    talk = Talk()
    share = talk.find("a", again=True)
    assert talk.session.abandon() == [share]


# -- whatever happens ----------------------------------------------------------------------------

WORKERS = st.sampled_from(["a", "b", "farm.b", "c", "farm"])
STEPS = st.one_of(
    st.tuples(st.just("find"), WORKERS, st.booleans()),
    st.tuples(st.just("find"), WORKERS, st.just(False)),
    st.tuples(st.just("name"), st.integers(0, 3), st.sampled_from([True, False, "who?"])),
    st.tuples(st.just("share"), st.integers(0, 30), st.sampled_from([True, "low", "mismatch"])),
    st.tuples(st.just("wait"), st.sampled_from([1.0, PATIENCE]), st.none()),
    st.tuples(st.just("doubt"), st.booleans(), st.none()),
)


@settings(max_examples=150)
@given(st.lists(STEPS, min_size=20, max_size=80))
def test_a_share_goes_out_once_and_under_a_name_only_after_the_pools_last_word_was_true(
    steps: list[tuple[str, Any, Any]],
) -> None:
    """Against a model of the pool: what it last said of each name on this session."""
    talk = Talk()
    last_word: dict[str, Any] = {}
    asked: list[tuple[str, int]] = []
    sent: dict[int, str] = {}
    owner: dict[int, str] = {}
    now, number = 0.0, 16

    def listen() -> None:
        """What was said, in its order."""
        for line in talk.said():
            method, name, at = line.split(" ")
            if method == "authorize":
                assert name not in [each for each, _ in asked], "a name is asked for once"
                asked.append((name, int(at)))
                continue
            assert int(at) not in sent, "a share goes out once"
            sent[int(at)] = name
            assert name in ("farm", owner[int(at)])
            assert name == "farm" or last_word.get(name) is True

    for what, which, how in steps:
        now += 0.1
        match what:
            case "find":
                before = set(talk.session.pending)
                name = "farm" if which == "farm" else f"farm.{which.removeprefix('farm.')}"
                talk.find(which, now, again=how)
                (number,) = set(talk.session.pending) - before
                owner[number] = name
            case "name" if asked:
                name, number = asked[which % len(asked)]
                last_word[name] = how
                talk.hear((number, how), now=now)
            case "share" if waiting := [each for each in sent if each in talk.session.pending]:
                number = waiting[which % len(waiting)]
                if how == "mismatch" and sent[number] != "farm":
                    last_word[sent[number]] = how
                talk.hear((number, how), now=now)
            case "wait":
                now += which
                talk.session.tend(now)
            case "doubt":
                talk.sharing.shared = which
        listen()
        assert set(sent) >= set(owner) - set(talk.session.pending)
    talk.session.tend(now + PATIENCE)
    talk.session.tend(now + 2 * PATIENCE)
    listen()
    assert set(sent) == set(owner), "none is held back for ever"


# -- what a pool does is not what it says ----------------------------------------------------------


def test_a_pool_that_takes_a_name_and_no_share_under_it() -> None:
    """Worker mismatch, as ckpool has it: the next share goes as the account, and so do all."""
    talk = Talk()
    for worker in "ab":
        talk.find(worker)
    talk.hear((17, True), (19, True))
    talk.find("a")
    talk.said()
    talk.hear((20, "Worker mismatch"))
    assert talk.sharing.shared is False
    assert "Worker mismatch" in talk.sharing.why
    for worker in "ab":
        talk.find(worker)
    assert talk.said() == ["submit farm 21", "submit farm 22"]


def test_one_name_that_a_pool_forgot_is_that_names_matter() -> None:
    talk = Talk()
    for worker in "ab":
        talk.find(worker)
    talk.hear((17, True), (19, True))
    talk.find("a")
    talk.find("b")
    talk.said()
    talk.hear((20, True), (21, "unauthorized worker"))
    for worker in "ab":
        talk.find(worker)
    assert talk.said() == ["submit farm.a 22", "submit farm 23"]
    assert talk.sharing.shared


def test_a_low_share_says_nothing_of_its_name() -> None:
    talk = Talk()
    talk.find("a")
    talk.hear((17, True))
    talk.find("a")
    talk.session.receive(b'{"id":18,"result":null,"error":[23,"low difficulty",null]}\n', 0)
    assert talk.session.names
    assert "farm.a" in talk.session.names.taken


def test_a_pool_that_hangs_up_when_it_is_asked() -> None:
    """NiceHash: nobody is asked for again before a probe said so."""
    talk = Talk()
    talk.find("a")
    talk.session.cut()
    assert talk.sharing.shared is None
    talk.begin()
    talk.find("a")
    assert [line.split()[0] for line in talk.said()] == ["submit"]


def test_a_session_that_is_lost_with_no_name_asked_for_says_nothing() -> None:
    talk = Talk()
    talk.find("a")
    talk.hear((17, True))
    talk.session.cut()
    assert talk.sharing.shared


def test_a_session_that_begins_differently_raises_the_question_again() -> None:
    talk = Talk()
    talk.sharing.decide(True, "", talk.session.fingerprint, 0.0)
    talk.begin()
    assert not talk.sharing.due(1e9)
    other = session(names=SessionNames(talk.names))
    other.receive(SUBSCRIBED.replace(b"f0f1", b"f0f1f2f3"), 0)
    assert talk.sharing.due(1e9)


# -- what is told ----------------------------------------------------------------------------------


def test_what_was_cut_is_said_once_and_so_is_who_has_one_name() -> None:
    talk = Talk()
    for _ in range(3):
        for worker in ("rack.7", "rack_7", "rack/7"):
            talk.find(worker)
    cut = [values["worker"] for event, values in talk.log.lines if "changed" in event]
    same = [
        (values["worker"], values["other"]) for event, values in talk.log.lines if "same" in event
    ]
    assert cut == ["rack.7", "rack/7"]
    assert same == [("rack_7", "rack.7"), ("rack/7", "rack.7")]


def test_two_tenants_workers_of_one_name_are_told_of_too() -> None:
    talk = Talk()
    for tenant in ("acme", "acme", "zenith"):
        share = talk_share()
        share.worker.tenant = tenant
        talk.session.submit(share, HEAD, FOUND)
    assert [event for event, _ in talk.log.lines if "same name" in event]
    assert len(talk.log.lines) == 1


def test_so_they_are_where_two_targets_have_the_same_account() -> None:
    talk = Talk()
    other = Names(Naming("farm"), talk.sharing, talk.log)
    talk.names.name(Who("acme", "a"))
    other.name(Who("acme", "a"))
    other.name(Who("zenith", "b"))
    assert talk.log.lines == []
    talk.names.name(Who("acme", "b"))
    assert [(each["tenant"], each["name"]) for _, each in talk.log.lines] == [("acme", "farm.b")]


def test_names_by_machine() -> None:
    talk = Talk("{account}.{ip}-{listen}")
    talk.find("a")
    assert talk.said()[0] == "authorize farm.10x0x0x7-hall-a 17"
    assert talk.names.name(Who("", "a", "10.0.0.8", "hall-a")) == "farm.10x0x0x8-hall-a"


def test_where_names_are_by_worker_the_machine_is_nothing() -> None:
    talk = Talk()
    assert talk.names.name(Who("", "a", "10.0.0.8", "hall-a")) == "farm.a"
    assert len(vars(talk.names)["_names"]) == 1


def test_names_made_up_are_forgotten_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REMEMBERED", 3)
    talk = Talk(shared=False)
    for number in range(100):
        talk.find(f"w{number % 7}")
    assert len(vars(talk.names)["_names"]) == 3
    assert len(vars(talk.names)["_first"]) == 3
