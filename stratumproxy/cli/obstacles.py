"""What a start would fail on, here and now, that no text can tell: folders, files, packages."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from stratumproxy.cli.files import file_limits
from stratumproxy.config.address import parse_listen
from stratumproxy.config.document import Document, Problem
from stratumproxy.errors import SinkError


def obstacles(document: Document) -> Iterator[Problem]:
    """Look for them, and change nothing.

    Args:
        document: the configuration; where it has mistakes, the rest of it is looked at.
    """
    yield from _addresses(document)
    yield from _ledger(document)
    yield from _kafka(document)
    yield from _files(document)


def _addresses(document: Document) -> Iterator[Problem]:
    """Those that are not this machine's, by taking any port of theirs and listening on none."""
    for path, address in document.addresses():
        host, _ = parse_listen(address)
        family = socket.AF_INET6 if host and ":" in host else socket.AF_INET
        with socket.socket(family) as sock:
            try:
                sock.bind((host or "", 0))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    yield Problem(path, f"{host} is no address of this machine")


def _ledger(document: Document) -> Iterator[Problem]:
    from stratumproxy.ledger.database import check_writable

    if path := document.value("ledger", "path"):
        try:
            check_writable(path)
        except SinkError as error:
            yield Problem(("ledger", "path"), str(error))


def _kafka(document: Document) -> Iterator[Problem]:
    brokers, options = document.value("kafka", "brokers"), document.value("kafka", "options")
    if not brokers and not options:
        return
    spool = document.value("kafka", "spool")
    if spool and (why := _why_no_folder(Path(spool).absolute())):
        yield Problem(("kafka", "spool"), why)
    from stratumproxy.kafka.sink import NO_CLIENT

    try:
        from stratumproxy.kafka.client import refused
    except ModuleNotFoundError as error:
        if error.name != "confluent_kafka":
            raise
        if brokers:
            yield Problem(("kafka", "brokers"), NO_CLIENT)
        return
    for option, why in refused(options):
        yield Problem(("kafka", "options", *([option] if option else [])), why)


def _why_no_folder(folder: Path) -> str:
    """Why a folder can't be used, or made where it is not there yet; empty if it can."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        return f"{there} is no folder; name one"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"this user may not write in {there}"
    return ""


def _files(document: Document) -> Iterator[Problem]:
    for table in ("limits", "api"):
        # A default asks for nothing yet: `run` says how far it goes, and serves that many.
        if document.sets(table, "connections"):
            needed, most = file_limits(document.value(table, "connections"))
            if most < needed:
                yield Problem(
                    (table, "connections"),
                    f"needs {needed} file descriptors, and a process may have {most} here; raise "
                    "that (ulimit -Hn, LimitNOFILE= in systemd), or lower it",
                )
