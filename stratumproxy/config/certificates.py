"""The files that TLS needs, as the configuration names them: certificates, keys, authorities."""

import re
import ssl

from stratumproxy.config.reading import read_file


def miners_context(certificate: str, key: str) -> ssl.SSLContext:
    """What a listener that speaks TLS needs.

    Args:
        certificate: path of a PEM file: the certificate, and after it those between it and the
            authority.
        key: path of its private key's PEM file; empty when the certificate's file has it.

    Raises:
        ValueError: they can't be read or don't belong together; the text names the file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Each renegotiation costs us far more than the miner that asks for it (CVE-2011-1473).
    context.options |= ssl.OP_NO_RENEGOTIATION
    check_readable(certificate)
    if key:
        check_readable(key)
    holder = key or certificate

    def refuse() -> str:
        # Otherwise OpenSSL asks for a passphrase on the terminal, which a service has none of.
        raise ValueError(f"the key in {holder!r} is encrypted; expected one without a passphrase")

    try:
        context.load_cert_chain(certificate, key or None, refuse)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ValueError(f"the key in {holder!r} is not that of {certificate!r}") from None
        raise ValueError(
            f"no PEM certificate in {certificate!r}, or no key of its in {holder!r}"
        ) from None
    return context


def pool_context(authorities: str = "", *, verify: bool = True) -> ssl.SSLContext:
    """What a TLS connection to a pool needs.

    Args:
        authorities: path of a PEM file with the certificates that may have signed the pool's; empty
            for those that the system trusts.
        verify: check the certificate's signatures, its dates and its host name.

    Raises:
        ValueError: the file can't be read; the text names it.
    """
    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if not authorities:
        return ssl.create_default_context()
    check_readable(authorities)
    try:
        return ssl.create_default_context(cafile=authorities)
    except ssl.SSLError:
        raise ValueError(f"no PEM certificate in {authorities!r}") from None


def parse_fingerprint(text: str) -> str:
    """A SHA-256 fingerprint as 64 lower-case hex digits.

    Args:
        text: the same with capitals and colons, or the whole line with an equals sign that
            `openssl x509 -fingerprint -sha256` prints.

    Raises:
        ValueError: it is something else.
    """
    digits = text.rpartition("=")[2].strip().replace(":", "").lower()
    if not re.fullmatch("[0-9a-f]{64}", digits):
        sha1 = " (it is a SHA-1)" if re.fullmatch("[0-9a-f]{40}", digits) else ""
        raise ValueError(
            f"{text!r} is not a SHA-256 fingerprint{sha1}; expected 64 hex digits, as "
            "`openssl x509 -noout -fingerprint -sha256 -in pool.pem` prints them"
        )
    return digits


def check_readable(path: str) -> None:
    """Read it once, before OpenSSL does, which would wait for a pipe.

    Raises:
        ValueError: it can't be read; the text names it.
    """
    try:
        read_file(path)
    except ValueError as error:
        raise ValueError(f"{path!r} can't be read: {error}") from None
