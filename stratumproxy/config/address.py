"""Addresses as an operator writes them: where to listen, and where a pool is."""

import re
from ipaddress import IPv4Address, IPv6Address

LISTEN_FORM = '"0.0.0.0:3333", "[::1]:3333", or ":3333" for every address'
POOL_FORM = '"stratum+tcp://host:port"'

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


def parse_pool_url(url: str) -> tuple[str, int]:
    """Split a pool's url into host and port.

    Args:
        url: ``stratum+tcp://host:port``, the host a name, an IPv4 or a bracketed IPv6 address.

    Returns:
        Host, without brackets, and port.

    Raises:
        ValueError: it is something else; the text says what was expected.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError(f"{url!r} has no scheme; expected {POOL_FORM}")
    if scheme.lower() in ("stratum+ssl", "stratum+tls", "stratum+tcps", "ssl", "tls"):
        raise ValueError(f"TLS to pools is not built yet ({scheme}://); expected {POOL_FORM}")
    if scheme.lower() != "stratum+tcp":
        raise ValueError(f"the scheme {scheme!r} is not known; expected {POOL_FORM}")
    if "@" in rest:
        raise ValueError(f"user and password have keys of their own; expected {POOL_FORM}")
    if any(after in rest.removesuffix("/") for after in "/?#"):
        raise ValueError(f"nothing may follow the port in {url!r}; expected {POOL_FORM}")
    host, colon, port = rest.removesuffix("/").rpartition(":")
    if not colon or host.count("[") > host.count("]"):
        raise ValueError(f"{url!r} has no port; expected {POOL_FORM}")
    number = _port(port, lowest=1)
    try:
        if host.startswith("[") and host.endswith("]"):
            return str(IPv6Address(host[1:-1])), number
    except ValueError:
        raise ValueError(f"{host!r} is not an IPv6 address; expected {POOL_FORM}") from None
    if not _HOST_NAME.fullmatch(host) or len(host) > 253:
        raise ValueError(f"{host!r} is not a host name or address; expected {POOL_FORM}")
    return host, number


def _port(text: str, *, lowest: int) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not lowest <= int(text) <= 65535:
        raise ValueError(f"the port {text!r} is not a number from {lowest} to 65535")
    return int(text)
