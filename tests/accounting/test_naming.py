"""What workers are called at a pool."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.accounting.naming import LONGEST, LONGEST_PART, Called, Naming

TEXT = st.text(st.characters(codec="utf-8"), max_size=200)
FORMS = st.sampled_from(
    ["{account}.{worker}", "{worker}", "{account}.{ip}", "{account}.{listen}-{worker}", "m{ip}"]
)


@pytest.mark.parametrize(
    ("form", "worker", "name"),
    [
        ("{account}.{worker}", "rig1", "acme.rig1"),
        ("{account}.{worker}", "acme.rig1", "acme.rig1"),
        ("{account}.{worker}", "acme2.rig1", "acme.acme2_rig1"),
        ("{account}.{worker}", "acme.acme.rig1", "acme.acme_rig1"),
        ("{account}.{worker}", "acme", "acme"),
        ("{account}.{worker}", "acme.", "acme"),
        ("{worker}", "acme.rig1", "acme_rig1"),
        ("{account}.{ip}", "rig1", "acme.192x168x1x23"),
        ("{account}.{listen}-{worker}", "rig1", "acme.hall-a-rig1"),
        ("{account}.{worker}", "halle süd/7", "acme.halle_s_d_7"),
        ("{account}.{worker}", "a-b_c@d+e:f", "acme.a-b_c@d+e:f"),
    ],
)
def test_a_name(form: str, worker: str, name: str) -> None:
    assert Naming("acme", form).of(worker, "192.168.1.23", "hall-a").name == name


def test_an_address_of_version_6_is_written_alike() -> None:
    assert Naming("acme", "{account}.{ip}").of("r", "fe80::1:2").name == "acme.fe80xx1x2"
    assert Naming("acme", "{account}.{ip}").of("r", "::ffff:10.0.0.1").name == "acme.10x0x0x1"


def test_what_was_changed_is_said_and_what_was_not_is_not() -> None:
    naming = Naming("acme")
    assert naming.of("rig1") == Called("acme.rig1", False)
    assert naming.of("acme.rig1") == Called("acme.rig1", False)
    assert naming.of("rack.7") == Called("acme.rack_7", True)
    assert naming.of("r" * LONGEST_PART) == Called("acme." + "r" * LONGEST_PART, False)
    assert naming.of("r" * LONGEST_PART + "1") == Called("acme." + "r" * LONGEST_PART, True)


@given(TEXT, TEXT, TEXT, FORMS)
def test_whatever_a_miner_calls_itself_a_pool_can_take(
    worker: str, ip: str, listen: str, form: str
) -> None:
    """The account and the form are the operator's; all else is of the set, and in measure."""
    naming = Naming("acme", form)
    called = naming.of(worker, ip, listen)
    assert re.fullmatch(r"[-a-zA-Z0-9_@+:.]+", called.name or "-")
    assert len(called.name) <= LONGEST
    assert called.name.count(".") <= form.count(".")
    assert naming.of(worker, ip, listen) == called


@given(TEXT, TEXT)
def test_two_names_that_nothing_was_taken_of_stay_two(one: str, two: str) -> None:
    naming = Naming("acme")
    first, second = naming.of(one), naming.of(two)
    if first.name == second.name and not first.cut and not second.cut:
        assert one.removeprefix("acme.") == two.removeprefix("acme.") or first.name == "acme"


@given(st.text("ab.", max_size=10))
def test_the_account_is_not_said_twice(rest: str) -> None:
    naming = Naming("acme")
    assert naming.of("acme." + rest) == naming.of(rest) or rest.startswith("acme.")


def test_an_account_longer_than_any_name_stays_what_it_is() -> None:
    account = "bc1" + "q" * 200
    called = Naming(account).of("rig1")
    assert called == Called(account, True)
