"""systemd's side of a service: sd_notify(3), the watchdog, and sockets it opened for us.

Nothing here needs a library: a notification is a datagram, an inherited socket a number in the
environment. Started by anything else than systemd, all of it does nothing.
"""

import os
import socket
import time
from collections.abc import MutableMapping, Sequence
from ipaddress import ip_address

from stratumproxy.config import Config, Listen
from stratumproxy.errors import StratumProxyError
from stratumproxy.telemetry.snapshot import Snapshot

FIRST_SOCKET = 3
"""Number of the first inherited socket (SD_LISTEN_FDS_START)."""

PREFIXES = " KMGTPEZY"


class Service:
    """What systemd is told.

    Args:
        address: the socket to tell it on; empty if nobody listens. ``@`` begins an abstract name.
        watchdog: seconds without `alive` after which it takes us for hung; 0 for no such limit.
    """

    def __init__(self, address: str = "", watchdog: float = 0) -> None:
        self.watchdog = watchdog
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None
        if self._socket is not None:
            self._socket.setblocking(False)
        self._ready = False
        self._status = ""

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str], process: int) -> "Service":
        """As systemd started us; takes its variables out, for they are not for our processes."""
        address = environ.pop("NOTIFY_SOCKET", "")
        microseconds = environ.pop("WATCHDOG_USEC", "")
        meant = environ.pop("WATCHDOG_PID", str(process)) == str(process)
        limit = int(microseconds) / 1e6 if meant and microseconds.isdecimal() else 0
        return cls(address if address[:1] in ("/", "@") else "", limit)

    def ready(self) -> None:
        """Miners can connect."""
        self._ready = True
        self._tell("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again; `reloaded` ends that."""
        if self._ready:
            self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def reloaded(self) -> None:
        """The configuration was read again, for better or worse."""
        if self._ready:
            self._tell("READY=1")

    def stopping(self) -> None:
        """No miner is taken any more."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """All is well; has to be said more often than every `watchdog` seconds."""
        self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`; said only when it changes."""
        if text != self._status:
            self._status = text
            self._tell(f"STATUS={' '.join(text.split())}")

    def close(self) -> None:
        """Tell nothing any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, text: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError:
            return  # nobody listens, or not now: that must not stop the mining


def status_line(snapshot: Snapshot) -> str:
    """Such as ``1200 miners, 132 PH/s, mining on eu.pool.example:3333``."""
    pools = [pool.name for pool in snapshot.pools if pool.miners]
    ready = [pool.name for pool in snapshot.pools if pool.state == "ready"]
    where = f"mining on {', '.join(pools)}" if pools else "no miner mines"
    if not ready:
        where = "no pool is ready"
    return f"{snapshot.mining} miners, {_hashrate(snapshot.hashrate)}, {where}"


def _hashrate(rate: float) -> str:
    """Three digits and a prefix."""
    power = 0
    while rate >= 999.5 and power < len(PREFIXES) - 1:
        rate /= 1000
        power += 1
    return f"{rate:.3g} {PREFIXES[power].strip()}H/s"


def inherited_sockets(environ: MutableMapping[str, str], process: int) -> list[socket.socket]:
    """The sockets that systemd passed on (sd_listen_fds(3)); takes its variables out.

    Args:
        environ: the environment.
        process: our process id: the sockets may have been meant for a parent.

    Raises:
        StratumProxyError: what was passed is no socket.
    """
    count = environ.pop("LISTEN_FDS", "")
    meant = environ.pop("LISTEN_PID", "") == str(process)
    environ.pop("LISTEN_FDNAMES", None)
    if not meant or not count.isdecimal():
        return []
    sockets = []
    for number in range(FIRST_SOCKET, FIRST_SOCKET + int(count)):
        try:
            sock = socket.socket(fileno=number)
        except OSError as error:
            raise StratumProxyError(
                f"systemd's file descriptor {number} is no socket: {error.strerror}"
            ) from None
        os.set_inheritable(number, False)
        sock.setblocking(False)
        sockets.append(sock)
    return sockets


def match_listeners(config: Config, sockets: Sequence[socket.socket]) -> list[socket.socket]:
    """The inherited socket of each `[[listen]]`.

    Raises:
        StratumProxyError: one has none, or there is one that no `[[listen]]` asks for.
    """
    left = list(sockets)
    found = []
    for listen in config.listen:
        sock = next((sock for sock in left if _serves(sock, listen)), None)
        if sock is None:
            raise StratumProxyError(
                f"systemd passed no socket for [[listen]] {listen.address}, but "
                f"{', '.join(map(_written, sockets))}; make ListenStream= in the .socket unit and "
                "[[listen]] in the configuration the same"
            )
        left.remove(sock)
        found.append(sock)
    if left:
        raise StratumProxyError(
            f"systemd passed {', '.join(map(_written, left))}, which no [[listen]] asks for; add "
            "one, or take ListenStream= out of the .socket unit"
        )
    return found


def _serves(sock: socket.socket, listen: Listen) -> bool:
    """Whether a socket is what a `[[listen]]` describes; port 0 is any."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or not _listens(sock):
        return False
    host, port = sock.getsockname()[:2]
    if listen.port not in (0, port):
        return False
    if listen.host is not None:
        return ip_address(host) == ip_address(listen.host)
    if sock.family == socket.AF_INET:
        return host == "0.0.0.0" and not socket.has_dualstack_ipv6()
    return host == "::" and not sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


def _listens(sock: socket.socket) -> bool:
    return sock.type == socket.SOCK_STREAM and bool(
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    )


def _written(sock: socket.socket) -> str:
    """A socket's address, for an error."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return f"{sock.getsockname() or 'a socket'} (not TCP)"
    host, port = sock.getsockname()[:2]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if not _listens(sock):
        return f"{address} (not a listening TCP socket)"
    if host == "::" and sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
        return f"{address} (IPv6 only)"
    return address
