"""Who is connected, and who gives way to a new client when there are as many as there may be."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from typing import Protocol

OWN = 16
"""Connections, of those there may be, that only this machine can have: whoever is sent to see what
is wrong gets in."""

HELD_BYTES = 64 << 20
"""Of answers on their way to clients, all together. The largest, the table of 100,000 workers, has
17 MB uncompressed."""


class Client(Protocol):
    """One that is connected."""

    def hang_up(self) -> None:
        """End the connection, whatever is under way."""


class Crowd:
    """All clients: bounded in number, and in what is held for them.

    When there is no room, one that keeps us waiting makes it: of the address that has the most
    clients the one that has said nothing, or taken nothing, for longest. One that is being answered
    never does.

    Args:
        most: clients at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._clients: dict[Client, str] = {}
        self._from: Counter[str] = Counter()
        self._waiting: defaultdict[str, dict[Client, None]] = defaultdict(dict)
        self._held: dict[Client, int] = {}

    def enter(self, client: Client, address: str) -> bool:
        """Take a client in, unless all are being answered.

        Args:
            client: new.
            address: its IP address.
        """
        ip = ip_address(address.partition("%")[0])
        if isinstance(ip, IPv6Address):
            ip = ip.ipv4_mapped or ip
        room = self._most if ip.is_loopback else self._most - OWN
        if len(self._clients) >= room and not self._make_room():
            return False
        network = ip.packed[:8].hex() if ip.version == 6 else ip.packed.hex()  # a site has a /64
        self._clients[client] = network
        self._from[network] += 1
        return True

    def leave(self, client: Client) -> None:
        """Let a client go; one that is gone already, too."""
        network = self._clients.pop(client, None)
        if network is None:
            return
        self._no_longer_waits(client, network)
        self._held.pop(client, None)
        self._from[network] -= 1
        if not self._from[network]:
            del self._from[network]

    @contextmanager
    def waiting_for(self, client: Client) -> Iterator[None]:
        """While a client has to say or take something, and may lose its place."""
        network = self._clients.get(client)
        if network is None:  # it has lost it
            yield
            return
        self._waiting[network][client] = None
        try:
            yield
        finally:
            self._no_longer_waits(client, network)

    @contextmanager
    def holding(self, client: Client, size: int) -> Iterator[None]:
        """While so many bytes are held for a client: past the bound the first of all loses its."""
        self._held[client] = size
        while len(self._held) > 1 and sum(self._held.values()) > HELD_BYTES:
            self._hang_up(next(iter(self._held)))
        try:
            yield
        finally:
            self._held.pop(client, None)

    def _make_room(self) -> bool:
        if not self._waiting:
            return False
        network = max(self._waiting, key=self._from.__getitem__)
        self._hang_up(next(iter(self._waiting[network])))
        return True

    def _hang_up(self, client: Client) -> None:
        self.leave(client)
        client.hang_up()

    def _no_longer_waits(self, client: Client, network: str) -> None:
        waiting = self._waiting.get(network)
        if waiting is not None:
            waiting.pop(client, None)
            if not waiting:
                del self._waiting[network]
