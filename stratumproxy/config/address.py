"""Addresses as an operator writes them: where to listen, and where a pool is."""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import unquote

LISTEN_FORM = '"0.0.0.0:3333", "[::1]:3333", or ":3333" for every address'
POOL_FORM = '"stratum+tcp://host:port" or "stratum+ssl://host:port"'
BROKERS_FORM = '"host:port", or "host:port,host:port"'
PROXY_FORM = '"socks5://host:port" or "socks5://user:password@host:port"'

PLAIN_SCHEME = "stratum+tcp"
TLS_SCHEMES = ("stratum+ssl", "stratum+tls")
PROXY_SCHEMES = ("socks5", "socks5h")
"""Either way it is the SOCKS server that looks the pool's name up."""

MOST_CREDENTIAL_BYTES = 255
"""RFC 1929: a byte says how long each is."""

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")


def parse_listen(address: str) -> tuple[str | None, int]:
    """Split a listen address into host and port.

    Args:
        address: ``IPv4:port``, ``[IPv6]:port``, and ``:port`` or ``*:port`` for every address.

    Returns:
        The host, None for every address (IPv4 and IPv6), and the port, 0 for one that the system
        chooses.

    Raises:
        ValueError: it is none of these; the text says what was expected.
    """
    host, colon, port = address.rpartition(":")
    if not colon:
        raise ValueError(f"{address!r} has no port; expected {LISTEN_FORM}")
    number = _port(port, lowest=0)
    if host in ("", "*"):
        return None, number
    try:
        if host.startswith("[") and host.endswith("]"):
            return str(IPv6Address(host[1:-1])), number
        return str(IPv4Address(host)), number
    except ValueError:
        raise ValueError(f"{host!r} is not an IP address; expected {LISTEN_FORM}") from None


class PoolUrl(NamedTuple):
    """A pool's url, taken apart."""

    host: str
    """A name or an address, without brackets."""
    port: int
    tls: bool

    @property
    def place(self) -> str:
        """``host:port``, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ProxyUrl(NamedTuple):
    """A SOCKS server's url, taken apart."""

    host: str
    port: int
    user: str
    password: str


def parse_pool_url(url: str) -> PoolUrl:
    """Take a pool's url apart.

    Args:
        url: ``stratum+tcp://host:port``, or ``stratum+ssl://`` and ``stratum+tls://`` for TLS; the
            host a name, an IPv4 or a bracketed IPv6 address.

    Raises:
        ValueError: it is something else; the text says what was expected.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError(f"{url!r} has no scheme; expected {POOL_FORM}")
    if scheme.lower().startswith("stratum2"):
        raise ValueError(f"Stratum V2 is not spoken here, only V1; expected {POOL_FORM}")
    if scheme.lower() not in (PLAIN_SCHEME, *TLS_SCHEMES):
        raise ValueError(f"the scheme {scheme!r} is not known; expected {POOL_FORM}")
    if "@" in rest:
        raise ValueError(f"user and password have keys of their own; expected {POOL_FORM}")
    if any(after in rest.removesuffix("/") for after in "/?#"):
        raise ValueError(f"nothing may follow the port in {url!r}; expected {POOL_FORM}")
    return PoolUrl(*_host_and_port(rest, POOL_FORM), tls=scheme.lower() in TLS_SCHEMES)


def parse_proxy_url(url: str) -> ProxyUrl:
    """Take a SOCKS server's url apart.

    Args:
        url: ``socks5://host:port``, with ``user:password@`` before the host if it wants them. What
            they can't be written with stands percent-encoded.

    Raises:
        ValueError: it is something else; the text says what was expected, and never a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in PROXY_SCHEMES:
        raise ValueError(f"the proxy is not a socks5:// url; expected {PROXY_FORM}")
    credentials, at, place = rest.rpartition("@")
    user, _, password = (unquote(part) for part in credentials.partition(":"))
    if at and not (user and password):
        raise ValueError(f"the proxy's user or password is missing; expected {PROXY_FORM}")
    if max(len(user.encode()), len(password.encode())) > MOST_CREDENTIAL_BYTES:
        raise ValueError(f"the proxy's user or password is past {MOST_CREDENTIAL_BYTES} bytes")
    return ProxyUrl(*_host_and_port(place, PROXY_FORM), user, password)


def check_brokers(text: str) -> None:
    """See that brokers of Kafka are hosts with their ports.

    Args:
        text: ``host:port,host:port``.

    Raises:
        ValueError: one of them is something else; the text says which.
    """
    for broker in text.split(","):
        _host_and_port(broker.strip(), BROKERS_FORM)


def _host_and_port(text: str, form: str) -> tuple[str, int]:
    """The end of a url: what its scheme and user leave.

    Raises:
        ValueError: it is no host and port; the text says what was expected.
    """
    host, colon, port = text.removesuffix("/").rpartition(":")
    if not colon or host.count("[") > host.count("]"):
        raise ValueError(f"{text!r} has no port; expected {form}")
    number = _port(port, lowest=1)
    try:
        if host.startswith("[") and host.endswith("]"):
            return str(IPv6Address(host[1:-1])), number
    except ValueError:
        raise ValueError(f"{host!r} is not an IPv6 address; expected {form}") from None
    if not _HOST_NAME.fullmatch(host) or len(host) > 253:
        raise ValueError(f"{host!r} is not a host name or address; expected {form}")
    return host, number


def _port(text: str, *, lowest: int) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not lowest <= int(text) <= 65535:
        raise ValueError(f"the port {text!r} is not a number from {lowest} to 65535")
    return int(text)
