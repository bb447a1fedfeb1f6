"""Where the tools for tests listen and connect to, and the TLS there."""

import ssl
from pathlib import Path

import click

from stratumproxy.config.address import PoolUrl, parse_listen, parse_pool_url
from stratumproxy.errors import StratumProxyError


def listen_address(
    context: click.Context, option: click.Parameter, text: str | None
) -> tuple[str, int] | None:
    """Where to listen: host and port, as the callback of an option."""
    if text is None:
        return None
    try:
        host, port = parse_listen(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return host or "0.0.0.0", port


def server_url(context: click.Context, option: click.Parameter, text: str | None) -> PoolUrl | None:
    """A server's url, as the callback of an argument; host:port alone is without TLS."""
    if text is None:
        return None
    try:
        return parse_pool_url(text if "://" in text else f"stratum+tcp://{text}")
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def server_tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """What a server with that certificate speaks; None without one.

    Raises:
        StratumProxyError: they can't be used; says which and why.
    """
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # SSLError is one
        raise StratumProxyError(f"{certificate} can't be used: {error}") from None
    return context


def client_tls(authority: Path | None, insecure: bool) -> ssl.SSLContext:
    """What a client speaks: trusting the system's authorities, that one, or everybody.

    Raises:
        StratumProxyError: the authority can't be used.
    """
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise StratumProxyError(f"{authority} can't be used: {error}") from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
