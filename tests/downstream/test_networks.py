"""Who is in which networks."""

import pytest

from stratumproxy.downstream.networks import within


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("[2001:db8::1]", True),
        ("[2001:db9::1]", False),
        ("nobody", False),
        ("", False),
    ],
)
def test_who_is_within(host: str, found: bool) -> None:
    is_within = within(["10.0.0.0/8", "192.168.1.1", "2001:db8::/32"])
    assert [is_within(host) for _ in range(2)] == [found, found]


def test_nobody_is_within_none() -> None:
    assert not within([])("10.1.2.3")
    assert not within([])("nobody")
