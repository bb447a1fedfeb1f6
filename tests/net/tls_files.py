"""Certificates for tests, made on the spot."""

import hashlib
import ssl
from pathlib import Path

import trustme

AUTHORITY = trustme.CA()
"""Nobody trusts it, except who is told to."""
OTHER = trustme.CA()


def fingerprint(certificate: trustme.LeafCert) -> str:
    pem = certificate.cert_chain_pems[0].bytes().decode()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def client_context(authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def write_authority(folder: Path, authority: trustme.CA = AUTHORITY) -> str:
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def write_certificate(folder: Path, certificate: trustme.LeafCert) -> tuple[str, str]:
    """The paths of the certificate with its chain, and of its key."""
    chain, key = folder / "certificate.pem", folder / "key.pem"
    chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(key)
    return str(chain), str(key)
