"""Networks, and who is in them."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network

REMEMBERED = 1 << 15
"""Addresses of which the answer is kept: a whole site asks again when it comes back."""


def within(networks: Iterable[str]) -> Callable[[str], bool]:
    """The question whether an address is in one of some networks.

    Args:
        networks: such as ``10.0.0.0/8``, checked before.

    Returns:
        What answers it for an address, IPv6 in brackets; what is no address is in none of them.
    """
    parsed = [ip_network(each) for each in networks]
    if not parsed:
        return lambda host: False

    @lru_cache(maxsize=REMEMBERED)
    def is_within(host: str) -> bool:
        try:
            address = ip_address(host.strip("[]"))
        except ValueError:
            return False
        return any(address in network for network in parsed)

    return is_within
