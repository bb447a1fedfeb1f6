"""Networks, and a table in which those that an address lies in are found, by their length."""

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Network = IPv4Network | IPv6Network


def check_networks(networks: list[str]) -> list[str]:
    """See that each is an address or a network.

    Raises:
        ValueError: one of them is not; the text says which.
    """
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise ValueError(f'{error}; expected such as "10.0.0.0/8"') from None
    return networks


class Networks:
    """Networks, each somebody's."""

    def __init__(self) -> None:
        self._by_length: dict[tuple[int, int], dict[int, list[int]]] = {}

    def add(self, network: Network, whose: int) -> None:
        """Put one in."""
        shift = network.max_prefixlen - network.prefixlen
        prefixes = self._by_length.setdefault((network.version, shift), {})
        prefixes.setdefault(int(network.network_address) >> shift, []).append(whose)

    def of(self, host: str) -> set[int]:
        """In whose an address lies; in nobody's if it is none."""
        if not self._by_length or (address := _parsed(host)) is None:
            return set()
        return self._around(address.version, int(address), 0)

    def covering(self, network: Network) -> set[int]:
        """In whose all of a network lies."""
        shift = network.max_prefixlen - network.prefixlen
        return self._around(network.version, int(network.network_address), shift)

    def _around(self, version: int, address: int, least: int) -> set[int]:
        return {
            whose
            for (of_version, shift), prefixes in self._by_length.items()
            if of_version == version and shift >= least
            for whose in prefixes.get(address >> shift, ())
        }


_BRACKETS = re.compile(r"[\[\]]")


def _parsed(host: str) -> IPv4Address | IPv6Address | None:
    """An address, in brackets or not; None if it is none."""
    try:
        address = ip_address(_BRACKETS.sub("", host))
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
