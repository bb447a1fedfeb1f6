"""How a pool's stream is opened: TCP, perhaps by a SOCKS5 server, perhaps with TLS in it."""

import hashlib
import os
import ssl

import trio
from python_socks import ProxyError, ProxyType
from python_socks.async_.trio import Proxy

from stratumproxy.config import Pool
from stratumproxy.config.address import parse_proxy_url
from stratumproxy.config.certificates import pool_context
from stratumproxy.errors import PoolError

NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG")
"""What OpenSSL says to bytes that are no TLS at all."""

READERS = trio.CapacityLimiter(4)
"""Threads that read authorities: on a disk that hangs they never end, and others need threads."""


async def dial(pool: Pool, host: str, port: int) -> trio.abc.Stream:
    """Connect to a pool, as its configuration says.

    Args:
        pool: its configuration; `connect_timeout_seconds` is for all of it.
        host: where to: the pool's own host, or the one it sent us to. With TLS the certificate must
            be valid for it.
        port: TCP port.

    Raises:
        PoolError: there is no connection; says why, in one line.
    """
    try:
        with trio.fail_after(pool.connect_timeout_seconds):
            if pool.proxy:
                stream = await _by_socks(pool, host, port)
            else:
                stream = await _straight(host, port)
            if pool.tls:
                return await _with_tls(pool, stream, host, port)
            return stream
    except trio.TooSlowError:
        raise PoolError(f"no connection to {host}:{port} in time") from None


async def _straight(host: str, port: int) -> trio.abc.Stream:
    try:
        return await trio.open_tcp_stream(host, port)
    except OSError as error:
        raise PoolError(f"can't connect to {host}:{port}: {reason(error)}") from None
    except UnicodeError:  # client.reconnect's host is any string
        raise PoolError(f"can't connect to {host}:{port}: that is no host name") from None


async def _by_socks(pool: Pool, host: str, port: int) -> trio.abc.Stream:
    to = parse_proxy_url(pool.proxy)
    proxy = Proxy(ProxyType.SOCKS5, to.host, to.port, to.user or None, to.password or None, True)
    where = f"{host}:{port} by the SOCKS server {to.host}:{to.port}"
    try:
        return trio.SocketStream(await proxy.connect(host, port, timeout=float("inf")))
    except ProxyError as error:
        raise PoolError(f"can't connect to {where}: {error}") from None
    except OSError as error:
        raise PoolError(f"can't connect to {where}: {reason(error)}") from None
    except ValueError:  # client.reconnect's host is any string; UnicodeError is one of these
        raise PoolError(f"can't connect to {where}: that is no host name") from None


async def _with_tls(pool: Pool, plain: trio.abc.Stream, host: str, port: int) -> trio.abc.Stream:
    where = f"{host}:{port}"
    name = host.removesuffix(".")  # a certificate's names have no dot at the end
    try:
        # Anew for each connection, so that authorities which changed meanwhile are asked; that
        # reads and parses a hundred certificates, for which no miner should wait.
        context = await trio.to_thread.run_sync(
            _context, pool, abandon_on_cancel=True, limiter=READERS
        )
        # Many pools just hang up at the end; what they say ends with a line, so nothing can be cut.
        stream = trio.SSLStream(plain, context, server_hostname=name, https_compatible=True)
        await stream.do_handshake()
        _check_fingerprint(pool, stream.getpeercert(binary_form=True), where)
    except ValueError as error:  # the file is gone since the configuration was read, or the host …
        await trio.aclose_forcefully(plain)
        raise PoolError(f"no TLS with {where}: {error}") from None
    except trio.BrokenResourceError as error:
        await trio.aclose_forcefully(plain)
        raise PoolError(_refusal(error.__cause__, where)) from None
    except BaseException:
        await trio.aclose_forcefully(plain)
        raise
    return stream


def _context(pool: Pool) -> ssl.SSLContext:
    return pool_context(pool.tls_ca, verify=not pool.tls_fingerprint)


def _check_fingerprint(pool: Pool, certificate: bytes | None, where: str) -> None:
    if not pool.tls_fingerprint:
        return
    found = hashlib.sha256(certificate or b"").hexdigest()
    if found != pool.tls_fingerprint:
        raise PoolError(
            f"the certificate of {where} is another than tls_fingerprint says: "
            f"its SHA-256 is {found}, expected {pool.tls_fingerprint}"
        )


def _refusal(error: BaseException | None, where: str) -> str:
    """Why there was no handshake, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        return f"the certificate of {where} is refused: {why}"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return f"{where} hung up during the TLS handshake"
    if isinstance(error, ssl.SSLError):
        if error.reason in NOT_TLS:
            return f"{where} does not speak TLS; is it the port for stratum+tcp?"
        said = (error.reason or "no reason given").lower().replace("_", " ")
        return f"the TLS handshake with {where} failed: {said}"
    return f"the connection to {where} broke during the TLS handshake"


def reason(error: OSError) -> str:
    """An OSError in words; trio wraps what each address of a host failed with."""
    cause = error.__cause__
    if isinstance(cause, ExceptionGroup):
        reasons = {reason(each) for each in cause.exceptions if isinstance(each, OSError)}
        return "; ".join(sorted(reasons))
    if isinstance(cause, OSError):
        return reason(cause)
    # trio puts the address into strerror; a failed look-up has a negative number of its own.
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)
