"""The files that TLS needs: what is good, and what is said about what is not."""

from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from stratumproxy.config.certificates import miners_context, parse_fingerprint, pool_context

CA = trustme.CA()
CERTIFICATE = CA.issue_cert("proxy.example")
DIGITS = "0123456789abcdef" * 4


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return write(tmp_path, CERTIFICATE)


def write(folder: Path, leaf: trustme.LeafCert) -> tuple[str, str]:
    leaf.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    return str(folder / "certificate.pem"), str(folder / "key.pem")


def test_certificate_and_key(files):
    miners_context(*files)


def test_both_in_one_file(tmp_path):
    CERTIFICATE.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    miners_context(str(tmp_path / "both.pem"), "")


def test_no_such_file(files):
    certificate, key = files
    with pytest.raises(ValueError, match=r"gone\.pem' can't be read: No such file"):
        miners_context(certificate + "gone.pem", key)
    with pytest.raises(ValueError, match=r"gone\.pem' can't be read: No such file"):
        miners_context(certificate, key + "gone.pem")
    with pytest.raises(ValueError, match="can't be read: Is a directory"):
        miners_context("/", "")


def test_no_key(files):
    with pytest.raises(ValueError, match=r"no PEM certificate in .*, or no key of its in"):
        miners_context(files[0], "")


def test_no_certificate(files, tmp_path):
    (tmp_path / "text.pem").write_text("what is this?")
    with pytest.raises(ValueError, match=r"no PEM certificate in '.*text\.pem'"):
        miners_context(str(tmp_path / "text.pem"), files[1])


def test_the_key_of_another(files, tmp_path):
    (tmp_path / "other").mkdir()
    other = write(tmp_path / "other", CA.issue_cert("proxy.example"))
    with pytest.raises(ValueError, match=r"the key in '.*' is not that of '.*'"):
        miners_context(files[0], other[1])


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(files):
    key = load_pem_private_key(Path(files[1]).read_bytes(), None)
    Path(files[1]).write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2"))
    )
    with pytest.raises(ValueError, match="is encrypted; expected one without a passphrase"):
        miners_context(*files)


def test_authorities(tmp_path):
    CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    pool_context(str(tmp_path / "ca.pem"))
    pool_context()
    with pytest.raises(ValueError, match="can't be read: No such file"):
        pool_context(str(tmp_path / "gone.pem"))
    (tmp_path / "text.pem").write_text("what is this?")
    with pytest.raises(ValueError, match=r"no PEM certificate in '.*text\.pem'"):
        pool_context(str(tmp_path / "text.pem"))


def test_a_nul_in_a_path():
    with pytest.raises(ValueError, match="null"):
        pool_context("a\0b")


@pytest.mark.parametrize("text", [DIGITS, DIGITS.upper(), ":".join([DIGITS[:2]] * 32)])
def test_fingerprint(text):
    assert parse_fingerprint(text) == text.replace(":", "").lower()
    for line in (f"sha256 Fingerprint={text}\n", f" {text}", f"SHA256 Fingerprint= {text}"):
        assert parse_fingerprint(line) == parse_fingerprint(text), "as openssl prints it"


@pytest.mark.parametrize("text", ["", DIGITS[:-1], DIGITS + "0", "sha256:" + DIGITS, "g" * 64])
def test_no_fingerprint(text):
    with pytest.raises(ValueError, match="is not a SHA-256 fingerprint; expected 64 hex digits"):
        parse_fingerprint(text)


def test_a_fingerprint_of_another_kind_is_named():
    with pytest.raises(ValueError, match=r"is not a SHA-256 fingerprint \(it is a SHA-1\)"):
        parse_fingerprint("sha1 Fingerprint=" + ":".join(["ab"] * 20))
