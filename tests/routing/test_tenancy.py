"""Whose a miner is, against the plain reading of the file."""

from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stratumproxy.config import Config
from stratumproxy.routing.tenancy import Tenancy

LISTENERS = ("a", "b")
BASE = {
    "listen": [{"address": f"127.0.0.1:{3333 + at}", "name": n} for at, n in enumerate(LISTENERS)],
    "pool": [{"url": "stratum+tcp://pool.example:3333", "user": "host"}],
}


def tenancy(*tenants: dict[str, Any], unknown: str = "serve") -> Tenancy:
    named = [{"name": f"t{number}", **each} for number, each in enumerate(tenants)]
    return Tenancy(Config.model_validate({**BASE, "tenant": named, "unknown_workers": unknown}))


def test_without_tenants_everybody_is_the_default_ones() -> None:
    none = tenancy()
    assert none.sure("a", "10.0.0.1") == none.of("a", "10.0.0.1", "acme.1") == "default"
    assert (none.reach("a"), none.by_name("a")) == (("default",), ())


def test_the_first_that_fits() -> None:
    some = tenancy({"workers": ["acme.c*"]}, {"workers": ["acme.*", "exactly"]})
    names = ("acme.c1", "acme.d1", "exactly", "exactly.not", "Acme.c1")
    assert [some.of("a", "10.0.0.1", name) for name in names] == [
        "t0",
        "t1",
        "t1",
        "default",
        "default",
    ]


def test_all_that_a_tenant_names_must_fit() -> None:
    some = tenancy({"workers": ["x*"], "listen": ["a"], "addresses": ["10.1.0.0/16"]})
    assert some.of("a", "10.1.2.3", "x1") == "t0"
    for other in (("b", "10.1.2.3", "x1"), ("a", "10.2.2.3", "x1"), ("a", "10.1.2.3", "y1")):
        assert some.of(*other) == "default"


def test_strangers_can_be_refused() -> None:
    some = tenancy({"workers": ["acme.*"]}, unknown="refuse")
    assert some.of("a", "10.0.0.1", "acme.1") == "t0"
    assert some.of("a", "10.0.0.1", "other") is None
    assert some.reach("a") == ("t0",)


def test_what_is_sure_before_there_is_a_name() -> None:
    some = tenancy(
        {"addresses": ["10.1.0.0/16"]},
        {"listen": ["b"]},
        {"workers": ["acme.*"]},
        {"workers": ["*"]},
    )
    assert some.sure("a", "10.1.0.9") == "t0"
    assert some.sure("b", "10.2.0.9") == "t1"
    assert some.sure("a", "10.2.0.9") is None
    assert (some.reach("a"), some.by_name("a")) == (("t0", "t2", "t3"), ("t2", "t3"))
    assert (some.reach("b"), some.by_name("b")) == (("t0", "t1"), ())


def test_addresses_as_they_are_written_in_logs() -> None:
    some = tenancy({"addresses": ["2001:db8::/32"]}, {"addresses": ["10.0.0.1"]})
    assert some.of("a", "[2001:db8::7]", "x") == "t0"
    assert some.of("a", "::ffff:10.0.0.1", "x") == "t1"
    assert some.of("a", "10.0.0.1", "x") == "t1"
    assert some.of("a", "somewhere", "x") == "default"


words = st.text("ab.*?[]!-", max_size=5)
names = st.text("ab.*?[]!-", max_size=6)
hosts = st.sampled_from(["10.0.0.1", "10.0.1.1", "10.1.0.1", "192.168.0.1", "[2001:db8::1]"])
networks = st.sampled_from(
    ["10.0.0.0/8", "10.0.0.0/16", "10.0.0.1", "10.0.1.0/24", "2001:db8::/64", "0.0.0.0/0"]
)
rules = st.fixed_dictionaries(
    {},
    optional={
        "workers": st.lists(words.filter(bool), min_size=1, max_size=3),
        "listen": st.lists(st.sampled_from(LISTENERS), min_size=1, max_size=2),
        "addresses": st.lists(networks, min_size=1, max_size=2),
    },
).filter(bool)


def plainly(tenants: list[dict[str, Any]], listener: str, host: str, name: str) -> str:
    for number, each in enumerate(tenants):
        address = ip_address(host.strip("[]"))
        if (
            ("workers" not in each or any(fnmatchcase(name, it) for it in each["workers"]))
            and ("listen" not in each or listener in each["listen"])
            and (
                "addresses" not in each
                or any(address in ip_network(it) for it in each["addresses"])
            )
        ):
            return f"t{number}"
    return "default"


@given(st.lists(rules, max_size=5), st.sampled_from(LISTENERS), hosts, st.lists(names, max_size=9))
def test_it_is_what_the_file_says(
    tenants: list[dict[str, Any]], listener: str, host: str, tried: list[str]
) -> None:
    try:
        some = tenancy(*tenants)
    except ValidationError as error:
        # A tenant that nobody can be is refused: then nobody is.
        (found,) = error.errors()
        number = int(found["msg"].partition("tenant[")[2].partition("]")[0])
        assert "nobody can be" in found["msg"]
        for name in tried:
            assert plainly(tenants, listener, host, name) != f"t{number}"
        return
    sure = some.sure(listener, host)
    for name in tried:
        whose = some.of(listener, host, name)
        assert whose == plainly(tenants, listener, host, name)
        assert whose in some.reach(listener)
        if sure is None:
            assert whose in some.by_name(listener)
        else:
            assert sure == whose


def test_an_unlistened_listener_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        tenancy().of("c", "10.0.0.1", "x")
