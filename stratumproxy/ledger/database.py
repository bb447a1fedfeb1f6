"""Opening the ledger's file, and what its errors mean to an operator."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from stratumproxy.config.reading import check_kind
from stratumproxy.errors import NothingKept, OlderLedger, SinkError
from stratumproxy.ledger.schema import latest, migrate, version_of
from stratumproxy.ledger.stored import JOBS, SHARES
from stratumproxy.lockfile import MODE

BUSY_SECONDS = 5.0
"""How long to wait for another writer: only a predecessor that is just ending, or an operator."""

INSTRUCTIONS = 100_000
"""Of SQLite's machine from one look at whether a question has to end to the next: about a
millisecond."""

LOG_BYTES = 64 << 20
"""What the write-ahead log is cut back to, after a long reader had made it grow past that."""


def open_for_writing(path: str) -> sqlite3.Connection:
    """The ledger of that path, made if it is not there, at this version.

    Raises:
        SinkError: it can't be.
    """
    check_folder(path)
    _check_kind(path)
    _make(path)
    with explained(path):
        connection = _connect(f"{_uri(path)}?mode=rwc")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            # One fsync a commit. NORMAL would keep the file whole too, but a power cut would take
            # what was acknowledged since the last checkpoint.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone stops at the disk
            connection.execute("PRAGMA cache_size = -16000")
            connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def check_writable(path: str) -> None:
    """See whether a ledger of that path could be written, and change nothing.

    Who writes to it now does not matter: that may be whom the asker is about to start again.

    Raises:
        SinkError: it could not.
    """
    check_folder(path)
    file = Path(path).absolute()
    if why := _why_not_opened(file):
        raise SinkError(f"{path}: it can't be opened: {why}")
    # Beside a log the file is open, or was until a crash, and what it says is not all there is.
    # Without one SQLite would make one for whoever reads, and leave it there.
    if file.exists() and not Path(f"{path}-wal").exists():
        with explained(path), closing(_connect(f"{_uri(path)}?mode=ro&immutable=1")) as connection:
            version_of(connection, path)


def _make(path: str) -> None:
    """Make an empty file that is for this user alone; SQLite makes what is beside it alike.

    One that is there is left as it is: to open and close it would end SQLite's locks on it, and its
    owner may let others read it. What keeps it from being made, SQLite will say.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE))


def _check_kind(path: str) -> None:
    """See that SQLite will be held up by none of its files: it would wait for a pipe.

    Raises:
        SinkError: it would.
    """
    for name in (path, f"{path}-wal", f"{path}-shm", f"{path}-journal"):
        try:
            check_kind(name)
        except ValueError as error:
            raise SinkError(f"{name}: {error}") from None
        except OSError:
            pass  # SQLite says more about it, or makes it


def check_folder(path: str) -> None:
    """See that there is a folder for the ledger of that path.

    Raises:
        SinkError: there is none.
    """
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise SinkError(f"{path}: there is no folder {folder}; make it: mkdir -p {folder}")


def open_for_reading(path: str) -> sqlite3.Connection:
    """The ledger of that path, which must be there and of this version; nothing can be written.

    Raises:
        SinkError: it can't be read.
    """
    if not Path(path).exists():
        raise SinkError(f"{path}: there is no such file")
    _check_kind(path)
    with explained(path):
        try:
            return _checked(f"{_uri(path)}?mode=ro", path)
        except sqlite3.OperationalError as error:
            # A ledger that nobody has open, in a folder that we may not write: readers would have
            # to make the log's index there. It does not change, so it needs none.
            closed = code_of(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
            if not closed or Path(f"{path}-wal").exists():
                raise
            return _checked(f"{_uri(path)}?mode=ro&immutable=1", path)


def put_together(path: str) -> None:
    """Move what is still in the write-ahead log into the ledger, and take that file away.

    SQLite does so when the last connection is closed, if that one may write and has looked. It
    leaves all as it is while others have the ledger open.

    Raises:
        SinkError: it can't be.
    """
    if not Path(f"{path}-wal").exists():
        return
    with explained(path), closing(_connect(f"{_uri(path)}?mode=rw")) as connection:
        version_of(connection, path)


def _checked(uri: str, path: str) -> sqlite3.Connection:
    connection = _connect(uri)
    try:
        _check_readable(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_readable(connection: sqlite3.Connection, path: str) -> None:
    version = version_of(connection, path)
    if version == 0:
        raise NothingKept(f"{path}: an empty ledger; nothing was ever kept in it")
    if version < latest() or any(each.missing(connection) for each in (SHARES, JOBS)):
        raise OlderLedger(
            f"{path}: a ledger of older version {version}; the proxy brings it up to date when it "
            "writes to it next"
        )


def _connect(uri: str) -> sqlite3.Connection:
    # Threads take turns with a connection; transactions are ours alone to begin and to end.
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _uri(path: str) -> str:
    return Path(path).absolute().as_uri()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything within, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk ends the transaction by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Errors of SQLite within leave as SinkErrors: what, where, what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise SinkError(f"{path}: {_explain(error, path)}") from error


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 if it was an error of Python's module."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _explain(error: sqlite3.Error, path: str) -> str:
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    match code_of(error):
        case sqlite3.SQLITE_FULL:
            return "the disk is full; make room, and it goes on"
        case sqlite3.SQLITE_IOERR:
            return f"the disk can't be read or written ({name}); see what dmesg says of it"
        case sqlite3.SQLITE_READONLY:
            return "it is read-only; make the file and its folder writable for this user"
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            why = _why_not_opened(Path(path)) or "see that it is on a local disk"
            return f"it can't be opened: {why}"
        case sqlite3.SQLITE_NOTADB:
            return "not an SQLite database; name another file for the ledger"
        case sqlite3.SQLITE_CORRUPT:
            return (
                "the file is damaged; move it away and a new one is begun "
                "(`sqlite3 FILE .recover` reads what can be read of the old one)"
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"another program has been writing to it for {BUSY_SECONDS:g} s; end that"
        case sqlite3.SQLITE_INTERRUPT:
            return "this takes too long; ask for a shorter time, or for one worker"
    return f"{error} ({name})"


def _why_not_opened(path: Path) -> str:
    """What keeps a path from being a ledger; empty if that can't be seen."""
    if path.is_dir():
        return "it is a folder; name a file in it"
    if path.exists() and not path.is_file():
        return "it is no file; name one"
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return "this user may not read and write it"
    if not os.access(path.parent, os.W_OK):
        return f"this user may not write in {path.parent}"
    return ""
